"""Numbers that carry their own proof: check digits of the registers of the State."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum.fr import siret as siret_number


def check_siret(value: str) -> None:
    """A SIRET has fourteen digits and a right check digit. Raises ``ValidationError``."""
    if not siret_number.is_valid(value):
        raise ValidationError(_("This SIRET is not valid: please check its fourteen digits."), code="siret")


def tidy_siret(value: str) -> str:
    """Its digits alone, as people type them with blanks."""
    return str(siret_number.compact(value))
