"""Celery tasks of bookings: thin, ids only, safe twice."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from bookings.actions.quote_documents import claim_quote_drawing, note_drawing_failure, store_quote_pdf
from bookings.actions.silences import plan_digests
from bookings.gateways.files import render_quote_pdf
from bookings.models import QuoteDocument
from concierge import tenancy
from concierge.documents import DocumentRenderFailed
from concierge.errors import FAULTS
from concierge.models import Organisation
from concierge.tasks import beat_seen, organisation_ids

log = structlog.get_logger(__name__)

# Documents of one organisation in one sweep, so that the next organisation has its turn within the task's time.
RENDER_BATCH = 20


@shared_task(name="bookings.render_quote")
def render_quote(organisation_id: int, document_id: int) -> None:
    """Draw and keep the PDF of one quote; a failure is shown and tried again by the sweep."""
    organisation = Organisation.objects.get(pk=organisation_id)
    with tenancy.working_for(organisation):
        document = QuoteDocument.objects.select_related("quote__request__site", "quote__chosen").get(pk=document_id)
        try:
            content = render_quote_pdf(document)
        except DocumentRenderFailed as failure:
            note_drawing_failure(document, str(failure.details.get("reason", failure.code)))
            log.warning("quote_render_failed", organisation_id=organisation_id, document_id=document_id)
        except FAULTS as fault:
            # A fault of ours in one document: shown on its page, and the others are drawn.
            note_drawing_failure(document, type(fault).__name__)
            log.exception("quote_not_drawn", organisation_id=organisation_id, document_id=document_id)
        else:
            store_quote_pdf(document, content, by=tenancy.system_actor(organisation))


@shared_task(name="bookings.render_pending_quotes")
def render_pending_quotes() -> None:
    """Every minute: quotes whose wake-up call was lost or whose drawing failed."""
    for organisation_id in organisation_ids():
        with tenancy.working_for(organisation_id):
            for _one in range(RENDER_BATCH):
                document_id = claim_quote_drawing(organisation_id)
                if document_id is None:
                    break
                render_quote(organisation_id, document_id)
    beat_seen("render-quotes")


@shared_task(name="bookings.plan_digests")
def plan_all_digests() -> None:
    """Every night: set the next mail about silences of each site. Twice, or by two beats: the same rows."""
    for organisation_id in organisation_ids(with_sandboxes=False):
        with tenancy.working_for(organisation_id):
            plan_digests(timezone.now())
