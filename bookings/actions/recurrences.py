"""Regular requests: begun, ended; their days booked ahead, failures kept and retried. How one is paused:
``recurrence_pauses``; edited from a day on: ``recurrence_edits``."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.actions import booking, pre_orders, requests
from bookings.actions.clients import ClientDetails
from bookings.actions.pricing import ORDER_MESSAGES, BadOrder, price_order, tariffs_of
from bookings.enums import HOLIDAY_SHIFT, HolidayRule, OccurrenceStatus, RecurrenceStatus, RequestStatus, RunStatus
from bookings.models import (
    Client,
    ClientAccount,
    Occurrence,
    PreOrderRun,
    Recurrence,
    Service,
    ServiceRequest,
    calendar,
)
from bookings.rules import ahead, prices, recurrence
from concierge import deadlines, events
from concierge.errors import DomainError, Invalid, TooManyAttempts, WrongState
from concierge.models import Deadline, Site
from concierge.tenancy import Actor

# A day is booked; its deadline also has the days after it made.
BOOK = "occurrence.book"
# Days are made this far ahead and booked this long before (slots open sixty days ahead). The last of them always lies
# beyond what is booked: its own deadline makes the days after it, so that the chain never ends by itself.
DAYS_AHEAD = 56
BOOK_AHEAD = dt.timedelta(days=21)
# Of one client, when nobody of the team asks for them (S33).
MOST_RUNNING = 10

RULE_MESSAGES: dict[str, str | Promise] = {
    "too_often": _("A regular request comes at most once a day."),
    "too_many": _("This is too often or too many times: at most 400 times, every 52 weeks or months."),
    "never": _("By this rule no day ever comes."),
    "both_ends": _("Say how many times, or until when, not both."),
}


class BadRecurrence(Invalid):
    """The rule cannot be kept. ``reason`` is a code for machines."""

    code = "bad_recurrence"


class OccurrencePast(WrongState):
    """That day is over, or settled."""

    code = "occurrence_settled"
    message = _("This day can no longer be changed.")


@dataclass(frozen=True)
class Wanted:
    """What is asked for again and again, and when."""

    name: str
    rule: str
    starts_on: dt.date
    at: dt.time
    wishes: Sequence[prices.Wish]
    holiday_rule: str = HolidayRule.SKIP
    payer: ClientAccount | None = None
    note: str = ""
    ends_on: dt.date | None = None


def keep(wishes: Sequence[prices.Wish]) -> list[dict[str, object]]:
    """An order as JSON."""
    return [
        {
            "service": wish.service,
            "quantities": {key: f"{Decimal(count).normalize():f}" for key, count in wish.quantities.items() if count},
            "options": sorted(wish.options),
        }
        for wish in wishes
    ]


def _number(text: str) -> int | Decimal:
    """A count as a whole number, a weight as it is."""
    value = Decimal(text)
    return int(value) if value == int(value) else value


def wishes_of(found: Recurrence) -> list[prices.Wish]:
    """The order as rules understand it."""
    return [
        prices.Wish(
            str(one["service"]),
            {key: _number(count) for key, count in one["quantities"].items()},
            frozenset(one["options"]),
        )
        for one in found.wishes
    ]


@transaction.atomic
def start_recurrence(
    client: Client, site: Site, wanted: Wanted, *, by: Actor, public_id: uuid.UUID | None = None
) -> Recurrence:
    """Begin a regular request and make its first days. Prices are those of the day of each order. The same
    ``public_id`` sent twice gives the same one.

    Raises ``BadRecurrence``, ``BadOrder``, ``Invalid`` (400), ``MixedOrder``, ``PayerRefused`` (422),
    ``TooManyAttempts`` (429).
    """
    client = Client.objects.select_for_update(of=("self",), no_key=True).get(pk=client.kept_id)
    mine = Recurrence.objects.of_client(client.pk)
    sent = mine.filter(public_id=public_id).select_related("site", "client").first() if public_id else None
    if sent is not None:
        return sent
    running = mine.going_on()
    if not by.is_staff and by.kind not in {"api", "system"} and running.count() >= MOST_RUNNING:
        raise TooManyAttempts(_("You already have many regular requests with us. Please call us for more."))
    made = new_recurrence(client, site, wanted, by=by, public_id=public_id)
    events.record("recurrence.started", made, by=by)
    extend(made)
    return made


def new_recurrence(
    client: Client,
    site: Site,
    wanted: Wanted,
    *,
    by: Actor,
    continues: Recurrence | None = None,
    public_id: uuid.UUID | None = None,
) -> Recurrence:
    """Check everything, then the row."""
    name = wanted.name.strip()
    if not name:
        raise Invalid(_("Give it a name, so that you know it again."), field="name")
    today = timezone.localdate(timezone=ZoneInfo(site.time_zone))
    check_first_day(wanted.starts_on, today)
    if wanted.ends_on is not None and wanted.ends_on < wanted.starts_on:
        raise Invalid(_("The last day cannot be before the first day."), field="ends_on")
    try:
        rule = recurrence.parse(wanted.rule, starts_on=wanted.starts_on)
    except recurrence.BadRule as error:
        message = RULE_MESSAGES.get(error.code, _("We do not understand this rule."))
        raise BadRecurrence(message, field="rule", reason=error.code, part=error.part) from error
    if wanted.ends_on and not rule.days(wanted.starts_on, wanted.starts_on, wanted.ends_on, most=1):
        raise BadRecurrence(RULE_MESSAGES["never"], field="ends_on", reason="never", part="ends_on")
    services = _services(site, wanted.wishes)
    price_order(tariffs_of(site, today, services=services), wanted.wishes)
    plan = pre_orders.plan_for(site, services)
    if wanted.payer is not None:
        booking.check_payer(wanted.payer, client.email, by)
    return Recurrence.objects.create(
        organisation_id=site.organisation_id,
        public_id=public_id or uuid.uuid4(),
        name=name[:80],
        site=site,
        client=client,
        payer_account=wanted.payer,
        plan=plan,
        wishes=keep(wanted.wishes),
        note=wanted.note.strip()[:500],
        rule=rule.text,
        starts_on=wanted.starts_on,
        at=plan.handout_opens if plan else wanted.at,
        holiday_rule=wanted.holiday_rule,
        ends_on=wanted.ends_on,
        continues=continues,
    )


def check_first_day(day: dt.date, today: dt.date) -> None:
    """It comes soon enough for everything to be computed from it. Raises ``Invalid`` (400)."""
    if not today <= day <= today + dt.timedelta(days=400):
        raise Invalid(_("The first day is today or later, within a year."), field="starts_on")


def _services(site: Site, wishes: Sequence[prices.Wish]) -> list[Service]:
    keys = {wish.service for wish in wishes}
    found = [service for service in Service.objects.offered_at(site) if str(service.public_id) in keys]
    if len(found) < len(keys) or not keys:
        raise BadOrder(ORDER_MESSAGES["unknown_service"], field="lines", reason="unknown_service")
    return found


def extend(found: Recurrence, *, now: dt.datetime | None = None) -> list[Occurrence]:
    """Make the coming days that are not there yet, at least the next one; again, or by two at once, makes nothing twice
    (``occurrence_once_a_day``). A closed day is kept as left out or moved, so that it is seen. One that has ended still
    has its days until the last."""
    now = now or timezone.now()
    zone = ZoneInfo(found.site.time_zone)
    today = now.astimezone(zone).date()
    horizon = today + dt.timedelta(days=DAYS_AHEAD)
    first = max(today, found.starts_on)
    near = found.days(first, horizon, most=DAYS_AHEAD + 1)
    # However far apart its days are: one of them is always too far away to be booked yet, wherever it is moved.
    beyond = max(first, today + BOOK_AHEAD + dt.timedelta(days=ahead.FURTHEST_MOVE + 1))
    days = sorted({*near, *found.days(beyond, today + recurrence.FURTHEST, most=1)})
    if not days:
        return []
    closed = calendar.closed_days(found.site, first - dt.timedelta(days=7), days[-1] + dt.timedelta(days=7))
    known = set(Occurrence.objects.filter(recurrence=found, due_on__gte=today).values_list("due_on", flat=True))
    made = []
    for day in days:
        if day in known or ahead.moment(day, found.at, zone) <= now:
            continue
        Occurrence.objects.bulk_create([_occurrence(found, day, closed, zone)], ignore_conflicts=True)
        kept = Occurrence.objects.get(recurrence=found, due_on=day)
        await_booking_day(kept, now)
        made.append(kept)
    return made


def await_booking_day(one: Occurrence, now: dt.datetime) -> None:
    """It is booked some weeks before, or at once."""
    due_at = max(now, one.starts_at - BOOK_AHEAD)
    deadlines.set_deadline(BOOK, organisation_id=one.organisation_id, subject_id=one.pk, due_at=due_at)


def _occurrence(found: Recurrence, day: dt.date, closed: set[dt.date], zone: ZoneInfo) -> Occurrence:
    """A day that is not saved yet: planned, or left out with its reason. Of an order ahead, its run says when."""
    moved = day if found.plan_id else ahead.open_day(day, closed, HOLIDAY_SHIFT[found.holiday_rule])
    code = "paused" if found.pauses(day) else "closed_day" if moved is None else ""
    reasons = {"paused": _("Paused"), "closed_day": _("The site is closed that day.")}
    return Occurrence(
        organisation_id=found.organisation_id,
        recurrence=found,
        due_on=day,
        starts_at=ahead.moment(moved or day, found.at, zone),
        status=OccurrenceStatus.SKIPPED if code else OccurrenceStatus.PLANNED,
        reason_code=code,
        reason=str(reasons.get(code, "")),
    )


@deadlines.on(BOOK)
def reach_booking_day(deadline: Deadline) -> None:
    """Book the day, and make the days after it."""
    one = _lock(Occurrence.objects.get(pk=deadline.subject_id))
    ends_on = one.recurrence.ends_on
    if one.status == OccurrenceStatus.PLANNED and (ends_on is None or one.due_on <= ends_on):
        _try_to_book(one)
    extend(one.recurrence)


def _lock(one: Occurrence) -> Occurrence:
    """The day as it is now. First the lock, then what belongs to it: an edit may have handed it on meanwhile."""
    Occurrence.objects.select_for_update(of=("self",), no_key=True).get(pk=one.pk)
    related = ("recurrence__site__organisation", "recurrence__client__merged_into", "recurrence__payer_account")
    return Occurrence.objects.select_related(*related).get(pk=one.pk)


def _try_to_book(one: Occurrence) -> None:
    """A real request, or a row that says why not: never silent."""
    found = one.recurrence
    by = _as_client(found)
    one.attempts += 1
    with translation.override(found.client.language):
        try:
            with transaction.atomic():
                one.request = _book(one, by)
        except DomainError as refusal:
            one.status, one.reason_code, one.reason = OccurrenceStatus.FAILED, refusal.code, str(refusal.message)[:300]
        else:
            one.status, one.reason_code, one.reason = OccurrenceStatus.BOOKED, "", ""
    one.save(update_fields=["status", "request", "reason_code", "reason", "attempts"])
    if one.status == OccurrenceStatus.FAILED:
        events.record("occurrence.failed", one, by=by, reason=one.reason_code)


def _as_client(found: Recurrence) -> Actor:
    """Days are booked as the client would: their limits and their payer count."""
    return Actor(
        kind="link",
        organisation=found.site.organisation,
        label=found.client.first_name,
        client_id=found.client.kept_id,
        channel="series",
    )


def _book(one: Occurrence, by: Actor) -> ServiceRequest:
    found, wishes = one.recurrence, wishes_of(one.recurrence)
    given = {
        "client": _details(found.client),
        # Never looked for by their contact: two people may share a number.
        "owner": found.client.merged_into or found.client,
        "wishes": wishes,
        "by": by,
        "payer": found.payer_account,
        "note": found.note,
    }
    if found.plan_id:
        run = PreOrderRun.objects.filter(plan_id=found.plan_id, due_on=one.due_on)
        coming = run.select_related("site", "plan__producer").first()
        if coming is None or coming.status != RunStatus.OPEN:
            raise NoRun
        one.starts_at = coming.handout_starts_at
        one.save(update_fields=["starts_at"])
        return pre_orders.order_ahead(coming, sent_key=uuid.uuid5(one.public_id, str(one.attempts)), **given)  # type: ignore[arg-type]  # as named above
    services = _services(found.site, wishes)
    return booking.book_request(found.site, services=services, starts_at=one.starts_at, **given)  # type: ignore[arg-type]  # as named above


class NoRun(DomainError):
    """No hand-out takes place that week."""

    code, status = "no_run", 409
    message = _("There is no hand-out that day: it was moved, left out or cancelled.")


def _details(client: Client) -> ClientDetails:
    return ClientDetails(
        first_name=client.first_name,
        last_name=client.last_name,
        email=client.email,
        phone=client.phone.as_e164 if client.phone else "",
        language=client.language,
        street=client.street,
        postcode=client.postcode,
        city=client.city,
    )


@transaction.atomic
def retry_occurrence(one: Occurrence, *, by: Actor) -> Occurrence:
    """What could not be booked, once more, now that somebody has mended it. Raises ``OccurrencePast`` (409)."""
    locked = _lock(one)
    if locked.status != OccurrenceStatus.FAILED or locked.starts_at <= timezone.now():
        raise OccurrencePast(current_status=locked.status)
    _try_to_book(locked)
    return locked


@transaction.atomic
def skip_occurrence(one: Occurrence, *, by: Actor) -> Occurrence:
    """Not that day: a booked one is cancelled, a failed one is settled, also when it is past. Again: nothing happens.

    Raises ``OccurrencePast`` and what ``cancel_request`` raises (409).
    """
    if one.request_id is not None:
        requests.lock_work_of(ServiceRequest.objects.get(pk=one.request_id))
    locked = _lock(one)
    if locked.status == OccurrenceStatus.SKIPPED:
        return locked
    if locked.starts_at <= timezone.now() and locked.status != OccurrenceStatus.FAILED:
        raise OccurrencePast(current_status=locked.status)
    _leave_out(locked, "skipped", _("Left out on request"), by=by)
    events.record("occurrence.skipped", locked, by=by)
    return locked


def _leave_out(one: Occurrence, code: str, reason: str | Promise, *, by: Actor) -> None:
    request = one.request
    if request is not None and request.status != RequestStatus.CANCELLED:
        requests.cancel_request(request, reason=str(reason), by=by)
    one.status, one.reason_code, one.reason = OccurrenceStatus.SKIPPED, code, str(reason)
    one.save(update_fields=["status", "reason_code", "reason"])


def leave_out_what_may(ones: list[Occurrence], code: str, reason: str | Promise, *, by: Actor) -> None:
    """Leave out several days; one on which work has begun, or whose orders are closed, takes place."""
    for one in ones:
        with suppress(DomainError), transaction.atomic():
            _leave_out(one, code, reason, by=by)


def lock_recurrence(found: Recurrence) -> Recurrence:
    locked = (
        Recurrence.objects.select_for_update(of=("self",), no_key=True)
        .select_related("site__organisation", "client")
        .get(pk=found.pk)
    )
    if locked.status == RecurrenceStatus.ENDED:
        raise WrongState(current_status=locked.status)
    return locked


@transaction.atomic
def end_recurrence(found: Recurrence, *, last: dt.date | None = None, by: Actor) -> Recurrence:
    """No more after a day (today without one): what was booked later is cancelled. Ending twice is ending once."""
    if Recurrence.objects.get(pk=found.pk).status == RecurrenceStatus.ENDED:
        return found
    locked = lock_recurrence(found)
    end_on(locked, last or timezone.localdate(timezone=ZoneInfo(locked.site.time_zone)), by=by)
    events.record("recurrence.ended", locked, by=by)
    return locked


def end_on(locked: Recurrence, last: dt.date, *, by: Actor) -> None:
    """No more after a day, of a series that the caller has locked."""
    locked.ends_on, locked.status = last, RecurrenceStatus.ENDED
    locked.save(update_fields=["ends_on", "status"])
    later = [one for one in still_to_come(locked, last, dt.date.max) if one.due_on > last]
    leave_out_what_may(later, "ended", _("The regular request has ended"), by=by)


def still_to_come(locked: Recurrence, first: dt.date, last: dt.date) -> list[Occurrence]:
    """Days that have not happened and were not left out, oldest first and locked; a day that is being booked is waited
    for. Work is locked before the day, as ``skip_occurrence`` does."""
    found = Occurrence.objects.filter(
        recurrence=locked, due_on__range=(first, last), starts_at__gt=timezone.now()
    ).exclude(status=OccurrenceStatus.SKIPPED)
    for request in ServiceRequest.objects.filter(occurrence__in=found).order_by("pk"):
        requests.lock_work_of(request)
    # First the locks, then what belongs to the days: a request that came while we waited is not in the join.
    kept = list(found.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
    mine = Occurrence.objects.filter(pk__in=kept)
    return list(mine.select_related("request").order_by("due_on"))
