"""A place is kept for ten minutes for somebody who is still filling in the form, then given back (R01, S33)."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.enums import HoldStatus, Place
from bookings.models import Hold, Service, Slot, calendar
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
    """No such slot: closed day, past, too soon, too far, or not on the grid."""

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
    now: dt.datetime | None = None,
) -> Hold:
    """Keep one place of a slot for the bearer of ``token``; another place kept with the same token is given back.

    ``services`` adds their lead time and cut-off; ``now`` is only for writing history. Raises ``SlotNotOffered`` (422)
    and ``SlotTaken`` (409, with the next free slots). The place is taken by one guarded UPDATE, and PostgreSQL's check
    ``slot_not_over_capacity`` stands behind it. Locks: holds before slots, slots by key.
    """
    now = now or timezone.now()
    slot = _slot(site, place, starts_at, services=services, now=now)
    mine = Hold.objects.select_for_update(no_key=True).filter(token_hash=token_hash(token), status=HoldStatus.HELD)
    previous = mine.order_by("pk").first()
    if previous is not None:
        if previous.slot_id == slot.pk and previous.expires_at > now:
            return previous
        both = Slot.objects.select_for_update(no_key=True).filter(pk__in=[slot.pk, previous.slot_id]).order_by("pk")
        list(both)
        _end(previous, HoldStatus.RELEASED)
    _take_or_refuse(slot, services=services, now=now)
    with refuse_on("hold_one_per_person", Conflict()):
        hold = Hold.objects.create(
            organisation_id=site.organisation_id,
            slot=slot,
            token_hash=token_hash(token),
            expires_at=now + dt.timedelta(minutes=settings.HOLD_MINUTES),
        )
    deadlines.set_deadline(EXPIRY, organisation_id=site.organisation_id, subject_id=hold.pk, due_at=hold.expires_at)
    return hold


def book_slot(
    site: Site, place: Place | str, starts_at: dt.datetime, *, services: Collection[Service], now: dt.datetime
) -> Hold:
    """Take one place of a slot for good: for the request that the caller makes of it in the same transaction.

    Raises ``SlotNotOffered`` (422) and ``SlotTaken`` (409, with the next free slots), and guards as ``hold_slot`` does.
    """
    slot = _slot(site, place, starts_at, services=services, now=now)
    _take_or_refuse(slot, services=services, now=now)
    return Hold.objects.create(
        organisation_id=site.organisation_id,
        slot=slot,
        token_hash=token_hash(secrets.token_urlsafe(32)),
        status=HoldStatus.CONFIRMED,
        expires_at=now,
    )


def _slot(
    site: Site, place: Place | str, starts_at: dt.datetime, *, services: Collection[Service], now: dt.datetime
) -> Slot:
    """The row of a slot that is really offered, made at first touch."""
    if abs(starts_at - now) > dt.timedelta(days=calendar.BOOKABLE_DAYS + 1):
        raise SlotNotOffered(field="slot")
    day = starts_at.astimezone(ZoneInfo(site.time_zone)).date()
    offered = calendar.slots_left(site, place, now=now, first_day=day, days=1, services=services, ignore_taken=True)
    match = next((slot for slot in offered if slot.starts_at == starts_at), None)
    if match is None:
        raise SlotNotOffered(field="slot")
    touched = Slot.objects.filter(site=site, place=place, starts_at=match.starts_at)
    if (known := touched.first()) is not None:
        return known
    fresh = Slot(
        organisation_id=site.organisation_id,
        site=site,
        place=place,
        starts_at=match.starts_at,
        ends_at=match.ends_at,
        capacity=match.left,
    )
    Slot.objects.bulk_create([fresh], ignore_conflicts=True)
    return touched.get()


def _take_or_refuse(slot: Slot, *, services: Collection[Service], now: dt.datetime) -> None:
    if not _take(slot) and not (_expire_stale(slot, now) and _take(slot)):
        raise SlotTaken(calendar.next_free(slot.site, slot.place, now=now, services=services))


def _take(slot: Slot) -> bool:
    return bool(Slot.objects.filter(pk=slot.pk, taken__lt=F("capacity")).update(taken=F("taken") + 1))


def _expire_stale(slot: Slot, now: dt.datetime) -> bool:
    """Give back places whose time is over but which the sweep has not reached yet."""
    stale = list(
        Hold.objects.select_for_update(no_key=True, skip_locked=True).filter(
            slot=slot, status=HoldStatus.HELD, expires_at__lte=now
        )
    )
    for hold in stale:
        _end(hold, HoldStatus.EXPIRED)
    return bool(stale)


def _end(hold: Hold, status: HoldStatus) -> None:
    """Give the place back. The caller holds the row's lock and knows that it is still held."""
    hold.status = status
    hold.save(update_fields=["status"])
    free_place(hold.slot_id)
    deadlines.cancel_deadline(EXPIRY, organisation_id=hold.organisation_id, subject_id=hold.pk)


def free_place(slot_id: int) -> None:
    """One place of a slot is free again."""
    Slot.objects.filter(pk=slot_id, taken__gt=0).update(taken=F("taken") - 1)


def lock_hold(hold: Hold) -> Hold:
    """Re-read a hold under its row lock."""
    return Hold.objects.select_for_update(of=("self",), no_key=True).select_related("slot").get(pk=hold.pk)


@transaction.atomic
def release_hold(hold: Hold, *, by: Actor) -> Hold:
    """Somebody does not want the place any more; a hold that ended already is left as it is."""
    locked = lock_hold(hold)
    if locked.status == HoldStatus.HELD:
        _end(locked, HoldStatus.RELEASED)
    return locked


@deadlines.on_many(EXPIRY)
def expire_holds(due: Sequence[Deadline]) -> None:
    """The time is over: the places are free again, unless the request was sent meanwhile."""
    keys = [deadline.subject_id for deadline in due]
    ended = list(Hold.objects.select_for_update(no_key=True).filter(pk__in=keys, status=HoldStatus.HELD).order_by("pk"))
    Hold.objects.filter(pk__in=[hold.pk for hold in ended]).update(status=HoldStatus.EXPIRED)
    freed = Counter(hold.slot_id for hold in ended)
    list(Slot.objects.select_for_update(no_key=True).filter(pk__in=freed).order_by("pk"))
    for places in set(freed.values()):
        slots = [slot_id for slot_id, count in freed.items() if count == places]
        Slot.objects.filter(pk__in=slots).update(taken=Greatest(F("taken") - places, 0))


@retention.forget("holds")
def ended_holds(before: dt.datetime) -> QuerySet[Hold]:
    """Places that nobody took: given back, or their time was over. A booked one belongs to its request."""
    ended = (HoldStatus.RELEASED, HoldStatus.EXPIRED)
    return Hold.objects.filter(status__in=ended, expires_at__lt=before, request=None)


def hold_of(token: str) -> Hold | None:
    """The place kept or booked last with this token, if any."""
    return (
        Hold.objects.filter(token_hash=token_hash(token)).select_related("slot", "slot__site").order_by("-pk").first()
    )
