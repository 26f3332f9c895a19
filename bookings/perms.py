"""Who may do what on the demand side. Seeing comes first: what is not in ``visible_to`` is a 404."""

from __future__ import annotations

from bookings.enums import (
    MOVABLE_REQUESTS,
    QUOTE_TRANSITIONS,
    REQUEST_CATEGORY,
    REQUEST_TRANSITIONS,
    WORK_ORDER_TRANSITIONS,
    Category,
    Leg,
    PerformerKind,
    Place,
    QuoteStatus,
    RequestStatus,
)
from bookings.models import Quote, ServiceRequest, WorkOrder
from bookings.models.requests import ENDED
from concierge.enums import Role
from concierge.models import Site
from concierge.tenancy import Actor

DESK = (Role.CONCIERGE, Role.DISPATCHER, Role.SITE_MANAGER)
CHECKERS = (*DESK, Role.SUPERVISOR)
# The own team's work is checked by the supervisor of that person, on the pages of the workers app; these stand in.
# Somebody is still to come.
AHEAD = (Category.OPEN, Category.WAITING, Category.ACTIVE)
MANAGERS = (Role.SITE_MANAGER, Role.NETWORK_HEAD)
OWN_TEAM_CHECKERS = (Role.SITE_MANAGER, Role.NETWORK_HEAD)


def is_own_system(actor: Actor) -> bool:
    """A key of the organisation itself, not of a provider."""
    return actor.kind == "api" and actor.provider_id is None


def can_book_for_others(actor: Actor, site: Site) -> bool:
    """The desk takes requests by phone or at the counter; the organisation's systems send theirs."""
    return is_own_system(actor) or actor.has_role(*DESK, site_id=site.pk)


def can_place(actor: Actor, request: ServiceRequest) -> bool:
    """Say where the address is, as long as somebody may still come."""
    return request.status not in ENDED and can_book_for_others(actor, request.site)


def can_manage_accounts(actor: Actor) -> bool:
    """Contracts with companies, landlords and towns, and who their people are."""
    return actor.has_role(Role.CONCIERGE, Role.SITE_MANAGER, Role.NETWORK_HEAD)


def sees_openings(actor: Actor, site: Site) -> bool:
    """When people are received, and who comes: whoever works there."""
    return actor.has_role(*CHECKERS, Role.NETWORK_HEAD, site_id=site.pk)


def can_state_stands(actor: Actor, site: Site) -> bool:
    """Say what became of a day of a stand: whoever stood there, and whoever answers for the site."""
    return actor.has_role(*DESK, Role.NETWORK_HEAD, site_id=site.pk)


def can_subscribe(actor: Actor, site: Site | None) -> bool:
    """Have a calendar read one's own appointments, or those of a site: whoever sees them on a page."""
    return actor.client_id is not None if site is None else sees_openings(actor, site)


def can_set_openings(actor: Actor, site: Site) -> bool:
    """Say when people are received: whoever answers for the site."""
    return actor.has_role(Role.SITE_MANAGER, Role.NETWORK_HEAD, site_id=site.pk)


def can_merge_clients(actor: Actor) -> bool:
    """Say that two rows are one person, and take it back: whoever meets the clients."""
    return actor.has_role(*DESK, Role.NETWORK_HEAD)


def can_manage_prescribers(actor: Actor) -> bool:
    """Invite and pause professionals of partner structures."""
    return actor.has_role(*DESK, Role.NETWORK_HEAD)


def works_at_desk(actor: Actor, site: Site) -> bool:
    """Stands at the counter of this site."""
    return actor.has_role(*DESK, site_id=site.pk)


def can_take_back(actor: Actor, request: ServiceRequest) -> bool:
    """Undo a hand-over a moment later."""
    return request.status in REQUEST_TRANSITIONS["take_back"][0] and actor.has_role(*DESK, site_id=request.site_id)


def can_read_requests(actor: Actor) -> bool:
    """The team's list of requests."""
    return actor.has_role(*CHECKERS, Role.NETWORK_HEAD, Role.ACCOUNTANT)


def is_client_of(actor: Actor, request: ServiceRequest) -> bool:
    """Whoever asked for it, under whichever of their records."""
    if actor.client_id is None or actor.client_id == request.client_id:
        return actor.client_id is not None
    return actor.client_id == request.client.merged_into_id


def can_cancel(actor: Actor, request: ServiceRequest) -> bool:
    """The desk, the organisation's systems, the client, or whoever holds the tracking link; before work begins."""
    if request.status not in REQUEST_TRANSITIONS["cancel"][0]:
        return False
    if request.status == RequestStatus.ON_HOLD and request.work_orders.filter(started_at__isnull=False).exists():
        return False
    if is_client_of(actor, request):
        return True
    return is_own_system(actor) or actor.has_role(*DESK, site_id=request.site_id)


def moves(actor: Actor, request: ServiceRequest) -> bool:
    """Whose part it is to move an appointment: the desk, the organisation's systems, the client."""
    if is_client_of(actor, request):
        return True
    return is_own_system(actor) or actor.has_role(*DESK, site_id=request.site_id)


def can_move(actor: Actor, request: ServiceRequest) -> bool:
    """Do so now; whether its work has begun is asked when it is done."""
    return request.status in MOVABLE_REQUESTS and request.promised_start is not None and moves(actor, request)


def asks_for_earlier(actor: Actor, request: ServiceRequest) -> bool:
    """Be told of earlier times, or no longer: whoever may move the appointment, and the machine itself."""
    return actor.kind == "system" or moves(actor, request)


def reads_access(actor: Actor, request: ServiceRequest) -> bool:
    """How to get in at somebody's home: the team of the site. Others who go there read it on their card or their job;
    the client, who may have passed the link on, reads that it is noted, not what."""
    return actor.has_role(*CHECKERS, Role.NETWORK_HEAD, site_id=request.site_id)


def notes_access(actor: Actor, request: ServiceRequest) -> bool:
    """Whose part it is to say how to get in: the desk, the client, whoever holds the tracking link."""
    return is_client_of(actor, request) or actor.has_role(*DESK, site_id=request.site_id)


def can_note_access(actor: Actor, request: ServiceRequest) -> bool:
    """Do so now: while somebody is to come."""
    return awaits_visit(request) and notes_access(actor, request)


def awaits_visit(request: ServiceRequest) -> bool:
    """Somebody is still to come to a home."""
    return request.place == Place.HOME and REQUEST_CATEGORY[request.status] in AHEAD


def manages(actor: Actor, site: Site) -> bool:
    """Set what a site's managers set."""
    return actor.has_role(*MANAGERS, site_id=site.pk)


def holds(actor: Actor, request: ServiceRequest) -> bool:
    """Ask the client, hold a request, let it go on: the desk, the organisation's systems, the machine itself."""
    return actor.kind == "system" or is_own_system(actor) or actor.has_role(*DESK, site_id=request.site_id)


def can_wait(actor: Actor, request: ServiceRequest, verb: str) -> bool:
    """One of these verbs now. ``resume`` has no arrow of its own: back to where it was held from."""
    allowed = {RequestStatus.ON_HOLD} if verb == "resume" else REQUEST_TRANSITIONS[verb][0]
    return request.status in allowed and holds(actor, request)


def can_measure(actor: Actor, request: ServiceRequest) -> bool:
    """Say what was weighed or counted: the desk, the workshop, the organisation's systems."""
    return is_own_system(actor) or actor.has_role(*CHECKERS, site_id=request.site_id)


def answers(actor: Actor, request: ServiceRequest) -> bool:
    """Answer what the client was asked: the client, or whoever holds the link; the desk notes what was said."""
    return is_client_of(actor, request) or holds(actor, request)


def follows_up(actor: Actor, request: ServiceRequest) -> bool:
    """Remind, note a call, let it rest, hand it on."""
    return actor.has_role(*DESK, site_id=request.site_id)


def can_follow_up(actor: Actor) -> bool:
    """The list of who is silent."""
    return actor.has_role(*DESK)


def can_close(actor: Actor, request: ServiceRequest) -> bool:
    """Hand over at the desk."""
    return request.status in REQUEST_TRANSITIONS["close"][0] and actor.has_role(*DESK, site_id=request.site_id)


def can_renew_link(actor: Actor, request: ServiceRequest) -> bool:
    """End the tracking link and have the client sent a new one; in any state."""
    return actor.has_role(*DESK, site_id=request.site_id)


def can_decline(actor: Actor, request: ServiceRequest) -> bool:
    """Refuse what was not confirmed yet."""
    return request.status in REQUEST_TRANSITIONS["decline"][0] and actor.has_role(*DESK, site_id=request.site_id)


def writes_quotes(actor: Actor, request: ServiceRequest) -> bool:
    """Draft, send, withdraw: the desk of the site, and the organisation's systems."""
    return actor.kind == "system" or is_own_system(actor) or actor.has_role(*DESK, site_id=request.site_id)


def can_start_review(actor: Actor, request: ServiceRequest) -> bool:
    """Say that somebody looks at it."""
    return request.status in REQUEST_TRANSITIONS["start_review"][0] and writes_quotes(actor, request)


# Where a next version may be begun: before agreement, after a quote has expired, or to amend what goes on.
QUOTABLE = (
    RequestStatus.SUBMITTED,
    RequestStatus.QUALIFYING,
    RequestStatus.AWAITING_APPROVAL,
    RequestStatus.EXPIRED,
)
AMENDABLE = (RequestStatus.CONFIRMED, RequestStatus.IN_PROGRESS)


def can_draft_quote(actor: Actor, request: ServiceRequest, *, has_binding: bool) -> bool:
    """Begin the next version now."""
    now = request.status in QUOTABLE or (has_binding and request.status in AMENDABLE)
    return now and writes_quotes(actor, request)


def can_edit_quote(actor: Actor, quote: Quote) -> bool:
    """Change a draft, send it, throw it away."""
    return quote.status == QuoteStatus.DRAFT and writes_quotes(actor, quote.request)


def can_withdraw_quote(actor: Actor, quote: Quote) -> bool:
    """Take back what the client has not answered."""
    return quote.status in QUOTE_TRANSITIONS["withdraw"][0] and writes_quotes(actor, quote.request)


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


def can_run_hand_outs(actor: Actor, site: Site) -> bool:
    """Hand out at a site, replace and call off: the desk."""
    return actor.has_role(*DESK, site_id=site.pk)


def can_plan_ahead(actor: Actor) -> bool:
    """Open an order-ahead plan somewhere: the desk; at which site is asked there."""
    return actor.has_role(*DESK)


def can_see_catalogue(actor: Actor) -> bool:
    """Read prices and terms."""
    return actor.has_role(*DESK, Role.NETWORK_HEAD)


def can_edit_catalogue(actor: Actor) -> bool:
    """Change services and their prices, which are those of every site."""
    return actor.has_role(Role.SITE_MANAGER, Role.NETWORK_HEAD)


def can_set_vat(actor: Actor) -> bool:
    """Say which VAT rate counts from which day: whoever changes prices, and the accountant."""
    return can_edit_catalogue(actor) or actor.has_role(Role.ACCOUNTANT)


def can_edit_terms(actor: Actor, site: Site) -> bool:
    """Change what one site offers, on which terms and where."""
    return actor.has_role(Role.SITE_MANAGER, Role.NETWORK_HEAD, site_id=site.pk)
