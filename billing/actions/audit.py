"""The auditor of documents (trust.md 4: I5, I7; R29): what was tampered with, named. Reads only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Sum

from billing.actions.content import seal_of
from billing.models import Invoice, Series, StoredDocument
from billing.rules.cii import has_file


def faults(organisation_id: int) -> Iterator[str]:
    """Yield one English sentence per fault of the organisation's documents, oldest first; nothing when all is well."""
    for series in Series.objects.filter(organisation_id=organisation_id).order_by("pk"):
        yield from _gaps(series)
    for invoice in Invoice.objects.filter(organisation_id=organisation_id).order_by("pk").iterator(chunk_size=200):
        yield from _content_faults(invoice)
    for kept in StoredDocument.objects.select_related("invoice").order_by("pk").iterator(chunk_size=50):
        if hashlib.sha256(bytes(kept.content)).hexdigest() != kept.sha256:
            yield f"{kept.invoice.number}: the kept PDF is not the one that was stored"
        if has_file(kept.invoice.snapshot) and hashlib.sha256(bytes(kept.xml)).hexdigest() != kept.xml_sha256:
            yield f"{kept.invoice.number}: the kept file is not the one that was stored"


def _gaps(series: Series) -> Iterator[str]:
    found = list(series.documents.order_by("sequence").values_list("sequence", flat=True))
    missing = sorted(set(range(1, series.last_number + 1)) - set(found))
    if missing:
        yield f"series {series}: number {missing[0]} is missing"
    if found and found[-1] > series.last_number:
        yield f"series {series}: number {found[-1]} is above the counter"
    dates = list(series.documents.order_by("sequence").values_list("issued_on", flat=True))
    if dates != sorted(dates):
        yield f"series {series}: dates go backwards"


def _content_faults(invoice: Invoice) -> Iterator[str]:
    if seal_of(invoice.snapshot) != invoice.snapshot_sha256:
        yield f"{invoice.number}: the content is not the one that was sealed"
    totals = invoice.snapshot["totals"]
    printed = (invoice.snapshot["number"], Decimal(totals["net"]), Decimal(totals["vat"]), Decimal(totals["gross"]))
    if printed != (invoice.number, invoice.total_excl_vat, invoice.total_vat, invoice.total_incl_vat):
        yield f"{invoice.number}: columns and printed content differ"
    lines = invoice.lines.aggregate(net=Sum("net"), amount=Sum("amount"))
    if (lines["net"], lines["amount"]) != (invoice.total_excl_vat, invoice.total_incl_vat):
        yield f"{invoice.number}: lines do not add up to the totals"
