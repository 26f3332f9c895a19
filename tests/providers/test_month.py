"""Two busy weeks of a month of offers: whatever people do, nothing stands still (lifecycles.md 2.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.month import ENDS, Month
from tests.world import World


@pytest.mark.timeout(600)
@pytest.mark.promise("domain R31")
def test_two_weeks_leave_nothing_behind(world: World, monday: Any) -> None:
    month = Month(world, monday, offers=24, days=12)
    ended = month.play()
    assert [found for found in month.midnights if found] == []
    assert month.stuck() == {"offers": 0, "promises": 0, "searches": 0, "orders": 0, "deadlines": 0}
    assert {"declined", "expired", "not_selected", "honoured"} <= set(ended) <= ENDS
    assert sum(ended.values()) >= 24
