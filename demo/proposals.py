"""Shoes to be mended, and cobblers who answer otherwise: one wants more, one comes later, one let us down, and some
gave prices among which somebody has to choose."""

from __future__ import annotations

import datetime as dt

from bookings.actions.booking import submit_request
from bookings.actions.clients import ClientDetails
from bookings.actions.holds import hold_slot
from bookings.models import calendar
from bookings.rules.prices import Wish
from concierge.tenancy import Actor
from demo.history import settle
from demo.setup import House
from providers.actions import counter_times
from providers.actions.counters import counter_offer
from providers.actions.offers import accept_offer
from providers.actions.policies import drop_offer_policy, set_offer_policy
from providers.actions.promises import break_promise
from providers.enums import BreakReason, RoundMode
from providers.models import Offer
from providers.rules.counters import Proposal

# Days from now of the three appointments.
DAYS = (3, 4, 5)


def answer_otherwise(house: House, *, now: dt.datetime) -> None:
    """Play it through the actions, at the time of the story. Needs the tenant."""
    dearer, later, broken = (
        _asked(house, now, days, *name)
        for days, name in zip(DAYS, (("Maya", "Lopez"), ("Jean", "Prudhon"), ("Rose", "Chevalier")), strict=True)
    )
    if dearer is not None:
        more = Proposal(price=dearer.price + 4, comment="Le talon est à refaire entièrement.")
        counter_offer(dearer, more, by=_by(dearer))
    if later is not None:
        day = counter_times.ready_days_left(later.work_order, now)[0]
        counter_offer(later, Proposal(ready_on=day, comment="La semelle arrive la veille."), by=_by(later))
    if broken is not None:
        accept_offer(broken, by=_by(broken))
        note = "Le paquet est resté au comptoir, personne ne répond."
        break_promise(broken, reason=BreakReason.UNREACHABLE, comment=note, by=house.by)
    settle(house)
    _give_prices(house, now)


def _give_prices(house: House, now: dt.datetime) -> None:
    """All who are asked give theirs: the first one the usual price, the others a little less."""
    service = house.services["cordonnerie"]
    set_offer_policy(house.organisation, service=service, mode=RoundMode.QUOTES, by=house.by)
    first = _asked(house, now, DAYS[-1] + 1, "Iris", "Morel")
    drop_offer_policy(house.organisation, service, by=house.by)
    if first is None:
        return
    rest = Offer.objects.with_need().open().filter(round=first.round).exclude(pk=first.pk).order_by("pk")
    for less, offer in enumerate(rest, 1):
        counter_offer(offer, Proposal(price=offer.price - less, comment="Je passe la prendre."), by=_by(offer))
    accept_offer(first, by=_by(first))
    settle(house)


def _asked(house: House, now: dt.datetime, days: int, first_name: str, last_name: str) -> Offer | None:
    """Somebody brings shoes; whoever is asked first."""
    site, service = house.sites[0], house.services["cordonnerie"]
    day = now.date() + dt.timedelta(days=days)
    moment = calendar.slots_left(site, service.place, now=now, first_day=day, services=[service])[0].starts_at
    kept = hold_slot(
        site, service.place, moment, token=f"demo-{moment:%m%d%H%M}-{last_name}", by=house.by, services=[service]
    )
    client = ClientDetails(
        first_name=first_name,
        last_name=last_name,
        email=f"{first_name}.{last_name}@courriel.example".lower(),
        phone="0612345697",
    )
    item = service.price_items.order_by("position")[0]
    wish = Wish(str(service.public_id), {str(item.public_id): 1})
    request = submit_request(site, client=client, wishes=[wish], hold=kept, by=house.by)
    settle(house)
    return Offer.objects.with_need().open().filter(work_order__request=request).order_by("pk").first()


def _by(offer: Offer) -> Actor:
    one = offer.provider
    return Actor(kind="link", organisation=one.organisation, label=one.name, provider_id=one.pk, channel="link")
