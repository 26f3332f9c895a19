"""Who is beside somebody whose way of working asks for it: their time is taken too (lifecycles.md 2.5)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from concierge.db import refuse_on
from concierge.errors import Conflict
from workers.enums import SupervisionMode
from workers.models import Assignment, Occupation, Trainee
from workers.models.plan import team_day
from workers.rules.candidates import Severity, Task, judge
from workers.rules.companions import Helper
from workers.rules.intervals import Interval


class CompanionBusy(Conflict):
    """Two dispatchers counted on the same person: the second looks again."""

    code = "companion_busy"
    message = _("Whoever was to accompany this work has just been given something else. Please look again.")


def accompany(assignment: Assignment, helper: Helper | None) -> None:
    """Take the time of whoever accompanies, as long as the work is planned for. ``None``: nobody does.

    Raises ``CompanionBusy`` (409): the database refuses that somebody is in two places, and what was given to them, or
    said of their days, while this was judged may leave them no time.
    """
    if helper is None:
        return
    if helper.trainee_id is not None:
        _check_still_may(assignment, helper.trainee_id)
    with (
        refuse_on("trainee_not_in_two_places", CompanionBusy()),
        refuse_on("nobody_accompanies_two_at_once", CompanionBusy()),
    ):
        Occupation.objects.create(
            organisation_id=assignment.organisation_id,
            assignment=assignment,
            trainee_id=helper.trainee_id,
            user_id=helper.user_id,
            is_companion=True,
            starts=assignment.planned_start,
            ends=assignment.planned_end,
        )


def _check_still_may(assignment: Assignment, trainee_id: int) -> None:
    """Judge a trainee again under their lock, which whoever gives, publishes or notes an absence takes too.

    Nobody is waited for: the lock of whoever does the work is held already, and two who accompany each other's would
    wait for ever.
    """
    if not is_locked_now(trainee_id):
        raise CompanionBusy
    zone = ZoneInfo(assignment.work_order.site.time_zone)
    window = Interval(assignment.planned_start, assignment.planned_end)
    day = team_day(Trainee.objects.filter(pk=trainee_id), window.start.astimezone(zone).date(), zone)
    mentor = day.trainees[0]
    beside = Task(window, "", SupervisionMode.AUTONOMOUS.value, window, mentor.site_id)
    person = day.person(mentor, skill="", without=assignment)
    verdict = judge(person, beside, zone=zone, now=window.start, setting=day.setting(mentor))
    if any(reason.is_of_labour_rules or reason.code in {"absent", "left"} for reason in verdict.of(Severity.BLOCK)):
        raise CompanionBusy


def is_locked_now(trainee_id: int) -> bool:
    """Take the row lock of a trainee if nobody else has it."""
    rows = Trainee.objects.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(pk=trainee_id)
    return rows.values_list("pk", flat=True).first() is not None


def release_companion(assignment: Assignment) -> None:
    """Nobody accompanies it any more: before it moves, to another time or another way of working."""
    Occupation.objects.taking().companions().filter(assignment=assignment).update(is_over=True)
