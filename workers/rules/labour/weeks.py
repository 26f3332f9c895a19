"""Rules of a civil week, Monday to Sunday (L3121-35), and of the weeks before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from workers.rules.intervals import ALWAYS, covered
from workers.rules.labour.facts import MAJORITY, Kind, Rider, Setting, WorkFile, is_part_time
from workers.rules.labour.findings import Finding, finding, way
from workers.rules.labour.terms import (
    AVERAGE_WEEKS,
    DRIFT_AMONG,
    DRIFT_WEEKS,
    FIRST_OVERTIME,
    FULL_TIME,
    MINUTE,
    WEEKLY_REST,
    WEEKLY_REST_CORE,
    LabourTerms,
)
from workers.rules.labour.timeline import Timeline


class Week:
    """A civil week with work: ``total`` seconds of it, ``contract`` the weekly seconds agreed (0 without one)."""

    __slots__ = ("contract", "deal", "file", "index", "line", "monday", "setting", "terms", "total")

    def __init__(self, line: Timeline, index: int, file: WorkFile, setting: Setting, terms: LabourTerms) -> None:
        self.line, self.index, self.file, self.setting, self.terms = line, index, file, setting, terms
        self.monday = line.base + 7 * index
        self.total = line.totals[index]
        self.deal, self.contract = line.contract(index)

    @property
    def opening(self) -> int:
        """Monday 0:00."""
        return self.line.midnights[7 * self.index]

    @property
    def closing(self) -> int:
        """The next Monday 0:00."""
        return self.line.midnights[7 * self.index + 7]

    def days_worked(self) -> list[int]:
        """Work of each day."""
        return self.line.worked[7 * self.index : 7 * self.index + 7]


WeekRule = Callable[[Week], "Finding | None"]


def weekly_work(week: Week) -> Finding | None:
    """L2: at most 48 hours in a week (L3121-20)."""
    return _too_much("L2", week, week.terms.weekly_most)


def _too_much(code: str, week: Week, most: int, total: int | None = None) -> Finding | None:
    worked = week.total if total is None else total
    if worked <= most:
        return None
    return finding(code, week.monday, worked, most, way("at_most_week", most=most, over=worked - most))


def weekly_rest(week: Week) -> Finding | None:
    """L5: at least 35 hours in a row without work, 24 of them in the week (L3132-1, L3132-2).

    The rest may end on the Monday after: Saturday 18:00 to Monday 5:00 is enough.
    """
    if not week.line.worked[7 * week.index + 5] and not week.line.worked[7 * week.index + 6]:
        # Nobody works on Saturday and Sunday: forty-seven hours at least.
        return None
    opening, closing = week.opening, week.closing
    rests = week.line.rest_in(opening, closing)
    most, best = 0, opening
    for start, end in rests:
        # Without 24 hours in the week, a rest is worth what lies in it and the daily rest.
        inside = min(end, closing) - max(start, opening)
        rest = min(end - start, inside + WEEKLY_REST - WEEKLY_REST_CORE)
        if rest >= WEEKLY_REST:
            return None
        if rest > most:
            most, best = rest, start
    begin = min(max(best, opening + WEEKLY_REST_CORE - WEEKLY_REST), closing - WEEKLY_REST_CORE)
    way_out = way("rest_between", start=begin, end=begin + WEEKLY_REST)
    return finding("L5", week.monday, most, WEEKLY_REST, way_out)


def days_of_work(week: Week) -> Finding | None:
    """L5: at most six days of work in a week (L3132-1)."""
    count = sum(seconds > 0 for seconds in week.days_worked())
    if count <= week.terms.days_most:
        return None
    return finding("L5_days", week.monday, count, week.terms.days_most, way("day_off"))


def integration_floor(week: Week) -> Finding | None:
    """L10: an integration contract is of 20 hours a week at least, unless a derogation runs (L5132-5, D5132-43-5)."""
    if week.deal is None or not week.deal.is_integration or week.contract >= week.terms.integration_floor:
        return None
    last = dt.date.fromordinal(week.monday + 6)
    first = dt.date.fromordinal(week.monday)
    if any(one.starts_on <= last and first <= one.ends_on for one in week.deal.derogations):
        return None
    floor = week.terms.integration_floor
    return finding("L10", week.monday, week.contract, floor, way("derogation"), way("raise_contract", to=floor))


def part_time_extra(week: Week) -> Finding | None:
    """L11: extra hours are a tenth of the contract at most, a third by agreement (L3123-28, L3123-20); never 35 hours.

    From 35 hours on it is another breach: the contract becomes one of full time (L3123-9).
    """
    if not is_part_time(week.contract) or week.total <= week.contract:
        return None
    code = "L11_full_time" if week.total >= FULL_TIME else "L11"
    return _too_much(code, week, week.terms.part_time_most(week.contract))


def pay_of_extra(week: Week) -> Finding | None:
    """L12: extra hours are paid 10 % more up to a tenth of the contract, 25 % beyond (L3123-29)."""
    extra = extra_pay(week.total, week.contract, week.terms)
    if not extra:
        return None
    return finding(
        "L12",
        week.monday,
        week.total - week.contract,
        0,
        first=extra.first,
        first_rate=extra.rates[0],
        then=extra.then,
        then_rate=extra.rates[1],
    )


def notice_of_extra(week: Week) -> Finding | None:
    """L13: extra hours are told three days before, else a refusal is no fault (L3123-10).

    The hours of which the person learnt last are the extra ones. Whoever said yes to them does not refuse.
    """
    if not is_part_time(week.contract) or week.total <= week.contract:
        return None
    begun = week.line.begun_in_week(week.index)
    told = sorted((one.told_on, one.start, one.end, one.is_agreed) for one in begun if one.told_on is not None)
    if not told:
        return None
    known = [*week.line.plain_in_week(week.index), *((one.start, one.end) for one in begun if one.told_on is None)]
    so_far = covered(known, ALWAYS)
    without = week.total - covered([*known, *((start, end) for _day, start, end, _agreed in told)], ALWAYS)
    for told_on, start, end, is_agreed in told:
        known.append((start, end))
        before, so_far = so_far, covered(known, ALWAYS)
        # What lies within hours that were told before adds nothing to them.
        if without + so_far > max(week.contract, without + before):
            place = next(i for i in range(7) if week.line.midnights[7 * week.index + i + 1] > start)
            day = week.monday + place
            notice = max(0, day - told_on.toordinal())
            if notice < week.terms.extra_notice_days and not is_agreed:
                earliest = told_on.toordinal() + week.terms.extra_notice_days
                return finding(
                    "L13",
                    day,
                    notice,
                    week.terms.extra_notice_days,
                    way("record_agreement"),
                    way("other_day", day=earliest),
                )
    return None


def drift(week: Week) -> Finding | None:
    """L15: two hours a week above the contract on average over 12 weeks, in a row or among 15, raise it (L3123-13).

    Told from an hour and a half on. The twelve weeks are those of the fifteen that exceed their contract the most.
    """
    first = week.index - DRIFT_AMONG + 1
    terms, sums, file = week.terms, week.line.sums, week.file
    if not is_part_time(week.contract) or first < 0:
        return None
    # Nothing to compare when all fifteen weeks together hold less than twelve at the lowest contract.
    lowest = min(contract.weekly_minutes for contract in file.contracts) * MINUTE
    if sums[week.index + 1] - sums[first] < DRIFT_WEEKS * (lowest + terms.drift_warned_at):
        return None
    excess = [one for one in week.line.excess[first : week.index + 1] if one is not None]
    best = sorted(excess, reverse=True)[:DRIFT_WEEKS]
    average = sum(best) // DRIFT_WEEKS
    if len(best) < DRIFT_WEEKS or average < terms.drift_warned_at:
        return None
    to = -(-(week.contract + average) // MINUTE) * MINUTE
    return finding("L15", week.monday, average, terms.drift_most, way("raise_contract", to=to))


def riders(week: Week) -> Finding | None:
    """L16: hours are raised by riders only where a branch agreement says so, eight times a year at most (L3123-22)."""
    if week.deal is None or not week.deal.riders:
        return None
    first, last = dt.date.fromordinal(week.monday), dt.date.fromordinal(week.monday + 6)
    running = [
        one
        for one in week.deal.riders
        if one.is_raise and one.starts_on <= last and (one.ends_on is None or first <= one.ends_on)
    ]
    if not running:
        return None
    if not week.terms.riders_allowed:
        return finding("L16_agreement", week.monday, len(running), 0, way("amend_contract"))
    count = max(riders_so_far(week.deal.riders, one) for one in running)
    if count <= week.terms.riders_most:
        return None
    return finding("L16", week.monday, count, week.terms.riders_most, way("amend_contract"))


def riders_so_far(all_riders: Iterable[Rider], one: Rider) -> int:
    """Which raise of its year it is."""
    return sum(
        other.is_raise and other.starts_on.year == one.starts_on.year and other.starts_on <= one.starts_on
        for other in all_riders
    )


def overtime(week: Week) -> Finding | None:
    """L18: beyond 35 hours, 25 % more for eight hours and 50 % after (L3121-28, L3121-36)."""
    extra = overtime_pay(week.total, week.contract, week.terms)
    if not extra:
        return None
    return finding(
        "L18",
        week.monday,
        week.total - FULL_TIME,
        0,
        first=extra.first,
        first_rate=extra.rates[0],
        then=extra.then,
        then_rate=extra.rates[1],
    )


def overtime_quota(week: Week) -> Finding | None:
    """L18: 220 hours of overtime a year (L3121-30, D3121-24); the year of a week is that of its Thursday."""
    if week.contract < FULL_TIME or week.total <= FULL_TIME:
        return None
    year = dt.date.fromordinal(week.monday + 3).year
    used = week.file.overtime.get(year, 0) + sum(
        max(0, week.line.totals[place] - FULL_TIME)
        for place in range(week.index + 1)
        if dt.date.fromordinal(week.line.base + 7 * place + 3).year == year
    )
    # Weeks before those on the line, of which the totals are known.
    used += sum(
        max(0, seconds - FULL_TIME)
        for monday, seconds in week.file.earlier.items()
        if monday.toordinal() < week.line.base and (monday + dt.timedelta(days=3)).year == year
    )
    quota = week.terms.overtime_quota
    if used <= quota:
        return None
    over = min(used - quota, week.total - FULL_TIME)
    return finding("L18_quota", week.monday, used, quota, way("at_most_week", most=week.total - over, over=over))


def immersion(week: Week) -> Finding | None:
    """L22: hours at a host (PMSMP) are those of the contract; such a week has no extra hours."""
    if not week.contract or week.total <= week.contract:
        return None
    hosted = any(one.kind is Kind.IMMERSION for one in week.line.begun_in_week(week.index))
    return _too_much("L22", week, week.contract) if hosted else None


WEEK_RULES: tuple[WeekRule, ...] = (
    weekly_work,
    weekly_rest,
    days_of_work,
    integration_floor,
    part_time_extra,
    pay_of_extra,
    notice_of_extra,
    drift,
    riders,
    overtime,
    overtime_quota,
    immersion,
)


def minor_week(week: Week) -> Finding | None:
    """L8: at most 35 hours a week under 18 (L3162-1): of the week of the 18th birthday, the days before it count."""
    return _too_much("L8_week", week, week.terms.minors.weekly_most, _under_age(week))


def minor_days_off(week: Week) -> Finding | None:
    """L8: two days off in a row every week (L3164-2); days from the 18th birthday on are as good as off."""
    least = week.terms.minors.days_off_in_a_row
    longest = run = 0
    for seconds in _days_under_age(week):
        run = 0 if seconds else run + 1
        longest = max(longest, run)
    return (
        None if longest >= least else finding("L8_days_off", week.monday, longest, least, way("days_off", count=least))
    )


def _under_age(week: Week) -> int:
    """Seconds of the week that are worked under 18."""
    sunday = week.file.age_on(dt.date.fromordinal(week.monday + 6))
    return week.total if sunday is None or sunday < MAJORITY else sum(_days_under_age(week))


def _days_under_age(week: Week) -> list[int]:
    """Work of each day, none from the 18th birthday on."""
    ages = (week.file.age_on(dt.date.fromordinal(week.monday + place)) for place in range(7))
    return [
        seconds if age is None or age < MAJORITY else 0 for seconds, age in zip(week.days_worked(), ages, strict=True)
    ]


MINOR_WEEK_RULES: tuple[WeekRule, ...] = (minor_week, minor_days_off)


def average_work(line: Timeline, setting: Setting, end: int) -> Finding | None:
    """L3: at most 44 hours a week on average over any 12 weeks in a row, 46 by agreement (L3121-22, L3121-23).

    ``end`` is the last week of the twelve; weeks of which nothing is known count as weeks without work.
    """
    most = setting.terms.on(line.base + 7 * end).average_most
    together = line.sums[end + 1] - line.sums[end + 1 - AVERAGE_WEEKS]
    if together <= AVERAGE_WEEKS * most:
        return None
    over = together - AVERAGE_WEEKS * most
    return finding(
        "L3",
        line.base + 7 * end,
        -(-together // AVERAGE_WEEKS),
        most,
        way("at_most_week", most=max(0, line.totals[end] - over), over=over),
    )


@dataclass(frozen=True, slots=True)
class ExtraPay:
    """Seconds of a week that are paid more, and by how many percent."""

    first: int
    then: int
    rates: tuple[int, int]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self.first + self.then > 0


def extra_pay(total: int, contract: int, terms: LabourTerms) -> ExtraPay:
    """Extra hours of a part-time week (L12): those up to a tenth of the contract, and the rest."""
    extra = max(0, min(total, FULL_TIME) - contract) if is_part_time(contract) else 0
    first = min(extra, contract // 10)
    return ExtraPay(first, extra - first, terms.extra_rates)


def overtime_pay(total: int, contract: int, terms: LabourTerms) -> ExtraPay:
    """Overtime of a full-time week (L18): its first eight hours, and the rest."""
    extra = max(0, total - FULL_TIME) if contract >= FULL_TIME else 0
    first = min(extra, FIRST_OVERTIME)
    return ExtraPay(first, extra - first, terms.overtime_rates)
