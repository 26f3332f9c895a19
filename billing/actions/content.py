"""The content of a document, frozen: everything that its print and its file say, and nothing that would be refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from billing.enums import FileFault, VatRegime
from billing.models import LegalEntity, LegalText
from billing.rules.faults import Fault, faults
from billing.rules.mentions import MissingLegalText, pick, required_codes, unprinted_codes
from billing.rules.money import Amounts
from billing.rules.snapshot import Buyer, Heading, Snapshot, SnapshotRefused, invoice_snapshot
from concierge.errors import DomainError


class InvoicingNotReady(DomainError):
    """Something that the law wants on the document is missing; the message says what."""

    code = "invoicing_not_ready"
    status = 409
    message = _("Fill in the issuer of your invoices first: name, address and SIREN.")


class FileRefused(InvoicingNotReady):
    """The file of the document would be refused by the platforms; the message says everything that is wrong."""

    code = "file_refused"

    def __init__(self, found: Sequence[Fault]) -> None:
        super().__init__(words_of(found), faults=[fault.code for fault in found])


def words_of(found: Iterable[Fault]) -> str:
    """What is wrong, for people, each thing once; empty when nothing is."""
    return " ".join(dict.fromkeys(str(FileFault(fault.code).label) % fault.about for fault in found))


def content_of(entity: LegalEntity, heading: Heading, buyer: Buyer, amounts: Amounts) -> Snapshot:
    """The content of a document that validators will take; raises ``InvoicingNotReady``, ``FileRefused``."""
    texts = [text.as_mention() for text in LegalText.objects.standing().filter(organisation_id=entity.organisation_id)]
    consumer = buyer.kind == "consumer"
    codes = required_codes(
        buyer_is_consumer=consumer,
        franchise=entity.vat_regime == VatRegime.FRANCHISE,
        vat_on_debits=entity.vat_on_debits,
        categories=[row.category for row in amounts.vat],
    )
    try:
        snapshot = invoice_snapshot(
            heading=heading,
            seller=entity.as_seller(),
            buyer=buyer,
            amounts=amounts,
            basis="gross",
            mentions=pick(codes, texts, on=heading.issued_on),
            unprinted=pick(unprinted_codes(buyer_is_consumer=consumer), texts, on=heading.issued_on),
            payment_terms={"fr": entity.payment_terms_fr, "en": entity.payment_terms_en or entity.payment_terms_fr},
        )
    except MissingLegalText as error:
        raise InvoicingNotReady(_("A legal text is missing for today: please complete the legal texts.")) from error
    except SnapshotRefused as error:
        raise InvoicingNotReady(_("The law wants more on this document: please check issuer and payer.")) from error
    if found := faults(snapshot):
        raise FileRefused(found)
    return snapshot


def seal_of(snapshot: Mapping[str, object]) -> str:
    """SHA-256 of the canonical JSON of a snapshot: what an auditor recomputes."""
    text = json.dumps(snapshot, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
