"""Days without somebody, and what they leave: nobody counts on them as a companion any more (lifecycles.md 2.5)."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.tenancy import Actor
from workers.actions.dispatch import say
from workers.enums import MOVABLE
from workers.models import Absence, Assignment, Occupation, Trainee
from workers.rules.intervals import Interval, civil_day


@transaction.atomic
def note_absence(trainee: Trainee, *, starts_on: dt.date, ends_on: dt.date, by: Actor) -> Absence:
    """Write down days without the person, both ends included; no reason is asked. Work already given stays visible;
    whom they were to accompany is without a companion, which whoever dispatches is told.

    Raises ``Invalid`` (400) for an end before the start, ``Conflict`` (409) for days already written down.
    """
    if ends_on < starts_on:
        raise Invalid(_("The last day cannot be before the first day."), field="ends_on")
    with refuse_on(
        "absences_do_not_overlap", Conflict(_("Another absence already covers some of these days."), field="starts_on")
    ):
        absence = Absence.objects.create(
            organisation_id=trainee.organisation_id, trainee=trainee, starts_on=starts_on, ends_on=ends_on
        )
    events.record("absence.noted", trainee, by=by)
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
