"""Finish work that somebody began and left: they are off the team, ill, or went home without saying so (R20)."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.actions.work_orders import lock_work_order
from concierge.errors import Invalid
from concierge.tenancy import Actor
from workers.actions.meanwhile import changed_meanwhile
from workers.actions.work import finish_assignment
from workers.enums import AssignmentStatus
from workers.models import Assignment
from workers.rules.time import LONGEST


@transaction.atomic
def finish_for(
    assignment: Assignment,
    *,
    done_at: dt.datetime,
    by: Actor,
    version: int | None = None,
    now: dt.datetime | None = None,
) -> Assignment:
    """``working → done`` at the time at which it really ended, said by somebody else; their clock, if it still runs,
    ends then too. What they did is checked like everything else.

    ``version`` is the one that was looked at. Raises ``Invalid`` (400) for a time that cannot be, ``StaleVersion``
    (412), ``WrongState`` (409) for work that is not under way.
    """
    lock_work_order(assignment.work_order)
    locked = Assignment.objects.select_for_update(of=("self",), no_key=True).for_cards().get(pk=assignment.pk)
    if version is not None and version != locked.version:
        raise changed_meanwhile(locked)
    if locked.status == AssignmentStatus.WORKING:
        check_end(locked, done_at, now=now or timezone.now())
    return finish_assignment(locked, by=by, act_at=done_at)


def check_end(begun: Assignment, done_at: dt.datetime, *, now: dt.datetime) -> None:
    """Whether work that has begun may have ended then. Raises ``Invalid`` (400)."""
    if done_at > now:
        raise Invalid(_("This time is still to come."), field="done")
    if begun.started_at is None:
        return
    if done_at <= begun.started_at:
        zone = ZoneInfo(begun.work_order.site.time_zone)
        raise Invalid(
            _("%(name)s began at %(time)s: it ended after that.")
            % {"name": begun.trainee.first_name, "time": f"{begun.started_at.astimezone(zone):%H:%M}"},
            field="done",
        )
    if done_at - begun.started_at > LONGEST:
        raise Invalid(_("Nobody is at work for more than 24 hours at a time."), field="done")
