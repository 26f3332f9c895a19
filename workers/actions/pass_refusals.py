"""Why an entry of a PASS is refused, one sentence for each fault of ``workers.rules.pass_iae``."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from concierge.errors import Conflict, DomainError, Invalid, worded
from concierge.words import date_words
from workers.rules.pass_iae import Fault

SENTENCES: dict[str, str | Promise] = {
    "suspension_outside_pass": _("A suspension starts while the PASS runs: on %(day)s at the latest."),
    "suspension_too_old": _("A suspension reaches back one year at most: it starts on %(day)s at the earliest."),
    "suspension_in_future": _("A suspension starts today at the latest."),
    "suspension_too_long": _("A suspension lasts %(number)s months at most: until %(day)s."),
    "suspensions_overlap": _("Another suspension, from %(day)s on, already covers some of these days."),
    "suspension_old_reason": _("This reason is no longer given: it comes with old records only."),
    "suspension_wrong_kind": _("Only work-integration companies (EI) and workshops (ACI) give this reason."),
    "suspension_not_last_employer": _("Only the structure that hired the person last suspends the PASS."),
    "ledger_not_sound": _("Another suspension of this PASS would then start outside of it. Correct that one first."),
    "prolongation_unknown_reason": _("Choose a reason from the list."),
    "prolongation_too_early": _("It is too early: a prolongation is asked for from %(day)s on."),
    "prolongation_too_late": _("It is too late: a prolongation was to be asked for by %(day)s."),
    "prolongation_adds_nothing": _("The new end must be after %(day)s, the present one."),
    "prolongation_used_up": _("For this reason a PASS is prolonged by %(number)s months in all: they are used up."),
    "prolongation_too_long": _("For this reason the new end is on %(day)s at the latest."),
    "prolongation_wrong_kind": _("Only intermediary associations (AI) and workshops (ACI) give this reason."),
    "birth_date_unknown": _(
        "This reason is for people of %(number)s years and over: write down the person’s birth date first."
    ),
    "prolongation_too_young": _("The person is not yet %(number)s years old when the PASS ends."),
    "prolongation_needs_training_end": _("Say when the training ends."),
    "prolongation_past_training": _("The training ends on %(day)s: the PASS is prolonged until then at most."),
    "prolongation_needs_opinion": _("This reason needs the opinion of an authorised prescriber: say who."),
    "prolongation_needs_report": _("This reason needs a report (bilan): add it as a PDF."),
}


def sentence(fault: Fault) -> str:
    """What a person reads of a fault, in their language."""
    day = date_words(fault.day, "j F Y") if fault.day else ""
    return str(SENTENCES[fault.code]) % {"day": day, "number": fault.number}


class PassRefused(DomainError):
    """A rule of the PASS forbids it; ``faults`` are all of them, ``reasons`` their codes."""

    code = "pass_refused"
    status = 422

    def __init__(self, faults: Sequence[Fault]) -> None:
        """The message is that of the first."""
        self.faults = list(faults)
        first = self.faults[0]
        super().__init__(
            worded(sentence)(first), field=first.field or None, reasons=[fault.code for fault in self.faults]
        )


class PassNumberTaken(Conflict):
    """Two people cannot have one number."""

    code = "pass_number_taken"
    message = _("This number already belongs to another PASS.")


class PassesOverlap(Conflict):
    """The person has a PASS on these days."""

    code = "passes_overlap"
    message = _("This person already has a PASS on some of these days.")


class SuspensionsOverlap(Conflict):
    """Somebody else has just written one down."""

    code = "suspensions_overlap"
    message = _("Another suspension already covers some of these days.")


class ProlongationPending(Conflict):
    """One at a time."""

    code = "prolongation_pending"
    message = _("A prolongation of this PASS already waits for an answer.")


class InWaitingPeriod(Invalid):
    """Carence: two years after a PASS, unless an authorised prescriber opens the new one."""

    code = "in_waiting_period"

    def __init__(self, until: object) -> None:
        """``until``: the last day of the wait."""

        def words(day: object) -> str:
            text = gettext("Until %(day)s, two years after the last PASS, only an authorised prescriber opens one.")
            return text % {"day": date_words(day, "j F Y")}  # type: ignore[arg-type]  # a date

        super().__init__(worded(words)(until), field="starts_on")
