"""The team's catalogue: what is sold, at which price, where; and what the client will see of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions import editing, tariffs
from bookings.actions.pricing import on_day
from bookings.actions.vat import rates_on
from bookings.forms.catalogue import (
    CatalogueFilters,
    DatedPriceForm,
    ItemRows,
    OptionRows,
    ServiceForm,
    SupplementRows,
)
from bookings.models import (
    DatedPrice,
    PriceItem,
    Service,
    ServiceAtSite,
    ServiceCategory,
    ServiceOption,
    Supplement,
)
from bookings.views.booking import price_words
from concierge.days import today_of
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site

PAGE = 25
GRIDS: dict[str, tuple[Any, Any]] = {
    "tarifs": (ItemRows, PriceItem),
    "options": (OptionRows, ServiceOption),
    "supplements": (SupplementRows, Supplement),
}


def may_see(request: TenantRequest) -> None:
    """Refuse whoever does not work with the catalogue."""
    if not perms.can_see_catalogue(request.actor):
        raise NotAllowed


def services_of(request: TenantRequest) -> QuerySet[Service]:
    """Every service of the organisation, active or not."""
    return Service.objects.filter(organisation=request.organisation).select_related("category")


def seen_version(request: TenantRequest) -> int:
    """The version that the page was made of; nonsense is none that ever was."""
    given = request.POST.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def refused_status(error: DomainError) -> int:
    """A page with what is wrong is 422; a version that is over stays 412."""
    return 422 if error.status == 400 else error.status


@login_required
@require_safe
def catalogue(request: TenantRequest) -> HttpResponse:
    """Every service, 25 a page."""
    may_see(request)
    form = CatalogueFilters(
        request.GET,
        sites=Site.objects.visible_to(request.actor),
        categories=ServiceCategory.objects.filter(organisation=request.organisation),
    )
    found = _filtered(services_of(request), form).order_by("category__position", "position", "pk")
    offered = Prefetch("at_sites", ServiceAtSite.objects.filter(is_offered=True).select_related("site"))
    found = found.prefetch_related("price_items", "options", offered)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "service": service,
            "price": price_words(service),
            "sites": ", ".join(sorted(row.site.name for row in service.at_sites.all())),
        }
        for service in on_day(page.object_list, today_of(request.organisation))
    ]
    kept: dict[str, str] = {name: str(value) for name, value in request.GET.items() if name != "page" and value}
    context = {
        "rows": rows,
        "form": form,
        "total": page.paginator.count,
        "is_filtered": bool(kept),
        "may_edit": perms.can_edit_catalogue(request.actor),
        "sites": [site for site in Site.objects.visible_to(request.actor) if perms.can_edit_terms(request.actor, site)],
        "previous": "?" + urlencode({**kept, "page": str(page.number - 1)}) if page.has_previous() else "",
        "next": "?" + urlencode({**kept, "page": str(page.number + 1)}) if page.has_next() else "",
    }
    return render(request, "bookings/catalogue.html", context)


def _filtered(found: QuerySet[Service], form: CatalogueFilters) -> QuerySet[Service]:
    if not form.is_valid():
        return found
    wanted = form.cleaned_data
    if text := wanted["q"].replace("\x00", "").strip():
        found = found.filter(Q(name__icontains=text) | Q(name_en__icontains=text) | Q(code__icontains=text))
    if wanted["category"]:
        found = found.filter(category=wanted["category"])
    if wanted["site"]:
        found = found.filter(at_sites__site=wanted["site"], at_sites__is_offered=True)
    if wanted["mode"]:
        found = found.filter(price_mode=wanted["mode"])
    if wanted["state"]:
        found = found.filter(is_active=wanted["state"] == "active")
    return found


def find(request: TenantRequest, public_id: uuid.UUID) -> Service:
    """One service of the organisation, or 404."""
    may_see(request)
    return get_object_or_404(
        services_of(request).prefetch_related("price_items", "options", "supplements"), public_id=public_id
    )


def _service_form(request: TenantRequest, service: Service | None, data: Any = None) -> ServiceForm:
    return ServiceForm(
        data,
        instance=service or Service(organisation=request.organisation),
        vat_rates=rates_on(request.organisation.pk, today_of(request.organisation)),
        categories=ServiceCategory.objects.filter(organisation=request.organisation),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_service(request: TenantRequest) -> HttpResponse:
    """One more service; it is offered nowhere until a site offers it."""
    may_see(request)
    if not perms.can_edit_catalogue(request.actor):
        raise NotAllowed
    form = _service_form(request, None, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = tariffs.new_service(request.organisation, form.cleaned_data, by=request.actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            messages.success(request, _("Saved. Now say at which sites it is offered."))
            return redirect("bookings:catalogue-service", public_id=made.public_id)
    return render(request, "bookings/catalogue_new.html", {"form": form}, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def service_page(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Everything about one service, to read or to change."""
    service = find(request, public_id)
    if request.method != "POST":
        return _page(request, service)
    if not perms.can_edit_catalogue(request.actor):
        raise NotAllowed
    form = _service_form(request, service, request.POST)
    status = 422
    if form.is_valid():
        try:
            editing.edit_service(service, form.cleaned_data, version=seen_version(request), by=request.actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = refused_status(error)
        else:
            messages.success(request, _("Saved. What was booked before keeps its price."))
            return redirect("bookings:catalogue-service", public_id=public_id)
    return _page(request, find(request, public_id), status=status, form=form)


@login_required
@require_POST
def grid(request: TenantRequest, public_id: uuid.UUID, part: str) -> HttpResponse:
    """Save the price grid, the options or the supplements."""
    service = find(request, public_id)
    if not perms.can_edit_catalogue(request.actor):
        raise NotAllowed
    rows_of, model = GRIDS[part]
    rows, status = rows_of(request.POST, instance=service, prefix=part), 422
    if rows.is_valid():
        given = [row.cleaned_data for row in rows.forms if row.cleaned_data]
        cleaned = [{name: value for name, value in row.items() if name != "service"} for row in given]
        try:
            editing.save_rows(service, model, cleaned, version=seen_version(request), by=request.actor)
        except DomainError as error:
            rows.non_form_errors().append(str(error.message))
            status = refused_status(error)
        else:
            messages.success(request, _("Saved. What was booked before keeps its price."))
            return redirect("bookings:catalogue-service", public_id=public_id)
    return _page(request, service, status=status, **{part: rows})


@login_required
@require_POST
def set_price(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """A price from a day on."""
    service = find(request, public_id)
    if not perms.can_edit_catalogue(request.actor):
        raise NotAllowed
    form, status = DatedPriceForm(request.POST, service=service), 422
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            tariffs.set_price(
                service,
                wanted["price"],
                valid_from=wanted["valid_from"],
                today=today_of(request.organisation),
                by=request.actor,
                **form.things[wanted["thing"]],
            )
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = refused_status(error)
        else:
            messages.success(request, _("The new price is planned. Orders until the day before keep the old one."))
            return redirect("bookings:catalogue-service", public_id=public_id)
    return _page(request, service, status=status, dated_form=form)


@login_required
@require_POST
def take_price_back(request: TenantRequest, public_id: uuid.UUID, price: uuid.UUID) -> HttpResponse:
    """Forget a price that has not begun."""
    service = find(request, public_id)
    if not perms.can_edit_catalogue(request.actor):
        raise NotAllowed
    row = get_object_or_404(DatedPrice.objects.filter(service=service), public_id=price)
    try:
        tariffs.take_price_back(row, today=today_of(request.organisation), by=request.actor)
    except DomainError as error:
        return _page(request, service, status=error.status, error=error)
    messages.success(request, _("The planned price is forgotten."))
    return redirect("bookings:catalogue-service", public_id=public_id)


def _page(request: TenantRequest, service: Service, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page of a service; ``more`` holds the form that was refused, with what was typed."""
    actor, today = request.actor, today_of(request.organisation)
    rows = {row.site_id: row for row in ServiceAtSite.objects.filter(service=service)}
    dated = DatedPrice.objects.filter(service=service).filter(Q(valid_to=None) | Q(valid_to__gte=today))
    context = {
        "service": service,
        "form": _service_form(request, service),
        "dated_form": DatedPriceForm(service=service),
        "error": None,
        **{part: rows_of(instance=service, prefix=part) for part, (rows_of, _model) in GRIDS.items()},
        "dated": [
            {"row": row, "what": (row.item or row.option or service).label, "is_planned": row.valid_from > today}
            for row in dated.select_related("item", "option").order_by("valid_from", "pk")[:100]
        ],
        "sites": [
            {"site": site, "terms": rows.get(site.pk), "may_edit": perms.can_edit_terms(actor, site)}
            for site in Site.objects.visible_to(actor)
        ],
        "may_edit": perms.can_edit_catalogue(actor),
        "today": today,
        **more,
    }
    return render(request, "bookings/catalogue_service.html", context, status=status)
