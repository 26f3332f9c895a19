"""Closed lists of the bodies that employ people, of their contracts and of what a doctor or the person says (R22)."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.enums import ClearanceKind, Demand


class EmployerKind(models.TextChoices):
    """What a legal body that signs contracts is (domain.md 2.1). Site, employer and convention are three things."""

    EI = "ei", _("Work-integration company (EI)")
    ACI = "aci", _("Work-integration workshop (ACI)")
    AI = "ai", _("Intermediary association (AI)")
    ETTI = "etti", _("Temporary-work integration company (ETTI)")
    EITI = "eiti", _("Integration by self-employment (EITI)")
    OTHER = "other", _("Employer without convention")
    OUTSIDE = "outside", _("Outside employer of a second contract")


K = EmployerKind

# Codes of the measure at the ASP, the usual one first, the one of prisons after it.
ASP_MEASURES: dict[str, tuple[str, ...]] = {
    K.EI: ("EI_DC", "EI_MP"),
    K.ACI: ("ACI_DC", "ACI_MP"),
    K.AI: ("AI_DC",),
    K.ETTI: ("ETTI_DC",),
    K.EITI: ("EITI_DC",),
    K.OTHER: ("",),
    K.OUTSIDE: ("",),
}
MEASURE_CODES = sorted({code for codes in ASP_MEASURES.values() for code in codes if code})


class AnnexState(models.TextChoices):
    """States of a financial annex in the Extranet of the ASP (domain.md 2.5)."""

    VALID = "valid", pgettext_lazy("annex", "Valid")
    PROVISIONAL = "provisional", pgettext_lazy("annex", "Provisional")
    CLOSED = "closed", pgettext_lazy("annex", "Closed")
    ARCHIVED = "archived", pgettext_lazy("annex", "Archived")
    CANCELLED = "cancelled", pgettext_lazy("annex", "Cancelled")
    ENTERED = "entered", pgettext_lazy("annex", "Entered")
    DRAFT = "draft", pgettext_lazy("annex", "Draft")
    REJECTED = "rejected", pgettext_lazy("annex", "Rejected")


# Contracts count on these, between the first and the last day of the annex.
ACTIVE_ANNEX = (AnnexState.VALID, AnnexState.PROVISIONAL)


class HoursBasis(models.TextChoices):
    """Which hours the State counts for one full-time place of an annex."""

    WORKED = "worked", _("Hours worked")
    PAID = "paid", _("Hours paid")


class ContractKind(models.TextChoices):
    """What binds a person to an employer."""

    CDDI = "cddi", _("Fixed-term integration contract (CDDI)")
    CDDU = "cddu", _("Contract of use (CDDU)")
    MISSION = "mission", _("Mission contract")
    CDI_INCLUSION = "cdi_inclusion", _("Open-ended inclusion contract (57 and over)")
    ACCOMPANIMENT = "accompaniment", _("Accompaniment contract")
    ORDINARY = "ordinary", _("Ordinary contract")


C = ContractKind

# Where there is little room.
SHORT_KINDS: dict[str, Any] = {
    C.CDDI: "CDDI",
    C.CDDU: "CDDU",
    C.MISSION: _("Mission"),
    C.CDI_INCLUSION: _("Inclusion contract"),
    C.ACCOMPANIMENT: _("Accompaniment"),
    C.ORDINARY: _("Ordinary contract"),
}

# Which contracts an employer may sign with a person, the usual one first (domain.md 2.1).
KINDS_OF_EMPLOYER: dict[str, tuple[ContractKind, ...]] = {
    K.EI: (C.CDDI, C.CDI_INCLUSION, C.ORDINARY),
    K.ACI: (C.CDDI, C.CDI_INCLUSION, C.ORDINARY),
    K.AI: (C.CDDI, C.CDDU, C.CDI_INCLUSION, C.ORDINARY),
    K.ETTI: (C.MISSION, C.CDI_INCLUSION, C.ORDINARY),
    K.EITI: (C.ACCOMPANIMENT,),
    K.OTHER: (C.ORDINARY,),
    K.OUTSIDE: (C.ORDINARY,),
}
# These have a last day from the first day on.
FIXED_TERM = (C.CDDI, C.CDDU, C.MISSION)


class EndReason(models.TextChoices):
    """Why a contract ended before its last day. Never a cause of health or of a private kind (P01)."""

    TRIAL = "trial", _("End of the trial period")
    AGREED = "agreed", _("By mutual agreement")
    RESIGNED = "resigned", _("At the person’s wish")
    OTHER_JOB = "other_job", _("Hired elsewhere (L5132-5)")
    TRAINING = "training", _("Left for a training (L5132-5)")
    DISMISSED = "dismissed", _("Broken by the employer")
    OTHER = "other", _("Other reason")


class RiderReason(models.TextChoices):
    """Why a contract is changed while it runs."""

    STEP = "step", _("Step of the pathway")
    REPLACEMENT = "replacement", _("Replaces somebody")
    ACTIVITY = "activity", _("More work for a time")
    WISH = "wish", _("At the person’s wish")
    ANNEX = "annex", _("Change of financial annex")
    OTHER = "other", _("Other reason")


class DerogationKind(models.TextChoices):
    """A written decision by which a contract may be what the rule forbids (domain.md 2.2).

    ``BEYOND_STATUS`` covers a situation that the law names: the cause is neither asked nor kept here.
    """

    FLOOR_ACI = "floor_aci", _("Under 20 hours: waiver of the prefect (ACI)")
    CUMUL = "cumul", _("Two contracts side by side")
    BEYOND_TRAINING = "beyond_training", _("Beyond 24 months: a training to finish")
    BEYOND_AGE = "beyond_age", _("Beyond 24 months: 50 and over")
    BEYOND_STATUS = "beyond_status", _("Beyond 24 months: recognised situation")
    BEYOND_ACI = "beyond_aci", _("Beyond 24 months: particular difficulties (ACI)")
    EARLIER = "earlier", _("Taken over from before")


D = DerogationKind

# A contract under the floor of hours rests on one of these.
FLOOR_DEROGATIONS = (D.FLOOR_ACI, D.CUMUL, D.EARLIER)
# These let a pathway go on beyond 24 months.
BEYOND_DEROGATIONS = (D.BEYOND_TRAINING, D.BEYOND_AGE, D.BEYOND_STATUS, D.BEYOND_ACI)
# Decisions of a year at most each.
YEARLY_DEROGATIONS = (D.FLOOR_ACI, D.BEYOND_AGE, D.BEYOND_STATUS, D.BEYOND_ACI)


class RestrictionCode(models.TextChoices):
    """What somebody must not be given to do, or needs. A capability, never its cause (L23)."""

    NO_LADDER = "no_ladder", _("No ladder, no work at height")
    NO_HEAVY_LOAD = "no_heavy_load", _("No heavy loads")
    NO_DRIVING = "no_driving", _("No driving")
    NO_CHEMICALS = "no_chemicals", _("No chemical products")
    NOT_ALONE = "not_alone", _("Not alone at a client’s")
    NO_NIGHT = "no_night", _("No work at night")
    NOT_BEFORE = "not_before", _("Not before a time")
    NOT_AFTER = "not_after", _("Not after a time")
    NEEDS_BUS_LINE = "needs_bus_line", _("Goes by bus only")
    AUDIO = "audio", _("Instructions to listen to")


# Which restriction rules out what the work of a service asks for, by itself or by a clearance.
FORBIDS: dict[str, RestrictionCode] = {
    Demand.LADDER: RestrictionCode.NO_LADDER,
    Demand.HEAVY: RestrictionCode.NO_HEAVY_LOAD,
    Demand.CHEMICALS: RestrictionCode.NO_CHEMICALS,
    ClearanceKind.DRIVING_B: RestrictionCode.NO_DRIVING,
    ClearanceKind.FORKLIFT: RestrictionCode.NO_DRIVING,
}
# These carry a time of day.
TIMED_RESTRICTIONS = (RestrictionCode.NOT_BEFORE, RestrictionCode.NOT_AFTER)
AT_A_TIME: dict[str, Any] = {
    RestrictionCode.NOT_BEFORE: _("Not before %(time)s"),
    RestrictionCode.NOT_AFTER: _("Not after %(time)s"),
}
