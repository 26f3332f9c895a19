"""Who may do what on the demand side. Seeing comes first: what is not in ``visible_to`` is a 404."""

from __future__ import annotations

from bookings.enums import REQUEST_TRANSITIONS, WORK_ORDER_TRANSITIONS, Leg, PerformerKind
from bookings.models import ServiceRequest, WorkOrder
from concierge.enums import Role
from concierge.models import Site
from concierge.tenancy import Actor

DESK = (Role.CONCIERGE, Role.DISPATCHER, Role.SITE_MANAGER)
CHECKERS = (*DESK, Role.SUPERVISOR)
# The own team's work is checked by the supervisor of that person, on the pages of the workers app; these stand in.
OWN_TEAM_CHECKERS = (Role.SITE_MANAGER, Role.NETWORK_HEAD)


def is_own_system(actor: Actor) -> bool:
    """A key of the organisation itself, not of a provider."""
    return actor.kind == "api" and actor.provider_id is None


def can_book_for_others(actor: Actor, site: Site) -> bool:
    """The desk takes requests by phone or at the counter; the organisation's systems send theirs."""
    return is_own_system(actor) or actor.has_role(*DESK, site_id=site.pk)


def can_manage_accounts(actor: Actor) -> bool:
    """Contracts with companies, landlords and towns, and who their people are."""
    return actor.has_role(Role.CONCIERGE, Role.SITE_MANAGER, Role.NETWORK_HEAD)


def can_merge_clients(actor: Actor) -> bool:
    """Say that two rows are one person, and take it back: whoever meets the clients."""
    return actor.has_role(*DESK, Role.NETWORK_HEAD)


def can_manage_prescribers(actor: Actor) -> bool:
    """Invite and pause professionals of partner structures."""
    return actor.has_role(*DESK, Role.NETWORK_HEAD)


def can_read_requests(actor: Actor) -> bool:
    """The team's list of requests."""
    return actor.has_role(*CHECKERS, Role.NETWORK_HEAD, Role.ACCOUNTANT)


def can_cancel(actor: Actor, request: ServiceRequest) -> bool:
    """The desk, the organisation's systems, the client, or whoever holds the tracking link; before work begins."""
    if request.status not in REQUEST_TRANSITIONS["cancel"][0]:
        return False
    if actor.client_id is not None and actor.client_id in {request.client_id, request.client.merged_into_id}:
        return True
    return is_own_system(actor) or actor.has_role(*DESK, site_id=request.site_id)


def can_close(actor: Actor, request: ServiceRequest) -> bool:
    """Hand over at the desk."""
    return request.status in REQUEST_TRANSITIONS["close"][0] and actor.has_role(*DESK, site_id=request.site_id)


def can_renew_link(actor: Actor, request: ServiceRequest) -> bool:
    """End the tracking link and have the client sent a new one; in any state."""
    return actor.has_role(*DESK, site_id=request.site_id)


def can_decline(actor: Actor, request: ServiceRequest) -> bool:
    """Refuse what was not confirmed yet."""
    return request.status in REQUEST_TRANSITIONS["decline"][0] and actor.has_role(*DESK, site_id=request.site_id)


def checks(actor: Actor, work_order: WorkOrder) -> bool:
    """Whose part it is to say that work is good: the desk and supervisors for a provider's; for the own team's its
    supervisor says so elsewhere, and here only a manager in their place."""
    own_team = work_order.performer_kind == PerformerKind.OWN_TEAM
    return actor.has_role(*(OWN_TEAM_CHECKERS if own_team else CHECKERS), site_id=work_order.site_id)


def carries(actor: Actor, work_order: WorkOrder) -> bool:
    """Say that things are with the provider, or back, without anybody of the team having carried them."""
    return actor.has_role(*DESK, site_id=work_order.site_id)


def can_carry(actor: Actor, work_order: WorkOrder) -> bool:
    """Say so now."""
    return work_order.leg_now in {Leg.COLLECT, Leg.RETURN} and carries(actor, work_order)


def gives_up(actor: Actor, work_order: WorkOrder) -> bool:
    """Say that work cannot be done."""
    return actor.has_role(*DESK, site_id=work_order.site_id)


def can_give_up(actor: Actor, work_order: WorkOrder) -> bool:
    """Say so now."""
    return work_order.status in WORK_ORDER_TRANSITIONS["fail"][0] and gives_up(actor, work_order)


def can_check(actor: Actor, work_order: WorkOrder) -> bool:
    """Verify finished work now, or send it back."""
    return work_order.status in WORK_ORDER_TRANSITIONS["verify"][0] and checks(actor, work_order)


def can_carry_out(actor: Actor, work_order: WorkOrder) -> bool:
    """Start and complete by the API: the provider that holds the work, or the organisation's systems.

    A trainee's work is started and finished with its assignment, in the workers app: never beside it.
    """
    if actor.provider_id is not None:
        return work_order.performer_kind == PerformerKind.PROVIDER and work_order.performer_id == actor.provider_id
    return is_own_system(actor) and work_order.performer_kind != PerformerKind.OWN_TEAM
