"""The work of a day given out at once: asked for, worked out by a task, applied line by line (domain.md R34, ADR 20).

The snapshot is read and solved outside of any transaction; what changed meanwhile is found when a line is applied.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.work_orders import lock_work_order
from bookings.enums import Execution, WorkOrderStatus
from bookings.models import WorkOrder
from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, DomainError, Invalid
from concierge.models import Site
from concierge.tenancy import Actor
from providers.actions.matching import agreed_amounts, consider_providers, policy_for, terms_now
from providers.actions.rounds import offer_directly
from providers.actions.whom import whom_to_look_at
from providers.enums import ProposalStatus, RunStatus
from providers.models import AssignmentRun, ProposedAssignment
from providers.rules.candidates import Candidate
from providers.rules.flow import NEAREST, NOBODY, DayLoad, Reason, explain, figures, one_by_one, prove

# Work of one day that one plan gives out, and how far ahead a day is planned.
MOST_ORDERS = 300
FARTHEST = dt.timedelta(days=60)
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


def to_give_out(site: Site, day: dt.date) -> QuerySet[WorkOrder]:
    """Work for local businesses that begins that day and that nobody has or is asked for, the earliest first."""
    zone = ZoneInfo(site.time_zone)
    begins = dt.datetime.combine(day, dt.time(0), tzinfo=zone)
    ends = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(0), tzinfo=zone)
    found = WorkOrder.objects.filter(site=site, execution__in=BY_PROVIDER, status__in=TO_GIVE_OUT)
    found = found.filter(promised_start__gte=begins, promised_start__lt=ends)
    return found.select_related("request__client", "service", "site").order_by("promised_start", "pk")


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
    """Read what there is to give out, and who may do what. Work at a price the client agreed to is left to a person."""
    orders, found = [], []
    for order in to_give_out(run.site, run.day)[:MOST_ORDERS]:
        agreed = agreed_amounts(order)
        if agreed:
            continue
        policy = policy_for(order)
        terms = terms_now(order, policy)
        whom = whom_to_look_at(order, agreed, terms)
        verdicts = consider_providers(order, policy, agreed=agreed, among=whom.keys, terms=terms).verdicts
        kept = [verdict.candidate for verdict in verdicts if verdict.rule is None]
        orders.append(order)
        found.append(sorted(kept, key=lambda one: (_metres(one), one.key))[:NEAREST])
    known = {one.key: one for kept in found for one in kept}
    numbers = {key: number for number, key in enumerate(sorted(known))}
    arcs = [(n, numbers[one.key], _metres(one)) for n, kept in enumerate(found) for one in kept]
    rooms = [len(orders) if known[key].capacity_left is None else known[key].capacity_left or 0 for key in numbers]
    load = DayLoad(
        many=len(orders),
        rooms=rooms,
        sizes=[known[key].daily_capacity or 1 for key in numbers],
        recent=[known[key].recent_jobs or 0 for key in numbers],
        orders=[order for order, _provider, _way in arcs],
        providers=[provider for _order, provider, _way in arcs],
        metres=[way for _order, _provider, way in arcs],
    )
    return Gathered(orders, list(numbers), load)


def _metres(candidate: Candidate) -> int:
    """How far it is; half of its area when nobody knows."""
    way = candidate.distance_km
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
    """Ask whom the plan names, if the work is still as it was planned. Twice: nothing. Raises ``AssignmentChanged``."""
    order = lock_work_order(proposal.work_order)
    locked = ProposedAssignment.objects.select_for_update(of=("self",), no_key=True).get(pk=proposal.pk)
    if locked.status == ProposalStatus.APPLIED:
        return locked
    if locked.provider is None or order.version != locked.version or order.status not in TO_GIVE_OUT:
        raise AssignmentChanged
    offer_directly(order, locked.provider, by=by)
    locked.status = ProposalStatus.APPLIED
    locked.save(update_fields=["status"])
    return locked


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
