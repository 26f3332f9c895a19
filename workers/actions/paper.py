"""The day sheet comes back: what somebody wrote on paper becomes what they would have pressed (domain.md R18, L rows on
offline work: when it happened is not when we learnt it)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from bookings.actions.work_orders import lock_work_order
from concierge.errors import Invalid, WrongState
from concierge.tenancy import Actor
from workers.actions.closing import check_end
from workers.actions.dispatch import unassign
from workers.actions.meanwhile import changed_meanwhile, last_event
from workers.actions.work import answer_help, call_for_help, finish_assignment, start_assignment
from workers.enums import MOVABLE, AssignmentStatus
from workers.models import Assignment

S = AssignmentStatus
REASON = "not_done"
# Sheets are of one day; work may begin before or after its time.
AROUND = dt.timedelta(hours=18)


class PaperOutcome(TextChoices):
    """The two boxes of which one is ticked."""

    DONE = "done", pgettext_lazy("sheet", "Done")
    NOT_DONE = "not_done", pgettext_lazy("sheet", "Not done")


@transaction.atomic
def record_paper(
    assignment: Assignment,
    *,
    outcome: PaperOutcome,
    by: Actor,
    started_at: dt.datetime | None = None,
    done_at: dt.datetime | None = None,
    needed_help: bool = False,
    version: int | None = None,
    now: dt.datetime | None = None,
) -> Assignment:
    """Write down what a sheet says: begun and finished at the written times, or not done and free again.

    The same sheet recorded twice is recorded once. What the person pressed on a telephone before stays as it is.
    ``version`` is the one that was looked at. Raises ``Invalid`` (400) for times that cannot be, ``StaleVersion``
    (412), ``WrongState`` (409).
    """
    lock_work_order(assignment.work_order)
    locked = Assignment.objects.select_for_update(of=("self",), no_key=True).for_cards().get(pk=assignment.pk)
    if _is_recorded(locked, outcome, started_at, done_at):
        return locked
    if version is not None and version != locked.version:
        raise changed_meanwhile(locked)
    if outcome == PaperOutcome.DONE:
        recorded = _finish(locked, started_at, done_at, by=by, now=now or timezone.now())
    elif locked.status in MOVABLE:
        recorded = unassign(locked, reason=REASON, by=by)
    else:
        raise WrongState(
            _("This work is “%(status)s”: it cannot be noted as not done.") % {"status": locked.get_status_display()},
            current_status=locked.status,
        )
    if needed_help:
        answer_help(call_for_help(locked.trainee, assignment=locked, by=by), by=by)
    return recorded


def _finish(
    locked: Assignment, started_at: dt.datetime | None, done_at: dt.datetime | None, *, by: Actor, now: dt.datetime
) -> Assignment:
    if started_at is None or done_at is None:
        raise Invalid(_("Write the time that stands on the sheet."), field="started" if started_at is None else "done")
    if done_at <= started_at:
        raise Invalid(_("The end must be after the start."), field="done")
    if done_at > now:
        raise Invalid(_("This time is still to come."), field="done")
    if abs(started_at - locked.planned_start) > AROUND:
        raise Invalid(_("This is not the day of the sheet."), field="started")
    if locked.status in MOVABLE:
        locked = start_assignment(locked, by=by, act_at=started_at)
    elif locked.status == S.WORKING:
        check_end(locked, done_at, now=now)
    return finish_assignment(locked, by=by, act_at=done_at)


def _is_recorded(
    locked: Assignment, outcome: PaperOutcome, started_at: dt.datetime | None, done_at: dt.datetime | None
) -> bool:
    """Whether the very same was written down already."""
    if outcome == PaperOutcome.DONE:
        return locked.status in {S.DONE, S.VALIDATED} and (locked.started_at, locked.done_at) == (started_at, done_at)
    said = last_event(locked) if locked.status == S.CANCELLED else None
    return said is not None and said.data.get("reason") == REASON
