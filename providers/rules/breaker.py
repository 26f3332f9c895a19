"""When a way of reaching people is left alone for a while: after five failures in a row, for two minutes, then twice as
long each time up to an hour. Between two pauses one attempt goes through and decides."""

from __future__ import annotations

import datetime as dt

AT_MOST_FAILURES = 5
FIRST_PAUSE, LONGEST_PAUSE = dt.timedelta(minutes=2), dt.timedelta(hours=1)


def paused_until(failures: int, now: dt.datetime) -> dt.datetime | None:
    """Until when nothing more is tried after so many failures in a row; ``None`` while it is still tried."""
    if failures < AT_MOST_FAILURES:
        return None
    doubled = min(failures - AT_MOST_FAILURES, 10)
    pause: dt.timedelta = min(FIRST_PAUSE * int(2**doubled), LONGEST_PAUSE)
    return now + pause
