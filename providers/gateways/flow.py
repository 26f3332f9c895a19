"""Asks another process for the cheapest plan of a day: a solver cannot be interrupted, a process can (ADR 20)."""

from __future__ import annotations

import json
import subprocess
import sys

from providers.rules.flow import DayLoad

SECONDS = 60


class PlanFailed(Exception):
    """There is no plan; ``reason`` says why in a few words of our own."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def cheapest_plan(load: DayLoad) -> list[int]:
    """For each order the number of its provider, or ``NOBODY``. Raises ``PlanFailed``."""
    if not load.many:
        return []
    try:
        done = subprocess.run(
            [sys.executable, "-m", "providers.gateways.flow_child"],
            input=json.dumps(load.as_data()),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired as slow:
        raise PlanFailed("too_slow") from slow
    except subprocess.CalledProcessError as failed:
        raise PlanFailed(f"ended with {failed.returncode}") from failed
    plan: list[int] = json.loads(done.stdout)
    return plan
