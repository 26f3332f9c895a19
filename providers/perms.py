"""Who may do what on the supply side."""

from __future__ import annotations

from bookings.enums import PerformerKind
from bookings.models import WorkOrder
from bookings.models.requests import REQUEST_ROLES
from concierge.enums import Role
from concierge.tenancy import Actor
from providers.enums import Decider
from providers.models import CounterOffer, Offer, PriceRequest, Provider
from providers.models.runs import PLANNERS


def can_see_providers(actor: Actor) -> bool:
    """Staff who follow requests look at providers and offers."""
    return actor.has_role(*REQUEST_ROLES)


def can_manage_providers(actor: Actor) -> bool:
    """Files, agreements and API keys of providers: site managers and heads of the network."""
    return actor.has_role(Role.SITE_MANAGER, Role.NETWORK_HEAD)


def can_close_days(actor: Actor, provider: Provider) -> bool:
    """Say when a provider is away: itself, or whoever speaks with it on the phone."""
    if actor.provider_id is not None:
        return actor.provider_id == provider.pk
    return actor.has_role(Role.DISPATCHER, Role.SITE_MANAGER, Role.NETWORK_HEAD)


def can_dispatch(actor: Actor, work_order: WorkOrder) -> bool:
    """Start, stop and steer the search for a provider at that site."""
    return actor.kind == "system" or actor.has_role(
        Role.DISPATCHER, Role.SITE_MANAGER, Role.NETWORK_HEAD, site_id=work_order.site_id
    )


def can_plan(actor: Actor, site_id: int) -> bool:
    """Give out the work of a day at that site."""
    return actor.has_role(*PLANNERS, site_id=site_id)


def can_answer(actor: Actor, offer: Offer | PriceRequest) -> bool:
    """Only the provider who was asked answers: by its key, its link or its account."""
    return actor.provider_id is not None and actor.provider_id == offer.provider_id


def can_decide(actor: Actor, counter: CounterOffer) -> bool:
    """On another price or day: whoever dispatches there, the organisation's own systems, the client who is asked."""
    if actor.provider_id is not None:
        return False
    order = counter.offer.work_order
    is_asked = counter.needs == Decider.CLIENT and actor.client_id == order.request.client_id
    return actor.kind == "api" or (actor.client_id is not None and is_asked) or can_dispatch(actor, order)


def can_carry_out(actor: Actor, work_order: WorkOrder) -> bool:
    """Only the provider who holds the work starts and completes it."""
    return (
        actor.provider_id is not None
        and work_order.performer_kind == PerformerKind.PROVIDER
        and work_order.performer_id == actor.provider_id
    )
