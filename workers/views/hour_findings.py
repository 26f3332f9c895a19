"""What the Labour Code says of the hours on the supervisor's list, with its article and what is left to do (R21)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from workers.actions.candidates import explain
from workers.enums.labour import MENDING, MENDING_ELSE
from workers.models import Trainee
from workers.models.timesheets import PersonHours
from workers.models.worked import findings_of
from workers.rules.candidates import reason_of
from workers.rules.labour import Finding
from workers.rules.severity import Severity
from workers.views.hour_words import person_words

# Lines that a page shows.
MOST = 20


def findings_words(people: Sequence[PersonHours], first: dt.date, last: dt.date) -> dict[str, Any]:
    """One line a finding about these people, and how many there are. Everybody is judged by the clocks of their site:
    days, nights and weeks begin at its midnight. As many times nine queries as sites have zones."""
    teams: dict[ZoneInfo, list[Trainee]] = defaultdict(list)
    for one in people:
        teams[one.zone].append(one.trainee)
    found: dict[int, list[Finding]] = {}
    for zone, team in teams.items():
        found |= findings_of(team, first, last, zone)
    rows = [
        {
            **person_words(one.trainee),
            "kind": "against" if finding.severity is Severity.BLOCK else "neutral",
            # Its ways out are those of a plan: of hours that are over, something else is left to do.
            "words": explain(replace(reason_of(finding), ways_out=()), zone=one.zone),
            "mend": MENDING.get(finding.rule, MENDING_ELSE),
        }
        for one in people
        for finding in found.get(one.trainee.pk, ())
    ]
    rows.sort(key=lambda row: str(row["kind"]))
    return {"rows": rows[:MOST], "total": len(rows)}
