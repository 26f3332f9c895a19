"""Days of regular requests: made ahead, booked at their time, failures kept and retried, left out."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from bookings.actions import booking, plans, pre_orders, requests
from bookings.actions.access import keep_access_of_last_time
from bookings.actions.clients import ClientDetails
from bookings.actions.day_reasons import fail_day
from bookings.actions.guards import place_of
from bookings.actions.kept_orders import services_of, wishes_of
from bookings.enums import HOLIDAY_SHIFT, OccurrenceStatus, Place, RequestStatus, RunStatus
from bookings.models import Client, Occurrence, PreOrderPlan, PreOrderRun, Recurrence, ServiceRequest, calendar
from bookings.rules import ahead, recurrence
from concierge import deadlines, events
from concierge.errors import DomainError, WrongState
from concierge.models import Deadline
from concierge.tenancy import Actor

# A day is booked; its deadline also has the days after it made.
BOOK = "occurrence.book"
# Days are made this far ahead and booked this long before (slots open sixty days ahead). The last of them always lies
# beyond what is booked: its own deadline makes the days after it, so that the chain never ends by itself.
DAYS_AHEAD = 56
BOOK_AHEAD = dt.timedelta(days=21)


# Left out for good: neither the end of a pause nor an edit brings such a day back.
LEFT_OUT = frozenset({"skipped", "cancelled", "declined"})


class OccurrencePast(WrongState):
    """That day is over, or settled."""

    code = "occurrence_settled"
    message = _("This day can no longer be changed.")


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
        Occurrence.objects.bulk_create([occurrence_on(found, day, closed, zone)], ignore_conflicts=True)
        kept = Occurrence.objects.get(recurrence=found, due_on=day)
        await_booking_day(kept, now)
        made.append(kept)
    return made


def await_booking_day(one: Occurrence, now: dt.datetime) -> None:
    """It is booked some weeks before, or at once."""
    due_at = max(now, one.starts_at - BOOK_AHEAD)
    deadlines.set_deadline(BOOK, organisation_id=one.organisation_id, subject_id=one.pk, due_at=due_at)


def occurrence_on(found: Recurrence, day: dt.date, closed: set[dt.date], zone: ZoneInfo) -> Occurrence:
    """A day that is not saved yet: planned, or left out with its reason. Of an order ahead, its run says when."""
    moved = day if found.plan_id else ahead.open_day(day, closed, HOLIDAY_SHIFT[found.holiday_rule])
    code = "paused" if found.pauses(day) else "closed_day" if moved is None else ""
    return Occurrence(
        organisation_id=found.organisation_id,
        recurrence=found,
        due_on=day,
        starts_at=ahead.moment(moved or day, found.at, zone),
        status=OccurrenceStatus.SKIPPED if code else OccurrenceStatus.PLANNED,
        reason_code=code,
    )


@deadlines.on(BOOK)
def reach_booking_day(deadline: Deadline) -> None:
    """Book the day, and make the days after it."""
    _lock_series_of(deadline.subject_id)
    one = _lock(Occurrence.objects.get(pk=deadline.subject_id))
    ends_on = one.recurrence.ends_on
    if one.status == OccurrenceStatus.PLANNED and (ends_on is None or one.due_on <= ends_on):
        _try_to_book(one)
    extend(one.recurrence)


def _lock_series_of(key: int) -> None:
    """Lock the regular request of a day, before the day, as whoever changes it does: what it says of its pause and its
    end then stays true until all is written. An edit that hands the day on meanwhile is followed."""
    locked = None
    while (series := Occurrence.objects.values_list("recurrence_id", flat=True).get(pk=key)) != locked:
        Recurrence.objects.select_for_update(of=("self",), no_key=True).get(pk=series)
        locked = series


def _lock(one: Occurrence) -> Occurrence:
    """The day as it is now. First the lock, then what belongs to it: an edit may have handed it on meanwhile."""
    Occurrence.objects.select_for_update(of=("self",), no_key=True).get(pk=one.pk)
    related = (
        "recurrence__site__organisation",
        "recurrence__client__merged_into",
        "recurrence__payer_account",
        "recurrence__plan__site",
    )
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
            fail_day(one, refusal)
        else:
            one.status, one.reason_code, one.reason, one.refusal = OccurrenceStatus.BOOKED, "", "", {}
    one.save(update_fields=["status", "request", "reason_code", "reason", "refusal", "attempts"])
    if one.status == OccurrenceStatus.FAILED:
        events.record("occurrence.failed", one, by=by, reason=one.reason_code)


class LeftBehind(DomainError):
    """What is handed out has changed, and a regular order could not follow by itself."""

    code, status = "left_behind", 409
    message = _("The days of the hand-outs have changed, and this regular order could not follow by itself.")


def leave_behind(locked: Recurrence, since: dt.date, handed_out: set[dt.date], *, by: Actor) -> None:
    """Its next day without a hand-out fails now, not when it is to be booked: the team mends or settles it, and the
    client is told. Of one that stands still, it is a day that its pause left out. Again: nothing happens."""
    standing = still_to_come(locked, since, dt.date.max)
    if any(one.reason_code == LeftBehind.code for one in standing):
        return
    paused = locked.occurrences.filter(due_on__gte=since, starts_at__gt=timezone.now(), reason_code="paused")
    ones = [one for one in standing if one.status == OccurrenceStatus.PLANNED] or list(paused.order_by("due_on"))
    lost = [one for one in ones if one.due_on not in handed_out] or ones
    for one in lost[:1]:
        fail_day(one, LeftBehind())
        one.save(update_fields=["status", "reason_code", "reason", "refusal"])
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
    given: dict[str, Any] = {
        "client": _details(found.client),
        # Never looked for by their contact: two people may share a number.
        "owner": found.client.merged_into or found.client,
        "wishes": wishes,
        "by": by,
        "payer": found.payer_account,
        "note": found.note,
    }
    if found.plan is not None:
        coming = _run_on(found.plan, one.due_on)
        one.starts_at = coming.handout_starts_at
        one.save(update_fields=["starts_at"])
        return pre_orders.order_ahead(coming, sent_key=uuid.uuid5(one.public_id, str(one.attempts)), **given)
    services = services_of(found.site, wishes)
    if place_of(services) == Place.HOME:
        given["client"] = _located(given["client"], found)
    made = booking.book_request(found.site, services=services, starts_at=one.starts_at, **given)
    keep_access_of_last_time(made)
    return made


class NoRun(DomainError):
    """No hand-out takes place that week."""

    code, status = "no_run", 409
    message = _("There is no hand-out that day: it was left out or cancelled.")


def _run_on(plan: PreOrderPlan, day: dt.date) -> PreOrderRun:
    """The run of a day that takes orders. One that no cut-off has made yet is made now: days are booked longer before
    than a plan of some weeks makes its runs. Raises ``NoRun``, ``OrdersClosed``."""
    runs = PreOrderRun.objects.filter(plan=plan, due_on=day).select_related("site", "plan__producer")
    run = runs.first()
    if run is None:
        plans.make_runs(plan)
        run = runs.first()
    if run is None or run.status in {RunStatus.SKIPPED, RunStatus.CANCELLED}:
        raise NoRun
    if run.status != RunStatus.OPEN or not plan.is_active:
        raise pre_orders.OrdersClosed(pre_orders.next_run_of(run, timezone.now()))
    return run


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


def _located(details: ClientDetails, found: Recurrence) -> ClientDetails:
    """The same with the coordinates of this very address: as a request of theirs knows it last, else as they were
    looked up when it began. Nobody is asked: days are booked in a transaction."""
    spot = known_spot(found.client)
    if spot is None and found.spot.items() >= address_of(found.client).items():
        spot = Decimal(found.spot["latitude"]), Decimal(found.spot["longitude"])
    return details if spot is None else replace(details, latitude=spot[0], longitude=spot[1])


def address_of(client: Client) -> dict[str, str]:
    """Where somebody comes to them."""
    return {"street": client.street, "postcode": client.postcode, "city": client.city}


def known_spot(client: Client) -> tuple[Decimal, Decimal] | None:
    """Latitude and longitude of their present address, as a request of theirs knows it last."""
    family = Client.objects.family_of(client.kept_id)
    there = {"place": Place.HOME, "latitude__isnull": False, **address_of(client)}
    known = ServiceRequest.objects.filter(client__in=family, **there).order_by("-pk")
    latitude, longitude = known.values_list("latitude", "longitude").first() or (None, None)
    return None if latitude is None or longitude is None else (latitude, longitude)


@transaction.atomic
def retry_occurrence(one: Occurrence, *, by: Actor) -> Occurrence:
    """What could not be booked, once more, now that somebody has mended it. Raises ``OccurrencePast`` (409)."""
    _lock_series_of(one.pk)
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
    _leave_out(locked, "skipped", by=by)
    events.record("occurrence.skipped", locked, by=by)
    return locked


def _leave_out(one: Occurrence, code: str, *, by: Actor) -> None:
    request = one.request
    if request is not None and request.status != RequestStatus.CANCELLED:
        requests.cancel_request(request, reason=code, by=by)
    one.status, one.reason_code, one.reason, one.refusal = OccurrenceStatus.SKIPPED, code, "", {}
    one.save(update_fields=["status", "reason_code", "reason", "refusal"])


def leave_out_what_may(ones: list[Occurrence], code: str, *, by: Actor) -> list[Occurrence]:
    """Leave out several days. Those on which work has begun, or whose orders are closed, take place: they come back."""
    standing = []
    for one in ones:
        try:
            with transaction.atomic():
                _leave_out(one, code, by=by)
        except DomainError:
            standing.append(one)
    return standing


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
