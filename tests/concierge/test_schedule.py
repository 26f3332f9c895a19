"""The schedule lives in UTC: nights on which clocks change are nights like others (R40)."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
import time_machine
from celery import current_app
from celery.schedules import crontab

NIGHTLY = {
    name: entry["schedule"]
    for name, entry in current_app.conf.beat_schedule.items()
    if isinstance(entry["schedule"], crontab)
}
# In France the clock jumps at 01:00 UTC: forward on the last Sunday of March, back on the last of October.
CHANGES = [dt.date(2026, 10, 25), dt.date(2027, 3, 28)]


def test_there_are_nightly_jobs() -> None:
    assert {"nightly-invoicing", "purge"} <= set(NIGHTLY)


@pytest.mark.promise("R40")
@pytest.mark.parametrize("sunday", CHANGES, ids=str)
@pytest.mark.parametrize("name", sorted(NIGHTLY))
def test_a_nightly_job_runs_once_in_every_24_hours(name: str, sunday: dt.date) -> None:
    begun = dt.datetime.combine(sunday - dt.timedelta(days=1), dt.time(12), tzinfo=dt.UTC)
    last, ran = begun, list[dt.datetime]()
    for minute in range(3 * 24 * 60):
        with time_machine.travel(begun + dt.timedelta(minutes=minute), tick=False):
            now = dt.datetime.now(dt.UTC)
            if NIGHTLY[name].is_due(last).is_due:
                last = now
                ran.append(now)
    assert [later - earlier for earlier, later in pairwise(ran)] == [dt.timedelta(hours=24)] * 2
