"""What providers do when something happens below them. Handlers only write rows and are safe to run twice.

The dotted name of a handler is its name in the inbox: those here stay here, further ones get a module of their idea,
which this one imports.
"""

from __future__ import annotations

from bookings.actions.revival import REVIVABLE
from bookings.enums import Execution, PerformerKind, QuoteStatus, RequestStatus
from bookings.models import Quote, ServiceRequest, WorkOrder
from concierge import deadlines, events
from concierge.models import Event
from concierge.tenancy import system_actor
from providers.actions import counters as _counters  # noqa: F401 - importing registers its deadline
from providers.actions import expiry as _expiry  # noqa: F401 - importing registers its deadline
from providers.actions.agreed import follow_amendment, give_out
from providers.actions.offers import let_go_of_accepted, pass_on
from providers.actions.prices import GIVEN_UP, lose_price, settle_prices, withdraw_all
from providers.actions.repricing import follow_quantity
from providers.actions.rounds import withdraw_offers
from providers.handlers import addresses as _addresses  # noqa: F401 - importing subscribes
from providers.handlers import agreements as _agreements  # noqa: F401 - importing registers them
from providers.handlers import clocks as _clocks  # noqa: F401 - importing subscribes it
from providers.handlers import moves as _moves  # noqa: F401 - importing subscribes it
from providers.handlers import papers as _papers  # noqa: F401 - importing subscribes
from providers.handlers import promises as _promises  # noqa: F401 - importing subscribes it
from providers.handlers import reach as _reach  # noqa: F401 - importing subscribes it
from providers.handlers import roads as _roads  # noqa: F401 - importing subscribes it
from providers.models import Offer, PriceRequest

BY_PROVIDER = (Execution.PROVIDER, Execution.COLLECTED_PROVIDER)


def _work_order(event: Event) -> WorkOrder:
    return WorkOrder.objects.select_related("organisation").get(public_id=event.subject_id)


def _search(work_order: WorkOrder) -> None:
    if work_order.execution in BY_PROVIDER:
        give_out(work_order, by=system_actor(work_order.organisation))


@events.subscribe("work_order.ready")
def look_for_a_provider(event: Event) -> None:
    """A confirmed job for a local business: ask whom the client's agreement counts on, else the first wave."""
    _search(_work_order(event))


@events.subscribe("work_order.released")
def look_again(event: Event) -> None:
    """The doer gave it back: others are asked, unless the client agreed to the price of one."""
    work_order = _work_order(event)
    let_go_of_accepted(work_order, verb="release", by=system_actor(work_order.organisation))
    _search(work_order)


@events.subscribe("work_order.cancelled", "work_order.failed")
def stop_looking(event: Event) -> None:
    """Nobody needs to answer any more, and who had accepted is told."""
    work_order = _work_order(event)
    by = system_actor(work_order.organisation)
    withdraw_offers(work_order, by=by)
    let_go_of_accepted(work_order, verb="withdraw", by=by)


@events.subscribe("work_order.booked")
def given_to_someone_else(event: Event) -> None:
    """The own team took it over while providers were being asked."""
    work_order = _work_order(event)
    if work_order.performer_kind == PerformerKind.OWN_TEAM:
        withdraw_offers(work_order, by=system_actor(work_order.organisation))


@events.subscribe("provider.stopped")
def pass_on_what_is_open(event: Event) -> None:
    """A provider is no longer asked: others are, at once. What it has accepted stays with it until a person decides."""
    stopped = Offer.objects.open().filter(provider__public_id=event.subject_id, provider__is_active=False)
    # By work order: every transaction that locks several does so in this order.
    for offer in stopped.select_related("work_order", "round").order_by("work_order_id"):
        pass_on(offer, by=system_actor(event.organisation))


@events.subscribe("provider.stopped")
def need_no_price_of_theirs(event: Event) -> None:
    """A price of a business that was stopped can no longer be counted on."""
    stopped = PriceRequest.objects.open().filter(provider__public_id=event.subject_id, provider__is_active=False)
    for asked in stopped.order_by("pk"):
        lose_price(asked, by=system_actor(event.organisation))


@events.subscribe("service_request.measured")
def pay_for_what_there_is(event: Event) -> None:
    """More or less was weighed or counted than announced: providers are paid by what there is."""
    by = system_actor(event.organisation)
    for order in WorkOrder.objects.filter(request__public_id=event.subject_id, execution__in=BY_PROVIDER).order_by(
        "pk"
    ):
        follow_quantity(order, measured_at=event.act_at, by=by)


# Before the prices are settled: work orders are locked first.
@events.subscribe("quote.accepted")
def offer_anew(event: Event) -> None:
    """An amendment counts on other prices: who is being asked for the work changes with it.

    Also when a further one was accepted meanwhile: it compares with this one only, not with who is being asked.
    """
    for quote in Quote.objects.filter(public_id=event.subject_id, is_amendment=True).exclude(chosen=None):
        orders = WorkOrder.objects.filter(request=quote.request_id, execution__in=BY_PROVIDER)
        for order in orders.order_by("pk"):
            follow_amendment(order, quote, by=system_actor(event.organisation))


@events.subscribe("quote.accepted")
def tell_whose_price_was_chosen(event: Event) -> None:
    """Whose price the client's agreement counts on, and who asked in vain."""
    binding = Quote.objects.filter(public_id=event.subject_id, status=QuoteStatus.ACCEPTED)
    # An amendment that was accepted meanwhile has its own event.
    for quote in binding.select_related("request", "chosen"):
        lines = quote.chosen.lines.order_by("position") if quote.chosen else []
        chosen = [line.source for line in lines if line.source is not None]
        settle_prices(quote.request, chosen, by=system_actor(event.organisation))


@events.subscribe("service_request.cancelled", "service_request.declined")
def need_no_price_any_more(event: Event) -> None:
    """Nobody waits for a price of what will not be done."""
    _end(event, drop_chosen=True)


@events.subscribe("service_request.fulfilled", "service_request.partially_fulfilled", "service_request.closed")
def need_no_price_of_what_is_done(event: Event) -> None:
    """Whoever gave a price for an amendment that never came does not wait for ever."""
    _end(event, drop_chosen=False)


@events.subscribe("service_request.expired", "quote.expired")
def need_no_price_in_a_month(event: Event) -> None:
    """What was given up may be taken up again, at the prices given: until then they stay."""
    for request in ServiceRequest.objects.filter(public_id__in=[event.request_id], status=RequestStatus.EXPIRED):
        deadlines.set_deadline(
            GIVEN_UP, organisation_id=request.organisation_id, subject_id=request.pk, due_at=event.act_at + REVIVABLE
        )


def _end(event: Event, *, drop_chosen: bool) -> None:
    for request in ServiceRequest.objects.filter(public_id=event.subject_id):
        withdraw_all(request, drop_chosen=drop_chosen, by=system_actor(event.organisation))
