"""Closed lists of the PASS IAE, of what is kept apart about a person, and of appointments (domain.md 2.3, 2.6, 4.1)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PassSource(models.TextChoices):
    """Where an entry comes from."""

    TYPED = "typed", _("Written down here")
    IMPORTED = "imported", _("From the State’s platform")


class PassState(models.TextChoices):
    """What a PASS is on a day; never stored."""

    FUTURE = "future", _("Not begun")
    VALID = "valid", _("Valid")
    SUSPENDED = "suspended", _("Suspended")
    EXPIRED = "expired", _("Expired")


# Fixed meaning of each state; the words are those of every badge of the product.
PASS_CATEGORY = {
    PassState.FUTURE: "open",
    PassState.VALID: "active",
    PassState.SUSPENDED: "waiting",
    PassState.EXPIRED: "failed",
}


class SuspensionReason(models.TextChoices):
    """Why a PASS stands still. Nobody gives the last six any more: they come with old records."""

    CONTRACT_SUSPENDED = "contract_suspended", _("Contract suspended for more than 15 days")
    CONTRACT_BROKEN = "contract_broken", _("Contract broken")
    CONTRACT_ENDED = "contract_ended", _("Contract ended")
    CTA_AGREEMENT = "cta_agreement", _("Agreement between members of the CTA")
    CONTRAT_PASSERELLE = "contrat_passerelle", _("Moved to a “contrat passerelle” (EI, ACI)")
    ILLNESS = "illness", _("Long illness (former reason)")
    MATERNITY = "maternity", _("Maternity leave (former reason)")
    PRISON = "prison", _("Imprisonment (former reason)")
    TRIAL_OUTSIDE = "trial_outside", _("Trial period outside of integration (former reason)")
    DETOX = "detox", _("Detoxification (former reason)")
    FORCE_MAJEURE = "force_majeure", _("Force majeure (former reason)")


class ProlongationReason(models.TextChoices):
    """Why a PASS goes on."""

    TRAINING = "training", _("A training to finish")
    RQTH = "rqth", _("Recognised as a disabled worker (RQTH)")
    SENIOR = "senior", _("50 years and over")
    DIFFICULTIES = "difficulties", _("Particular difficulties (AI, ACI)")
    SENIOR_CDI = "senior_cdi", _("Open-ended inclusion contract, 57 years and over")


class ProlongationStatus(models.TextChoices):
    """What became of a request."""

    PENDING = "pending", _("Waits for an answer")
    GRANTED = "granted", _("Granted")
    DENIED = "denied", _("Denied")


PROLONGATION_CATEGORY = {
    ProlongationStatus.PENDING: "waiting",
    ProlongationStatus.GRANTED: "done",
    ProlongationStatus.DENIED: "failed",
}


class DenyReason(models.TextChoices):
    """Why a prolongation was denied."""

    IAE = "iae", _("Work integration no longer suits the person")
    SIAE = "siae", _("This kind of structure no longer suits the person")
    DURATION = "duration", _("The length asked for does not suit")
    REASON = "reason", _("The reason asked for does not suit")


class ProposedAction(models.TextChoices):
    """What is proposed instead."""

    EXIT_IAE = "exit_iae", _("Help to find work outside of integration")
    SOCIAL_PARTNER = "social_partner", _("Orientation to a social partner")
    OTHER = "other", _("Something else")


class ClosedAs(models.TextChoices):
    """How an entry of the ledger stopped counting."""

    REPLACED = "replaced", _("Replaced by another entry")
    CANCELLED = "cancelled", _("Cancelled")


class CloseReason(models.TextChoices):
    """Why. Another entry says what is true, or nothing does."""

    MISTAKE = "mistake", _("Written down by mistake")
    CORRECTED = "corrected", _("Days or reason corrected")
    HIRED_AGAIN = "hired_again", _("The person was hired again")
    HIRE_WITHDRAWN = "hire_withdrawn", _("The hire that had ended it was withdrawn")
    DECIDED_OTHERWISE = "decided_otherwise", _("Decided otherwise")


class DiagnosisMaker(models.TextChoices):
    """Who made a diagnosis of eligibility: it counts longer when an authorised prescriber did."""

    PRESCRIBER = "prescriber", _("An authorised prescriber")
    EMPLOYER = "employer", _("The employer")


class AppointmentKind(models.TextChoices):
    """What somebody meets their social adviser for."""

    WELCOME = "welcome", _("First interview")
    FOLLOW_UP = "follow_up", _("Follow-up interview")
    REVIEW = "review", _("Review of the pathway")
    PARTNER = "partner", _("Meeting with a partner")
    EXIT = "exit", _("Preparing what comes after")


class AppointmentStatus(models.TextChoices):
    """Whether the person came; not why they did not."""

    PENDING = "pending", pgettext_lazy("appointment", "Planned")
    PRESENT = "present", _("Came")
    ABSENT = "absent", _("Did not come")
    CANCELLED = "cancelled", pgettext_lazy("appointment", "Cancelled")


APPOINTMENT_CATEGORY = {
    AppointmentStatus.PENDING: "waiting",
    AppointmentStatus.PRESENT: "done",
    AppointmentStatus.ABSENT: "failed",
    AppointmentStatus.CANCELLED: "cancelled",
}
