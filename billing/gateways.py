"""How the documents of billing are drawn: snapshot in, bytes of an archival PDF out."""

from __future__ import annotations

from datetime import UTC, datetime

from billing.rules.snapshot import Snapshot
from concierge.documents import DocumentRenderFailed, render_pdf

__all__ = ["DocumentRenderFailed", "render_invoice_pdf"]


def render_invoice_pdf(snapshot: Snapshot, *, language: str) -> bytes:
    """Return the PDF of an invoice or credit note, in ``fr`` or ``en``; raises ``DocumentRenderFailed``."""
    issued = datetime.fromisoformat(snapshot["issue_date"]).replace(tzinfo=UTC)
    return render_pdf("invoice.typ", snapshot, language=language, timestamp=issued)
