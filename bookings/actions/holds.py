"""A place is kept for ten minutes for somebody who is still filling in the form, then given back (R01, S33)."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection, Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions import freed, lanes
from bookings.enums import HoldStatus, Place
from bookings.models import Hold, Presence, Service, calendar
from bookings.rules.slots import FreeSlot
from concierge import deadlines, retention
from concierge.db import refuse_on
from concierge.errors import Conflict, DomainError
from concierge.models import Deadline, Site
from concierge.tenancy import Actor

EXPIRY = "hold.expiry"


class SlotTaken(DomainError):
    """Somebody else got the last place. ``free`` lists the next slots with a place."""

    code, status = "slot_taken", 409
    message = _("Someone has just taken the last place at this time. Here are the next free times.")

    def __init__(self, free: list[FreeSlot], *, field: str | None = "slot") -> None:
        super().__init__(field=field, next_free=", ".join(f"{slot.starts_at:%Y-%m-%dT%H:%M:%SZ}" for slot in free))
        self.free = free


class SlotNotOffered(DomainError):
    """No such time: closed then, past, too soon, too far, too long for the opening, or not in five minutes."""

    code, status = "slot_not_offered", 422
    message = _("This time cannot be booked: we are closed then, or it is too soon. Please choose another one.")


class HoldExpired(DomainError):
    """The ten minutes are over and the place may be somebody else's."""

    code, status = "hold_expired", 409
    message = _(
        "We kept your place for a while, and that time is over. Please choose a time again: the rest is still here."
    )


def token_hash(token: str) -> str:
    """What is stored of the secret that a browser session keeps."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def hold_slot(
    site: Site,
    place: Place | str,
    starts_at: dt.datetime,
    *,
    token: str,
    by: Actor,
    services: Collection[Service] = (),
    minutes: int | None = None,
    presence: Presence | None = None,
    now: dt.datetime | None = None,
) -> Hold:
    """Keep a place at this time for the bearer of ``token``; another place kept with the same token is given back.

    ``services`` adds their lead time and cut-off, ``minutes`` how long the work takes at the client's place; ``now`` is
    only for writing history. Raises ``SlotNotOffered`` (422) and ``SlotTaken`` (409, with the next free times): the
    bearer then keeps what they had.
    """
    now = now or timezone.now()
    wanted = _wanted(site, place, starts_at, services=services, minutes=minutes, presence=presence, now=now)
    mine = Hold.objects.select_for_update(no_key=True).filter(token_hash=token_hash(token), status=HoldStatus.HELD)
    previous = mine.order_by("pk").first()
    if previous is not None:
        if wanted.is_kept_by(previous) and previous.expires_at > now:
            return previous
        end_hold(previous, HoldStatus.RELEASED)
    with refuse_on("hold_one_per_person", Conflict()):
        hold = _take_or_refuse(
            wanted,
            HoldStatus.HELD,
            token=token,
            expires_at=now + dt.timedelta(minutes=settings.HOLD_MINUTES),
            services=services,
            now=now,
        )
    deadlines.set_deadline(EXPIRY, organisation_id=site.organisation_id, subject_id=hold.pk, due_at=hold.expires_at)
    return hold


def book_slot(
    site: Site,
    place: Place | str,
    starts_at: dt.datetime,
    *,
    services: Collection[Service],
    minutes: int | None = None,
    presence: Presence | None = None,
    now: dt.datetime,
) -> Hold:
    """Take a place at this time for good: for the request that the caller makes of it in the same transaction.

    Raises ``SlotNotOffered`` (422) and ``SlotTaken`` (409, with the next free times), and guards as ``hold_slot`` does.
    """
    wanted = _wanted(site, place, starts_at, services=services, minutes=minutes, presence=presence, now=now)
    return _take_or_refuse(
        wanted, HoldStatus.CONFIRMED, token=secrets.token_urlsafe(32), expires_at=now, services=services, now=now
    )


def at_the_counter(site: Site, now: dt.datetime) -> Hold:
    """The moment of somebody who stands at the counter. Not saved: it takes nobody's place."""
    return Hold(organisation_id=site.organisation_id, site=site, place=Place.DESK, starts_at=now, ends_at=now)


def lengthen(hold: Hold, minutes: int, *, services: Collection[Service], now: dt.datetime) -> None:
    """Make room for work that takes longer than was said when the place was kept, if it ends too early.

    The caller holds the row's lock. Raises ``SlotNotOffered`` and ``SlotTaken``; the place is kept as it was then.
    """
    if hold.ends_at - hold.starts_at >= dt.timedelta(minutes=minutes):
        return
    wanted = _wanted(
        hold.site,
        hold.place,
        hold.starts_at,
        services=services,
        minutes=minutes,
        presence=hold.presence,
        now=now,
    )
    if hold.ends_at >= wanted.ends_at:
        return
    lane = lanes.free_lane(wanted, besides=hold)
    if lane is None:
        raise _taken(wanted, services=services, now=now)
    with refuse_on("hold_one_per_lane", SlotTaken([])):
        hold.lane, hold.ends_at, hold.free_at = lane, wanted.ends_at, wanted.free_at
        hold.save(update_fields=["lane", "ends_at", "free_at"])


def _wanted(
    site: Site,
    place: Place | str,
    starts_at: dt.datetime,
    *,
    services: Collection[Service],
    minutes: int | None,
    presence: Presence | None,
    now: dt.datetime,
) -> lanes.Wanted:
    """The stretch of time, if it is one that is offered."""
    if abs(starts_at - now) > dt.timedelta(days=calendar.BOOKABLE_DAYS + 1):
        raise SlotNotOffered(field="slot")
    visit = calendar.offered_visit(
        site, place, starts_at, now=now, services=services, minutes=minutes, presence=presence
    )
    if visit is None:
        raise SlotNotOffered(field="slot")
    return lanes.Wanted(site, place, starts_at, visit, presence)


def _take_or_refuse(
    wanted: lanes.Wanted,
    status: HoldStatus,
    *,
    token: str,
    expires_at: dt.datetime,
    services: Collection[Service],
    now: dt.datetime,
) -> Hold:
    hashed = token_hash(token)
    hold = lanes.take(wanted, status=status, token_hash=hashed, expires_at=expires_at)
    if hold is None and _expire_stale(wanted, now):
        hold = lanes.take(wanted, status=status, token_hash=hashed, expires_at=expires_at)
    if hold is None:
        raise _taken(wanted, services=services, now=now)
    return hold


def _taken(wanted: lanes.Wanted, *, services: Collection[Service], now: dt.datetime) -> SlotTaken:
    minutes = wanted.visit.minutes
    free = calendar.next_free(
        wanted.site, wanted.place, now=now, services=services, minutes=minutes, presence=wanted.presence
    )
    return SlotTaken(free)


def _expire_stale(wanted: lanes.Wanted, now: dt.datetime) -> bool:
    """Give back places whose time is over but which the sweep has not reached yet."""
    stale = list(
        wanted.taking()
        .select_for_update(no_key=True, skip_locked=True)
        .filter(status=HoldStatus.HELD, expires_at__lte=now)
        .order_by("pk")
    )
    for hold in stale:
        end_hold(hold, HoldStatus.EXPIRED)
    return bool(stale)


def end_hold(hold: Hold, status: HoldStatus) -> None:
    """Give the place back. The caller holds the row's lock and knows that it is still taken. No news for those who
    wait: what was only kept had been free before, or is looked at again when its time is over (``waitlist``)."""
    was_kept = hold.status == HoldStatus.HELD
    hold.status = status
    hold.save(update_fields=["status"])
    if was_kept:
        deadlines.cancel_deadline(EXPIRY, organisation_id=hold.organisation_id, subject_id=hold.pk)


def lock_hold(hold: Hold) -> Hold:
    """Re-read a hold under its row lock."""
    return Hold.objects.select_for_update(of=("self",), no_key=True).get(pk=hold.pk)


@transaction.atomic
def release_hold(hold: Hold, *, by: Actor) -> Hold:
    """Somebody does not want the place any more; a hold that ended already is left as it is."""
    locked = lock_hold(hold)
    if locked.status == HoldStatus.HELD:
        end_hold(locked, HoldStatus.RELEASED)
    return locked


def release_all_at(site: Site) -> None:
    """The site takes no requests any more: nobody books what is only kept. Who sends their form at this very moment is
    refused by the site (``refuse_closed``), and their place is given back when its time is over."""
    kept = Hold.objects.select_for_update(no_key=True, skip_locked=True).filter(site=site, status=HoldStatus.HELD)
    Hold.objects.filter(pk__in=[hold.pk for hold in kept.order_by("pk")]).update(status=HoldStatus.RELEASED)


def free_place(hold_id: int) -> None:
    """The place of a request that will not come is free again: whoever waits for an earlier time hears of it."""
    if Hold.objects.filter(pk=hold_id, status=HoldStatus.CONFIRMED).update(status=HoldStatus.RELEASED):
        freed.announce(hold_id)


@deadlines.on_many(EXPIRY)
def expire_holds(due: Sequence[Deadline]) -> None:
    """The time is over: the places are free again, unless the request was sent meanwhile."""
    keys = [deadline.subject_id for deadline in due]
    ended = Hold.objects.select_for_update(no_key=True).filter(pk__in=keys, status=HoldStatus.HELD).order_by("pk")
    Hold.objects.filter(pk__in=[hold.pk for hold in ended]).update(status=HoldStatus.EXPIRED)


@retention.forget("holds")
def ended_holds(before: dt.datetime) -> QuerySet[Hold]:
    """Places that nobody took: given back, or their time was over. A booked one belongs to its request."""
    ended = (HoldStatus.RELEASED, HoldStatus.EXPIRED)
    return Hold.objects.filter(status__in=ended, expires_at__lt=before, request=None)


def hold_of(token: str) -> Hold | None:
    """The place kept or booked last with this token, if any."""
    return Hold.objects.filter(token_hash=token_hash(token)).select_related("site", "presence").order_by("-pk").first()
