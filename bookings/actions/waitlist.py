"""Waiting for an earlier time: join, leave, be told of a place that came free, take it (lifecycles.md 1.2).

A place that came free is told to one person at a time, first come first; who comes next is told when it is still free
after the head start. What was only kept and is let go is no news: it had been free before. A notice keeps no place.
Lock order: work orders, request, hold, entry; who hands out locks the site, then the entry.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.actions.freed import FREED, OVER, end_wait
from bookings.actions.requests import lock_request, lock_work_of
from bookings.actions.rescheduling import OVER as NOT_DONE
from bookings.actions.rescheduling import is_movable, minutes_of, reschedule_request
from bookings.enums import HoldStatus, WaitlistEnd
from bookings.models import Hold, Service, ServiceRequest, WaitlistEntry, WaitlistNotice, WorkOrder, calendar
from bookings.models.waitlist import MOST_NOTICES, TOLD
from bookings.rules.slots import FreeSlot
from bookings.rules.waitlist import beyond, first_in
from concierge import deadlines, editions, events, retention
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, NotAllowed, WrongState
from concierge.models import Deadline, Site
from concierge.tenancy import Actor, system_actor

# Whoever is next is told, when a place is still free (its subject is the notice before).
NEXT = "waitlist.next"
# Whom one place is compared with at a time: more do not wait at one counter.
MOST_COMPARED = 200
# A place that nobody could be told of is not looked at again before.
NOT_SOONER = dt.timedelta(minutes=1)


class CannotWait(WrongState):
    """There is no appointment that could be earlier."""

    code = "cannot_wait"
    message = _("This appointment cannot be made earlier: it has begun, is over, on hold or has no time yet.")


class NoticeOver(WrongState):
    """The appointment was moved or ended since."""

    code = "notice_over"
    message = _("This message is no longer up to date: your appointment was changed since.")


def may_wait(request: ServiceRequest, orders: Sequence[WorkOrder], now: dt.datetime) -> bool:
    """Whether there is an appointment to come that can be moved."""
    coming = request.promised_start is not None and request.promised_start > now
    return coming and request.status in TOLD and is_movable(request, orders)


@transaction.atomic
def join_waitlist(
    request: ServiceRequest, *, earliest_on: dt.date | None = None, latest_on: dt.date | None = None, by: Actor
) -> WaitlistEntry:
    """Be told when an earlier time comes free, on days between two when they are named. Again: other days, and the
    same place in the list.

    Raises ``NotAllowed`` (403), ``CannotWait`` (409), ``Invalid`` (400) for days that leave nothing.
    """
    if not perms.asks_for_earlier(by, request):
        raise NotAllowed
    now = timezone.now()
    orders = lock_work_of(request)
    locked = lock_request(request)
    if not may_wait(locked, orders, now):
        raise CannotWait(current_status=locked.status)
    _check_days(locked, earliest_on, latest_on, now)
    entry = _lock_entries().filter(request_id=locked.pk, ended_at=None).first()
    if entry is not None:
        entry.earliest_on, entry.latest_on = earliest_on, latest_on
        entry.save(update_fields=["earliest_on", "latest_on"])
        return entry
    with refuse_on("waitlist_open_once_per_request", Conflict()):
        entry = WaitlistEntry.objects.create(
            organisation_id=locked.organisation_id,
            request=locked,
            earliest_on=earliest_on,
            latest_on=latest_on,
            joined_at=now,
        )
    assert locked.promised_start is not None  # noqa: S101 - asked above
    about = {"organisation_id": locked.organisation_id, "subject_id": locked.pk}
    deadlines.set_deadline(OVER, due_at=locked.promised_start, **about)
    events.record("waitlist.joined", entry, by=by, request_id=locked.public_id)
    return entry


def _check_days(
    request: ServiceRequest, earliest_on: dt.date | None, latest_on: dt.date | None, now: dt.datetime
) -> None:
    """Days that leave something between now and the appointment."""
    assert request.promised_start is not None  # noqa: S101 - its caller asked
    zone = ZoneInfo(request.site.time_zone)
    today, booked = now.astimezone(zone).date(), request.promised_start.astimezone(zone).date()
    if latest_on is not None and latest_on < today:
        raise Invalid(_("This day is over."), field="latest_on")
    if earliest_on is not None and earliest_on > booked:
        raise Invalid(_("Your appointment is before this day already."), field="earliest_on")
    if earliest_on is not None and latest_on is not None and latest_on < earliest_on:
        raise Invalid(_("The last day cannot be before the first day."), field="latest_on")


@transaction.atomic
def leave_waitlist(request: ServiceRequest, *, by: Actor) -> bool:
    """Be told no more; ``False`` when that was so already. Raises ``NotAllowed`` (403)."""
    if not perms.asks_for_earlier(by, request):
        raise NotAllowed
    locked = lock_request(request)
    entry = WaitlistEntry.objects.open().filter(request_id=locked.pk).order_by("pk").first()
    if entry is None or not end_wait(locked, WaitlistEnd.LEFT):
        return False
    events.record("waitlist.left", entry, by=by, request_id=locked.public_id)
    return True


@dataclass(frozen=True)
class Visit:
    """What somebody comes for, and how long it takes at their place."""

    services: tuple[Service, ...]
    minutes: int


def _visit_of(request: ServiceRequest, now: dt.datetime) -> Visit | None:
    """``None`` when there is no appointment that could be earlier."""
    prefetch_related_objects([request], "work_orders__service")
    orders = sorted(request.work_orders.all(), key=lambda order: order.pk)
    if not may_wait(request, orders, now):
        return None
    orders = [order for order in orders if order.status not in NOT_DONE]
    return Visit(tuple(order.service for order in orders), minutes_of(request, orders))


def earlier_times(
    entry: WaitlistEntry,
    request: ServiceRequest,
    *,
    now: dt.datetime,
    day: dt.date | None = None,
    also: Collection[dt.datetime] = (),
) -> list[FreeSlot]:
    """Times that are free now and welcome to whoever waits, in order; on one day when it is named. ``also``: starts
    beside those usually offered."""
    visit = _visit_of(request, now)
    if visit is None or request.promised_start is None:
        return []
    free = calendar.slots_left(
        request.site,
        request.place,
        now=now,
        first_day=day,
        days=1 if day else calendar.BOOKABLE_DAYS,
        services=visit.services,
        minutes=visit.minutes,
        presence=request.hold.presence if request.hold is not None else None,
        also=also,
    )
    bounds, zone = entry.bounds(request.promised_start), ZoneInfo(request.site.time_zone)
    return [slot for slot in free if bounds.take(slot.starts_at, zone)]


def is_still_free(notice: WaitlistNotice, request: ServiceRequest, *, now: dt.datetime) -> bool:
    """Whether the time of a notice can still be taken."""
    day = notice.starts_at.astimezone(ZoneInfo(request.site.time_zone)).date()
    free = earlier_times(notice.entry, request, now=now, day=day, also=[notice.starts_at])
    return any(slot.starts_at == notice.starts_at for slot in free)


@transaction.atomic
def hand_out(hold_id: int, *, now: dt.datetime | None = None) -> WaitlistNotice | None:
    """Tell the first who waits for it of a booked place that was given back; ``None`` when there is nobody to tell, or
    when those who were told last still have their head start. Safe twice, and at once."""
    now = now or timezone.now()
    hold = _lock_freed(hold_id)
    if hold is None or hold.starts_at <= now:
        return None
    day = hold.starts_at.astimezone(ZoneInfo(hold.site.time_zone)).date()
    span = calendar.bookable_span(hold.site, now, day, 1)
    waiting = list(_compared(hold, now))
    if span is None or not waiting:
        return None
    told = _just_told(hold, now)
    with editions.held():
        first = _first_of(waiting, hold, span, told, now)
    if first is None:
        _look_again(hold, told, now)
        return None
    return _tell(*first, hold=hold, now=now)


def _compared(hold: Hold, now: dt.datetime) -> QuerySet[WaitlistEntry]:
    """Those who may be told, with all that is asked of them."""
    waiting = WaitlistEntry.objects.waiting_for(hold, now)
    known = waiting.select_related("organisation", "request__site", "request__pre_order")
    return known.prefetch_related("notices", "request__work_orders__service")[:MOST_COMPARED]


def _first_of(
    waiting: Sequence[WaitlistEntry],
    hold: Hold,
    span: calendar.Span,
    told: Collection[WaitlistNotice],
    now: dt.datetime,
) -> tuple[WaitlistEntry, FreeSlot] | None:
    """Who is told of which time. What is free on the day is asked once for all who come for the same."""
    lanes = calendar.lanes_between(hold.site, hold.place, span.start, span.end, presence=hold.presence)
    stretches = [notice.stretch for notice in told]
    free: dict[Visit, list[FreeSlot]] = {}
    for entry in waiting:
        visit, before = _visit_of(entry.request, now), entry.request.promised_start
        if visit is None or before is None:
            continue
        if visit not in free:
            left = calendar.slots_left(
                hold.site,
                hold.place,
                now=now,
                first_day=span.first,
                days=1,
                services=visit.services,
                minutes=visit.minutes,
                presence=hold.presence,
                also=[hold.starts_at],
                lanes=lanes,
            )
            free[visit] = beyond(left, stretches)
        # What they were told of after this place had been booked was free without it.
        known = [notice.stretch for notice in entry.notices.all() if notice.sent_at > hold.expires_at]
        slot = first_in(free[visit], (hold.starts_at, hold.ends_at), entry.bounds(before), span.zone, known=known)
        if slot is not None and _is_still_next(entry, hold, now):
            return entry, slot
    return None


def _lock_freed(hold_id: int) -> Hold | None:
    """One hands out places of a site at a time: two that overlap are told to two only when two are free."""
    hold = Hold.objects.select_related("presence").filter(pk=hold_id).first()
    if hold is not None:
        hold.site = Site.objects.select_for_update(of=("self",), no_key=True).get(pk=hold.site_id)
    return hold


def _just_told(hold: Hold, now: dt.datetime) -> list[WaitlistNotice]:
    """Notices of times at the same counter that still have their head start."""
    counter = {"hold__site": hold.site_id, "hold__place": hold.place, "hold__presence": hold.presence_id}
    return list(WaitlistNotice.objects.filter(**counter, sent_at__gt=now - _head_start()).order_by("pk"))


def _head_start() -> dt.timedelta:
    return dt.timedelta(minutes=settings.WAITLIST_HEAD_START_MINUTES)


def _look_again(hold: Hold, told: Collection[WaitlistNotice], now: dt.datetime) -> None:
    """Nobody could be told, perhaps because of a head start, or because somebody keeps the place who may not book it:
    look again when the first of these is over."""
    kept = Hold.objects.taking(
        hold.site, hold.place, hold.starts_at, hold.ends_at, presence_id=hold.presence_id
    ).filter(status=HoldStatus.HELD)
    ends = [notice.sent_at + _head_start() for notice in told]
    ends += kept.order_by("expires_at").values_list("expires_at", flat=True)[:1]
    if ends:
        due_at = max(min(ends), now + NOT_SOONER)
        deadlines.set_deadline(FREED, organisation_id=hold.organisation_id, subject_id=hold.pk, due_at=due_at)


def _is_still_next(entry: WaitlistEntry, hold: Hold, now: dt.datetime) -> bool:
    """Under the row's lock: another place may have been told to them, or they may have left, a moment ago."""
    _lock_entries().get(pk=entry.pk)
    return WaitlistEntry.objects.waiting_for(hold, now).filter(pk=entry.pk).exists()


def _lock_entries() -> QuerySet[WaitlistEntry]:
    return WaitlistEntry.objects.select_for_update(of=("self",), no_key=True)


def _tell(entry: WaitlistEntry, slot: FreeSlot, *, hold: Hold, now: dt.datetime) -> WaitlistNotice:
    """Write the notice, and set the turn of whoever is next. The last of three ends the wait; its link still works."""
    request = entry.request
    notice = WaitlistNotice.objects.create(
        organisation_id=entry.organisation_id,
        entry=entry,
        hold=hold,
        number=entry.notices.count() + 1,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        sent_at=now,
        quiet_until=now + dt.timedelta(hours=settings.WAITLIST_REST_HOURS),
    )
    if notice.number == MOST_NOTICES:
        end_wait(request, WaitlistEnd.SPENT, now)
    turn = now + _head_start()
    deadlines.set_deadline(NEXT, organisation_id=notice.organisation_id, subject_id=notice.pk, due_at=turn)
    by = system_actor(entry.organisation)
    events.record("waitlist.noticed", notice, by=by, request_id=request.public_id, number=notice.number)
    return notice


@transaction.atomic
def take_earlier_time(notice: WaitlistNotice, *, by: Actor) -> ServiceRequest:
    """Take the time of a notice: the appointment is moved there, its old place is free for whoever waits for it.

    Twice is once. Raises ``NoticeOver`` (409) when the appointment was changed since, and what moving it raises:
    ``SlotTaken`` (409) when somebody else was first.
    """
    request = notice.entry.request
    lock_work_of(request)
    locked = lock_request(request)
    if locked.promised_start == notice.starts_at:
        return locked
    fresh = WaitlistNotice.objects.select_related("entry").get(pk=notice.pk)
    if not fresh.still_speaks_to(locked, timezone.now()):
        raise NoticeOver(current_status=locked.status)
    return reschedule_request(locked, notice.starts_at, by=by)


@deadlines.on(FREED)
def _place_freed(deadline: Deadline) -> None:
    hand_out(deadline.subject_id)


@deadlines.on(NEXT)
def _next_turn(deadline: Deadline) -> None:
    notice = WaitlistNotice.objects.filter(pk=deadline.subject_id).first()
    if notice is not None and notice.hold_id is not None:
        hand_out(notice.hold_id)


@deadlines.on(OVER)
def _appointment_begins(deadline: Deadline) -> None:
    """The time has come: nothing is earlier any more."""
    request = ServiceRequest.objects.filter(pk=deadline.subject_id).first()
    now = timezone.now()
    if request is not None and request.promised_start is not None and request.promised_start <= now:
        end_wait(request, WaitlistEnd.PASSED, now)


@retention.forget("waitlist")
def ended_waits(before: dt.datetime) -> QuerySet[WaitlistEntry]:
    """Waits that ended, with their notices."""
    return WaitlistEntry.objects.filter(ended_at__lt=before)
