"""How much the people of a client account use what it pays for (R12)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q
from django.db.models.functions import Coalesce, TruncMonth

from bookings.models.clients import Client, ClientAccount, ClientMembership
from bookings.models.requests import ServiceRequest

MONTHS = 12


@dataclass(frozen=True)
class Usage:
    """Requests month by month, and how many of its people are registered. ``reach`` is a share of 100 people."""

    months: list[tuple[dt.date, int]]
    registered: int
    reach: int | None


def usage_of(account: ClientAccount, *, today: dt.date) -> Usage:
    """The last twelve months and the people of today. Three queries, whatever the numbers."""
    first = today.replace(day=1)
    wanted = [first]
    while len(wanted) < MONTHS:
        wanted.append((wanted[-1] - dt.timedelta(days=1)).replace(day=1))
    counted = {
        row["month"].date(): row["requests"]
        for row in ServiceRequest.objects.filter(payer_account=account, submitted_at__date__gte=wanted[-1])
        .annotate(month=TruncMonth("submitted_at"))
        .order_by()
        .values("month")
        .annotate(requests=Count("pk"))
    }
    members = ClientMembership.objects.filter(account=account).valid(today)
    known = Q(pk__in=members.exclude(client=None).values("client"))
    known |= Q(email__in=members.exclude(email="").values("email"))
    if account.email_domain:
        known |= Q(email__iendswith=f"@{account.email_domain}")
    found = Client.objects.filter(known, organisation_id=account.organisation_id)
    people = found.aggregate(people=Count(Coalesce("merged_into_id", "pk"), distinct=True))["people"]
    reach = round(100 * people / account.headcount) if account.headcount else None
    return Usage(months=[(month, counted.get(month, 0)) for month in wanted], registered=people, reach=reach)
