"""Two jobs given to one provider at the same moment, whose papers do for either and not for both; real threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from concierge import tenancy
from providers.actions import counters
from providers.actions.counters import approve_counter
from providers.actions.offer_moves import keep_as_they_are
from providers.actions.paper_gaps import paper_gaps
from providers.actions.policies import set_offer_policy
from providers.actions.rounds import start_round
from providers.enums import RoundMode
from providers.models import CounterOffer, Offer
from tests.providers.conftest import add_provider
from tests.providers.test_prices_to_choose import gives
from tests.providers.test_races import race
from tests.world import World, build_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("domain R32")]


@pytest.fixture
def world_of_threads(transactional_db: None) -> Iterator[World]:
    """A world that every thread can see."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        yield world


def choices(world: World) -> list[Callable[[], Offer]]:
    """Choosing the same cobbler for two jobs of 3,600 euros each: 6,000 without VAT, and no certificate."""
    add_provider(world)
    set_offer_policy(world.organisation, mode=RoundMode.QUOTES, max_waves=1, by=world.actor())
    for _ in range(2):
        start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    for offer in Offer.objects.with_need():
        gives(offer, "3600.00")
    assert CounterOffer.objects.count() == 2
    return [lambda one=one: approve_counter(one, by=world.actor("dispatcher")) for one in CounterOffer.objects.all()]  # type: ignore[misc]


@pytest.mark.parametrize("round_", range(3))
def test_the_second_of_two_jobs_finds_the_first_in_the_amount(world_of_threads: World, round_: int) -> None:
    assert race(world_of_threads, *choices(world_of_threads)) == {"ok": 1, "papers_missing": 1}


def test_without_turns_both_are_given(world_of_threads: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: as long as they only keep the provider as it is, both read what was bought before either."""
    acts = choices(world_of_threads)
    monkeypatch.setattr(counters, "take_turns", lambda provider: keep_as_they_are([provider]))
    both_have_read = threading.Barrier(2)

    def read_together(*args: object) -> object:
        found = paper_gaps(*args)  # type: ignore[arg-type]
        both_have_read.wait(timeout=10)
        return found

    monkeypatch.setattr(counters, "paper_gaps", read_together)
    assert race(world_of_threads, *acts) == {"ok": 2}
