"""Who is beside somebody whose way of working asks for it: their time is taken too (lifecycles.md 2.5)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from concierge.db import refuse_on
from concierge.errors import Conflict
from workers.models import Assignment, Occupation
from workers.rules.companions import Helper


class CompanionBusy(Conflict):
    """Two dispatchers counted on the same person: the second looks again."""

    code = "companion_busy"
    message = _("Whoever was to accompany this work has just been given something else. Please look again.")


def accompany(assignment: Assignment, helper: Helper | None) -> None:
    """Take the time of whoever accompanies, as long as the work is planned for. ``None``: nobody does.

    Raises ``CompanionBusy`` (409): the database refuses that somebody is in two places.
    """
    if helper is None:
        return
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


def release_companion(assignment: Assignment) -> None:
    """Nobody accompanies it any more: before it moves, to another time or another way of working."""
    Occupation.objects.taking().companions().filter(assignment=assignment).update(is_over=True)
