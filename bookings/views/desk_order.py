"""A new order at the counter, on one page: what, how many, who pays; Enter confirms. And its receipt."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from contextlib import suppress
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.actions import pricing
from bookings.actions.beneficiaries import FIELD
from bookings.actions.clients import payers_at_desk
from bookings.actions.walk_in import Visit, book_walk_in
from bookings.enums import Place, PriceMode
from bookings.forms.booking import quantity_names
from bookings.forms.desk import OTHER, OrderForm
from bookings.gateways.geocoder import located
from bookings.models import Client, Service, calendar
from bookings.models.ahead import ahead_at
from bookings.models.clients import each_once
from bookings.rules import prices
from bookings.rules.supplements import Circumstances
from bookings.views import ahead
from bookings.views.desk import desk_page, find_client, show
from bookings.views.served import Served
from bookings.views.words import lines_words, vat_words
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import euros, short_moment_words

MOST_PAYERS = 50
# People they asked for before, shown to choose from.
MOST_HELPED = 20
WHERE = ("street", "postcode", "city")
MOST_TIMES = 8
FURTHEST = dt.timedelta(days=calendar.BOOKABLE_DAYS)


@desk_page("GET", "HEAD", "POST")
def order(request: TenantRequest, site: Site, client: Any) -> HttpResponse:
    """The whole order; refused, it comes back with everything typed and the reason at its field."""
    who = find_client(request, client)
    if request.method != "POST":
        first = {"token": uuid.uuid4(), "street": who.street, "postcode": who.postcode, "city": who.city}
        return _page(request, site, who, _form(site, who, request.actor, initial=first))
    form = _form(site, who, request.actor, request.POST)
    if not form.is_valid():
        return _page(request, site, who, form, 422)
    visit = _visit(form, who)
    try:
        made = book_walk_in(
            site,
            who,
            wishes=form.order,
            token=form.cleaned_data["token"],
            by=request.actor,
            payer=form.chosen_payer,
            note=form.cleaned_data["note"],
            visit=visit,
            beneficiary=form.beneficiary,
            on_phone=form.cleaned_data["on_phone"],
            total_seen=_total_seen(site, form),
        )
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else _field_of(error), str(error.message))
        return _page(request, site, who, form, error.status, visit)
    Served(request, site).note(made, "order")
    messages.success(request, _("%(reference)s is noted for %(name)s.") % {"reference": made.reference, "name": who})
    if "print" in request.POST:
        address = reverse("bookings:desk-receipt", args=[site.slug, made.public_id])
        return redirect(f"{address}?print=1")
    return redirect("bookings:desk", slug=site.slug)


def _field_of(error: DomainError) -> str | None:
    field = error.field or ""
    if field.startswith(FIELD):
        name = field.removeprefix(FIELD)
        return name if name in WHERE else f"other_{name}"
    return "starts_at" if field == "slot" else None


def _visit(form: OrderForm, client: Client) -> Visit | None:
    """When and where; an address of the client that nobody changed is not where somebody else lives."""
    chosen = form.cleaned_data["starts_at"]
    if not chosen:
        return None
    where = {name: form.cleaned_data[name] for name in WHERE}
    known = form.beneficiary.row if form.beneficiary else None
    if known is not None and known.street and where == _address_of(client):
        where = _address_of(known)
    moment, how = dt.datetime.fromisoformat(chosen).astimezone(dt.UTC), form.cleaned_data["access_note"]
    return located(Visit(moment, **where, access_note=how))


def _address_of(client: Client) -> dict[str, str]:
    return {name: getattr(client, name) for name in WHERE}


def _offered(site: Site, typed: Any = None) -> list[Service]:
    """What is taken along now: nothing on quote, nothing ordered ahead. What was typed on a page that was opened before
    stays on it, and is refused in words."""
    priced = [one for one in pricing.offered_on(site.pk, _today(site)) if one.price_mode != PriceMode.ON_QUOTE]
    ahead_here = ahead_at(site.pk)
    return [one for one in priced if one.pk not in ahead_here or _is_asked(one, typed or {})]


def _is_asked(service: Service, typed: Any) -> bool:
    mine = quantity_names(service)
    return any(name.startswith(mine) and value.strip() not in {"", "0"} for name, value in typed.items())


def _today(site: Site) -> dt.date:
    """The day at the site, whose prices count."""
    return timezone.localdate(timezone=ZoneInfo(site.time_zone))


def _form(site: Site, client: Client, actor: Actor, data: Any = None, **more: Any) -> OrderForm:
    offered = _offered(site, data)
    chosen = data.get("payer", "") if data is not None else ""
    accounts = payers_at_desk(site.organisation, client.email, name="", chosen=chosen, most=MOST_PAYERS)
    wanted = data.get("starts_at", "") if data is not None else ""
    helped = Client.objects.visible_to(actor).helped_by(client.kept_id).select_related("merged_into")
    known = [one for one in each_once(helped.order_by("last_name", "first_name", "pk")[:MOST_HELPED]) if one != client]
    times = _times(site, offered, wanted)
    return OrderForm(data, offered=offered, accounts=accounts, times=times, client=client, helped=known, **more)


def _times(site: Site, offered: list[Service], wanted: str) -> list[tuple[str, str]]:
    """The next free times for what is done at somebody's place; one that was chosen stays, whatever happened since."""
    home = [service for service in offered if service.place == Place.HOME]
    if not home:
        return []
    free = calendar.next_free(site, Place.HOME, now=timezone.now(), services=home, count=MOST_TIMES)
    times = {slot.starts_at.isoformat(): slot.starts_at for slot in free}
    if (chosen := _moment(wanted)) is not None:
        times.setdefault(wanted, chosen)
    return [(value, short_moment_words(moment, site)) for value, moment in times.items()]


def _moment(typed: str) -> dt.datetime | None:
    """A time as the page sends it, of those that can be booked at all."""
    with suppress(ValueError, OverflowError):
        chosen = dt.datetime.fromisoformat(typed)
        if chosen.tzinfo is not None and abs(chosen - timezone.now()) < FURTHEST:
            return chosen.astimezone(dt.UTC)
    return None


def _page(
    request: TenantRequest,
    site: Site,
    client: Client,
    form: OrderForm,
    status: int = 200,
    visit: Visit | None = None,
) -> HttpResponse:
    rows = [item.name for group in form.groups for item in group["items"]]
    numbers = {name: place for place, name in enumerate(rows, 1)}
    groups = [
        {
            "service": group["service"],
            "is_home": group["service"].place == Place.HOME,
            "items": [{"field": item, "number": numbers[item.name]} for item in group["items"]],
            "options": group["options"],
        }
        for group in form.groups
    ]
    total = _sum(site, form, visit) if form.is_bound else {}
    has_home = any(group["is_home"] for group in groups)
    is_for_other = form.is_bound and any(form.data.get(name) for name in ("for_whom", *OTHER))
    context = {"client": client, "form": form, "groups": groups, "has_home": has_home, "is_for_other": is_for_other}
    context |= {**_nothing(), **total, "coming": ahead.coming_at(site, timezone.now())}
    return show(request, site, "desk_order", status, **context)


@desk_page()
def order_total(request: TenantRequest, site: Site) -> HttpResponse:
    """Fragment: what is chosen so far costs this much, at the chosen time. Nothing of the person is in the address."""
    form = OrderForm(request.GET, offered=_offered(site))
    return render(request, "bookings/_desk_total.html", {**_nothing(), **_sum(site, form)})


def _nothing() -> dict[str, Any]:
    texts = dict.fromkeys(("total", "total_shown", "total_of", "refusal"), "")
    return {**texts, "lines": [], "is_estimate": False, "shares": [], "unmeasured": []}


def _total_seen(site: Site, form: OrderForm) -> Decimal | None:
    """What stood on the page of this very order; where none did, what would have stood there."""
    total = _sum(site, form)
    if form.cleaned_data["total"] is not None and form.cleaned_data["total_of"] == total.get("total_of"):
        return Decimal(form.cleaned_data["total"])
    return Decimal(total["total_shown"]) if "total_shown" in total else None


def _sum(site: Site, form: OrderForm, visit: Visit | None = None) -> dict[str, Any]:
    """What is chosen, priced as it is charged: at the time and, once it was looked up, the place of the ``visit``."""
    form.is_valid()
    if not form.order:
        return {}
    known = _known(site, form, visit)
    try:
        lines = pricing.price_order(pricing.tariffs_of(site, _today(site), services=form.chosen), form.order, known)
    except DomainError as error:
        return {"refusal": str(error.message)}
    return {
        "lines": lines_words(lines),
        "is_estimate": any(line.is_estimate for line in lines),
        "shares": vat_words(site, ((line.vat_rate, line.total) for line in lines)),
        "total": euros(prices.total(lines)),
        "total_shown": str(prices.total(lines)),
        "total_of": _seal_of(form),
        "unmeasured": pricing.by_distance(form.chosen, form.order) if known.distance_km is None else [],
    }


def _known(site: Site, form: OrderForm, visit: Visit | None) -> Circumstances:
    """Who leaves something stands here now; who is visited chose a time."""
    wanted = {wish.service for wish in form.order}
    if not any(one.place == Place.HOME and str(one.public_id) in wanted for one in form.chosen):
        return pricing.circumstances(site, timezone.now())
    if visit is not None:
        return pricing.circumstances(site, visit.starts_at, latitude=visit.latitude, longitude=visit.longitude)
    return pricing.circumstances(site, _moment(form.data.get("starts_at", "")))


def _seal_of(form: OrderForm) -> str:
    """A word for what is ordered and for when, another one as soon as either is."""
    wishes = [[one.service, sorted(one.quantities.items()), sorted(one.options)] for one in form.order]
    text = json.dumps([wishes, form.data.get("starts_at", "")], default=str)
    return hashlib.sha256(text.encode()).hexdigest()
