"""Who issues, under which legal texts, in which series; the sealed documents."""

from billing.models.documents import Invoice, InvoiceLine, InvoiceQuerySet, StoredDocument
from billing.models.issuers import LegalEntity, LegalText, Series

__all__ = ["Invoice", "InvoiceLine", "InvoiceQuerySet", "LegalEntity", "LegalText", "Series", "StoredDocument"]
