"""The team's pages: what providers are asked, and what they answered."""

from __future__ import annotations

import uuid
from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_safe

from bookings.enums import WORK_ORDER_TRANSITIONS, PerformerKind, WorkOrderStatus
from bookings.models import ServiceRequest, WorkOrder
from concierge.middleware import TenantRequest
from concierge.words import euros
from providers import perms
from providers.actions.matching import agreed_prices
from providers.enums import OfferStatus, RoundStatus
from providers.forms.clocks import ResumeForm
from providers.forms.offers import BreakForm
from providers.models import CounterOffer, Offer, OfferContact, OfferPause, OfferRound, Provider, ServiceAgreement
from providers.models.runs import PLANNERS
from providers.views.choice_words import choice_of, gaps_of, past_of
from providers.views.clock_words import stopped_words
from providers.views.counter_words import proposal_of
from providers.views.next_words import next_steps, round_words
from providers.views.partnership import left_with
from providers.views.staff import BY_PROVIDER, PAGE, offer_row, pages_around, see_providers
from providers.views.words import considered_words


@require_safe
def offers_list(request: TenantRequest) -> HttpResponse:
    """Offers of the person's sites: open ones first asked for, or all."""
    see_providers(request)
    state = request.GET.get("state", "open")
    found = Offer.objects.visible_to(request.actor).with_need().order_by("-pk")
    if state == "open":
        found = found.open().order_by("due_at", "pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    waiting = WorkOrder.objects.visible_to(request.actor).filter(
        status=WorkOrderStatus.NEEDS_DISPATCH, execution__in=BY_PROVIDER
    )
    context = {
        "rows": [offer_row(offer) for offer in page],
        "is_open": state == "open",
        "is_all": state != "open",
        "can_plan": request.actor.has_role(*PLANNERS),
        "to_call": OfferContact.objects.visible_to(request.actor).calls().count(),
        "waiting": list(waiting.select_related("request", "service", "site").order_by("promised_end", "pk")[:20]),
        "left": list(
            left_with(Provider.objects.filter(organisation=request.organisation, is_active=False), request.actor)[:20]
        ),
    }
    return render(request, "providers/offers.html", {**context, **pages_around(request, page)})


@require_GET
def offers_of_request(request: TenantRequest, request_id: uuid.UUID) -> HttpResponse:
    """Who was asked for each job of a request, who answered what, and why others were not asked."""
    see_providers(request)
    found = get_object_or_404(ServiceRequest.objects.visible_to(request.actor), public_id=request_id)
    return searches_page(request, found)


def searches_page(
    request: TenantRequest,
    found: ServiceRequest,
    *,
    again: dict[int, BreakForm] | None = None,
    resume: dict[int, ResumeForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Every search for the jobs of a request: a fragment for htmx, else a page."""
    orders = list(
        WorkOrder.objects.visible_to(request.actor)
        .filter(request=found, execution__in=BY_PROVIDER)
        .select_related("service", "site", "request")
        .prefetch_related("lines")
        .order_by("pk")
    )
    by_key = {order.pk: order for order in orders}
    rounds: dict[int, list[dict[str, Any]]] = defaultdict(list)
    searched = list(
        OfferRound.objects.filter(work_order__in=orders)
        .select_related("work_order__site", "work_order__request__pre_order")
        .prefetch_related(
            "offers__provider",
            "offers__agreement",
            "offers__wave",
            "offers__work_order__site",
            "offers__contacts",
            Prefetch("offers__pauses", OfferPause.objects.going_on()),
            Prefetch("offers__counters", CounterOffer.objects.waiting()),
            "considered__provider",
        )
        .order_by("-pk")
    )
    following, past, gaps = next_steps(searched), past_of(searched), gaps_of(searched)
    for one in searched:
        rounds[one.work_order_id].append(
            {
                "round": one,
                "state": round_words(one),
                "next": following.get(one.pk, []),
                "offers": [
                    offer_row(offer, again, with_contacts=True)
                    for offer in sorted(one.offers.all(), key=lambda offer: offer.pk)
                ],
                "clocks": _clocks(one, by_key[one.work_order_id], resume or {}),
                "choice": choice_of(one, by_key[one.work_order_id], past, gaps),
                "proposals": [] if one.asks_price else _proposals(one, by_key[one.work_order_id], gaps),
                "considered": [considered_words(line) for line in one.considered.all()],
            }
        )
    agreed: dict[int, dict[int, Provider]] = defaultdict(dict)
    for agreement in (
        ServiceAgreement.objects.binding()
        .filter(service__in={order.service_id for order in orders}, provider__is_active=True)
        .select_related("provider")
        .order_by("provider__name", "provider__pk")
    ):
        agreed[agreement.service_id][agreement.provider_id] = agreement.provider
    priced = {order.pk: agreed_prices(order) for order in orders}
    for order in orders:
        agreed[order.service_id].update({one.pk: one for one, _price in priced[order.pk] if one.is_active})
    left = set(
        left_with(Provider.objects.filter(is_active=False), request.actor)
        .filter(request=found)
        .values_list("pk", flat=True)
    )
    searches = [
        {
            "order": order,
            "rounds": rounds[order.pk],
            "agreed": [(one.name, euros(price)) for one, price in priced[order.pk]],
            "providers": list(agreed[order.service_id].values()),
            "may_steer": perms.can_dispatch(request.actor, order),
            "is_left": order.pk in left,
            "is_other": _is_held_by_another(order, priced[order.pk]),
            "is_looking": _is_searched(order, rounds[order.pk]),
            "can_look": order.status in {WorkOrderStatus.READY, WorkOrderStatus.NEEDS_DISPATCH}
            and not _is_searched(order, rounds[order.pk]),
        }
        for order in orders
    ]
    part = "_offers_of_request" if request.htmx else "offers_of_request"
    return render(request, f"providers/{part}.html", {"found": found, "searches": searches}, status=status)


def _is_searched(order: WorkOrder, rounds: list[dict[str, Any]]) -> bool:
    """Whether somebody is asked, or prices wait for a choice."""
    return order.status == WorkOrderStatus.OFFERING or any(one["round"].status == RoundStatus.OPEN for one in rounds)


def _proposals(searched: OfferRound, order: WorkOrder, gaps: dict[int, str]) -> list[dict[str, Any]]:
    """What its providers propose instead of a yes, and what the client pays for it."""
    found = []
    for offer in searched.offers.all():
        for counter in offer.counters.all():
            offer.work_order, counter.offer = order, offer
            total = sum((line.total_incl_vat for line in order.lines.all()), Decimal(0))
            words = {"gap": gaps.get(counter.pk, ""), "client_pays": euros(total)}
            found.append({**proposal_of(counter), **words, "provider": offer.provider})
    return found


def _clocks(searched: OfferRound, order: WorkOrder, forms: dict[int, ResumeForm]) -> list[dict[str, Any]]:
    """What those who are asked wait for, or ask."""
    found = []
    for offer in searched.offers.all():
        if offer.status == OfferStatus.SENT:
            offer.work_order = order
            words = stopped_words(offer, forms.get(offer.pk))
            if words is not None:
                found.append(words)
    return found


def _is_held_by_another(order: WorkOrder, agreed: list[tuple[Provider, Decimal]]) -> bool:
    """Whether work that can still be taken back is with a business whose price the client did not agree to."""
    if order.performer_kind != PerformerKind.PROVIDER or order.status not in WORK_ORDER_TRANSITIONS["take_back"][0]:
        return False
    return bool(agreed) and order.performer_id not in {one.pk for one, _price in agreed}
