"""The last thing one did on the board, in words."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from concierge.tenancy import Actor
from workers.actions.undo import GIVEN, TAKEN, Step, last_step
from workers.perms import can_dispatch
from workers.views.common import clock, hours_text, title_of


def undo_offer(actor: Actor, now: dt.datetime, zone: ZoneInfo) -> dict[str, Any] | None:
    """The actor's last step in words, with what undoes it; nothing once five minutes have passed."""
    step = last_step(actor, now=now)
    if step is None or not can_dispatch(actor, site_id=step.assignment.work_order.site_id):
        return None
    return {"step": step.event.public_id, "words": _words(step, zone)}


def _words(step: Step, zone: ZoneInfo) -> str:
    left = step.assignment
    figures = {
        "service": title_of(left.work_order, left.leg),
        "name": left.trainee.first_name,
        "hours": hours_text(left.planned_start, left.planned_end, zone),
    }
    if step.event.name == TAKEN:
        return _("Taken back from %(name)s: %(service)s, %(hours)s.") % figures
    if step.before is not None:
        figures["other"] = step.before.trainee.first_name
        return _("%(service)s goes from %(other)s to %(name)s, %(hours)s.") % figures
    if step.event.name == GIVEN:
        return _("%(service)s is given to %(name)s, %(hours)s.") % figures
    figures["then"] = clock(dt.datetime.fromisoformat(step.event.data["was"]["start"]), zone)
    return _("%(service)s of %(name)s is moved: %(hours)s instead of %(then)s.") % figures
