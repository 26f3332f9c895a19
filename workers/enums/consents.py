"""States of somebody's yes to hours that were told late (L13, L14)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ConsentStatus(models.TextChoices):
    """Asked on the phone, or noted by whoever plans; a no is no fault."""

    ASKED = "asked", _("Waits for an answer")
    AGREED = "agreed", _("Agrees")
    DECLINED = "declined", _("Said no")


class SaidBy(models.TextChoices):
    """Who wrote the answer down."""

    PERSON = "person", _("The person")
    TEAM = "team", _("The team, for the person")
