"""Booking in five steps, without an account and without JavaScript: services, details, slot, contact, review."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.actions import booking, holds, pre_orders, pricing, subscriptions
from bookings.enums import HoldStatus, PriceMode
from bookings.forms.ahead import RunForm
from bookings.forms.booking import DetailsForm, ReviewForm, ServicesForm, SlotForm, wishes_of
from bookings.models import ClientAccount, Presence, ServiceRequest, calendar
from bookings.rules import prices
from bookings.views import ahead, payers, subscribing
from bookings.views.contact import refused_contact
from bookings.views.draft import Draft
from bookings.views.steps import go, show, step
from bookings.views.times import days_of, first_day_of, short_day
from bookings.views.whose import refuse_other
from bookings.views.words import hours_words, lines_words, vat_words
from concierge.errors import DomainError
from concierge.models import Site, national_phone
from concierge.visitors import not_too_many
from concierge.words import HALF_HOUR, euros

# Places that one network address may keep or move in ten minutes: a whole company sits behind one.
MOST_HOLDS, HOLDS_WINDOW = 60, 600
# Where a refusal of the last step is shown: on the page of the field at fault.
PAGE_OF_FIELD = {"slot": "slot", "services": "services", "lines": "details"}


@login_not_required
@require_safe
def sites(request: HttpRequest) -> HttpResponse:
    """The public front page: where you can book."""
    found = (
        Site.objects.visible_to(request.actor)  # type: ignore[attr-defined]  # set by TenantMiddleware
        .active()
        .prefetch_related("opening_hours")
    )
    cards = [{"site": site, "hours": hours_words(site.opening_hours.all())} for site in found]
    return render(request, "bookings/sites.html", {"cards": cards})


# --- 1. services ----------------------------------------


@step("services")
def services(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Choose services, by category; or the desk says that it is for somebody else than whose card it came from."""
    if "somebody_else" in request.POST:
        draft.forget_owner()
        return go(draft.site, "services")
    form = ServicesForm(request.POST if request.method == "POST" else None, offered=draft.choices)
    if form.is_valid():
        chosen = [service for service in draft.offered if str(service.public_id) in form.cleaned_data["services"]]
        try:
            pre_orders.plan_for(draft.site, chosen)
        except DomainError as error:
            form.add_error("services", str(error.message))
        else:
            draft.save(services=form.cleaned_data["services"])
            return go(draft.site, "wishes" if draft.on_quote else "details")
    return _services_page(request, draft, form, 422 if form.is_bound else 200)


def _services_page(
    request: HttpRequest, draft: Draft, form: ServicesForm, status: int, error: DomainError | None = None
) -> HttpResponse:
    # Beside what was chosen before, what the widget names.
    kept = [*draft.data.get("services", []), *request.GET.getlist("service")]
    ticked = set(request.POST.getlist("services") if form.is_bound else kept)
    cards: list[dict[str, Any]] = [
        {
            "service": service,
            "price": price_words(service),
            "checked": str(service.public_id) in ticked,
        }
        for service in draft.choices
    ]
    groups = [
        {"category": category, "cards": members, "is_alone": len(members) == 1}
        for category, members in (
            (category, list(found))
            for category, found in itertools.groupby(cards, key=lambda card: card["service"].category)
        )
    ]
    return show(request, draft, "services", status, form=form, groups=groups, error=error)


def price_words(service: Any) -> str:
    """What a service costs, in a few words."""
    if service.price_mode == PriceMode.ON_QUOTE:
        return _("on quote")
    if service.unit_price is not None:
        unit = HALF_HOUR if service.price_mode == PriceMode.PER_HALF_HOUR else service.unit
        return f"{euros(service.unit_price)} / {unit}" if unit else euros(service.unit_price)
    amounts = [item.unit_price for item in service.price_items.all() if item.is_active]
    return _("from %(price)s a piece") % {"price": euros(min(amounts))} if amounts else ""


# --- 2. details ----------------------------------------


@step("details")
def details(request: HttpRequest, draft: Draft) -> HttpResponse:
    """How many of what, and options."""
    form = DetailsForm(
        request.POST if request.method == "POST" else None,
        chosen=draft.services,
        wishes=draft.asked,
        label_suffix="",
    )
    if form.is_valid():
        try:
            tariffs = pricing.tariffs_of(draft.site, _today(draft.site), services=draft.offered)
            pricing.price_order(tariffs, wishes_of(form.wishes()))
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            draft.save(asked=form.wishes())
            return go(draft.site, "slot")
    for group in form.groups:
        group["gives_tax_credit"] = group["service"].gives_tax_credit(draft.actor.organisation)
    return show(request, draft, "details", 422 if form.is_bound else 200, form=form)


# --- 3. slot ----------------------------------------


@step("slot")
def slot(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Choose a time; the place is then kept for ten minutes. Of what is ordered ahead: choose a hand-out."""
    if draft.plan is not None:
        return _choose_run(request, draft)
    form = SlotForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        expired = holds.HoldExpired(field="slot") if "expired" in request.GET else None
        return _slot_page(request, draft, form, 422 if form.is_bound else 200, error=expired)
    try:
        not_too_many(request, "holds", most=MOST_HOLDS, seconds=HOLDS_WINDOW)
        draft.save()
        holds.hold_slot(
            draft.site,
            draft.place,
            form.cleaned_data["slot"],
            token=draft.token,
            by=draft.actor,
            services=draft.services,
            minutes=calendar.minutes_of(draft.services, draft.wishes),
            presence=_stand(request, draft),
        )
    except DomainError as error:
        return _slot_page(request, draft, SlotForm(), error.status, error=error)
    return go(draft.site, "contact")


def _choose_run(request: HttpRequest, draft: Draft) -> HttpResponse:
    form = RunForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        draft.save(run=str(form.cleaned_data["run"]), run_key=str(uuid.uuid4()))
        draft.__dict__.pop("run", None)
        if draft.run is not None:
            return go(draft.site, "contact")
        return _slot_page(request, draft, form, 409, error=pre_orders.OrdersClosed())
    closed = pre_orders.OrdersClosed() if "expired" in request.GET else None
    return _slot_page(request, draft, form, 422 if form.is_bound else 200, error=closed)


def _slot_page(
    request: HttpRequest, draft: Draft, form: SlotForm | RunForm, status: int, error: DomainError | None = None
) -> HttpResponse:
    now, first, stand = timezone.now(), first_day_of(request), _stand(request, draft)
    if draft.plan is not None:
        runs = ahead.choices(draft.plan, chosen=draft.data.get("run", ""), now=now)
        return show(request, draft, "slot", status, form=form, runs=runs, error=error)
    free = calendar.slots_left(
        draft.site,
        draft.place,
        now=now,
        first_day=first,
        days=calendar.BOOKABLE_DAYS,
        services=draft.services,
        minutes=calendar.minutes_of(draft.services, draft.wishes),
        presence=stand,
    )
    hold = draft.hold
    selected = hold.starts_at.isoformat() if hold is not None and draft.holds_a_place else ""
    return show(
        request,
        draft,
        "slot",
        status,
        form=form,
        selected=selected,
        error=error,
        stand=stand,
        where=_where(draft, stand),
        **days_of(free, draft.site, first=first),
    )


def _stand(request: HttpRequest, draft: Draft) -> Presence | None:
    """Where somebody wants to come instead of the desk; what they may not choose is the desk."""
    asked = request.GET.get("lieu", "")
    return next((one for one in draft.stands if str(one.public_id) == asked), None) if asked else None


def _where(draft: Draft, stand: Presence | None) -> list[dict[str, Any]]:
    """The desk and the stands to choose from; nothing when there is no choice."""
    if not draft.stands:
        return []
    places: list[tuple[str, Presence | None]] = [(_("At the desk"), None)]
    places += [(f"{one.name} ({short_day(one)})", one) for one in draft.stands]
    return [
        {"label": label, "url": f"?lieu={one.public_id if one else ''}", "current": one == stand}
        for label, one in places
    ]


# --- 5. review ----------------------------------------


@step("review")
def review(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Everything once more, with prices; then the request is sent."""
    kept = draft.kept
    accounts = payers.payers_of(request, draft)
    typed = request.POST if request.method == "POST" else None
    every, chosen = subscribing.label_of(draft), payers.chosen_payer(draft)
    form = ReviewForm(typed, accounts=accounts, for_others=draft.for_others, every_time=every, initial=chosen)
    if kept is None or not form.is_valid():
        return _review_page(request, draft, form, 422 if form.is_bound else 200)
    if form.cleaned_data["hold"] != kept:
        form.add_error(None, _("You chose another time in the meantime. Please check once more."))
        return _review_page(request, draft, form, 409)
    payer = next((a for a in accounts if str(a.public_id) == form.cleaned_data["payer"]), None)
    try:
        made = _send(draft, payer, form.cleaned_data["total"], every_time=form.cleaned_data.get("every_time", False))
    except DomainError as error:
        return _refused(request, draft, form, error)
    draft.finish(kept, made.tracking_token)
    return redirect("bookings:done", token=made.tracking_token)


def _send(draft: Draft, payer: ClientAccount | None, total_seen: Decimal, *, every_time: bool) -> ServiceRequest:
    given: dict[str, Any] = {
        "client": draft.details(),
        "wishes": draft.wishes,
        "by": draft.actor,
        "payer": payer,
        "note": draft.contact.get("note", ""),
        "total_seen": total_seen,
        "owner": draft.owner,
    }
    others: dict[str, Any] = {"beneficiary": draft.beneficiary(), "prescriber": draft.person}
    if draft.run is not None and draft.kept is not None and every_time:
        return subscriptions.order_every_time(draft.run, sent_key=draft.kept, **given)
    if draft.run is not None:
        return pre_orders.order_ahead(draft.run, sent_key=draft.kept, **given, **others)
    if draft.hold is None:
        raise holds.HoldExpired(field="slot")
    return booking.submit_request(draft.site, hold=draft.hold, **given, **others)


def _review_page(request: HttpRequest, draft: Draft, form: ReviewForm, status: int) -> HttpResponse:
    try:
        tariffs = pricing.tariffs_of(draft.site, _today(draft.site), services=draft.offered)
        # What is ordered ahead has no time of its own, even when a time was kept before.
        starts_at = draft.hold.starts_at if draft.hold and draft.plan is None else None
        met = draft.met
        known = pricing.circumstances(draft.site, starts_at, latitude=met.latitude, longitude=met.longitude)
        lines = pricing.price_order(tariffs, draft.wishes, known)
    except DomainError:
        return go(draft.site, "details")
    return show(
        request,
        draft,
        "review",
        status,
        form=form,
        lines=lines_words(lines, is_weighed_later=draft.plan is None),
        is_estimate=draft.plan is None and any(line.is_estimate for line in lines),
        shares=vat_words(draft.site, ((line.vat_rate, line.total) for line in lines)),
        unmeasured=pricing.by_distance(draft.offered, draft.wishes) if known.distance_km is None else [],
        total=euros(prices.total(lines)),
        total_shown=str(prices.total(lines)),
        phone=national_phone(draft.contact.get("phone", "")),
        other_phone=national_phone(draft.other.get("phone", "")),
        payer_name=payers.payer_name(request),
        every_help=subscribing.help_of(draft),
        looks_for_payers=payers.looks_for_more(request, draft, form.accounts),
    )


def _today(site: Site) -> dt.date:
    """The day at the site, whose prices count: not the day in UTC."""
    return timezone.localdate(timezone=ZoneInfo(site.time_zone))


def _refused(request: HttpRequest, draft: Draft, form: ReviewForm, error: DomainError) -> HttpResponse:
    """Show a refusal where it can be corrected. Everything typed is kept."""
    page = PAGE_OF_FIELD.get(error.field or "")
    if page == "slot":
        draft.__dict__.pop("hold", None)
        draft.__dict__.pop("run", None)
        return _slot_page(request, draft, SlotForm(), error.status, error=error)
    if page == "services":
        return _services_page(request, draft, ServicesForm(offered=draft.offered), error.status, error=error)
    if page == "details":
        details_form = DetailsForm(chosen=draft.services, wishes=draft.asked)
        return show(request, draft, "details", error.status, form=details_form, error=error)
    if error.field in {*form.fields, None}:
        form.add_error(error.field, str(error.message))
        return _review_page(request, draft, form, error.status)
    return refused_contact(request, draft, error)


@login_not_required
@require_POST
def give_up_hold(request: HttpRequest, slug: str) -> HttpResponse:
    """Somebody no longer wants the place: it is free at once."""
    site = get_object_or_404(Site.objects.visible_to(request.actor).active(), slug=slug)  # type: ignore[attr-defined]  # as above
    draft = Draft(request, site)
    if (refused := refuse_other(request, draft)) is not None:
        return refused
    if draft.hold is not None and draft.hold.status == HoldStatus.HELD:
        holds.release_hold(draft.hold, by=draft.actor)
    return go(site, "slot")
