"""Gathers what the matching rules want to know about providers. Reads only."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Sum
from django.utils import timezone

from bookings.models import Quote, WorkOrder
from providers.actions.facts import (
    days_of,
    fit_of,
    fitting_providers,
    jobs_on,
    load_of,
    past_of,
    place_of,
    postcode_of,
    social_of,
)
from providers.actions.matching_policies import terms_in_force
from providers.actions.roads import road_facts, ways_to
from providers.enums import AgreementKind, CounterStatus, DocumentStatus, Ladder, OfferStatus, RoundMode
from providers.models import CounterOffer, Offer, OfferPolicy, PriceRequest, Provider, ProviderClosure, ServiceAgreement
from providers.models.offers import latest_start
from providers.rules import asking, hours, matching, papers
from providers.rules.agreements import price_paid
from providers.rules.candidates import Candidate, distance_km
from providers.rules.contacts import SMS_FROM, SMS_UNTIL
from providers.rules.matching import Consideration
from providers.rules.terms import MatchingTerms, Weights

# "Recent work" is what was accepted within this time.
RECENT = dt.timedelta(days=30)
# Less opening time than this is too little to answer in.
LEAST_ANSWER_TIME = dt.timedelta(minutes=30)
# Answers that mean: do not ask me again for this job.
NO = (OfferStatus.DECLINED, OfferStatus.UNDELIVERABLE, OfferStatus.RELEASED, OfferStatus.BROKEN)


class Policy(NamedTuple):
    """How providers are asked; the defaults hold where no ``OfferPolicy`` row does."""

    wave_size: int = 3
    max_waves: int = 3
    answer_time: dt.timedelta = dt.timedelta(hours=4)
    weights: Weights = Weights()
    mode: RoundMode = RoundMode.WAVE
    gap: dt.timedelta | None = None
    reminders: tuple[int, ...] = (50, 80)
    stop_before: dt.timedelta = dt.timedelta(0)
    ladder: str = Ladder.EMAIL_SMS_CALL.value
    sms_hours: tuple[dt.time, dt.time] = (SMS_FROM, SMS_UNTIL)
    extension: dt.timedelta = dt.timedelta(hours=2)
    most_extensions: int = 1

    @property
    def at_once(self) -> int:
        """How many are asked at the same time."""
        return asking.MOST_AT_ONCE if self.mode == RoundMode.BROADCAST else self.wave_size


def policy_for(work_order: WorkOrder) -> Policy:
    """The policy of the service, else of the organisation, else the default."""
    return service_policy(work_order.organisation_id, work_order.service_id)


def service_policy(organisation_id: int, service_id: int | None) -> Policy:
    """The policy of a service, else of the organisation, else the default."""
    row = (
        OfferPolicy.objects.filter(organisation_id=organisation_id)
        .filter(Q(service_id=service_id) | Q(service=None))
        .order_by("service_id")  # PostgreSQL puts the general one (NULL) last
        .first()
    )
    return Policy() if row is None else policy_of(row)


def policy_of(row: OfferPolicy) -> Policy:
    """What a row says."""
    return Policy(
        wave_size=row.wave_size,
        max_waves=row.max_waves,
        answer_time=_hours(row.answer_hours),
        weights=Weights(row.weight_distance, row.weight_share, row.weight_capacity),
        mode=RoundMode(row.mode),
        gap=None if row.gap_hours is None else _hours(row.gap_hours),
        reminders=tuple(row.reminders),
        stop_before=dt.timedelta(hours=row.stop_before_hours),
        ladder=row.ladder,
        sms_hours=(row.sms_from, row.sms_until),
        extension=_hours(row.extension_hours),
        most_extensions=row.most_extensions,
    )


def _hours(number: Decimal) -> dt.timedelta:
    return dt.timedelta(hours=float(number))


def terms_now(work_order: WorkOrder, policy: Policy) -> MatchingTerms:
    """By which rules a search that begins now judges."""
    today = timezone.now().astimezone(ZoneInfo(work_order.site.time_zone)).date()
    return terms_in_force(work_order, today, MatchingTerms(weights=policy.weights))


def price_by(agreement: ServiceAgreement, work_order: WorkOrder) -> Decimal:
    """What an agreement pays for a work order as it is now, incl. VAT (R33)."""
    return _price(agreement, work_order, _charged(work_order))


def _charged(work_order: WorkOrder) -> Decimal:
    """What the client pays for it."""
    return work_order.lines.aggregate(total=Sum("total_incl_vat"))["total"] or Decimal(0)


def _price(agreement: ServiceAgreement, work_order: WorkOrder, total: Decimal) -> Decimal:
    return price_paid(
        agreement.kind,
        quantity=work_order.quantity,
        client_total=total,
        purchase_price=agreement.purchase_price,
        commission_percent=agreement.commission_percent,
        commission_fixed=agreement.commission_fixed,
    )


@dataclass(frozen=True)
class Candidates:
    """The verdict on each provider, and what sending them an offer takes."""

    work_order: WorkOrder
    zone: ZoneInfo
    begins_by: dt.datetime
    terms: MatchingTerms
    verdicts: list[Consideration]
    providers: dict[int, Provider]
    agreements: dict[int, ServiceAgreement]
    agreed: dict[int, Decimal]
    # The nearest of very many, instead of everybody.
    is_narrowed: bool = False
    not_looked_at: int = 0

    def in_spite_of(self, verdict: Consideration) -> Consideration:
        """The same provider, kept because a person chose it."""
        return matching.chosen_by_hand(verdict.candidate, self.terms)

    def price_for(self, provider: Provider) -> Decimal:
        """What the provider is paid for this work order, incl. VAT: their own price, when the client agreed to it."""
        if provider.pk in self.agreed:
            return self.agreed[provider.pk]
        return price_by(self.agreements[provider.pk], self.work_order)

    def agreement_for(self, provider: Provider) -> ServiceAgreement | None:
        """On which they are asked; none when the client agreed to their own price."""
        return None if provider.pk in self.agreed else self.agreements[provider.pk]

    def ends_at(self, policy: Policy, now: dt.datetime) -> dt.datetime:
        """When a search that begins now stops at the latest."""
        return asking.search_ends_at(now, self.begins_by, policy.stop_before)

    def due_for(self, provider: Provider, policy: Policy, sent_at: dt.datetime, *, until: dt.datetime) -> dt.datetime:
        """When the answer is due: in the provider's opening hours, and not after the search has ended."""
        return min(due_of(provider, policy, sent_at, self.zone), until)


def due_of(provider: Provider, policy: Policy, sent_at: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """When an answer is due that is asked for now: in the provider's opening hours, on no day on which it is away."""
    opening, closed = opening_of(provider), hours.closed_on(closures_of(provider))
    due = hours.due_in_opening_hours(sent_at, policy.answer_time, opening, zone, closed=closed)
    if due <= sent_at:
        # Closed for as long as we look ahead, and a person asks all the same.
        due = hours.due_in_opening_hours(sent_at, policy.answer_time, opening, zone)
    return due


def opening_of(provider: Provider) -> tuple[hours.Opening, ...]:
    """When a provider answers: office hours when it gave none."""
    given = tuple(hours.Opening(row.weekday, row.opens, row.closes) for row in provider.opening_hours.all())
    return given or hours.OFFICE_HOURS


def closures_of(provider: Provider) -> tuple[hours.Days, ...]:
    """The days on which it is away."""
    return tuple((row.first_on, row.last_on) for row in provider.closures.all())


def _can_answer(policy: Policy, now: dt.datetime, begins_by: dt.datetime, zone: ZoneInfo) -> Callable[[Provider], bool]:
    """Whether a provider is open long enough before a person takes over. Most have the same hours: looked at once."""
    least = min(LEAST_ANSWER_TIME, policy.answer_time)

    @cache
    def enough(opening: tuple[hours.Opening, ...], closures: tuple[hours.Days, ...]) -> bool:
        closed = hours.closed_on(closures)
        due = hours.due_in_opening_hours(now, policy.answer_time, opening, zone, closed=closed)
        return hours.time_open(now, min(due, begins_by - policy.stop_before), opening, zone, closed=closed) >= least

    return lambda provider: enough(opening_of(provider), closures_of(provider))


def consider_providers(
    work_order: WorkOrder,
    policy: Policy,
    *,
    agreed: dict[int, Decimal] | None = None,
    among: Collection[int] | None = None,
    terms: MatchingTerms | None = None,
) -> Candidates:
    """A verdict on every provider with whom the service was ever agreed, and on those whose price the client agreed to
    (or on those of them that are ``among`` some), best first. Such a price is an agreement for this work.

    ``terms``: by which rules, those in force when nobody says.
    """
    zone, now = ZoneInfo(work_order.site.time_zone), timezone.now()
    today, begins_by = now.astimezone(zone).date(), latest_start(work_order)
    agreed = agreed_amounts(work_order) if agreed is None else agreed
    found = Provider.objects.filter(organisation_id=work_order.organisation_id).to_consider(work_order.service, agreed)
    if among is not None:
        found = found.filter(pk__in=among)
    starts, postcode = work_order.promised_start.astimezone(zone), postcode_of(work_order)
    fitting = fitting_providers(found, work_order, starts.date())
    away = Prefetch("closures", ProviderClosure.objects.still_to_come(today))
    providers = {row.pk: row for row in fitting.prefetch_related("opening_hours", "documents", away).order_by("pk")}
    agreements = {
        row.provider_id: row
        for row in ServiceAgreement.objects.filter(provider__in=providers, service=work_order.service)
        .valid_on(today)
        .order_by("pk")
    }
    busy = jobs_on(starts, work_order.service_id, providers)
    fits = {row.pk: fit_of(row, postcode) for row in providers.values()}
    recent = recent_jobs(providers)
    said_no = set(noes(work_order).order_by("pk").values_list("provider_id", flat=True))
    hours_left = Decimal((begins_by - now) // dt.timedelta(minutes=1)) / 60
    first_day, last_day = days_of(work_order, now, zone)
    pay = _pay_of(work_order, agreements, agreed)
    required = _required_for(pay, bought_of(providers, today, zone), agreements, agreed, today)
    past, cheapest = past_of(work_order, providers), min(pay.values(), default=None)
    loads = {row.pk: load_of(recent[row.pk], row.daily_capacity, opening_of(row)) for row in providers.values()}
    load_of_all = sum(loads.values(), Decimal(0))
    here, can_answer = place_of(work_order), _can_answer(policy, now, begins_by, zone)
    ways = ways_to(here, providers.values())
    candidates = [
        Candidate(
            key=row.pk,
            is_active=row.is_active,
            has_agreement=row.pk in agreements or row.pk in agreed,
            documents=latest_documents(row),
            distance_km=_distance_to(row, here),
            radius_km=row.radius_km,
            jobs_that_day=busy.all[row.pk],
            service_jobs=busy.of_service[row.pk],
            **fits[row.pk]._asdict(),
            recent_jobs=recent[row.pk],
            recent_jobs_of_all=sum(recent.values()),
            said_no=row.pk in said_no,
            is_closed=hours.is_closed_throughout(first_day, last_day, closures_of(row)),
            can_answer=can_answer(row),
            required=required[row.pk],
            notice_hours=agreements[row.pk].notice_hours if row.pk in agreements and row.pk not in agreed else 0,
            hours_left=hours_left,
            today=today,
            work_day=first_day,
            load=loads[row.pk],
            load_of_all=load_of_all,
            price=pay.get(row.pk),
            cheapest=cheapest,
            passed=past.passed[row.pk],
            judged=past.judged[row.pk],
            together=past.together[row.pk],
            social=social_of(row),
            **road_facts(ways, row),
        )
        for row in providers.values()
    ]
    terms = terms or terms_now(work_order, policy)
    verdicts = matching.consider(candidates, terms)
    return Candidates(work_order, zone, begins_by, terms, verdicts, providers, agreements, agreed)


def noes(work_order: WorkOrder) -> QuerySet[Offer]:
    """Who is not asked for it again. That we did not decide in time on what they proposed is no word of theirs."""
    proposals = CounterOffer.objects.filter(offer=OuterRef("pk"))
    lapsed = proposals.filter(status=CounterStatus.LAPSED)
    return Offer.objects.filter(work_order=work_order, status__in=NO).exclude(
        Exists(lapsed),
        ~Exists(proposals.filter(status=CounterStatus.REFUSED)),
        status=OfferStatus.DECLINED,
        decline_reason="",
    )


def _distance_to(provider: Provider, here: tuple[Decimal, Decimal]) -> Decimal | None:
    if provider.latitude is None or provider.longitude is None:
        return None
    return distance_km(here, (provider.latitude, provider.longitude))


def agreed_prices(work_order: WorkOrder) -> list[tuple[Provider, Decimal]]:
    """Whose prices the client's agreement counts on for this work, and what that is incl. VAT."""
    return _summed(PriceRequest.objects.agreed_for(work_order))


def prices_before(work_order: WorkOrder, amendment: Quote) -> dict[int, Decimal]:
    """What the version that bound before an amendment counted on for this work, by provider key.

    Not the one that it was written from: another may have been accepted in between.
    """
    bound = Quote.objects.filter(request=amendment.request_id, version__lt=amendment.version).exclude(chosen=None)
    rows = PriceRequest.objects.counted_by(bound.order_by("-version")[:1], work_order)
    return {provider.pk: price for provider, price in _summed(rows)}


def _summed(rows: QuerySet[PriceRequest]) -> list[tuple[Provider, Decimal]]:
    found: dict[int, tuple[Provider, Decimal]] = {}
    for asked in rows.select_related("provider").order_by("pk"):
        if asked.price_incl_vat is not None:
            before = found.get(asked.provider_id, (asked.provider, Decimal(0)))[1]
            found[asked.provider_id] = asked.provider, before + asked.price_incl_vat
    return list(found.values())


def agreed_amounts(work_order: WorkOrder) -> dict[int, Decimal]:
    """The same, by provider key."""
    return {provider.pk: price for provider, price in agreed_prices(work_order)}


def recent_jobs(providers: Iterable[int]) -> Counter[int]:
    """Jobs accepted in the last thirty days, by provider key."""
    return _counted(
        Offer.objects.binding().filter(provider__in=list(providers), answered_at__gte=timezone.now() - RECENT),
        "provider_id",
    )


def bought_of(providers: Iterable[int], today: dt.date, zone: ZoneInfo) -> dict[int, papers.Bought]:
    """What was accepted by each provider, excl. VAT: in this calendar year, and under each agreement in force. Of an
    introduction nothing: the client buys it."""
    keys, new_year = list(providers), dt.datetime(today.year, 1, 1, tzinfo=zone)
    accepted = Offer.objects.binding().filter(provider__in=keys).order_by()
    in_force = ServiceAgreement.objects.filter(provider__in=keys).valid_on(today)
    rows = (
        accepted.exclude(agreement__kind=AgreementKind.INTRODUCTION)
        .filter(Q(answered_at__gte=new_year) | Q(agreement__in=in_force))
        .values("provider_id", "agreement_id", "agreement__vat_rate")
        .annotate(year=Sum("price", filter=Q(answered_at__gte=new_year)), ever=Sum("price"))
    )
    year = dict.fromkeys(keys, Decimal(0))
    under: dict[int, dict[int | None, Decimal]] = {key: {} for key in keys}
    for row in rows:
        key, agreement, rate = row["provider_id"], row["agreement_id"], row["agreement__vat_rate"]
        year[key] += papers.excl_vat(row["year"] or Decimal(0), rate)
        if agreement is not None:
            under[key][agreement] = papers.excl_vat(row["ever"], rate)
    return {key: papers.Bought(year[key], under[key]) for key in keys}


def _pay_of(
    work_order: WorkOrder, agreements: dict[int, ServiceAgreement], agreed: dict[int, Decimal]
) -> dict[int, Decimal]:
    """What each provider with whom something is agreed would be paid for it, incl. VAT."""
    total = _charged(work_order)
    return {key: _price(agreement, work_order, total) for key, agreement in agreements.items()} | agreed


def _required_for(
    pay: dict[int, Decimal],
    bought: dict[int, papers.Bought],
    agreements: dict[int, ServiceAgreement],
    agreed: dict[int, Decimal],
    today: dt.date,
) -> dict[int, tuple[str, ...]]:
    """Without which papers each provider is not given this work, by what it would be paid."""
    found = {}
    for key, known in bought.items():
        agreement = None if key in agreed else agreements.get(key)
        if agreement is None:
            job = agreed.get(key, Decimal(0))
        elif agreement.kind == AgreementKind.INTRODUCTION:
            job = Decimal(0)
        else:
            job = papers.excl_vat(pay[key], agreement.vat_rate)
        found[key] = papers.required_kinds(known, job=job, agreement=agreement.pk if agreement else None, today=today)
    return found


def _counted(rows: QuerySet[Offer], key: str) -> Counter[int]:
    return Counter({row[key]: row["n"] for row in rows.order_by(key).values(key).annotate(n=Count("pk"))})


def latest_documents(provider: Provider) -> dict[str, dt.date | None]:
    """Last valid day of the latest approved paper of each kind (rows come newest first)."""
    latest: dict[str, dt.date | None] = {}
    for row in provider.documents.all():
        if row.status == DocumentStatus.APPROVED:
            latest.setdefault(row.kind, row.expires_on)
    return latest
