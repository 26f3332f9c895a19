"""How much the people of a client account use what it pays for (R12)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q
from django.db.models.functions import Coalesce, TruncMonth

from bookings.enums import PresencePeriod
from bookings.models.accounts import ClientAccount, ClientMembership
from bookings.models.clients import Client
from bookings.models.presences import Presence, StandDay
from bookings.models.requests import ServiceRequest
from bookings.models.stands import days_held
from bookings.rules.presence import Agreed, in_hours, last_of
from concierge.days import zone_of

MONTHS = 12


@dataclass(frozen=True)
class PresenceMonth:
    """Hours of presence of a month: agreed (``None`` without a contract of hours); planned until now; of these held by
    somebody's word, and those of which nobody has said anything; still to come."""

    month: dt.date
    agreed: Decimal | None
    planned: Decimal
    held: Decimal
    unstated: Decimal
    to_come: Decimal

    @property
    def difference(self) -> Decimal | None:
        """What was or will be held beyond what is agreed; below nought: what is missing. As long as nobody says
        otherwise, what was planned counts."""
        return None if self.agreed is None else self.held + self.unstated + self.to_come - self.agreed


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
    """Next month and the last twelve: hours of the account's stands on open days beside what its contract says, and
    what was said of each day. Today is still to come until somebody says what became of it.

    The days are those that the stands say now: to change the hours of a stand, end it and begin another. Of paused
    stands only what was said counts. Every stand with a day in these months counts, however many there are. Two queries
    for each site, and two more.
    """
    this = today.replace(day=1)
    months = [last_of(this) + dt.timedelta(days=1), *_months(this)]
    first, last = months[-1], last_of(months[0])
    going = Presence.objects.filter(account=account, is_paused=False).with_days(first, last)
    found = list(going.select_related("site").order_by("pk"))
    held = days_held(found, first, last)
    said = StandDay.objects.filter(presence__account=account, day__range=(first, last)).order_by("day", "pk")
    stated = {(one.presence_id, one.day): one.minutes for one in said}
    planned = {(one.pk, day): one.stand.minutes for one in found for day in held[one.pk]}
    past = {key: minutes for key, minutes in planned.items() if key[1] < today or key in stated}
    agreed = None
    if account.presence_hours is not None:
        per_week = account.presence_period == PresencePeriod.WEEK
        agreed = Agreed(account.presence_hours, per_week, account.contract_from, account.contract_to)

    def hours(minutes: dict[tuple[int, dt.date], int], month: dt.date, without: Container[object] = ()) -> Decimal:
        of_month = (key for key in minutes if key[1].replace(day=1) == month and key not in without)
        return in_hours(sum(minutes[key] for key in of_month))

    return [
        PresenceMonth(
            month=month,
            agreed=agreed.in_month(month) if agreed else None,
            planned=hours(past, month),
            held=hours(stated, month),
            unstated=hours(past, month, without=stated),
            to_come=hours(planned, month, without=past),
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
