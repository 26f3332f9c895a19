"""Waiting for an earlier time: join, leave, be told of a place that came free, take it (lifecycles.md 1.2).

A place that came free is told to one person at a time, first come first; who comes next is told when it is still free
after the head start. A notice keeps no place. Lock order: work orders, request, hold, entry.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.actions.freed import FREED, OVER, end_wait
from bookings.actions.requests import lock_request, lock_work_of
from bookings.actions.rescheduling import OVER as NOT_DONE
from bookings.actions.rescheduling import is_movable, minutes_of, reschedule_request
from bookings.enums import WaitlistEnd
from bookings.models import Hold, ServiceRequest, WaitlistEntry, WaitlistNotice, WorkOrder, calendar
from bookings.models.waitlist import MOST_NOTICES, TOLD
from bookings.rules.slots import FreeSlot
from bookings.rules.waitlist import first_in
from concierge import deadlines, events, retention
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, NotAllowed, WrongState
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor

# Whoever is next is told, when a place is still free (its subject is the notice before).
NEXT = "waitlist.next"
# Whom one place is compared with at a time: more do not wait at one counter.
MOST_COMPARED = 200


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
    orders = list(request.work_orders.select_related("service").order_by("pk"))
    if request.promised_start is None or not may_wait(request, orders, now):
        return []
    orders = [order for order in orders if order.status not in NOT_DONE]
    free = calendar.slots_left(
        request.site,
        request.place,
        now=now,
        first_day=day,
        days=1 if day else calendar.BOOKABLE_DAYS,
        services=[order.service for order in orders],
        minutes=minutes_of(request, orders),
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
    """Tell the first who waits for it of a place that came free; ``None`` when there is nobody to tell, or when the
    last who was told still has their head start. Safe twice, and at once."""
    now = now or timezone.now()
    hold = _lock_freed(hold_id)
    if hold is None or hold.starts_at <= now or _has_head_start(hold, now):
        return None
    zone = ZoneInfo(hold.site.time_zone)
    day = hold.starts_at.astimezone(zone).date()
    waiting = WaitlistEntry.objects.waiting_for(hold, now).select_related("request__site", "request__hold__presence")
    for entry in waiting[:MOST_COMPARED]:
        request = entry.request
        free = earlier_times(entry, request, now=now, day=day, also=[hold.starts_at])
        slot = first_in(free, (hold.starts_at, hold.ends_at), entry.bounds(request.promised_start or now), zone)
        if slot is not None and _is_still_next(entry, hold, now):
            return _tell(entry, hold, slot, now)
    return None


def _lock_freed(hold_id: int) -> Hold | None:
    """One hands out a place at a time."""
    found = Hold.objects.select_for_update(of=("self",), no_key=True).select_related("site", "presence")
    return found.filter(pk=hold_id).first()


def _has_head_start(hold: Hold, now: dt.datetime) -> bool:
    since = now - dt.timedelta(minutes=settings.WAITLIST_HEAD_START_MINUTES)
    return WaitlistNotice.objects.filter(hold=hold, sent_at__gt=since).exists()


def _is_still_next(entry: WaitlistEntry, hold: Hold, now: dt.datetime) -> bool:
    """Under the row's lock: another place may have been told to them, or they may have left, a moment ago."""
    _lock_entries().get(pk=entry.pk)
    return WaitlistEntry.objects.waiting_for(hold, now).filter(pk=entry.pk).exists()


def _lock_entries() -> QuerySet[WaitlistEntry]:
    return WaitlistEntry.objects.select_for_update(of=("self",), no_key=True)


def _tell(entry: WaitlistEntry, hold: Hold, slot: FreeSlot, now: dt.datetime) -> WaitlistNotice:
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
    turn = now + dt.timedelta(minutes=settings.WAITLIST_HEAD_START_MINUTES)
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
