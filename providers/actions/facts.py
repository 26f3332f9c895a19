"""What providers did before, for the rules of matching. Reads only."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from bookings.enums import PerformerKind, Place, WorkOrderStatus
from bookings.models import Client, WorkOrder
from concierge.models import Event
from providers.enums import OfferStatus
from providers.models import Offer, Provider
from providers.models.offers import latest_start
from providers.models.places import fitting
from providers.rules.hours import Opening
from providers.rules.terms import SOCIAL

# How long ago work still says something of its quality, and of who knows whom.
LATELY = dt.timedelta(days=180)
A_YEAR = dt.timedelta(days=365)


class Past(NamedTuple):
    """Jobs by provider key: checked or broken in the last months, those right at once, those for the same client."""

    judged: Counter[int]
    passed: Counter[int]
    together: Counter[int]


def past_of(work_order: WorkOrder, providers: Iterable[int]) -> Past:
    """How the checked work of providers was, and how much of it was for the client of this work order."""
    now = timezone.now()
    checked = WorkOrder.objects.filter(
        performer_kind=PerformerKind.PROVIDER, performer_id__in=list(providers), status=WorkOrderStatus.VERIFIED
    ).order_by("performer_id")
    sent_back = Event.objects.filter(
        name="work_order.sent_back", subject_type=WorkOrder._meta.label_lower, subject_id=OuterRef("public_id")
    )
    lately = checked.filter(verified_at__gte=now - LATELY).annotate(again=Exists(sent_back)).values("performer_id")
    judged: Counter[int] = Counter()
    passed: Counter[int] = Counter()
    for row in lately.annotate(all=Count("pk"), right=Count("pk", filter=Q(again=False))):
        key = row["performer_id"] or 0
        judged[key], passed[key] = row["all"], row["right"]
    # A promise that was not kept is work that was not right.
    broken = Offer.objects.filter(provider__in=list(providers), status=OfferStatus.BROKEN, broken_at__gte=now - LATELY)
    for line in broken.order_by("provider_id").values("provider_id").annotate(all=Count("pk")):
        judged[line["provider_id"]] += line["all"]
    family = Client.objects.family_of(work_order.request.client.kept_id).values("pk")
    known = checked.filter(verified_at__gte=now - A_YEAR, request__client__in=family).values("performer_id")
    together = {row["performer_id"] or 0: row["all"] for row in known.annotate(all=Count("pk"))}
    return Past(judged, passed, Counter(together))


class Jobs(NamedTuple):
    """Work orders that providers hold on one day, by provider key: all of them, and those of one service."""

    all: Counter[int]
    of_service: Counter[int]


def jobs_on(moment: dt.datetime, service_id: int, providers: Iterable[int]) -> Jobs:
    """What providers hold for the local day of a moment."""
    midnight = dt.datetime.combine(moment.date(), dt.time(0), tzinfo=moment.tzinfo)
    following = dt.datetime.combine(moment.date() + dt.timedelta(days=1), dt.time(0), tzinfo=moment.tzinfo)
    held = WorkOrder.objects.filter(
        performer_kind=PerformerKind.PROVIDER,
        performer_id__in=list(providers),
        promised_start__gte=midnight,
        promised_start__lt=following,
    ).exclude(status__in=[WorkOrderStatus.CANCELLED, WorkOrderStatus.FAILED])
    found = Jobs(Counter(), Counter())
    for row in held.order_by().values("performer_id").annotate(n=Count("pk"), own=Count("pk", Q(service=service_id))):
        key = row["performer_id"] or 0
        found.all[key], found.of_service[key] = row["n"], row["own"]
    return found


class Fit(NamedTuple):
    """What a provider takes of some work, as ``Candidate`` wants to know it."""

    serves_site: bool | None
    serves_place: bool | None
    daily_capacity: int
    service_capacity: int | None


def fitting_providers(found: QuerySet[Provider], work_order: WorkOrder, day: dt.date) -> QuerySet[Provider]:
    """Providers with what ``fit_of`` reads of them, in the same query."""
    return fitting(
        found,
        site_id=work_order.site_id,
        postcode=postcode_of(work_order),
        service_id=work_order.service_id,
        weekday=day.weekday(),
    )


def fit_of(provider: Any, postcode: str) -> Fit:
    """Of a row of ``fitting_providers``. Where nobody knows the postcode, no list of communes says anything."""
    most = provider.most_that_day
    return Fit(
        serves_site=provider.at_site if provider.has_sites else None,
        serves_place=provider.in_area if provider.has_areas and postcode else None,
        daily_capacity=provider.daily_capacity if most is None else most,
        service_capacity=provider.most_of_service,
    )


def postcode_of(work_order: WorkOrder) -> str:
    """Of the place of the work: the client's when we go there, else the site's."""
    asked = work_order.request
    return asked.postcode if asked.place == Place.HOME else work_order.site.postcode


def load_of(recent: int, daily_capacity: int, opening: Sequence[Opening]) -> Decimal:
    """Recent jobs for each opening hour of a week and each job that a day takes."""
    minutes = sum(60 * (one.closes.hour - one.opens.hour) + one.closes.minute - one.opens.minute for one in opening)
    return (Decimal(60 * recent) / max(1, minutes * daily_capacity)).quantize(Decimal("0.000001"))


def social_of(provider: Provider) -> tuple[str, ...]:
    """What a business is, of what may count."""
    known = {name: getattr(provider, name) for name in SOCIAL if name != "charter_signed"}
    known["charter_signed"] = provider.charter_signed_on is not None
    return tuple(sorted(name for name, holds in known.items() if holds))


def place_of(work_order: WorkOrder) -> tuple[Decimal, Decimal]:
    """Where the work is: at the client's when we go there and know where that is, else at the site."""
    asked, site = work_order.request, work_order.site
    if asked.place == Place.HOME and asked.latitude is not None and asked.longitude is not None:
        return asked.latitude, asked.longitude
    return site.latitude, site.longitude


def days_of(work_order: WorkOrder, now: dt.datetime, zone: ZoneInfo) -> tuple[dt.date, dt.date]:
    """The first and the last day on which the work can begin, none of them over."""
    begins = (work_order.promised_start, latest_start(work_order))
    first, last = (max(moment, now).astimezone(zone).date() for moment in begins)
    return first, last
