"""Days without somebody, and what they leave: nobody counts on them as a companion any more (lifecycles.md 2.5).

No reason is asked or kept (P01). What a person holds on these days goes to others on the page of each day
(``workers.actions.replacing``). Within five minutes whoever wrote it undoes it, companions included; later it is taken
back by whoever may write it, or it ends earlier.

Lock order, as everywhere: assignments, then the person.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events, retention
from concierge.days import today_at
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, NotAllowed
from concierge.models import Event
from concierge.tenancy import Actor
from workers.actions.companions import CompanionBusy, accompany
from workers.actions.dispatch import lock_trainee, say
from workers.enums import MOVABLE
from workers.models import Absence, Assignment, Occupation, Trainee
from workers.perms import can_see_team
from workers.rules.companions import Helper
from workers.rules.intervals import Interval, civil_day

WITHIN = dt.timedelta(minutes=5)
# Longer than that nobody knows.
LONGEST = dt.timedelta(days=366)


class TooLateToUndo(Conflict):
    """Five minutes have passed, or somebody else wrote it."""

    code = "too_late_to_undo"
    message = _("This can no longer be undone: five minutes have passed, or somebody else wrote it.")


class TakenBack(Conflict):
    """Somebody has just said that the person is there after all."""

    code = "absence_taken_back"
    message = _("This absence has been taken back in the meantime.")


@transaction.atomic
def note_absence(trainee: Trainee, *, starts_on: dt.date, ends_on: dt.date, by: Actor) -> Absence:
    """Write down days without the person, both ends included; no reason is asked. Work already given stays visible;
    whom they were to accompany is without a companion, which whoever dispatches is told.

    Raises ``Invalid`` (400) for an end before the start, more than a year or days that are a year away, ``Conflict``
    (409) for days already written down.
    """
    if abs(starts_on - today_at(trainee.site)) > LONGEST:
        raise Invalid(_("Choose a day within the next year."), field="starts_on")
    if ends_on < starts_on:
        raise Invalid(_("The last day cannot be before the first day."), field="ends_on")
    if ends_on - starts_on > LONGEST:
        raise Invalid(_("An absence is of a year at most. Write down the rest later."), field="ends_on")
    left = _accompanied(trainee, starts_on, ends_on)
    lock_trainee(trainee)
    with refuse_on(
        "absences_do_not_overlap", Conflict(_("Another absence already covers some of these days."), field="starts_on")
    ):
        absence = Absence.objects.create(
            organisation_id=trainee.organisation_id,
            trainee=trainee,
            starts_on=starts_on,
            ends_on=ends_on,
            noted_by=by.user,
        )
    said_by = "self" if by.trainee_id == trainee.pk else "team"
    # Whom somebody else asked them to accompany meanwhile is left alone too.
    left += [one for one in _accompanied(trainee, starts_on, ends_on, is_locking=False) if one not in left]
    Occupation.objects.taking().companions().filter(trainee=trainee, assignment__in=left).update(is_over=True)
    events.record(
        "absence.noted",
        trainee,
        by=by,
        first=str(starts_on),
        last=str(ends_on),
        said_by=said_by,
        left_alone=[str(one.public_id) for one in left],
    )
    for assignment in left:
        say(assignment, "left_alone", by)
    return absence


def _accompanied(trainee: Trainee, first: dt.date, last: dt.date, *, is_locking: bool = True) -> list[Assignment]:
    """What they are to accompany on these days and that has not begun, under its lock or as it is."""
    zone = ZoneInfo(trainee.site.time_zone)
    days = Interval(civil_day(first, zone).start, civil_day(last, zone).end)
    beside = Occupation.objects.taking().companions().between(days).filter(trainee=trainee)
    found = Assignment.objects.filter(pk__in=beside.values("assignment"), status__in=MOVABLE)
    if is_locking:
        found = found.select_for_update(of=("self",), no_key=True)
    return list(found.select_related("trainee", "work_order__request").order_by("pk"))


def can_undo(absence: Absence, by: Actor, *, now: dt.datetime) -> bool:
    """Whether the actor wrote it less than five minutes ago."""
    is_mine = by.user is not None and absence.noted_by_id == by.user.pk
    return is_mine and now - absence.noted_at < WITHIN


@transaction.atomic
def undo_absence(absence: Absence, *, by: Actor, now: dt.datetime | None = None) -> None:
    """The days are as before; whom the person was to accompany is accompanied again, where both still can. Raises
    ``TooLateToUndo`` (409)."""
    locked = _locked(absence)
    if locked is None or not can_undo(locked, by, now=now or timezone.now()):
        raise TooLateToUndo
    person, first, last = locked.trainee, locked.starts_on, locked.ends_on
    locked.delete()
    again = _accompany_again(person, first)
    events.record("absence.undone", person, by=by, first=str(first), last=str(last), accompanied=again)


def _accompany_again(trainee: Trainee, first: dt.date) -> int:
    """Take the time that the absence of that first day had released, of work that is still planned for it and that
    nobody else accompanies; how many pieces."""
    noted = Event.objects.filter(
        organisation_id=trainee.organisation_id,
        name="absence.noted",
        subject_id=trainee.public_id,
        data__first=str(first),
    )
    last = noted.order_by("-pk").first()
    released = Occupation.objects.companions().filter(
        trainee=trainee, assignment__public_id__in=last.data.get("left_alone", []) if last else []
    )
    done = set()
    for one in released.select_related("assignment__work_order__site").order_by("-pk"):
        work = one.assignment
        if work.pk in done or work.status not in MOVABLE or work.planned_start != one.starts:
            continue
        if work.occupations.companions().taking().exists():
            continue
        with suppress(CompanionBusy), transaction.atomic():
            accompany(work, Helper(name=trainee.first_name, trainee_id=trainee.pk))
            done.add(work.pk)
    return len(done)


def can_take_back(absence: Absence, by: Actor, *, today: dt.date) -> bool:
    """Whoever may write it: the team of the site whenever it is, the person before its first day is over."""
    if by.trainee_id == absence.trainee_id:
        return absence.starts_on >= today
    return can_see_team(by, site_id=absence.trainee.site_id)


@transaction.atomic
def take_back_absence(absence: Absence, *, by: Actor) -> None:
    """It was a mistake: the person is there on these days. Raises ``NotAllowed`` (403), ``TooLateToUndo`` (409) when it
    is gone already."""
    locked = _locked(absence)
    if locked is None:
        raise TooLateToUndo
    if not can_take_back(locked, by, today=today_at(locked.trainee.site)):
        raise NotAllowed
    locked.delete()
    events.record("absence.taken_back", locked.trainee, by=by, first=str(locked.starts_on), last=str(locked.ends_on))


def _locked(absence: Absence) -> Absence | None:
    """The absence under the lock of its person, if it is there still."""
    lock_trainee(absence.trainee)
    rows = Absence.objects.select_for_update(of=("self",)).filter(pk=absence.pk)
    return rows.select_related("trainee__site").first()


@transaction.atomic
def end_absence(absence: Absence, *, last_on: dt.date, by: Actor) -> Absence:
    """The person is back earlier: the absence ends on ``last_on``. Raises ``Invalid`` (400) outside of its days,
    ``TakenBack`` (409) when it is gone already."""
    locked = _locked(absence)
    if locked is None:
        raise TakenBack
    if not locked.starts_on <= last_on <= locked.ends_on:
        raise Invalid(_("Choose a day of this absence."), field="last_on")
    was, locked.ends_on = locked.ends_on, last_on
    locked.save(update_fields=["ends_on"])
    events.record("absence.ended", locked.trainee, by=by, was=str(was), last=str(last_on))
    return locked


def work_held(absences: Collection[Absence]) -> dict[int, Counter[dt.date]]:
    """Pieces of work that the people hold and have not begun, by absence and civil day of their site; one query."""
    if not absences:
        return {}
    first = min(one.starts_on for one in absences) - dt.timedelta(days=1)
    last = max(one.ends_on for one in absences) + dt.timedelta(days=2)
    rows = Assignment.objects.filter(
        trainee__in=[one.trainee_id for one in absences],
        status__in=MOVABLE,
        planned_start__gte=dt.datetime.combine(first, dt.time(), dt.UTC),
        planned_start__lt=dt.datetime.combine(last, dt.time(), dt.UTC),
    ).values_list("trainee_id", "planned_start")
    held = list(rows.order_by("planned_start"))
    found: dict[int, Counter[dt.date]] = {}
    for one in absences:
        zone = ZoneInfo(one.trainee.site.time_zone)
        days = [start.astimezone(zone).date() for trainee, start in held if trainee == one.trainee_id]
        found[one.pk] = Counter(day for day in days if one.starts_on <= day <= one.ends_on)
    return found


@retention.forget("absences")
def old_absences(before: dt.datetime) -> QuerySet[Absence]:
    """Days away that ended before that, kept as long as the hours of their days (domain.md 4.1)."""
    return Absence.objects.filter(ends_on__lt=before.date())
