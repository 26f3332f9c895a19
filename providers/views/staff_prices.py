"""The team compares providers' prices for a request on quote, asks for more, and takes one into the client's quote."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from bookings import perms as bookings_perms
from bookings.actions.quote_origins import margin_for, set_margin
from bookings.actions.quote_prices import OurVat, costed
from bookings.enums import QuoteStatus
from bookings.models import QuoteLine, QuoteOption, QuoteWish, Service, ServiceRequest
from concierge.days import today_at
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.words import euros, percent
from providers import perms
from providers.actions import prices
from providers.actions.price_use import lent, use_price
from providers.forms.prices import AskPricesForm, UsePriceForm
from providers.models import PriceRequest, Provider, ServiceAgreement
from providers.views.paper_words import papers_words, required_of
from providers.views.price_words import row_of

# Businesses to choose from, those with whom the service was agreed first; and questions shown per service.
MOST_CHOICES, MOST_ROWS = 60, 40
ANSWER_DAYS = 3
NO_USE: dict[str, Any] = {"use": None, "cost": "", "client": "", "margin": ""}


def _request(request: TenantRequest, request_id: uuid.UUID) -> ServiceRequest:
    if not perms.can_see_providers(request.actor):
        raise NotAllowed
    found = ServiceRequest.objects.visible_to(request.actor).select_related("site__organisation", "organisation")
    return get_object_or_404(found, public_id=request_id)


@never_cache
@require_safe
def prices_of_request(request: TenantRequest, request_id: uuid.UUID) -> HttpResponse:
    """Who was asked what it would cost, who answered what, who is silent: side by side, service by service."""
    return _page(request, _request(request, request_id))


def _page(
    request: TenantRequest,
    found: ServiceRequest,
    *,
    status: int = 200,
    error: DomainError | None = None,
    ask_form: tuple[int, AskPricesForm] | None = None,
    use_form: tuple[int, UsePriceForm] | None = None,
) -> HttpResponse:
    may_write = bookings_perms.writes_quotes(request.actor, found)
    asked = _rows(found)
    used = _used(asked)
    options = _options(found) if may_write else []
    vat = OurVat.of(found)
    parts = []
    for wish in found.wishes.select_related("service").order_by("position"):
        rows = [row for row in asked if row.service_id == wish.service_id]
        margin = margin_for(wish.service)
        form = ask_form[1] if ask_form and ask_form[0] == wish.service_id else None
        parts.append(
            {
                "wish": wish,
                "rows": [
                    {
                        **row_of(row),
                        "used": used.get(row.public_id),
                        **(_use(request, row, options, use_form, vat, margin) if may_write else NO_USE),
                    }
                    for row in rows
                ],
                "form": (form or _ask_form(request, found, wish)) if may_write else None,
                "is_asking": form is not None,
                "can_ask": may_write and found.status in prices.ASKABLE,
            }
        )
    context = {
        "found": found,
        "parts": parts,
        "error": error,
        "may_write": may_write,
        "cost_words": _("excl. VAT") if vat.recovers else _("incl. VAT"),
    }
    part = "_prices_of_request" if request.htmx else "prices_of_request"
    return render(request, f"providers/{part}.html", context, status=status)


def _rows(found: ServiceRequest) -> list[PriceRequest]:
    """The newest questions of each service, in the order of asking."""
    newest = Window(RowNumber(), partition_by=F("service"), order_by=F("pk").desc())
    rows = PriceRequest.objects.filter(request=found).with_need().annotate(place=newest)
    return list(rows.filter(place__lte=MOST_ROWS).order_by("pk"))


def _used(asked: list[PriceRequest]) -> dict[uuid.UUID, Any]:
    """The quote whose line counts on a price, the newest that does."""
    lines = QuoteLine.objects.filter(source__in=[row.public_id for row in asked]).exclude(
        option__quote__status=QuoteStatus.SUPERSEDED
    )
    found = lines.select_related("option__quote__request").order_by("option__quote__version", "pk")
    return {line.source: line.option.quote for line in found if line.source is not None}


def _options(found: ServiceRequest) -> list[tuple[str, str]]:
    """Where a line may go: the options of the draft, or another one."""
    rows = QuoteOption.objects.filter(quote__request=found, quote__status=QuoteStatus.DRAFT).order_by("position")
    named = [
        (str(rank), _("Option %(n)d") % {"n": rank + 1} + (f" – {row.title}" if row.title else ""))
        for rank, row in enumerate(rows)
    ]
    return [*named, ("new", _("another option"))] if named else [("0", _("the quote"))]


def _use(
    request: TenantRequest,
    row: PriceRequest,
    options: list[tuple[str, str]],
    typed: tuple[int, UsePriceForm] | None,
    vat: OurVat,
    margin: Decimal,
) -> dict[str, Any]:
    """What a price would become for the client, and the form that takes it over."""
    if not row.holds_on(today_at(row.request.site)):
        return NO_USE
    sums = costed(vat, lent(row), margin)
    form = typed[1] if typed and typed[0] == row.pk else _use_form(request, row, options, {"margin": margin})
    return {
        "use": form if row.request.status in prices.ASKABLE else None,
        "cost": euros(sums.cost),
        "client": euros(sums.unit_price),
        "margin": percent(margin),
    }


def _use_form(
    request: TenantRequest, row: PriceRequest, options: list[tuple[str, str]], initial: dict[str, Any] | None = None
) -> UsePriceForm:
    return UsePriceForm(
        request.POST if initial is None else None,
        initial=initial,
        options=options,
        may_keep=bookings_perms.can_edit_catalogue(request.actor),
        auto_id=f"id_{row.reference}_%s",
    )


def choices_for(found: ServiceRequest, service: Service) -> QuerySet[Provider]:
    """Active businesses that do not have this question yet, those with whom it was agreed first."""
    asked = PriceRequest.objects.filter(request=found, service=service).standing_on(today_at(found.site))
    agreed = ServiceAgreement.objects.binding().filter(provider=OuterRef("pk"), service=service)
    rows = Provider.objects.filter(organisation=found.organisation).active()
    return (
        rows.exclude(pk__in=asked.order_by("pk").values("provider_id"))
        .annotate(agreed=Exists(agreed))
        .order_by("-agreed", "name", "pk")
        .prefetch_related("documents")
    )


def _ask_form(
    request: TenantRequest, found: ServiceRequest, wish: QuoteWish, typed: QueryDict | None = None
) -> AskPricesForm:
    """The question, empty: the client's own words stay with us. Or what was ``typed`` when others are looked for."""
    today = today_at(found.site)
    initial: dict[str, Any] = {
        "wanted_on": wish.wanted_from if wish.wanted_from and wish.wanted_from >= today else None,
        "due_on": today + dt.timedelta(days=ANSWER_DAYS),
    }
    if typed is not None:
        initial = {name: typed.get(name, "") for name in ("need", "wanted_on", "due_on", "search")}
        initial["providers"] = typed.getlist("providers")
    form = AskPricesForm(initial=initial, providers=choices_for(found, wish.service), auto_id=f"id_{wish.pk}_%s")
    _name_choices(form, found, wish.service)
    return form


def _name_choices(form: AskPricesForm, found: ServiceRequest, service: Service) -> None:
    """Each with its town, and with what is wrong with its papers: who is ticked, then who is looked for."""
    today = today_at(found.site)
    rows = choices_for(found, service)
    text = str(form["search"].value() or "").replace("\x00", "").strip()[:80]
    ticked = [one for one in map(_uuid, form["providers"].value() or []) if one is not None]
    looked_for = rows.filter(Q(name__icontains=text) | Q(city__icontains=text)) if text else rows
    shown = list(looked_for[:MOST_CHOICES])
    form.looks_for_more = bool(text) or len(shown) == MOST_CHOICES
    named, choices = [], dict.fromkeys([*rows.filter(public_id__in=ticked[:MOST_CHOICES]), *shown])
    required = required_of(found.organisation, choices, today)
    for row in choices:
        category, words = papers_words(row, today, required[row.pk])
        named.append((str(row.public_id), f"{row.name}, {row.city}{' – ' + words if category != 'done' else ''}"))
    form.fields["providers"].widget.choices = named


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


@require_POST
def ask(request: TenantRequest, request_id: uuid.UUID) -> HttpResponse:
    """Ask the chosen businesses."""
    found = _request(request, request_id)
    if not bookings_perms.writes_quotes(request.actor, found):
        raise NotAllowed
    wishes = found.wishes.select_related("service")
    wish = next((one for one in wishes.order_by("position") if str(one.pk) == request.POST.get("wish")), None)
    if wish is None:
        return _page(request, found, status=422)
    if "find" in request.POST:
        return _page(request, found, ask_form=(wish.service_id, _ask_form(request, found, wish, request.POST)))
    form = AskPricesForm(request.POST, providers=choices_for(found, wish.service), auto_id=f"id_{wish.pk}_%s")
    status = 422
    if form.is_valid():
        given = form.cleaned_data
        try:
            question = prices.Question(given["need"], form.due_at(found.site), given["wanted_on"])
            asked = prices.ask_for_prices(
                found, wish.service, list(given["providers"].order_by("pk")), question, by=request.actor
            )
        except DomainError as error:
            field = {"due_at": "due_on"}.get(error.field or "", error.field)
            form.add_error(field if field in form.fields else None, str(error.message))
            status = error.status
        else:
            said = _("One provider is asked.") if len(asked) == 1 else _("%(n)d providers are asked.")
            messages.success(request, said % {"n": len(asked)} if len(asked) > 1 else said)
            return redirect("providers:prices-of-request", found.public_id)
    _name_choices(form, found, wish.service)
    return _page(request, found, status=status, ask_form=(wish.service_id, form))


@require_POST
def change(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Take a price into the quote, need it no more, or send the question again."""
    asked = get_object_or_404(PriceRequest.objects.visible_to(request.actor).with_need(), public_id=public_id)
    found = asked.request
    if not bookings_perms.writes_quotes(request.actor, found):
        raise NotAllowed
    try:
        if verb == "utiliser":
            return _take_over(request, asked)
        if verb == "retirer":
            prices.withdraw_price(asked, by=request.actor)
            messages.success(request, _("%(name)s need not answer any more.") % {"name": asked.provider.name})
        else:
            prices.resend_price_request(asked, by=request.actor)
            messages.success(request, _("%(name)s gets the message again.") % {"name": asked.provider.name})
    except DomainError as error:
        return _page(request, found, status=error.status, error=error)
    return redirect("providers:prices-of-request", found.public_id)


def _take_over(request: TenantRequest, asked: PriceRequest) -> HttpResponse:
    found = asked.request
    form = _use_form(request, asked, _options(found))
    if not form.is_valid():
        return _page(request, found, status=422, use_form=(asked.pk, form))
    margin = form.cleaned_data["margin"]
    quote = use_price(asked, margin=margin, option=form.rank, by=request.actor)
    keep = form.cleaned_data.get("keep", "")
    if keep:
        service = asked.service if keep == "service" else None
        set_margin(request.organisation, margin, service=service, by=request.actor)
    messages.success(request, _("The price is in the quote, with our margin. Look it over, then send it."))
    return redirect("bookings:quote-edit", quote.public_id)
