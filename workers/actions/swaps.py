"""Swap two published shifts: one asks, the other says yes or no, a supervisor approves (lifecycles.md 2.5).

Lock order: the request, then the weeks and then both people, each in the order of their keys: whoever publishes waits
at the week, whoever gives work or notes an absence at the person. Of two swaps of one shift the second finds it ended;
without the locks ``week_edition_once`` still lets one through, for both would be the next version of its week.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from concierge import deadlines, events
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, NotAllowed, WrongState
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor
from workers.actions.consents import agree_to
from workers.actions.weeks import Change, bring, judged_people, lock_week, next_number, redraft
from workers.enums.swaps import SWAP_TRANSITIONS, SwapStatus
from workers.models import Absence, Shift, SwapRequest, Trainee, WorkWeek
from workers.models.weeks import read_week

EXPIRES = "swap.expires"
# Shifts of colleagues that a person chooses from.
MOST_SHIFTS = 60
# How far around their own shift.
AROUND = dt.timedelta(days=7)


class ShiftGone(Conflict):
    """One of the two shifts is no longer the same."""

    code = "shift_gone"
    message = gettext_lazy("One of these two shifts has changed in the meantime. Nothing was swapped.")


class AwayThen(Conflict):
    """One of them is not there on the day that they would work instead."""

    code = "away_then"
    message = gettext_lazy("One of these two people is away on the day of the other. Nothing was swapped.")


class AlreadyAsked(Conflict):
    """One request at a time for a shift."""

    code = "already_asked"
    message = gettext_lazy("You have already asked to swap this shift.")


def shifts_to_swap(mine: Shift, *, now: dt.datetime) -> list[Shift]:
    """Shifts of colleagues of the site, in the days around, after which nobody would work twice on one day, nor on one
    on which they are away."""
    site = mine.week.site_id
    if mine.trainee.site_id != site:
        return []
    found = (
        Shift.objects.current()
        .filter(week__site=site, starts_at__gt=now, trainee__is_active=True, trainee__site=site)
        .filter(day__range=(mine.day - AROUND, mine.day + AROUND))
        .filter(Q(trainee__last_on=None) | Q(trainee__last_on__gte=mine.day))
        .exclude(trainee=mine.trainee_id)
        .exclude(Exists(Absence.objects.covering(mine.day).filter(trainee=OuterRef("trainee"))))
        .exclude(Exists(Absence.objects.covering(OuterRef("day")).filter(trainee=mine.trainee_id)))
        .select_related("trainee", "week__site")
        .order_by("starts_at", "trainee__first_name", "pk")
    )
    busy = set(
        Shift.objects.current()
        .filter(day__range=(mine.day - AROUND, mine.day + AROUND), week__site=mine.week.site_id)
        .values_list("trainee_id", "day")
    )
    able = [
        one
        for one in found
        if mine.trainee.is_there_on(one.day)
        and (one.day == mine.day or not {(mine.trainee_id, one.day), (one.trainee_id, mine.day)} & busy)
    ]
    return [one for one in able if not _same(one, mine)][:MOST_SHIFTS]


def _same(one: Shift, other: Shift) -> bool:
    return (one.starts_at, one.ends_at) == (other.starts_at, other.ends_at)


@transaction.atomic
def ask_swap(mine: Shift, theirs: Shift, *, by: Actor, now: dt.datetime | None = None) -> SwapRequest:
    """Ask a colleague to swap; it lapses when the first of the two shifts begins.

    Raises ``NotAllowed`` (403) for a shift of somebody else, ``Invalid`` (400) for one that cannot be swapped with it,
    ``AlreadyAsked`` (409).
    """
    if by.trainee_id != mine.trainee_id:
        raise NotAllowed
    moment = now or timezone.now()
    if mine.until_id is not None or mine.starts_at <= moment or theirs not in shifts_to_swap(mine, now=moment):
        raise Invalid(_("This shift cannot be swapped. Choose another one."), field="theirs")
    with refuse_on("swap_one_open_per_shift", AlreadyAsked()):
        swap = SwapRequest.objects.create(
            organisation_id=mine.organisation_id,
            mine=mine,
            theirs=theirs,
            asker_id=mine.trainee_id,
            other_id=theirs.trainee_id,
        )
    deadlines.set_deadline(
        EXPIRES,
        organisation_id=swap.organisation_id,
        subject_id=swap.pk,
        due_at=min(mine.starts_at, theirs.starts_at),
    )
    events.record("swap.asked", swap, by=by)
    return swap


@transaction.atomic
def answer_swap(swap: SwapRequest, *, agrees: bool, by: Actor, now: dt.datetime | None = None) -> SwapRequest:
    """The colleague says yes or no. Raises ``NotAllowed`` (403), ``WrongState``, ``ShiftGone``, ``AwayThen`` (409)."""
    locked = _step(swap, "agree" if agrees else "decline")
    if by.trainee_id != locked.other_id:
        raise NotAllowed
    moment = now or timezone.now()
    if agrees:
        _check_current(locked, moment)
    locked.answered_at = moment
    locked.save(update_fields=["status", "answered_at"])
    if not agrees:
        _forget(locked)
    events.record("swap.agreed" if agrees else "swap.declined", locked, by=by)
    return locked


@transaction.atomic
def withdraw_swap(swap: SwapRequest, *, by: Actor) -> SwapRequest:
    """Whoever asked does not want it any more. Raises ``NotAllowed`` (403), ``WrongState`` (409)."""
    locked = _step(swap, "withdraw")
    if by.trainee_id != locked.asker_id:
        raise NotAllowed
    locked.save(update_fields=["status"])
    _forget(locked)
    events.record("swap.withdrawn", locked, by=by)
    return locked


@transaction.atomic
def refuse_swap(swap: SwapRequest, *, by: Actor, now: dt.datetime | None = None) -> SwapRequest:
    """The supervisor says no: the week stays as it is. Raises ``WrongState`` (409)."""
    locked = _step(swap, "refuse")
    _decided(locked, by, now or timezone.now())
    events.record("swap.refused", locked, by=by)
    return locked


@transaction.atomic
def approve_swap(
    swap: SwapRequest, *, by: Actor, accepted_warnings: Collection[str] = (), now: dt.datetime | None = None
) -> SwapRequest:
    """Each works the other's shift from now on: a further version of their weeks, agreed by both (L14).

    The labour rules judge both people with the shifts swapped, all that they find at once; what they forbid undoes it.
    ``accepted_warnings`` as for ``publish_week``. Raises ``WrongState``, ``ShiftGone`` and ``AwayThen`` (409),
    ``WeekRefused`` and ``WarningsToAccept`` (422, with ``reasons`` and ``accept``).
    """
    locked = _step(swap, "approve")
    moment = now or timezone.now()
    keys = sorted({locked.mine.week_id, locked.theirs.week_id})
    weeks = [lock_week(one) for one in WorkWeek.objects.filter(pk__in=keys).order_by("pk")]
    _lock_both(locked)
    numbers = {week.pk: next_number(week) for week in weeks}
    _check_current(locked, moment)
    _agree_both(locked)
    before = {week.pk: read_week(week.site, week.monday, now=moment) for week in weeks}
    editions = []
    for week in weeks:
        changes = [one for one in _changes(locked) if week.monday <= one.day < week.monday + AROUND]
        redraft(week, changes)
        editions.append(bring(week, changes, number=numbers[week.pk], by=by, now=moment))
    after = [read_week(week.site, week.monday, now=moment, since=before[week.pk]) for week in weeks]
    both = [one for plan in after for one in plan.people if one.trainee.pk in {locked.asker_id, locked.other_id}]
    # Of two people everything is read where it is confirmed.
    warned = sorted(judged_people(both, accepted_warnings, zone=after[0].zone, most=None))
    for edition in editions:
        edition.accepted_warnings = warned
        edition.save(update_fields=["accepted_warnings"])
    _decided(locked, by, moment)
    events.record("swap.approved", locked, by=by)
    return locked


def _lock_both(swap: SwapRequest) -> None:
    """The rows of both people, in the order of their keys."""
    both = Trainee.objects.filter(pk__in=[swap.asker_id, swap.other_id]).order_by("pk")
    list(both.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def _agree_both(swap: SwapRequest) -> None:
    """Each wanted the hours that they get: nobody is told of them late (L13, L14)."""
    zone = swap.mine.week.zone
    asked, answered = (one.astimezone(zone).date() for one in (swap.asked_at, swap.answered_at or swap.asked_at))
    gets = {swap.asker_id: asked, swap.other_id: answered}
    for change in _changes(swap):
        agree_to(change.trainee, change.day, change.hours, on=gets[change.trainee.pk])


def _changes(swap: SwapRequest) -> list[Change]:
    """Who works what on the days of the two shifts, once swapped."""
    zone = swap.mine.week.zone
    hours: dict[dt.date, dict[int, Change]] = defaultdict(dict)
    for person, day in ((swap.asker, swap.mine.day), (swap.other, swap.theirs.day)):
        hours[day][person.pk] = Change(person, day, None)
    for person, shift in ((swap.other, swap.mine), (swap.asker, swap.theirs)):
        hours[shift.day][person.pk] = Change(person, shift.day, shift.hours(zone))
    return [change for people in hours.values() for change in people.values()]


@transaction.atomic
def expire_swap(swap: SwapRequest, *, by: Actor) -> None:
    """Nobody decided in time, or a shift is no longer the same: nothing is swapped. Done before: nothing happens."""
    locked = _locked(swap)
    if locked.status not in SWAP_TRANSITIONS["expire"][0]:
        return
    locked.status = SwapStatus.EXPIRED
    locked.save(update_fields=["status"])
    _forget(locked)
    events.record("swap.expired", locked, by=by)


@deadlines.on(EXPIRES)
def let_lapse(deadline: Deadline) -> None:
    """The first of the two shifts begins."""
    for swap in SwapRequest.objects.filter(pk=deadline.subject_id):
        expire_swap(swap, by=system_actor(swap.organisation))


def _locked(swap: SwapRequest) -> SwapRequest:
    rows = SwapRequest.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("asker", "other", "mine__week__site", "theirs__week__site").get(pk=swap.pk)


def _step(swap: SwapRequest, verb: str) -> SwapRequest:
    """Lock it, check the table, set the new status (not saved)."""
    locked = _locked(swap)
    allowed_from, target = SWAP_TRANSITIONS[verb]
    if locked.status not in allowed_from:
        raise WrongState(
            _("This swap is “%(status)s”: this step is no longer possible.") % {"status": locked.get_status_display()},
            current_status=locked.status,
        )
    locked.status = target
    return locked


def _check_current(swap: SwapRequest, now: dt.datetime) -> None:
    """Both shifts hold and have not begun; both people are of the site's team on the other's day, and not away."""
    found = Shift.objects.current().filter(pk__in=[swap.mine_id, swap.theirs_id], starts_at__gt=now)
    stay = swap.asker.is_there_on(swap.theirs.day) and swap.other.is_there_on(swap.mine.day)
    are_here = {swap.asker.site_id, swap.other.site_id} == {swap.mine.week.site_id}
    if found.count() != 2 or not stay or not are_here:
        raise ShiftGone
    gets = ((swap.asker_id, swap.theirs.day), (swap.other_id, swap.mine.day))
    if any(Absence.objects.covering(day).filter(trainee=person).exists() for person, day in gets):
        raise AwayThen


def _decided(swap: SwapRequest, by: Actor, now: dt.datetime) -> None:
    swap.decided_at, swap.decided_by = now, by.user
    swap.save(update_fields=["status", "decided_at", "decided_by"])
    _forget(swap)


def _forget(swap: SwapRequest) -> None:
    deadlines.cancel_deadline(EXPIRES, organisation_id=swap.organisation_id, subject_id=swap.pk)


def holders_left(swap: SwapRequest) -> list[tuple[Trainee, dt.date]]:
    """Who gave a shift and may still hold work on its day."""
    return [(swap.asker, swap.mine.day), (swap.other, swap.theirs.day)]
