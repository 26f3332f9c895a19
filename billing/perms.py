"""Who may do what with invoices. Reading is ``Invoice.objects.visible_to(actor)``."""

from __future__ import annotations

from billing.models.documents import INVOICE_ROLES
from bookings.perms import DESK
from concierge.tenancy import Actor


def can_see_invoices_of_others(actor: Actor) -> bool:
    """Whether the list shows more than one's own invoices."""
    return actor.has_role(*INVOICE_ROLES)


def can_see_dues(actor: Actor) -> bool:
    """Whoever stands at a desk tells a client what they owe, of the requests that they see; documents stay hidden."""
    return actor.has_role(*DESK, *INVOICE_ROLES)


def can_invoice(actor: Actor) -> bool:
    """Issue and credit: an accountant or manager of the whole organisation, for a series belongs to it as a whole."""
    return actor.kind == "system" or (actor.has_role(*INVOICE_ROLES) and actor.site_ids(*INVOICE_ROLES) is None)
