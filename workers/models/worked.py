"""What the Labour Code says of the hours that were really worked, whatever had been planned (R21, L1 to L22)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from workers.models import labour
from workers.models.files import files_of
from workers.models.people import Trainee
from workers.rules.labour import Finding, WorkFile, judge
from workers.rules.labour.people import contracts_of
from workers.rules.severity import Severity

# Judged where they are decided: floors of contracts, notice, changes, riders, and interruptions by the plan of the day;
# what a quota of a year would ask is more than these weeks. Restrictions speak of what a service asks for.
OF_PLANS = frozenset({"L10", "L13", "L14", "L16", "L16_agreement", "L17", "L18_quota", "L23"})


def findings_of(people: Sequence[Trainee], first: dt.date, last: dt.date, zone: ZoneInfo) -> dict[int, list[Finding]]:
    """What the finished hours of these people break or strain, on the days from ``first`` to ``last`` (a day or a week)
    and in their weeks, by trainee, the gravest first. Nine queries whatever their number.

    Averages read the weeks before: their clocked hours, else those that were published or planned.
    """
    keys, middle = [one.pk for one in people], first + (last - first) // 2
    files = files_of(people, *labour.days_around(middle))
    clocked = labour.clocked(keys, middle)
    totals = labour.weekly_seconds(keys, middle, zone)
    settings = labour.settings_of(people, files, middle, zone)
    found: dict[int, list[Finding]] = {}
    for one in people:
        hours, file = clocked.get(one.pk), files[one.pk]
        if hours is None:
            continue
        work = WorkFile(
            work=tuple(hours.other),
            plain=tuple(hours.plain),
            contracts=contracts_of(file),
            born_on=file.birth_date,
            earlier=totals.get(one.pk, {}),
        )
        said = [each for each in judge(work, settings[one.pk], first, last) if _counts(each, last)]
        if said:
            found[one.pk] = sorted(said, key=lambda each: (each.severity is not Severity.BLOCK, each.day, each.code))
    return found


def _counts(one: Finding, last: dt.date) -> bool:
    return one.code not in OF_PLANS and one.day <= last and one.severity in {Severity.BLOCK, Severity.WARN}
