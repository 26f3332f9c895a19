"""A month of offers at accelerated time: no offer stands still, whatever people do (lifecycles.md 2.4)."""

from __future__ import annotations

import time_machine

from benchmarks.measuring import note, scaled, timed
from concierge import tenancy
from concierge.models import Event
from providers.models import Offer
from tests.providers.conftest import MONDAY
from tests.providers.month import ENDS, Month
from tests.world import build_world

OFFERS = scaled("OFFERS", 1_000)


def test_offer_month(no_worker: None) -> None:
    world = build_world("month", "Mois", "month.example")
    with tenancy.working_for(world.organisation), time_machine.travel(MONDAY, tick=True) as clock, timed() as span:
        month = Month(world, clock, offers=OFFERS)
        ended = month.play()
        assert [found for found in month.midnights if found] == []
        assert month.stuck() == {"offers": 0, "promises": 0, "searches": 0, "orders": 0, "deadlines": 0}
        assert set(ended) == ENDS
        offers, told = Offer.objects.count(), Event.objects.count()
    assert offers >= OFFERS
    words = ", ".join(f"{many} {status}" for status, many in ended.most_common())
    note("month", f"{offers} offers, {told} events, {span.seconds:.0f} s: {words}")
