"""The work of a day given out at once: asked for, worked out by a task, applied line by line (domain.md R34, ADR 20).

The snapshot is read and solved outside of any transaction; what changed meanwhile is found when a line is applied.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.work_orders import lock_work_order
from bookings.enums import Execution, QuoteStatus, RequestStatus, WorkOrderStatus
from bookings.models import QuoteLine, WorkOrder
from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, DomainError, Invalid
from concierge.models import Site
from concierge.tenancy import Actor
from providers.actions.matching import agreed_amounts, consider_providers, policy_for, terms_now
from providers.actions.offer_moves import keep_as_they_are
from providers.actions.rounds import offer_directly
from providers.actions.whom import whom_to_look_at
from providers.enums import WAITING, ProposalStatus, RoundMode, RoundStatus, RunStatus
from providers.models import AssignmentRun, Offer, OfferRound, PriceRequest, ProposedAssignment, Provider
from providers.rules.candidates import Candidate
from providers.rules.flow import NEAREST, NOBODY, DayLoad, Reason, explain, figures, one_by_one, prove
from providers.rules.terms import MatchingTerms

# Work of one day that one plan gives out, and how far ahead a day is planned.
MOST_ORDERS = 300
FARTHEST = dt.timedelta(days=60)
# A plan takes seconds: one that is not there after this time was lost with whoever worked it out.
LONGEST = dt.timedelta(minutes=5)
TO_GIVE_OUT = (WorkOrderStatus.READY, WorkOrderStatus.NEEDS_DISPATCH)
BY_PROVIDER = (Execution.PROVIDER, Execution.COLLECTED_PROVIDER)


class PlanUnderWay(Conflict):
    """Somebody asked for the same plan a moment ago."""

    code = "plan_under_way"
    message = _("This plan is already being worked out.")


class AssignmentChanged(Conflict):
    """What was planned is no longer so."""

    code = "assignment_changed"
    message = _("This work has changed since it was planned.")


# Providers gave their prices: a person chooses among them.
_SEARCHED = Exists(OfferRound.objects.filter(work_order=OuterRef("pk"), status=RoundStatus.OPEN))


def waiting_on(site: Site, day: dt.date) -> QuerySet[WorkOrder]:
    """Work for local businesses that begins that day and that nobody has or is asked for, the earliest first. What
    belongs to a request on hold waits with it."""
    begins, ends = _span(site, day)
    found = WorkOrder.objects.filter(site=site, execution__in=BY_PROVIDER, status__in=TO_GIVE_OUT)
    found = found.filter(promised_start__gte=begins, promised_start__lt=ends)
    found = found.exclude(request__status=RequestStatus.ON_HOLD).exclude(_SEARCHED)
    return found.select_related("request__client", "service", "site").order_by("promised_start", "pk")


def to_give_out(site: Site, day: dt.date) -> QuerySet[WorkOrder]:
    """What of it a plan gives out: work at a price that the client agreed to is left to a person."""
    return waiting_on(site, day).exclude(Exists(_AGREED))


def at_agreed_prices(site: Site, day: dt.date) -> QuerySet[WorkOrder]:
    """What of it is left to a person."""
    return waiting_on(site, day).filter(Exists(_AGREED))


# The lines of the client's agreement that count on a provider's price for a work order (``PriceRequest.agreed_for``).
_AGREED = QuoteLine.objects.filter(
    Q(Exists(PriceRequest.objects.filter(public_id=OuterRef("source"))), service=OuterRef("service"))
    | Q(
        Exists(PriceRequest.objects.filter(public_id=OuterRef("source"), service=OuterRef(OuterRef("service")))),
        service=None,
    ),
    option__quote__request=OuterRef("request"),
    option__quote__status=QuoteStatus.ACCEPTED,
    option=F("option__quote__chosen"),
    source__isnull=False,
).order_by()


def _span(site: Site, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """When a day begins and ends at a site."""
    zone, midnight = ZoneInfo(site.time_zone), dt.time(0)
    following = day + dt.timedelta(days=1)
    return dt.datetime.combine(day, midnight, tzinfo=zone), dt.datetime.combine(following, midnight, tzinfo=zone)


# Offers that wait for an answer, by provider and service.
Asked = Counter[tuple[int, int]]


def _asked_on(site: Site, day: dt.date) -> Asked:
    """Offers of a day to one provider alone that wait for its answer: each may take a place of it."""
    begins, ends = _span(site, day)
    waiting = Offer.objects.filter(organisation_id=site.organisation_id, status__in=WAITING)
    waiting = waiting.filter(round__mode=RoundMode.DIRECT)
    waiting = waiting.filter(work_order__promised_start__gte=begins, work_order__promised_start__lt=ends)
    return Counter(waiting.order_by("pk").values_list("provider_id", "work_order__service_id"))


def _room(candidate: Candidate, asked: Asked) -> int | None:
    """Jobs that it can still take that day, if it says yes to what it was asked; ``None``: nobody knows."""
    left = candidate.capacity_left
    taken = sum(many for (key, _service), many in asked.items() if key == candidate.key)
    return None if left is None else max(0, left - taken)


def _room_of_service(candidate: Candidate, service_id: int, asked: Asked) -> int | None:
    """Jobs of one service that it can still take that day; ``None``: it said no number for it."""
    left = candidate.service_left
    return None if left is None else max(0, left - asked[candidate.key, service_id])


def _has_room(candidate: Candidate, service_id: int, asked: Asked) -> bool:
    return 0 not in (_room(candidate, asked), _room_of_service(candidate, service_id, asked))


@transaction.atomic
def ask_for_plan(site: Site, day: dt.date, *, by: Actor) -> AssignmentRun:
    """Have the work of a day planned. Raises ``Invalid`` for a day that is over or far, ``PlanUnderWay``."""
    today = timezone.localdate(timezone=ZoneInfo(site.time_zone))
    if not today <= day <= today + FARTHEST:
        raise Invalid(_("Choose a day from today on, within sixty days."), field="day")
    run = AssignmentRun(organisation_id=site.organisation_id, site=site, day=day, asked_by=by.label[:120])
    with refuse_on("assignment_run_once_at_a_time", PlanUnderWay()):
        run.save()
    events.record("assignment_run.asked", run, by=by, site=site.slug, day=day.isoformat())
    return run


@dataclass(frozen=True)
class Gathered:
    """What one plan is about: orders and providers by their number, with the load that is solved."""

    orders: Sequence[WorkOrder]
    providers: Sequence[int]
    load: DayLoad


def gather(run: AssignmentRun) -> Gathered:
    """Read what there is to give out, and who may do what."""
    orders, found, asked = [], [], _asked_on(run.site, run.day)
    metres: list[dict[int, int]] = []
    for order in to_give_out(run.site, run.day)[:MOST_ORDERS]:
        policy = policy_for(order)
        terms = terms_now(order, policy)
        whom = whom_to_look_at(order, (), terms)
        verdicts = consider_providers(order, policy, agreed={}, among=whom.keys, terms=terms).verdicts
        kept = [one.candidate for one in verdicts if one.rule is None]
        kept = [one for one in kept if _has_room(one, order.service_id, asked)]
        ways = {one.key: _metres(one, terms) for one in kept}
        orders.append(order)
        found.append(sorted(kept, key=lambda one: (ways[one.key], one.key))[:NEAREST])
        metres.append(ways)
    known = {one.key: one for kept in found for one in kept}
    numbers = {key: number for number, key in enumerate(sorted(known))}
    arcs = [(n, numbers[one.key], metres[n][one.key]) for n, kept in enumerate(found) for one in kept]
    lanes = _lanes(orders, found, asked)
    lane_numbers = {lane: number for number, lane in enumerate(lanes)}
    rooms = [_room(known[key], asked) for key in numbers]
    load = DayLoad(
        many=len(orders),
        rooms=[len(orders) if room is None else room for room in rooms],
        sizes=[known[key].daily_capacity or 1 for key in numbers],
        recent=[known[key].recent_jobs or 0 for key in numbers],
        orders=[order for order, _provider, _way in arcs],
        providers=[provider for _order, provider, _way in arcs],
        metres=[way for _order, _provider, way in arcs],
        lanes=[numbers[key] for key, _service in lanes],
        lane_rooms=list(lanes.values()),
        through=[
            lane_numbers.get((one.key, orders[n].service_id), NOBODY) for n, kept in enumerate(found) for one in kept
        ]
        if lanes
        else [],
    )
    return Gathered(orders, list(numbers), load)


def _lanes(
    orders: Sequence[WorkOrder], found: Sequence[Sequence[Candidate]], asked: Asked
) -> dict[tuple[int, int], int]:
    """Whoever takes only so many jobs of a service that day, by provider and service."""
    rooms = {
        (one.key, order.service_id): _room_of_service(one, order.service_id, asked)
        for order, kept in zip(orders, found, strict=True)
        for one in kept
    }
    return {lane: room for lane, room in rooms.items() if room is not None}


def _metres(candidate: Candidate, terms: MatchingTerms) -> int:
    """How far it is; half of its area when nobody knows."""
    way = candidate.way_km(terms)
    return round(1000 * (Decimal(candidate.radius_km or 0) / 2 if way is None else way))


@transaction.atomic
def propose(run: AssignmentRun, gathered: Gathered, plan: Sequence[int], *, by: Actor) -> AssignmentRun:
    """Keep a plan that is proven to be the cheapest, beside the one made one by one. Safe twice."""
    locked = AssignmentRun.objects.select_for_update(of=("self",), no_key=True).get(pk=run.pk)
    if locked.status != RunStatus.COMPUTING:
        return locked
    load, alone = gathered.load, one_by_one(gathered.load)
    proof = prove(load, plan)
    if not proof.is_optimal:
        return _give_up(locked, "not_proven", by)
    reasons = explain(load, plan, proof)
    ways = dict(zip(zip(load.orders, load.providers, strict=True), load.metres, strict=True))
    key_of = {**dict(enumerate(gathered.providers)), NOBODY: None}
    ProposedAssignment.objects.bulk_create(
        ProposedAssignment(
            organisation_id=run.organisation_id,
            run=locked,
            work_order=order,
            version=order.version,
            provider_id=key_of[plan[n]],
            metres=ways.get((n, plan[n])),
            alone_id=key_of[alone[n]],
            why=_why(gathered, plan[n], reasons[n]),
        )
        for n, order in enumerate(gathered.orders)
    )
    locked.status, locked.snapshot = RunStatus.PROPOSED, load.as_data()
    locked.one_by_one, locked.at_once = asdict(figures(load, alone)), asdict(figures(load, plan))
    locked.save(update_fields=["status", "snapshot", "one_by_one", "at_once"])
    events.record("assignment_run.proposed", locked, by=by, orders=load.many)
    return locked


def _why(gathered: Gathered, provider: int, reason: Reason | None) -> dict[str, int]:
    if reason is None:
        return {}
    recent = gathered.load.recent
    return {
        "other": gathered.providers[reason.other],
        "farther": reason.farther,
        "spared": reason.spared,
        "fewer": recent[reason.other] - recent[provider],
    }


@transaction.atomic
def fail_plan(run: AssignmentRun, reason: str, *, by: Actor) -> AssignmentRun:
    """There is no plan: said, and asked for again by whoever wants it. Safe twice."""
    locked = AssignmentRun.objects.select_for_update(of=("self",), no_key=True).get(pk=run.pk)
    return locked if locked.status != RunStatus.COMPUTING else _give_up(locked, reason, by)


def _give_up(locked: AssignmentRun, reason: str, by: Actor) -> AssignmentRun:
    locked.status, locked.failure = RunStatus.FAILED, reason[:100]
    locked.save(update_fields=["status", "failure"])
    events.record("assignment_run.failed", locked, by=by, reason=locked.failure)
    return locked


@transaction.atomic
def apply_proposal(proposal: ProposedAssignment, *, by: Actor) -> ProposedAssignment:
    """Ask whom the plan names, if the work is still as it was planned and the plan would still name it. Twice: nothing.
    Raises ``AssignmentChanged``."""
    order = lock_work_order(proposal.work_order)
    locked = ProposedAssignment.objects.select_for_update(of=("self",), no_key=True).get(pk=proposal.pk)
    if locked.status == ProposalStatus.APPLIED:
        return locked
    if locked.provider is None or order.version != locked.version or not _waits(order):
        raise AssignmentChanged
    if not _may_be_named(order, locked.provider):
        raise AssignmentChanged
    offer_directly(order, locked.provider, by=by)
    locked.status = ProposalStatus.APPLIED
    locked.save(update_fields=["status"])
    return locked


def _waits(order: WorkOrder) -> bool:
    """Whether a plan may give out this locked work; its request is read under the lock that whoever holds it takes
    first."""
    is_free = order.status in TO_GIVE_OUT and order.request.status != RequestStatus.ON_HOLD
    return is_free and not agreed_amounts(order) and not order.offer_rounds.filter(status=RoundStatus.OPEN).exists()


def _may_be_named(order: WorkOrder, provider: Provider) -> bool:
    """Whether a plan made now might name it: nobody chose it in spite of the rules, so all of them count."""
    keep_as_they_are([provider.pk])
    policy = policy_for(order)
    found = consider_providers(order, policy, agreed={}, among=[provider.pk], terms=terms_now(order, policy))
    day = order.promised_start.astimezone(ZoneInfo(order.site.time_zone)).date()
    asked = _asked_on(order.site, day)
    return any(one.rule is None and _has_room(one.candidate, order.service_id, asked) for one in found.verdicts)


def apply_or_drop(proposal: ProposedAssignment, *, by: Actor) -> ProposedAssignment:
    """Apply a line; one that no longer holds is dropped, so that the plan says which."""
    try:
        return apply_proposal(proposal, by=by)
    except DomainError:
        with transaction.atomic():
            ProposedAssignment.objects.filter(pk=proposal.pk, status=ProposalStatus.PROPOSED).update(
                status=ProposalStatus.DROPPED
            )
        proposal.refresh_from_db()
        return proposal
