"""Issue invoices and credit notes: number, snapshot and lines in one transaction, or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.actions.content import InvoicingNotReady, content_of, seal_of
from billing.enums import DocumentKind, DocumentStatus, VatRegime
from billing.models import Invoice, InvoiceLine, LegalEntity
from billing.models.billable import buyer_of_account, is_unfinished, lines_of
from billing.models.issuers import next_number
from billing.rules.cii import has_file
from billing.rules.money import AmountRefused, Amounts, Line, compute, creditable
from billing.rules.snapshot import Address, Buyer, Heading, Kind
from bookings.models import Client, ClientAccount, RequestLine, ServiceRequest
from concierge import events
from concierge.db import refuse_on
from concierge.errors import DomainError, Invalid, WrongState
from concierge.tenancy import Actor

PREFIX = {DocumentKind.INVOICE: "F", DocumentKind.CREDIT_NOTE: "A"}


class NothingToInvoice(DomainError):
    """All checked work of this payer is already on an invoice."""

    code = "nothing_to_invoice"
    status = 409
    message = _("There is nothing to invoice: all checked work is already on an invoice.")


class WorkUnfinished(DomainError):
    """Only finished requests are invoiced."""

    code = "work_unfinished"
    status = 409
    message = _("This request is not finished: its invoice comes once all its work is checked.")


class CreditAboveInvoice(DomainError):
    """Credit notes never exceed their invoice (R30)."""

    code = "credit_above_invoice"
    status = 409
    message = _("This credit is above what is left of the invoice.")


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A line of a document and what it charges or credits."""

    line: Line
    site_id: int
    request_line: RequestLine | None = None
    credits: InvoiceLine | None = None


@transaction.atomic
def invoice_payer(
    payer: Client | ClientAccount, *, until: dt.datetime, by: Actor, on: dt.date | None = None
) -> Invoice:
    """Invoice everything of a payer that was checked before ``until``, dated ``on`` (default and at most: today).

    Two runs at the same time wait for each other on the payer's row; the second finds nothing left. An earlier ``on``
    is moved up to the last date of the series. Raises ``NothingToInvoice``, ``InvoicingNotReady``.
    """
    return _invoice(_locked(payer), until=until, request=None, on=on, by=by)


@transaction.atomic
def invoice_request(request: ServiceRequest, *, by: Actor) -> Invoice:
    """Invoice one finished request now. Raises ``WorkUnfinished``, ``NothingToInvoice``, ``InvoicingNotReady``."""
    if is_unfinished(request):
        raise WorkUnfinished
    payer = _locked(request.payer_account or request.client)
    return _invoice(payer, until=timezone.now(), request=request, on=None, by=by)


def _locked(payer: Client | ClientAccount) -> Client | ClientAccount:
    """The payer's row as it is now, locked; of a person with several records the one under which they are kept."""
    if isinstance(payer, Client):
        kept = Client.objects.order_by("pk").values_list(Coalesce("merged_into_id", "pk"), flat=True).get(pk=payer.pk)
        person = Client.objects.select_for_update(of=("self",), no_key=True).get(pk=kept)
        # Merged while we waited for the lock: then the other row is the one to wait for.
        return person if person.merged_into is None else _locked(person)
    return ClientAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=payer.pk)


def _invoice(
    payer: Client | ClientAccount,
    *,
    until: dt.datetime,
    request: ServiceRequest | None,
    on: dt.date | None,
    by: Actor,
) -> Invoice:
    entity = _issuer(payer.organisation_id)
    found = (
        lines_of(payer, until=until).select_related("request", "work_order").order_by("request_id", "position", "pk")
    )
    if request is not None:
        found = found.filter(request=request)
    lines = list(found)
    if not lines:
        raise NothingToInvoice
    zone = ZoneInfo(entity.time_zone)
    days = {line.pk: _done_on(line, zone) for line in lines}
    requests = {line.request_id: line.request for line in lines}
    charges = [
        Charge(line=_line(line, entity, days[line.pk]), site_id=line.request.site_id, request_line=line)
        for line in lines
    ]
    only = next(iter(requests.values())) if len(requests) == 1 else None
    return _issue(
        entity,
        DocumentKind.INVOICE,
        payer=payer,
        buyer=_buyer(payer, next(iter(requests.values()))),
        charges=charges,
        supplied=(min(days.values()), max(days.values())),
        reference=only.reference if only else "",
        about=only,
        on=on,
        by=by,
    )


@transaction.atomic
def credit_invoice(
    invoice: Invoice, *, reason: str, by: Actor, quantities: Mapping[int, Decimal] | None = None
) -> Invoice:
    """Issue a credit note for what is left of an invoice, or for ``quantities`` (invoice line id → quantity).

    Raises ``WrongState`` on a credit note or when nothing is left, ``Invalid`` for a missing reason or an impossible
    quantity, ``CreditAboveInvoice`` if rounding or a race would go above the invoice.
    """
    invoice = Invoice.objects.select_for_update(of=("self",), no_key=True).get(pk=invoice.pk)
    if not reason.strip():
        raise Invalid(_("Say why, in a few words: it is printed on the credit note."), field="reason")
    if invoice.kind != DocumentKind.INVOICE or invoice.status == DocumentStatus.CREDITED:
        raise WrongState(_("There is nothing left to credit on this document."))
    left = left_to_credit(invoice)
    wanted = {pk: quantity for pk, (_line, quantity) in left.items()} if quantities is None else dict(quantities)
    wanted = {pk: quantity for pk, quantity in wanted.items() if quantity != 0}
    if not wanted or not all(pk in left and _within(quantity, left[pk][1]) for pk, quantity in wanted.items()):
        raise Invalid(_("Choose quantities between zero and what is left of each line."), field="quantities")
    charges = [_credit_charge(left[pk][0], wanted[pk]) for pk in left if pk in wanted]
    credited = [Decimal(note.total_incl_vat) for note in invoice.credit_notes.order_by("pk")]
    if sum(charge.line.amount for charge in charges) > creditable(invoice.total_incl_vat, credited):
        raise CreditAboveInvoice
    supply = invoice.snapshot["supply"]
    with refuse_on("invoice_credits_within_invoice", CreditAboveInvoice()):
        note = _issue(
            invoice.entity,
            DocumentKind.CREDIT_NOTE,
            payer=invoice.payer,
            buyer=_frozen_buyer(invoice),
            charges=charges,
            supplied=(dt.date.fromisoformat(supply["from"]), dt.date.fromisoformat(supply["to"])),
            reference=invoice.snapshot["reference"],
            reason=reason.strip(),
            original=invoice,
            by=by,
        )
    whole = sum(credited, note.total_incl_vat) == invoice.total_incl_vat
    invoice.status = DocumentStatus.CREDITED if whole else DocumentStatus.PARTLY_CREDITED
    invoice.save(update_fields=["status"])
    events.record("invoice.credited", invoice, by=by, number=invoice.number, credit_note=note.number)
    return note


def left_to_credit(invoice: Invoice) -> dict[int, tuple[InvoiceLine, Decimal]]:
    """What may still be credited of each line: line id → (line, quantity); lines fully credited are left out."""
    lines = invoice.lines.annotate(credited=Sum("credited_by__quantity")).order_by("position")
    left = {line.pk: (line, line.quantity - (line.credited or Decimal(0))) for line in lines}
    return {pk: (line, quantity) for pk, (line, quantity) in left.items() if quantity > 0}


def _within(quantity: Decimal, most: Decimal) -> bool:
    return quantity.is_finite() and 0 < quantity <= most


def _issuer(organisation_id: int) -> LegalEntity:
    entity = LegalEntity.objects.filter(organisation_id=organisation_id).first()
    if entity is None:
        raise InvoicingNotReady
    return entity


def _done_on(line: RequestLine, zone: ZoneInfo) -> dt.date:
    order = line.work_order
    done_at = (order.completed_at or order.verified_at) if order else None
    return (done_at or line.request.submitted_at).astimezone(zone).date()


def _line(line: RequestLine, entity: LegalEntity, done_on: dt.date) -> Line:
    rate = Decimal(0) if entity.vat_regime == VatRegime.FRANCHISE else line.vat_rate
    return Line(
        description=line.description,
        detail=f"{line.request.reference} · {done_on:%d/%m/%Y}",
        quantity=line.quantity,
        unit=f"× {line.unit}" if line.unit[:1].isdigit() else line.unit,
        unit_price=line.unit_price_incl_vat,
        vat_rate=rate,
        vat_category="S" if rate else "E",
    )


def _credit_charge(line: InvoiceLine, quantity: Decimal) -> Charge:
    return Charge(
        line=Line(
            description=line.description,
            detail=line.detail,
            quantity=quantity,
            unit=line.unit,
            unit_price=line.unit_price,
            vat_rate=line.vat_rate,
            vat_category="S" if line.vat_category == "S" else "E",
        ),
        site_id=line.site_id,
        credits=line,
    )


def _buyer(payer: Client | ClientAccount, request: ServiceRequest) -> Buyer:
    """The payer as of today; a client without an address is billed at the address of the request."""
    if isinstance(payer, ClientAccount):
        if not payer.siren:
            raise InvoicingNotReady(
                _("The SIREN of %(name)s is missing: the law wants it on the invoice.") % {"name": payer.name}
            )
        return buyer_of_account(payer)
    place = payer if payer.street or payer.city else request
    return Buyer(
        name=str(payer),
        email=payer.email or "",
        address=Address(street=place.street, postal_code=place.postcode, city=place.city),
    )


def _frozen_buyer(invoice: Invoice) -> Buyer:
    """The buyer as printed on the invoice: a credit note goes to the same party. What was issued before files were
    checked may name an account in a way that no file may: then as the account stands today, where it can be corrected.
    """
    if invoice.account is not None and not has_file(invoice.snapshot):
        return buyer_of_account(invoice.account)
    frozen = invoice.snapshot["buyer"]
    return Buyer(**{**frozen, "address": Address(**frozen["address"])})


def _issue(
    entity: LegalEntity,
    kind: DocumentKind,
    *,
    payer: Client | ClientAccount,
    buyer: Buyer,
    charges: Sequence[Charge],
    supplied: tuple[dt.date, dt.date],
    by: Actor,
    reference: str = "",
    reason: str = "",
    original: Invoice | None = None,
    about: ServiceRequest | None = None,
    on: dt.date | None = None,
) -> Invoice:
    """Take the number, freeze the content, insert. The row lock of the series comes last and is short."""
    amounts = _amounts(charges)
    today = timezone.localdate(timezone=ZoneInfo(entity.time_zone))
    day = min(on or today, today)
    series_id, sequence, issued_on = next_number(entity, kind, on=day)
    number = f"{PREFIX[kind]}{day.year}-{sequence:06d}"
    due_on = issued_on if original else issued_on + dt.timedelta(days=entity.payment_days)
    heading = Heading(
        kind=_kind(kind),
        number=number,
        issued_on=issued_on,
        supplied_from=supplied[0],
        supplied_to=supplied[1],
        due_on=due_on,
        reference=reference,
        credits_number=original.number if original else "",
        credits_issued_on=original.issued_on if original else None,
        reason=reason,
    )
    snapshot = content_of(entity, heading, buyer, amounts)
    invoice = Invoice.objects.create(
        organisation_id=entity.organisation_id,
        entity=entity,
        series_id=series_id,
        kind=kind,
        sequence=sequence,
        number=number,
        issued_on=issued_on,
        due_on=due_on,
        client=payer if isinstance(payer, Client) else None,
        account=payer if isinstance(payer, ClientAccount) else None,
        credits=original,
        buyer_name=buyer.name,
        language=payer.language if isinstance(payer, Client) else "fr",
        total_excl_vat=amounts.net,
        total_vat=amounts.vat_total,
        total_incl_vat=amounts.gross,
        snapshot=snapshot,
        snapshot_sha256=seal_of(snapshot),
    )
    _write_lines(invoice, charges, amounts)
    events.record(
        "invoice.issued",
        invoice,
        by=by,
        request_id=about.public_id if about else None,
        number=number,
        kind=kind.value,
        total=str(amounts.gross),
    )
    return invoice


def _kind(kind: DocumentKind) -> Kind:
    return "invoice" if kind == DocumentKind.INVOICE else "credit_note"


def _amounts(charges: Sequence[Charge]) -> Amounts:
    """Prices of requests include VAT for every payer, so every document is computed on the gross basis."""
    try:
        return compute([charge.line for charge in charges], basis="gross")
    except AmountRefused as error:
        raise InvoicingNotReady(_("An amount cannot be invoiced: please check the lines.")) from error


def _write_lines(invoice: Invoice, charges: Sequence[Charge], amounts: Amounts) -> None:
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            organisation_id=invoice.organisation_id,
            invoice=invoice,
            position=position,
            site_id=charge.site_id,
            request_line=charge.request_line,
            credits=charge.credits,
            description=charge.line.description,
            detail=charge.line.detail,
            quantity=charge.line.quantity,
            unit=charge.line.unit,
            unit_price=charge.line.unit_price,
            vat_rate=charge.line.vat_rate,
            vat_category=charge.line.vat_category,
            net=priced.net,
            amount=charge.line.amount,
        )
        for position, (charge, priced) in enumerate(zip(charges, amounts.lines, strict=True), start=1)
    )
