"""When too much work of a service lies with one business (domain.md R34)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# One business with more than half of ten jobs or more: below that, a few jobs say nothing.
AT_MOST_PERCENT = 50
FROM_JOBS = 10


@dataclass(frozen=True)
class Concentration:
    """Who has how many of all jobs."""

    provider: int
    jobs: int
    of_all: int

    @property
    def percent(self) -> int:
        """Share of the jobs, in whole per cent."""
        return round(100 * self.jobs / self.of_all)


def concentrated(
    jobs: Mapping[int, int], *, at_most: int = AT_MOST_PERCENT, from_jobs: int = FROM_JOBS
) -> Concentration | None:
    """The business with more than its part of a service, or ``None``. The only one of a service has no rival: that is
    no lack of fairness, but of businesses, and is told too."""
    of_all = sum(jobs.values())
    if of_all < from_jobs:
        return None
    provider, most = max(jobs.items(), key=lambda pair: (pair[1], -pair[0]))
    return Concentration(provider, most, of_all) if 100 * most > at_most * of_all else None
