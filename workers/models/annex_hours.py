"""Full-time places that the hours of a month make, annex by annex: each by its own divisor and basis (R36)."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from workers.enums.contracts import EmployerKind
from workers.models.contracts import Contract
from workers.models.employers import FinancialAnnex
from workers.models.people import Trainee
from workers.models.timesheets import PersonHours
from workers.rules import time as rules


@dataclass(frozen=True)
class AnnexMonth:
    """What was done of one annex in some days: minutes that it counts, of how many people. No annex: minutes that are
    paid under contracts that name none, which nobody can declare."""

    annex: FinancialAnnex | None
    minutes: int
    people: int

    @property
    def etp(self) -> Decimal | None:
        """Full-time places of one month: hours by the annex's own hours of one full time, times twelve."""
        return rules.etp(self.minutes, self.annex.etp_hours).monthly if self.annex else None


def annex_months(people: Iterable[PersonHours]) -> list[AnnexMonth]:
    """The hours of these people by the annex of their contract on each day, those of most hours first; one query."""
    totals: dict[int | None, Counter[str]] = defaultdict(Counter)
    who: dict[int | None, set[int]] = defaultdict(set)
    for one in people:
        known: dict[dt.date, int | None] = {}
        for piece in one.pieces:
            if piece.day not in known:
                known[piece.day] = annex_on(one.trainee, piece.day)
            totals[known[piece.day]][piece.kind] += piece.minutes
            who[known[piece.day]].add(one.trainee.pk)
    annexes = FinancialAnnex.objects.select_related("employer").in_bulk([key for key in totals if key is not None])
    found = []
    for key, minutes in totals.items():
        annex = annexes[key] if key is not None else None
        counted = rules.declared(minutes, annex.hours_basis) if annex else rules.paid(minutes)
        if counted or annex:
            found.append(AnnexMonth(annex, counted, len(who[key])))
    return sorted(found, key=lambda one: (one.annex is None, -one.minutes, one.annex.pk if one.annex else 0))


def annex_on(trainee: Trainee, day: dt.date) -> int | None:
    """Key of the annex that the person's main contract names on a day, riders applied. Needs ``file_prefetches``."""
    ours = [one for one in trainee.contracts.all() if _is_ours(one, day)]
    if not ours:
        return None
    contract = min(ours, key=lambda one: (one.cumul_derogation_id is not None, one.starts_on))
    changed = [one for one in contract.riders.all() if one.annex_id is not None and one.starts_on <= day]
    latest = max(changed, key=lambda one: one.starts_on, default=None)
    return latest.annex_id if latest is not None else contract.annex_id


def _is_ours(contract: Contract, day: dt.date) -> bool:
    last = contract.ended_on or contract.ends_on
    covers = contract.starts_on <= day and (last is None or day <= last)
    return covers and contract.withdrawn_on is None and contract.employer.kind != EmployerKind.OUTSIDE
