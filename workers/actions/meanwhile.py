"""What somebody else did in the meantime, in words: who, when, and how it is now (R44)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.translation import gettext as _

from concierge.errors import StaleVersion
from concierge.models import Event
from workers.actions.refusals import WorkOrderTaken
from workers.models import Assignment


def changed_meanwhile(assignment: Assignment) -> StaleVersion:
    """The refusal of whoever acts on an old page: who changed it, and in whose hands the work is now."""
    event = last_event(assignment)
    if event is None or not event.actor_label:
        return StaleVersion()
    zone = ZoneInfo(assignment.work_order.site.time_zone)
    figures = {"who": event.actor_label, "time": _clock(event, zone)}
    holder = now_with(assignment)
    if holder is None:
        return StaleVersion(_("%(who)s took this work back at %(time)s: it is to be given again.") % figures)
    figures["name"] = holder.trainee.first_name
    figures["start"] = dateformat.format(holder.planned_start.astimezone(zone), "H:i")
    return StaleVersion(
        _("%(who)s changed this at %(time)s, while your page was open: %(name)s has it now, at %(start)s.") % figures
    )


def who_gave(holder: Assignment) -> WorkOrderTaken:
    """The refusal of whoever gives work that somebody has: to whom it was given, and by whom."""
    event = last_event(holder)
    if event is None or not event.actor_label:
        return WorkOrderTaken(_("This work has just been given to %(name)s.") % {"name": holder.trainee.first_name})
    return WorkOrderTaken(
        _("This work has just been given to %(name)s by %(who)s.")
        % {"name": holder.trainee.first_name, "who": event.actor_label}
    )


def now_with(assignment: Assignment) -> Assignment | None:
    """In whose hands the same part of the same work is now."""
    same = Assignment.objects.filter(work_order_id=assignment.work_order_id, leg=assignment.leg)
    return same.holding().for_cards().order_by("-pk").first()


def last_event(assignment: Assignment) -> Event | None:
    """What was said last of it."""
    return (
        Event.objects.filter(
            organisation_id=assignment.organisation_id,
            subject_type=assignment._meta.label_lower,
            subject_id=assignment.public_id,
        )
        .order_by("-pk")
        .first()
    )


def _clock(event: Event, zone: ZoneInfo) -> str:
    return dateformat.format(event.act_at.astimezone(zone), "H:i")
