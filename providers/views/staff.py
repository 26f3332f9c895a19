"""The team's pages: providers, their files and keys, and the search for somebody to do a job."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from bookings.enums import WORK_ORDER_TRANSITIONS, Execution, PerformerKind, WorkOrderStatus
from bookings.models import Service, ServiceRequest, WorkOrder
from concierge import key_pages
from concierge.days import today_of, zone_of
from concierge.errors import DomainError, Invalid, NotAllowed
from concierge.forms import KeyForm
from concierge.middleware import TenantRequest
from concierge.models import ApiClient
from concierge.words import euros, percent, short_moment_words
from providers import perms
from providers.actions.keys import PROVIDER_SCOPES, create_provider_key, revoke_provider_key
from providers.actions.matching import agreed_amounts, agreed_prices, recent_jobs
from providers.actions.offers import resend_offer, take_job_back
from providers.actions.rounds import offer_directly, start_round, withdraw_offers
from providers.enums import OfferStatus
from providers.forms.offers import DirectOfferForm, ProviderFilters
from providers.models import Offer, OfferRound, Provider, ServiceAgreement
from providers.views.partnership import left_with
from providers.views.words import considered_words, papers_words

PAGE = 25
BY_PROVIDER = (Execution.PROVIDER, Execution.COLLECTED_PROVIDER)


def _see(request: TenantRequest) -> None:
    if not perms.can_see_providers(request.actor):
        raise NotAllowed


def _pages(request: TenantRequest, page: Any) -> dict[str, str]:
    """Addresses of the pages around, keeping the filters."""
    kept = {name: value for name, value in request.GET.items() if name != "page" and value}
    return {
        "previous": "?" + urlencode({**kept, "page": page.previous_page_number()}) if page.has_previous() else "",
        "next": "?" + urlencode({**kept, "page": page.next_page_number()}) if page.has_next() else "",
    }


# --- providers ----------------------------------------


@require_safe
def providers_list(request: TenantRequest) -> HttpResponse:
    """Every provider, with papers, recent work and open questions; 25 a page."""
    _see(request)
    services = Service.objects.filter(organisation=request.organisation, execution__in=BY_PROVIDER)
    form = ProviderFilters(request.GET, services=services.order_by("position", "pk"))
    found = _filtered(Provider.objects.visible_to(request.actor), form)
    found = found.annotate(asked=Count("offers", filter=Q(offers__status=OfferStatus.SENT), distinct=True))
    found = found.prefetch_related("documents", "agreements__service").order_by("name", "pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    recent, today = recent_jobs(row.pk for row in page), today_of(request.organisation)
    rows = [
        {
            "provider": row,
            "services": ", ".join(sorted({a.service.label for a in row.agreements.all() if _in_force(a, today)})),
            "papers": papers_words(row, today),
            "recent": recent[row.pk],
        }
        for row in page
    ]
    is_filtered = any(request.GET.get(name) for name in ("q", "service", "state"))
    context = {"rows": rows, "form": form, "is_filtered": is_filtered, "total": page.paginator.count}
    return render(request, "providers/providers.html", {**context, **_pages(request, page)})


def _in_force(agreement: ServiceAgreement, today: dt.date) -> bool:
    return agreement.valid_from <= today and (agreement.valid_to is None or agreement.valid_to >= today)


def _filtered(found: QuerySet[Provider], form: ProviderFilters) -> QuerySet[Provider]:
    if not form.is_valid():
        return found
    wanted = form.cleaned_data
    text = wanted["q"].strip()
    if text:
        digits = "".join(text.split())
        found = found.filter(
            Q(name__icontains=text) | Q(city__icontains=text) | Q(siret__startswith=digits) | Q(postcode=digits)
        )
    if wanted["service"]:
        found = found.filter(agreements__service=wanted["service"]).distinct()
    if wanted["state"]:
        found = found.filter(is_active=wanted["state"] == "active")
    return found


def _provider(request: TenantRequest, public_id: uuid.UUID) -> Provider:
    _see(request)
    return get_object_or_404(
        Provider.objects.visible_to(request.actor).prefetch_related("documents", "opening_hours"), public_id=public_id
    )


@require_safe
def provider_page(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """One provider's file."""
    return _file(request, _provider(request, public_id))


def _file(request: TenantRequest, provider: Provider, *, key_form: KeyForm | None = None) -> HttpResponse:
    zone = zone_of(request.organisation)
    today = timezone.localdate(timezone=zone)
    ours = recent_jobs(Provider.objects.visible_to(request.actor).order_by("pk").values_list("pk", flat=True))
    total = sum(ours.values())
    offers = Offer.objects.visible_to(request.actor).with_need().filter(provider=provider)[:10]
    agreements = [
        {"agreement": row, "in_force": _in_force(row, today), "price": _price_words(row)}
        for row in provider.agreements.select_related("service")
    ]
    can_manage = perms.can_manage_providers(request.actor)
    keys = _keys(request, provider) if can_manage else ApiClient.objects.none()
    context = {
        **key_pages.listed(request, keys, lambda key: _revoke_url(provider, key)),
        "provider": provider,
        "zone": zone,
        "papers": papers_words(provider, today),
        "documents": [(row, row.expires_on is not None and row.expires_on < today) for row in provider.documents.all()],
        "agreements": agreements,
        "recent": ours[provider.pk],
        "share": round(100 * ours[provider.pk] / total) if total else 0,
        "offers": [_offer_row(offer) for offer in offers],
        "can_manage": can_manage,
        "left": [] if provider.is_active else list(left_with(Provider.objects.filter(pk=provider.pk), request.actor)),
        "key_form": key_form or KeyForm(scopes=PROVIDER_SCOPES, chosen=PROVIDER_SCOPES),
    }
    return render(request, "providers/provider.html", context, status=422 if key_form else 200)


def _price_words(agreement: ServiceAgreement) -> str:
    if agreement.purchase_price is not None:
        return _("%(price)s per item") % {"price": euros(agreement.purchase_price)}
    if agreement.commission_percent:
        return _("Client’s price less %(percent)s") % {"percent": percent(agreement.commission_percent)}
    return _("All that the client pays")


@never_cache
@require_POST
def create_key(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """A new API key, shown on this answer only and kept by nobody."""
    provider = _provider(request, public_id)
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    form = KeyForm(request.POST, scopes=PROVIDER_SCOPES)
    if not form.is_valid():
        return _file(request, provider, key_form=form)
    client, key = create_provider_key(
        provider, name=form.cleaned_data["name"], scopes=form.cleaned_data["scopes"], by=request.actor
    )
    return key_pages.shown_once(request, client, key, owner=provider.name, back=_file_url(provider))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_key(request: TenantRequest, public_id: uuid.UUID, key_id: uuid.UUID) -> HttpResponse:
    """Make a key useless at once, after a question."""
    provider = _provider(request, public_id)
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    client = get_object_or_404(_keys(request, provider), public_id=key_id)
    return key_pages.revoked(
        request,
        client,
        lambda: revoke_provider_key(provider, client, by=request.actor),
        owner=provider.name,
        back=_file_url(provider),
    )


def _keys(request: TenantRequest, provider: Provider) -> QuerySet[ApiClient]:
    return ApiClient.objects.filter(organisation=request.organisation, provider_id=provider.pk)


def _revoke_url(provider: Provider, key: ApiClient) -> str:
    return reverse("providers:revoke-key", args=[provider.public_id, key.public_id])


def _file_url(provider: Provider) -> str:
    return reverse("providers:provider", args=[provider.public_id])


# --- offers ----------------------------------------


@require_safe
def offers_list(request: TenantRequest) -> HttpResponse:
    """Offers of the person's sites: open ones first asked for, or all."""
    _see(request)
    state = request.GET.get("state", "open")
    found = Offer.objects.visible_to(request.actor).with_need().order_by("-pk")
    if state == "open":
        found = found.open().order_by("due_at", "pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    waiting = WorkOrder.objects.visible_to(request.actor).filter(
        status=WorkOrderStatus.NEEDS_DISPATCH, execution__in=BY_PROVIDER
    )
    context = {
        "rows": [_offer_row(offer) for offer in page],
        "is_open": state == "open",
        "is_all": state != "open",
        "waiting": list(waiting.select_related("request", "service", "site").order_by("promised_end", "pk")[:20]),
        "left": list(
            left_with(Provider.objects.filter(organisation=request.organisation, is_active=False), request.actor)[:20]
        ),
    }
    return render(request, "providers/offers.html", {**context, **_pages(request, page)})


def _offer_row(offer: Offer) -> dict[str, Any]:
    site = offer.work_order.site
    return {
        "offer": offer,
        "price": euros(offer.price),
        "sent": short_moment_words(offer.sent_at, site),
        "due": short_moment_words(offer.due_at, site),
        "answered": short_moment_words(offer.answered_at, site) if offer.answered_at else "",
        "is_open": offer.status == OfferStatus.SENT,
    }


@require_GET
def offers_of_request(request: TenantRequest, request_id: uuid.UUID) -> HttpResponse:
    """Who was asked for each job of a request, who answered what, and why others were not asked."""
    _see(request)
    found = get_object_or_404(ServiceRequest.objects.visible_to(request.actor), public_id=request_id)
    return _searches_page(request, found)


def _searches_page(request: TenantRequest, found: ServiceRequest, *, status: int = 200) -> HttpResponse:
    orders = list(
        WorkOrder.objects.visible_to(request.actor)
        .filter(request=found, execution__in=BY_PROVIDER)
        .select_related("service", "site", "request")
        .order_by("pk")
    )
    rounds: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in (
        OfferRound.objects.filter(work_order__in=orders)
        .prefetch_related("offers__provider", "offers__wave", "offers__work_order__site", "considered__provider")
        .order_by("-pk")
    ):
        rounds[one.work_order_id].append(
            {
                "round": one,
                "offers": [_offer_row(offer) for offer in sorted(one.offers.all(), key=lambda offer: offer.pk)],
                "considered": [considered_words(line) for line in one.considered.all()],
            }
        )
    agreed: dict[int, dict[int, Provider]] = defaultdict(dict)
    for agreement in (
        ServiceAgreement.objects.filter(service__in={order.service_id for order in orders}, provider__is_active=True)
        .select_related("provider")
        .order_by("provider__name", "provider__pk")
    ):
        agreed[agreement.service_id][agreement.provider_id] = agreement.provider
    priced = {order.pk: agreed_prices(order) for order in orders}
    for order in orders:
        agreed[order.service_id].update({one.pk: one for one, _price in priced[order.pk] if one.is_active})
    left = set(
        left_with(Provider.objects.filter(is_active=False), request.actor)
        .filter(request=found)
        .values_list("pk", flat=True)
    )
    searches = [
        {
            "order": order,
            "rounds": rounds[order.pk],
            "agreed": [(one.name, euros(price)) for one, price in priced[order.pk]],
            "providers": list(agreed[order.service_id].values()),
            "may_steer": perms.can_dispatch(request.actor, order),
            "is_left": order.pk in left,
            "is_other": _is_held_by_another(order, priced[order.pk]),
            "is_looking": order.status == WorkOrderStatus.OFFERING,
            "can_look": order.status in {WorkOrderStatus.READY, WorkOrderStatus.NEEDS_DISPATCH},
        }
        for order in orders
    ]
    part = "_offers_of_request" if request.htmx else "offers_of_request"
    return render(request, f"providers/{part}.html", {"found": found, "searches": searches}, status=status)


def _is_held_by_another(order: WorkOrder, agreed: list[tuple[Provider, Decimal]]) -> bool:
    """Whether work that can still be taken back is with a business whose price the client did not agree to."""
    if order.performer_kind != PerformerKind.PROVIDER or order.status not in WORK_ORDER_TRANSITIONS["take_back"][0]:
        return False
    return bool(agreed) and order.performer_id not in {one.pk for one, _price in agreed}


@require_POST
def steer(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Start or stop the search for a job, ask one provider only, or take the job back from whoever has it."""
    order = get_object_or_404(
        WorkOrder.objects.visible_to(request.actor).select_related("request", "service", "site"), public_id=public_id
    )
    if not perms.can_dispatch(request.actor, order):
        raise NotAllowed
    try:
        said = _steer(request, order, verb)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, said)
    return _back(request, order.request)


def _steer(request: TenantRequest, order: WorkOrder, verb: str) -> str:
    if verb == "chercher":
        started = start_round(order, by=request.actor)
        return _("Providers are being asked.") if started.offers.exists() else _("There is nobody to ask.")
    if verb == "arreter":
        withdraw_offers(order, by=request.actor)
        return _("The offers are withdrawn.")
    if verb == "reprendre":
        take_job_back(order, by=request.actor)
        return _("The work is free again: ask another provider, or find someone yourself.")
    choices = Provider.objects.visible_to(request.actor).active().to_consider(order.service, agreed_amounts(order))
    form = DirectOfferForm(request.POST, providers=choices)
    if not form.is_valid():
        raise Invalid(str(form.errors["provider"][0]), field="provider")
    offer = offer_directly(order, form.cleaned_data["provider"], by=request.actor)
    return _("%(name)s has been asked.") % {"name": offer.provider.name}


@require_POST
def resend(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Send an open offer again, with a new link."""
    offer = get_object_or_404(Offer.objects.visible_to(request.actor).with_need(), public_id=public_id)
    if not perms.can_dispatch(request.actor, offer.work_order):
        raise NotAllowed
    try:
        resend_offer(offer, by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("%(name)s gets the message again.") % {"name": offer.provider.name})
    return _back(request, offer.work_order.request)


def _back(request: TenantRequest, found: ServiceRequest) -> HttpResponse:
    """The fragment again for htmx, else the page it is part of."""
    if request.htmx:
        return _searches_page(request, found)
    return redirect("providers:offers-of-request", found.public_id)
