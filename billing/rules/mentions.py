"""Which legal sentences a document must carry. The sentences themselves are dated rows that an accountant can change.

Sources: C. com. L441-9, L441-10 and D441-5 (businesses); arrêté 83-50/A (consumers); CGI ann. II art. 242 nonies A;
CGI 293 B. Penalties and the fixed 40 euros are for professionals only: they are never printed for a consumer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

LATE_PENALTIES = "late_penalties"
RECOVERY_COSTS = "recovery_costs"
EARLY_PAYMENT = "early_payment_discount"
FRANCHISE = "vat_franchise"
VAT_ON_DEBITS = "vat_on_debits"
REVERSE_CHARGE = "reverse_charge"
EXEMPT = "vat_exempt"

NOT_FOR_CONSUMERS = "not_for_consumers"
OUTSIDE_VAT = "outside_vat"

BUSINESS_ONLY = (LATE_PENALTIES, RECOVERY_COSTS, EARLY_PAYMENT)
# Which sentences say why there is no VAT, per category of UNTDID 5305 (BT-120, BT-121).
EXEMPTIONS: Mapping[str, tuple[str, ...]] = {
    "E": (FRANCHISE, EXEMPT),
    "AE": (REVERSE_CHARGE,),
    "O": (OUTSIDE_VAT,),
}


class MissingLegalText(LookupError):
    """No dated row, or more than one, gives the sentence that the law asks for on that day."""


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A legal sentence in force from ``valid_from`` to ``valid_to`` included (open when ``None``), per language.

    ``vatex`` is the code of the reason for which there is no VAT (list VATEX of EN 16931), if the sentence says one.
    """

    code: str
    text: Mapping[str, str]
    valid_from: date
    valid_to: date | None = None
    law_ref: str = ""
    vatex: str = ""

    def in_force(self, on: date) -> bool:
        """True if the sentence is the law of that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def required_codes(
    *,
    buyer_is_consumer: bool,
    franchise: bool = False,
    vat_on_debits: bool = False,
    categories: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return the codes of the sentences that a document must carry, in the order in which they are printed."""
    codes: list[str] = []
    present = set(categories)
    if franchise:
        codes.append(FRANCHISE)
    elif "E" in present:
        codes.append(EXEMPT)
    if "AE" in present:
        codes.append(REVERSE_CHARGE)
    if "O" in present:
        codes.append(OUTSIDE_VAT)
    if vat_on_debits and not franchise:
        codes.append(VAT_ON_DEBITS)
    if not buyer_is_consumer:
        codes.extend(BUSINESS_ONLY)
    return tuple(codes)


def unprinted_codes(*, buyer_is_consumer: bool) -> tuple[str, ...]:
    """Return the codes of the sentences that the file must carry and the print must not.

    BR-FR-05 wants a note on penalties, recovery costs and discount in every file; for a consumer it says that they do
    not apply.
    """
    return (NOT_FOR_CONSUMERS,) if buyer_is_consumer else ()


def pick(codes: Iterable[str], rows: Iterable[Mention], *, on: date) -> tuple[Mention, ...]:
    """Return the sentence in force ``on`` that day for each code; raises ``MissingLegalText`` unless there is one."""
    current = [row for row in rows if row.in_force(on)]
    picked = []
    for code in codes:
        found = [row for row in current if row.code == code]
        if len(found) != 1:
            raise MissingLegalText(f"{len(found)} legal texts {code} on {on.isoformat()}, one is needed")
        picked.append(found[0])
    return tuple(picked)
