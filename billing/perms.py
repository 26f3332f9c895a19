"""Who may do what with invoices. Reading is ``Invoice.objects.visible_to(actor)``."""

from __future__ import annotations

from billing.models.documents import INVOICE_ROLES
from concierge.tenancy import Actor


def can_see_invoices_of_others(actor: Actor) -> bool:
    """Whether the list shows more than one's own invoices."""
    return actor.has_role(*INVOICE_ROLES)


def can_invoice(actor: Actor) -> bool:
    """Issue and credit: an accountant or manager of the whole organisation, for a series belongs to it as a whole."""
    return actor.kind == "system" or (actor.has_role(*INVOICE_ROLES) and actor.site_ids(*INVOICE_ROLES) is None)
