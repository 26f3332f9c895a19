"""What happens to a document after issue: its PDF is kept, it is sent."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.enums import RenderStatus
from billing.models import Invoice, StoredDocument
from billing.rules.cii import has_file, invoice_xml
from concierge import events
from concierge.errors import DomainError
from concierge.events import backoff
from concierge.tenancy import Actor

# How long a document is left to whoever draws it now: longer than a task may last.
DRAWING = dt.timedelta(minutes=3)


class NoFile(DomainError):
    """The document is older than the files of e-invoicing."""

    code = "no_file"
    status = 404
    message = _("This document has no file: it was issued before e-invoicing.")


class DocumentNotReady(DomainError):
    """The PDF is still being drawn."""

    code = "document_not_ready"
    status = 409
    message = _("The PDF is still being prepared. Please come back in a minute.")


def kept_pdf(invoice: Invoice) -> StoredDocument:
    """The kept bytes of a document; raises ``DocumentNotReady``."""
    kept = StoredDocument.objects.filter(invoice=invoice).first()
    if kept is None:
        raise DocumentNotReady
    return kept


def kept_xml(invoice: Invoice) -> bytes:
    """The kept file of a document, the very one inside its PDF; raises ``DocumentNotReady``, ``NoFile``."""
    content = bytes(kept_pdf(invoice).xml)
    if not content:
        raise NoFile
    return content


@transaction.atomic
def claim_drawing(organisation_id: int) -> int | None:
    """Key of the next document to draw, left to the caller for a while; ``None`` when none waits.

    Its turn comes later again before it is drawn: a document that kills its task keeps no other from being drawn (R18).
    """
    now = timezone.now()
    waiting = Invoice.objects.filter(organisation_id=organisation_id).waiting_for_pdf(now)
    invoice = (
        waiting.select_for_update(of=("self",), skip_locked=True, no_key=True).order_by("render_next_at", "pk").first()
    )
    if invoice is None:
        return None
    invoice.render_next_at = now + DRAWING
    invoice.save(update_fields=["render_next_at"])
    return invoice.pk


@transaction.atomic
def store_pdf(invoice: Invoice, content: bytes, *, by: Actor) -> StoredDocument:
    """Keep the bytes of a document once and for all. Stored already: the first bytes stay (safe to run twice)."""
    invoice = Invoice.objects.select_for_update(of=("self",), no_key=True).get(pk=invoice.pk)
    kept = StoredDocument.objects.filter(invoice=invoice).first()
    if kept is not None:
        return kept
    # The file is a function of the sealed content: these are the bytes that the renderer attached.
    xml = invoice_xml(invoice.snapshot) if has_file(invoice.snapshot) else b""
    kept = StoredDocument.objects.create(
        organisation_id=invoice.organisation_id,
        invoice=invoice,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        xml=xml,
        xml_sha256=hashlib.sha256(xml).hexdigest() if xml else "",
    )
    invoice.render_status, invoice.render_error = RenderStatus.READY, ""
    invoice.save(update_fields=["render_status", "render_error"])
    events.record("invoice.rendered", invoice, by=by, number=invoice.number, kind=invoice.kind)
    return kept


@transaction.atomic
def note_render_failure(invoice: Invoice, reason: str) -> None:
    """The renderer failed: show it on the page and try again later and later. The number and content stay."""
    invoice = Invoice.objects.select_for_update(of=("self",), no_key=True).get(pk=invoice.pk)
    if invoice.render_status == RenderStatus.READY:
        return
    invoice.render_status = RenderStatus.FAILED
    invoice.render_attempts += 1
    invoice.render_error = reason[:300]
    invoice.render_next_at = timezone.now() + backoff(invoice.render_attempts, base=30)
    invoice.save(update_fields=["render_status", "render_attempts", "render_error", "render_next_at"])


@transaction.atomic
def mark_sent(invoice: Invoice, *, at: dt.datetime) -> None:
    """Note that the document left for its payer; the first time counts."""
    Invoice.objects.filter(pk=invoice.pk, sent_at=None).update(sent_at=at)
