"""What may be invoiced: checked work, priced, not yet on an invoice."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from bookings.enums import WorkOrderStatus
from bookings.models import Client, ClientAccount, RequestLine, ServiceRequest


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
    """Lines of work that was checked before ``until``, with a price, on no invoice."""
    return RequestLine.objects.filter(
        organisation_id=organisation_id,
        work_order__status=WorkOrderStatus.VERIFIED,
        work_order__verified_at__lt=until,
        total_incl_vat__gt=0,
        invoice_line__isnull=True,
    )


def lines_of(payer: Client | ClientAccount, *, until: dt.datetime) -> QuerySet[RequestLine]:
    """Billable lines of one payer: an account pays for requests that name it, a client for the others."""
    found = billable_lines(payer.organisation_id, until=until)
    if isinstance(payer, ClientAccount):
        return found.filter(request__payer_account=payer)
    return found.filter(request__payer_account=None, request__client=payer)


def dues(organisation_id: int, *, until: dt.datetime) -> list[Due]:
    """Every payer with something billable, the largest amount first. Three queries, whatever their number."""
    found = billable_lines(organisation_id, until=until)
    by_account = _sums(found.exclude(request__payer_account=None), "request__payer_account_id")
    by_client = _sums(found.filter(request__payer_account=None), "request__client_id")
    accounts = ClientAccount.objects.filter(organisation_id=organisation_id).in_bulk(list(by_account))
    clients = Client.objects.filter(organisation_id=organisation_id).in_bulk(list(by_client))
    result = [Due(payer=accounts[pk], lines=lines, total=total) for pk, (lines, total) in by_account.items()]
    result += [Due(payer=clients[pk], lines=lines, total=total) for pk, (lines, total) in by_client.items()]
    return sorted(result, key=lambda due: (-due.total, str(due.payer)))


def _sums(lines: QuerySet[RequestLine], key: str) -> dict[int, tuple[int, Decimal]]:
    rows = lines.order_by(key).values_list(key).annotate(Count("pk"), Sum("total_incl_vat"))
    return {pk: (count, total) for pk, count, total in rows}


def is_unfinished(request: ServiceRequest) -> bool:
    """Whether some of its work is neither checked, nor failed, nor cancelled."""
    settled = (WorkOrderStatus.VERIFIED, WorkOrderStatus.FAILED, WorkOrderStatus.CANCELLED)
    return request.work_orders.exclude(status__in=settled).exists()
