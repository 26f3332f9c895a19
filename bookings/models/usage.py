"""How much the people of a client account use what it pays for (R12)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q
from django.db.models.functions import Coalesce, TruncMonth

from bookings.enums import PresencePeriod
from bookings.models import calendar
from bookings.models.accounts import ClientAccount, ClientMembership
from bookings.models.clients import Client
from bookings.models.presences import Presence
from bookings.models.requests import ServiceRequest
from bookings.rules.presence import Agreed, hours_between, last_of
from concierge.days import zone_of

MONTHS = 12
# Stands of one account that are looked at.
MOST_STANDS = 200


@dataclass(frozen=True)
class PresenceMonth:
    """Hours of presence of a month: agreed (``None`` without a contract of hours), held, still to come."""

    month: dt.date
    agreed: Decimal | None
    held: Decimal
    to_come: Decimal

    @property
    def difference(self) -> Decimal | None:
        """What was or will be held beyond what is agreed; below nought: what is missing."""
        return None if self.agreed is None else self.held + self.to_come - self.agreed


@dataclass(frozen=True)
class Usage:
    """Requests month by month, and how many of its people are registered. ``reach`` is a share of 100 people."""

    months: list[tuple[dt.date, int]]
    registered: int
    reach: int | None


def _months(first: dt.date) -> list[dt.date]:
    """The last twelve, this one first."""
    wanted = [first]
    while len(wanted) < MONTHS:
        wanted.append((wanted[-1] - dt.timedelta(days=1)).replace(day=1))
    return wanted


def presence_of(account: ClientAccount, *, today: dt.date) -> list[PresenceMonth]:
    """Next month and the last twelve: hours of the account's stands on open days beside what its contract says.

    The days are those that the stands say now: to change the hours of a stand, end it and begin another. Paused stands
    do not count. Two queries for each site.
    """
    this = today.replace(day=1)
    months = [last_of(this) + dt.timedelta(days=1), *_months(this)]
    first, last = months[-1], last_of(months[0])
    stands = Presence.objects.filter(account=account, is_paused=False).select_related("site").order_by("pk")
    found = list(stands[:MOST_STANDS])
    closed = {site: calendar.closed_days(site, first, last) for site in {one.site for one in found}}
    agreed = None
    if account.presence_hours is not None:
        per_week = account.presence_period == PresencePeriod.WEEK
        agreed = Agreed(account.presence_hours, per_week, account.contract_from, account.contract_to)

    def hours(begins: dt.date, ends: dt.date) -> Decimal:
        return sum((hours_between(one.stand, closed[one.site], begins, ends) for one in found), Decimal(0))

    return [
        PresenceMonth(
            month=month,
            agreed=agreed.in_month(month) if agreed else None,
            held=hours(month, min(last_of(month), today - dt.timedelta(days=1))),
            to_come=hours(max(month, today), last_of(month)),
        )
        for month in months
    ]


def usage_of(account: ClientAccount, *, today: dt.date) -> Usage:
    """The last twelve months, as they begin and end where the organisation is, and the people of today. A few queries,
    whatever the numbers."""
    first = today.replace(day=1)
    wanted, zone = _months(first), zone_of(account.organisation)
    since = dt.datetime.combine(wanted[-1], dt.time(0), tzinfo=zone)
    counted = {
        row["month"].date(): row["requests"]
        for row in ServiceRequest.objects.filter(payer_account=account, submitted_at__gte=since)
        .annotate(month=TruncMonth("submitted_at", tzinfo=zone))
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
