"""What may be invoiced: checked work, priced, not yet on an invoice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce

from billing.rules.snapshot import Address, Buyer, PartyKind
from bookings.enums import AccountKind, WorkOrderStatus
from bookings.models import Client, ClientAccount, RequestLine, ServiceRequest, WorkOrder
from concierge.tenancy import Actor
from providers.enums import AgreementKind
from providers.models import Offer

BUYER_KIND: dict[str, PartyKind] = {
    AccountKind.COMPANY: "company",
    AccountKind.LANDLORD: "company",
    AccountKind.TOWN: "public",
}


@dataclass(frozen=True, kw_only=True)
class Due:
    """What one payer owes and was not invoiced yet, in euros including VAT."""

    payer: Client | ClientAccount
    lines: int
    total: Decimal

    @property
    def payer_kind(self) -> str:
        """``account`` or ``client``: how forms and tasks name the payer."""
        return "account" if isinstance(self.payer, ClientAccount) else "client"


def billable_lines(organisation_id: int, *, until: dt.datetime) -> QuerySet[RequestLine]:
    """Lines of work that was checked before ``until``, with a price, on no invoice, of requests that are finished:
    whoever asked for two things gets one invoice. Not what a provider who was only introduced invoices itself."""
    return RequestLine.objects.filter(
        ~Exists(unfinished_orders().filter(request=OuterRef("request_id"))),
        ~Exists(introduced_orders().filter(work_order=OuterRef("work_order_id"))),
        organisation_id=organisation_id,
        work_order__status=WorkOrderStatus.VERIFIED,
        work_order__verified_at__lt=until,
        total_incl_vat__gt=0,
        invoice_line__isnull=True,
    )


def lines_of(payer: Client | ClientAccount, *, until: dt.datetime) -> QuerySet[RequestLine]:
    """Billable lines of one payer: an account pays for requests that name it, a client for the others, under whichever
    of their records they asked."""
    found = billable_lines(payer.organisation_id, until=until)
    if isinstance(payer, ClientAccount):
        return found.filter(request__payer_account=payer)
    family = Client.objects.family_of(payer.kept_id).values("pk")
    return found.filter(request__payer_account=None, request__client__in=family)


def owed_by(client: Client, actor: Actor, *, until: dt.datetime) -> tuple[Decimal, int]:
    """What a client owes for finished work that is on no invoice yet, and of how many requests, among those that the
    actor sees."""
    seen = lines_of(client, until=until).filter(request__in=ServiceRequest.objects.visible_to(actor).order_by())
    sums = seen.aggregate(total=Sum("total_incl_vat"), requests=Count("request_id", distinct=True))
    return sums["total"] or Decimal(0), sums["requests"]


def owing(organisation_id: int, *, until: dt.datetime, name: str = "") -> QuerySet[Any, Any]:
    """One row per payer with something billable, the largest amount first: ``account`` or ``person`` (as they are
    kept), ``lines``, ``total``. With ``name``, only payers one of whose records has it in its name or e-mail."""
    kept = Coalesce("request__client__merged_into_id", "request__client_id")
    by_client = When(request__payer_account=None, then=kept)
    found = billable_lines(organisation_id, until=until).annotate(
        account=F("request__payer_account_id"), person=Case(by_client, default=None)
    )
    if name:
        called = Q()
        for word in name.split():
            called &= Q(first_name__icontains=word) | Q(last_name__icontains=word)
        people = Client.objects.filter(called | Q(email__icontains=name), organisation_id=organisation_id)
        heads = people.order_by().values(head=Coalesce("merged_into_id", "pk"))
        found = found.filter(Q(request__payer_account__name__icontains=name) | Q(person__in=heads))
    return (
        found.order_by()
        .values("account", "person")
        .annotate(lines=Count("pk"), total=Sum("total_incl_vat"))
        .order_by("-total", "account", "person")
    )


def dues_of(rows: Iterable[dict[str, Any]]) -> list[Due]:
    """Rows of ``owing`` with their payers. Two queries, whatever their number."""
    rows = list(rows)
    accounts = ClientAccount.objects.in_bulk([row["account"] for row in rows if row["account"]])
    clients = Client.objects.in_bulk([row["person"] for row in rows if row["person"]])
    return [
        Due(
            payer=accounts[row["account"]] if row["account"] else clients[row["person"]],
            lines=row["lines"],
            total=row["total"],
        )
        for row in rows
    ]


def buyer_of_account(account: ClientAccount) -> Buyer:
    """An account as its documents say it today."""
    return Buyer(
        name=account.name,
        kind=BUYER_KIND[account.kind],
        siren=account.siren,
        vat_number=account.vat_number,
        address=Address(street=account.street, postal_code=account.postcode, city=account.city),
        email=account.email,
    )


def unfinished_orders() -> QuerySet[WorkOrder]:
    """Work that is neither checked, nor failed, nor cancelled."""
    settled = (WorkOrderStatus.VERIFIED, WorkOrderStatus.FAILED, WorkOrderStatus.CANCELLED)
    return WorkOrder.objects.exclude(status__in=settled)


def introduced_orders() -> QuerySet[Offer]:
    """The yes to work for which the client pays the provider (R33)."""
    return Offer.objects.binding().filter(agreement__kind=AgreementKind.INTRODUCTION)


def is_unfinished(request: ServiceRequest) -> bool:
    """Whether some of its work is not finished."""
    return unfinished_orders().filter(request=request).exists()
