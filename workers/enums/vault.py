"""What may be kept apart about a person: codes, never sentences (domain.md 2.6, 4.1)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FactCode(models.TextChoices):
    """The eight obstacles of the yearly report to the ASP, and what opens rights."""

    LITERACY = "literacy", _("Obstacle: reading, writing, French")
    RIGHTS = "rights", _("Obstacle: paperwork and rights")
    HOUSING = "housing", _("Obstacle: housing")
    MOBILITY = "mobility", _("Obstacle: mobility")
    HEALTH = "health", _("Obstacle: health")
    JUSTICE = "justice", _("Obstacle: justice")
    DEBT = "debt", _("Obstacle: debts and finances")
    AVAILABILITY = "availability", _("Obstacle: lack of availability")
    RQTH = "rqth", _("Recognised as a disabled worker (RQTH)")
    AAH = "aah", _("Allowance of disabled adults (AAH)")
    REFUGEE = "refugee", _("Refugee, protected person or asylum seeker")
    CHILD_WELFARE = "child_welfare", _("Left child welfare (ASE)")
    JUSTICE_CONTROL = "justice_control", _("Left prison or followed by the courts")


class FollowUpBy(models.TextChoices):
    """Who accompanies the person on it."""

    NOBODY = "nobody", _("Nobody yet")
    INTERNAL = "internal", _("Our team")
    EXTERNAL = "external", _("A partner")
    BOTH = "both", _("Our team and a partner")


class VaultPurpose(models.TextChoices):
    """What somebody opens these facts for: asked each time, and kept."""

    FOLLOW_UP = "follow_up", _("To prepare or hold an interview")
    RIGHTS = "rights", _("To open or renew a right")
    ASP_REPORT = "asp_report", _("For the yearly report to the ASP")
    CONTROL = "control", _("For a control by the State")
    PERSON_ASKED = "person_asked", _("The person asked to see them")


class VaultAct(models.TextChoices):
    """What was done."""

    READ = "read", _("Read")
    REASONS = "reasons", _("Reasons of the PASS read")
    REPORT = "report", _("Report (bilan) read")
    NOTED = "noted", _("Added")
    ENDED = "ended", _("Ended")


# Each of these says what it was for.
READING_ACTS = (VaultAct.READ, VaultAct.REASONS, VaultAct.REPORT)
