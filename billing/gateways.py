"""How the documents of billing are drawn: snapshot in, bytes of an archival PDF out, with the file of the invoice."""

from __future__ import annotations

from datetime import UTC, datetime

from billing.rules.cii import has_file, invoice_xml
from billing.rules.facturx import UnexpectedPdf, describe_file
from billing.rules.snapshot import Snapshot
from concierge.documents import DocumentRenderFailed, render_pdf

__all__ = ["DocumentRenderFailed", "render_invoice_pdf"]


def render_invoice_pdf(snapshot: Snapshot, *, language: str) -> bytes:
    """Return the Factur-X of an invoice or credit note: PDF/A-3 in ``fr`` or ``en`` with its XML attached.

    Raises ``DocumentRenderFailed``. A document whose content is older than the files (layout 1) is a PDF alone.
    """
    issued = datetime.fromisoformat(snapshot["issue_date"]).replace(tzinfo=UTC)
    if not has_file(snapshot):
        return render_pdf("invoice.typ", snapshot, language=language, timestamp=issued)
    pdf = render_pdf("invoice.typ", snapshot, language=language, timestamp=issued, attached=invoice_xml(snapshot))
    try:
        return describe_file(pdf)
    except UnexpectedPdf as error:
        raise DocumentRenderFailed(reason=str(error)) from error
