"""What is told of a provider's proposals and questions, and of a promise that was not kept."""

from __future__ import annotations

from bookings.models import WorkOrder
from concierge.events import subscribe
from concierge.models import Event
from notifications.enums import Kind
from notifications.handlers.readers import asked_business, beneficiary_of, contact_of, dispatchers_at, tell
from providers.enums import Decider, PauseReason
from providers.models import Offer

UNAGREED = ("counter_refused", "counter_lapsed")


@subscribe("offer.countered")
def ask_who_decides(event: Event) -> None:
    """The client about a day, the team about a price; where several give theirs, the team once they are all there."""
    for offer in Offer.objects.with_need().filter(public_id=event.subject_id):
        if offer.round.asks_price:
            continue
        asked = offer.work_order.request
        by_client = event.data.get("needs") == Decider.CLIENT
        readers = [contact_of(asked)] if by_client else dispatchers_at(offer.work_order.site)
        kind = Kind.COUNTER_ASKED if by_client else Kind.OFFER_COUNTERED
        tell(event, readers, kind=kind, site=offer.work_order.site, request_id=asked.public_id)


@subscribe("offer.declined")
def tell_that_it_was_not_agreed(event: Event) -> None:
    """A no of their own they know."""
    if event.data.get("reason") not in UNAGREED:
        return
    for offer in Offer.objects.with_need().filter(public_id=event.subject_id):
        _tell(event, offer, Kind.OFFER_REFUSED)


@subscribe("work_order.promised_anew")
def tell_that_it_is_ready_later(event: Event) -> None:
    """Whoever waits for the things, unless the client said yes to it; whom it is for, when they agreed to be told."""
    for order in WorkOrder.objects.filter(public_id=event.subject_id).select_related("request__site", "site"):
        asked = order.request
        if not event.data.get("by_client"):
            tell(event, [contact_of(asked)], kind=Kind.REQUEST_RESCHEDULED, site=order.site, request_id=asked.public_id)
        for_whom = [beneficiary_of(asked)]
        tell(event, for_whom, kind=Kind.BENEFICIARY_BOOKED, site=order.site, request_id=asked.public_id)


@subscribe("offer.broken")
def tell_that_it_was_taken_from_them(event: Event) -> None:
    """Nobody goes there any more."""
    for offer in Offer.objects.with_need().filter(public_id=event.subject_id):
        _tell(event, offer, Kind.OFFER_BROKEN)


@subscribe("offer.paused", "offer.extension_asked")
def tell_the_dispatchers_of_a_question(event: Event) -> None:
    """What a provider waits for or asks; not that the request stands still, which we said."""
    if event.data.get("reason") == PauseReason.REQUEST_ON_HOLD:
        return
    for offer in Offer.objects.with_need().filter(public_id=event.subject_id):
        site = offer.work_order.site
        tell(event, dispatchers_at(site), site=site, request_id=offer.work_order.request.public_id)


@subscribe("offer.link_asked", "offer.link_renewed")
def send_the_link(event: Event) -> None:
    """To the address on file, never to one that was typed."""
    for offer in Offer.objects.with_need().filter(public_id=event.subject_id):
        _tell(event, offer, Kind.OFFER_LINK)


@subscribe("offer.resumed", "offer.extended")
def tell_until_when(event: Event) -> None:
    """What a provider did itself it has read."""
    if event.data.get("by_provider"):
        return
    for offer in Offer.objects.with_need().filter(public_id=event.subject_id):
        _tell(event, offer, Kind(event.name))


def _tell(event: Event, offer: Offer, kind: Kind) -> None:
    request_id = offer.work_order.request.public_id
    tell(event, [asked_business(offer)], kind=kind, site=offer.work_order.site, request_id=request_id)
