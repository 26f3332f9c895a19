"""What a provider did for us in a month, and who invoices it (R33): a reading, not a ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from bookings.enums import PerformerKind, WorkOrderStatus
from bookings.models import WorkOrder
from providers.enums import BINDING_YES, Invoicing
from providers.models.businesses import Provider
from providers.models.offers import Offer
from providers.rules.papers import excl_vat

DONE = (WorkOrderStatus.COMPLETED, WorkOrderStatus.VERIFIED)


@dataclass(frozen=True)
class Job:
    """Work that was done. Amounts in euros; without a known rate of VAT there is no ``excl_vat``."""

    work_order: WorkOrder
    done_on: dt.date
    price: Decimal
    vat_rate: Decimal | None
    invoicing: Invoicing

    @property
    def excl_vat(self) -> Decimal | None:
        """Without VAT."""
        return None if self.vat_rate is None else excl_vat(self.price, self.vat_rate)

    @property
    def is_checked(self) -> bool:
        """Whether the team has looked at it."""
        return self.work_order.status == WorkOrderStatus.VERIFIED


@dataclass(frozen=True)
class Total:
    """All jobs invoiced the same way; ``excl_vat`` is ``None`` when the rate of one of them is not known."""

    invoicing: Invoicing
    jobs: int
    price: Decimal
    excl_vat: Decimal | None


def jobs_of(provider: Provider, month: dt.date, zone: ZoneInfo) -> list[Job]:
    """What a provider finished in the month that begins on a day, in the order of finishing; in one statement."""
    begins = dt.datetime.combine(month, dt.time(0), tzinfo=zone)
    ends = dt.datetime.combine(month + relativedelta(months=1), dt.time(0), tzinfo=zone)
    held = Offer.objects.filter(
        provider=provider,
        status__in=BINDING_YES,
        work_order__performer_kind=PerformerKind.PROVIDER,
        work_order__performer_id=provider.pk,
        work_order__status__in=DONE,
        work_order__completed_at__gte=begins,
        work_order__completed_at__lt=ends,
    )
    rows = held.select_related("work_order__service", "agreement").defer("agreement__text", "agreement__content")
    return [
        Job(
            work_order=row.work_order,
            done_on=row.work_order.completed_at.astimezone(zone).date(),  # type: ignore[union-attr]  # asked above
            price=row.price,
            vat_rate=row.agreement.vat_rate if row.agreement else Decimal(0) if provider.is_vat_exempt else None,
            invoicing=Invoicing(row.agreement.invoicing) if row.agreement else Invoicing.PROVIDER_TO_US,
        )
        for row in rows.order_by("work_order__completed_at", "pk")
    ]


def totals_of(jobs: Iterable[Job]) -> list[Total]:
    """What is invoiced by each way, in the order of ``Invoicing``."""
    found = list(jobs)
    totals = []
    for way in Invoicing:
        rows = [job for job in found if job.invoicing == way]
        excl = [job.excl_vat for job in rows]
        known = [amount for amount in excl if amount is not None]
        if rows:
            whole = sum(known, Decimal(0)) if len(known) == len(rows) else None
            totals.append(Total(way, len(rows), sum((job.price for job in rows), Decimal(0)), whole))
    return totals
