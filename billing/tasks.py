"""Celery tasks of billing: thin, ids only, safe twice."""

from __future__ import annotations

import datetime as dt

import structlog
from celery import shared_task
from django.utils import timezone

from billing.actions.content import InvoicingNotReady
from billing.actions.documents import claim_drawing, note_render_failure, store_pdf
from billing.actions.invoices import NothingToInvoice, invoice_payer
from billing.gateways import DocumentRenderFailed, render_invoice_pdf
from billing.models import Invoice
from billing.models.billable import owing
from bookings.models import Client, ClientAccount
from concierge import tenancy
from concierge.errors import FAULTS
from concierge.models import Organisation
from concierge.tasks import beat_seen, organisation_ids, poke

log = structlog.get_logger(__name__)

# Documents of one organisation in one sweep, so that the next organisation has its turn within the task's time.
RENDER_BATCH = 20


@shared_task(name="billing.invoice_everyone")
def invoice_everyone() -> None:
    """Every night: one task per payer with checked work. Lost tasks are found again the next night."""
    until = timezone.now()
    for organisation_id in organisation_ids(with_sandboxes=False):
        with tenancy.working_for(organisation_id):
            for row in owing(organisation_id, until=until):
                kind = "account" if row["account"] else "client"
                poke(invoice_one_payer, organisation_id, kind, row["account"] or row["person"], until.isoformat())
    beat_seen("nightly-invoicing")


@shared_task(name="billing.invoice_payer")
def invoice_one_payer(organisation_id: int, payer_kind: str, payer_id: int, until: str) -> None:
    """Invoice what one payer owes. Run twice or four times at once: the same result."""
    model = ClientAccount if payer_kind == "account" else Client
    organisation = Organisation.objects.get(pk=organisation_id)
    with tenancy.working_for(organisation):
        payer = model._default_manager.get(pk=payer_id)
        try:
            invoice_payer(payer, until=dt.datetime.fromisoformat(until), by=tenancy.system_actor(organisation))
        except NothingToInvoice:
            return
        except InvoicingNotReady as refusal:
            # The page “To invoice” keeps showing this payer, with the reason when somebody presses the button.
            log.warning(
                "invoicing_not_ready", organisation_id=organisation_id, payer_kind=payer_kind, code=refusal.code
            )


@shared_task(name="billing.render_document")
def render_document(organisation_id: int, invoice_id: int) -> None:
    """Draw and keep the PDF of one document; a failure is shown and tried again by the sweep."""
    organisation = Organisation.objects.get(pk=organisation_id)
    with tenancy.working_for(organisation):
        invoice = Invoice.objects.get(pk=invoice_id)
        try:
            content = render_invoice_pdf(invoice.snapshot, language=invoice.language)
        except DocumentRenderFailed as failure:
            note_render_failure(invoice, str(failure.details.get("reason", failure.code)))
            log.warning("document_render_failed", organisation_id=organisation_id, invoice_id=invoice_id)
        except FAULTS as fault:
            # A fault of ours in one document: shown on its page like any other, and the others are drawn.
            note_render_failure(invoice, type(fault).__name__)
            log.exception("document_not_drawn", organisation_id=organisation_id, invoice_id=invoice_id)
        else:
            store_pdf(invoice, content, by=tenancy.system_actor(organisation))


@shared_task(name="billing.render_pending_documents")
def render_pending_documents() -> None:
    """Every minute: documents whose wake-up call was lost or whose drawing failed."""
    for organisation_id in organisation_ids():
        with tenancy.working_for(organisation_id):
            for _one in range(RENDER_BATCH):
                invoice_id = claim_drawing(organisation_id)
                if invoice_id is None:
                    break
                render_document(organisation_id, invoice_id)
    beat_seen("render-documents")
