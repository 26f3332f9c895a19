"""Days without somebody, and what they leave: nobody counts on them as a companion any more (lifecycles.md 2.5).

No reason is asked or kept (P01). What a person holds on these days goes to others on the page of each day
(``workers.actions.replacing``). Within five minutes it is taken back, later it may end earlier.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events, retention
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.tenancy import Actor
from workers.actions.dispatch import say
from workers.enums import MOVABLE
from workers.models import Absence, Assignment, Occupation, Trainee
from workers.rules.intervals import Interval, civil_day

WITHIN = dt.timedelta(minutes=5)
# Longer than that nobody knows.
LONGEST = dt.timedelta(days=366)


class TooLateToUndo(Conflict):
    """Five minutes have passed, or somebody else wrote it."""

    code = "too_late_to_undo"
    message = _("This can no longer be undone: five minutes have passed, or somebody else wrote it.")


@transaction.atomic
def note_absence(trainee: Trainee, *, starts_on: dt.date, ends_on: dt.date, by: Actor) -> Absence:
    """Write down days without the person, both ends included; no reason is asked. Work already given stays visible;
    whom they were to accompany is without a companion, which whoever dispatches is told.

    Raises ``Invalid`` (400) for an end before the start or more than a year, ``Conflict`` (409) for days already
    written down.
    """
    if ends_on < starts_on:
        raise Invalid(_("The last day cannot be before the first day."), field="ends_on")
    if ends_on - starts_on > LONGEST:
        raise Invalid(_("An absence is of a year at most. Write down the rest later."), field="ends_on")
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
    events.record("absence.noted", trainee, by=by, first=str(starts_on), last=str(ends_on), said_by=said_by)
    for assignment in _leave_alone(trainee, starts_on, ends_on):
        say(assignment, "left_alone", by)
    return absence


def _leave_alone(trainee: Trainee, first: dt.date, last: dt.date) -> list[Assignment]:
    """End what they were to accompany on these days and that has not begun; the pieces of work that need somebody."""
    zone = ZoneInfo(trainee.site.time_zone)
    days = Interval(civil_day(first, zone).start, civil_day(last, zone).end)
    beside = Occupation.objects.taking().companions().between(days).filter(trainee=trainee)
    found = list(
        Assignment.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=beside.values("assignment"), status__in=MOVABLE)
        .select_related("trainee", "work_order__request")
        .order_by("pk")
    )
    beside.filter(assignment__in=found).update(is_over=True)
    return found


def can_undo(absence: Absence, by: Actor, *, now: dt.datetime) -> bool:
    """Whether the actor wrote it less than five minutes ago."""
    is_mine = by.user is not None and absence.noted_by_id == by.user.pk
    return is_mine and now - absence.noted_at < WITHIN


@transaction.atomic
def undo_absence(absence: Absence, *, by: Actor, now: dt.datetime | None = None) -> None:
    """The days are as before. Raises ``TooLateToUndo`` (409)."""
    locked = Absence.objects.select_for_update().filter(pk=absence.pk).select_related("trainee").first()
    if locked is None or not can_undo(locked, by, now=now or timezone.now()):
        raise TooLateToUndo
    events.record("absence.undone", locked.trainee, by=by, first=str(locked.starts_on), last=str(locked.ends_on))
    locked.delete()


@transaction.atomic
def end_absence(absence: Absence, *, last_on: dt.date, by: Actor) -> Absence:
    """The person is back earlier: the absence ends on ``last_on``. Raises ``Invalid`` (400) outside of its days."""
    locked = Absence.objects.select_for_update().select_related("trainee").get(pk=absence.pk)
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
