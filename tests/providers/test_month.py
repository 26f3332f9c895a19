"""A small month of offers: whatever people do, nothing stands still (lifecycles.md 2.4)."""

from __future__ import annotations

from typing import Any

import pytest

from providers.models import OfferRound
from tests.providers.month import ENDS, Month
from tests.world import World


@pytest.mark.promise("domain R31")
def test_a_month_leaves_nothing_behind(world: World, monday: Any) -> None:
    month = Month(world, monday, offers=80)
    ended = month.play()
    assert [found for found in month.midnights if found] == []
    assert month.stuck() == {"offers": 0, "searches": 0, "orders": 0, "deadlines": 0}
    assert set(ended) == ENDS
    assert {"won", "exhausted", "withdrawn"} == set(OfferRound.objects.order_by("pk").values_list("status", flat=True))
