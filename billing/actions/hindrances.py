"""What would be refused of every document of an issuer or for a payer: said before anybody asks for one."""

from __future__ import annotations

from dataclasses import asdict

from billing.actions.content import words_of
from billing.enums import VatRegime
from billing.models import LegalEntity
from billing.models.billable import Due, buyer_of_account
from billing.rules.einvoice import way_of_buyer, way_of_seller
from billing.rules.faults import buyer_faults, seller_faults
from bookings.models import ClientAccount


def hindrance_of_issuer(entity: LegalEntity) -> str:
    """What must be corrected before anything can be issued, in words; empty when nothing must."""
    seller = asdict(entity.as_seller())
    without_vat = entity.vat_regime == VatRegime.FRANCHISE
    return words_of(seller_faults(seller, way_of_seller(seller, without_vat=without_vat)))


def hindrance_of_payer(due: Due, entity: LegalEntity) -> str:
    """What must be corrected before this payer can be invoiced, in words; empty when nothing must. No query."""
    if not isinstance(due.payer, ClientAccount):
        return ""
    buyer, seller = asdict(buyer_of_account(due.payer)), asdict(entity.as_seller())
    return words_of(buyer_faults(buyer, way_of_buyer(buyer, seller), business=True))
