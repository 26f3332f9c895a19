"""Two people who type the capacities of one provider at once, with real threads; the twin goes without the lock."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from providers.actions import places
from providers.actions.places import Limit, Seen, set_places
from providers.models import Provider
from tests.providers.test_races import Race, asked, race

__all__ = ["asked"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("domain R32")]


def types(asked: Race, weekday: int) -> Callable[[], object]:
    """Somebody who has read that there is nothing yet."""
    world, provider = asked[0], asked[2][0].provider
    limits, seen = [Limit(world.cobbler, weekday, 2)], Seen(limits=frozenset())
    return lambda: set_places(provider, limits=limits, seen=seen, by=world.actor())


def test_the_later_one_reads_what_the_first_one_wrote(asked: Race) -> None:
    assert race(asked[0], types(asked, 1), types(asked, 2)) == {"ok": 1, "places_changed": 1}
    assert asked[2][0].provider.capacities.count() == 1


def test_without_the_lock_the_later_one_undoes_the_first(asked: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    both, reading = threading.Barrier(2), places.what_is_set

    def together(provider: Provider) -> Seen:
        found = reading(provider)
        both.wait(timeout=10)
        return found

    monkeypatch.setattr(places, "lock_provider", lambda provider: provider)
    monkeypatch.setattr(places, "what_is_set", together)
    assert race(asked[0], types(asked, 1), types(asked, 2)) == {"ok": 2}
