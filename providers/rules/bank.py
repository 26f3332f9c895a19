"""Numbers of bank accounts: read as people type them, shown so that nobody can use them."""

from __future__ import annotations

from stdnum import iban

# Where a transfer in euros reaches (SEPA, as the European Payments Council lists it).
SEPA = frozenset(
    {"AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR", "HU"}
    | {"IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE"}
    | {"SI", "SK", "SM", "VA"}
)


def read_iban(text: str) -> str:
    """The number without blanks, in capitals; empty when its check digits, length or form are wrong."""
    number = str(iban.compact(text))
    return number if number.isascii() and iban.is_valid(number) else ""


def reaches(number: str) -> bool:
    """Whether a transfer in euros reaches it."""
    return number[:2] in SEPA


def masked(first4: str, last4: str) -> str:
    """What pages, letters and the API show of it."""
    return f"{first4} … {last4}"
