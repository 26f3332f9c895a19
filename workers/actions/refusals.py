"""Why an assignment is refused."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from concierge.errors import Conflict, DomainError, Invalid


class NotOwnTeamWork(Invalid):
    """Providers do this work; trainees are not asked."""

    code = "not_own_team_work"
    message = _("A local provider does this work: it cannot be given to a person of the team.")


class PastDay(Invalid):
    """A plan for yesterday."""

    code = "past_day"
    message = _("This day is past. Choose today or a later day.")


class WorkOrderTaken(Conflict):
    """Two dispatchers gave the same work: the second is told who has it."""

    code = "work_order_taken"
    message = _("Someone else has just given this work to a person of the team.")


class TraineeBusy(Conflict):
    """The person already has work at that time."""

    code = "trainee_busy"
    message = _("This person already has work at that time.")


class AssignmentRefused(DomainError):
    """A rule forbids it: contract, absence, working time. ``reasons`` lists the codes."""

    code = "assignment_refused"
    status = 422
    message = _("This person cannot take this work.")


class WarningsToAccept(DomainError):
    """Possible, if the dispatcher accepts what is said. ``reasons`` lists the codes."""

    code = "warnings_to_accept"
    status = 422
    message = _("Please read the warnings, then confirm.")


class MonthClosed(Conflict):
    """Hours of a settled month are not written any more."""

    code = "month_closed"
    message = _("The hours of this month are closed. A site manager can open it again.")


class HoursOverlap(Conflict):
    """Nobody is in two times at once."""

    code = "hours_overlap"
    message = _("Other hours of this person already cover part of this time.")


class AbsenceNoted(Conflict):
    """One absence a day."""

    code = "absence_noted"
    message = _("An absence is already noted for this day.")


class NotYet(Invalid):
    """Real time is behind us."""

    code = "not_yet"
    message = _("This time has not come yet.")


class MonthNotReady(DomainError):
    """Something has to be settled before a month can be closed."""

    code = "month_not_ready"
    message = _("Some hours of this month are not settled yet: see the list.")
