"""Contracts of integration (domain.md 2.1, 2.2; R22, L10, L16): what may be signed, with figures and a way out.

Also what everybody else needs to know of a person's contracts: which one on a day, of how many minutes, until when the
rights go on. Days are civil days, both ends included; durations are months of the calendar.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from dateutil.relativedelta import relativedelta

# Labour Code: L5132-5 (EI), L5132-11-1 (AI), L5132-15-1 (ACI) say the same of the CDDI; L5132-6 of missions.
FLOOR_MINUTES = 20 * 60
# L3121-20: nobody works more than 48 hours a week.
CEILING_MINUTES = 48 * 60
# L3121-27: from here on it is no part time any more; hours added for a time must stay below (L3123-22, L3123-9).
FULL_TIME_MINUTES = 35 * 60
# A cumul has to reach part time of common law, or full time (L5132-5; domain.md 2.2).
CUMUL_MINUTES = 24 * 60
SHORTEST_MONTHS = 4
LONGEST_MONTHS = 24
LONGEST_WITH_DEROGATION_MONTHS = 60
DEROGATION_MONTHS = 12
# L3123-22: additions of hours for a time, per person and year, where the branch has an agreement.
RAISES_A_YEAR = 8
AGE_BEYOND = 50
AGE_CDI_INCLUSION = 57

# What counts in the 24 months, whichever employer of the house signed it.
COUNTED_KINDS = frozenset({"cddi", "mission"})
FLOOR_KINDS = frozenset({"floor_aci", "cumul", "earlier"})
BEYOND_KINDS = frozenset({"beyond_training", "beyond_age", "beyond_status", "beyond_aci"})
YEARLY_KINDS = frozenset({"floor_aci", "beyond_age", "beyond_status", "beyond_aci"})

ONE_DAY = dt.timedelta(days=1)

# Nothing of a contract lies outside of these days: what somebody types beyond is a slip. A paper may be older.
FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
FIRST_PAPER_DAY = dt.date(1940, 1, 1)


def next_day(day: dt.date) -> dt.date:
    """The day after; the calendar's last day has none and stays."""
    return day if day == dt.date.max else day + ONE_DAY


@dataclass(frozen=True)
class Rider:
    """A change of hours while a contract runs. With an end it is temporary; ``weekly_minutes`` None changes none."""

    starts_on: dt.date
    ends_on: dt.date | None
    weekly_minutes: int | None

    def covers(self, day: dt.date) -> bool:
        """Whether it applies on a day."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True)
class Contract:
    """One contract; ``ends_on`` is its real last day (broken early or moved by a rider), None when it has none.

    ``is_beside`` says that it is held beside the person's main contract (cumul).
    """

    employer_id: int
    employer_kind: str
    kind: str
    starts_on: dt.date
    ends_on: dt.date | None
    weekly_minutes: int
    riders: tuple[Rider, ...] = ()
    is_beside: bool = False
    key: int = 0

    def covers(self, day: dt.date) -> bool:
        """Whether it is in force on a day."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def overlaps(self, other: Contract) -> bool:
        """Whether both are in force on some day."""
        return (other.ends_on is None or self.starts_on <= other.ends_on) and (
            self.ends_on is None or other.starts_on <= self.ends_on
        )

    def minutes_on(self, day: dt.date) -> int:
        """Minutes a week on a day: a temporary rider, else the latest lasting one, else the contract."""
        found = [rider for rider in self.riders if rider.weekly_minutes is not None and rider.covers(day)]
        last = max(found, key=lambda rider: (rider.ends_on is not None, rider.starts_on), default=None)
        return self.weekly_minutes if last is None or last.weekly_minutes is None else last.weekly_minutes

    @property
    def is_worked_here(self) -> bool:
        """Its hours are worked for the house, and not for an employer outside of it."""
        return self.employer_kind != "outside"


@dataclass(frozen=True)
class Derogation:
    """A written decision and the days on which it counts."""

    kind: str
    employer_id: int
    starts_on: dt.date
    ends_on: dt.date

    def covers(self, day: dt.date) -> bool:
        """Whether it counts on a day."""
        return self.starts_on <= day <= self.ends_on


@dataclass(frozen=True)
class Restriction:
    """What somebody must not be given, or needs; ``at`` is the time of day of those that carry one (L23)."""

    code: str
    starts_on: dt.date
    ends_on: dt.date | None
    at: dt.time | None = None

    def covers(self, day: dt.date) -> bool:
        """Whether it counts on a day."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True)
class PersonFile:
    """What rules know of somebody's contracts; ``birth_date`` None when nobody has written it down."""

    contracts: tuple[Contract, ...] = ()
    derogations: tuple[Derogation, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    birth_date: dt.date | None = field(default=None, repr=False)

    def contracts_on(self, day: dt.date) -> tuple[Contract, ...]:
        """Contracts in force on a day, the main one first."""
        found = tuple(contract for contract in self.contracts if contract.covers(day))
        if len(found) < 2:
            return found
        return tuple(sorted(found, key=lambda one: (not one.is_worked_here, one.is_beside, one.starts_on)))

    def contract_on(self, day: dt.date) -> Contract | None:
        """The main contract that is worked for the house on a day."""
        return next((contract for contract in self.contracts_on(day) if contract.is_worked_here), None)

    def minutes_on(self, day: dt.date) -> int:
        """Minutes a week that are worked for the house under the contracts of a day, riders applied."""
        return sum(contract.minutes_on(day) for contract in self.contracts_on(day) if contract.is_worked_here)

    def all_minutes_on(self, day: dt.date) -> int:
        """Minutes a week with every employer: what the maxima of the law look at."""
        return sum(contract.minutes_on(day) for contract in self.contracts_on(day))

    def is_floor_lifted_on(self, day: dt.date, employer_id: int | None = None) -> bool:
        """Whether a decision allows fewer than twenty hours on a day, with an employer or (None) with any (L10)."""
        return any(
            one.kind in FLOOR_KINDS
            and one.covers(day)
            and (one.kind == "cumul" or employer_id in {None, one.employer_id})
            for one in self.derogations
        )

    def restrictions_on(self, day: dt.date) -> tuple[Restriction, ...]:
        """Restrictions that count on a day."""
        return tuple(one for one in self.restrictions if one.covers(day))

    def age_on(self, day: dt.date) -> int | None:
        """Whole years on a day, None when the birth date is not known."""
        return age(self.birth_date, day) if self.birth_date is not None else None

    @property
    def rights_end_on(self) -> dt.date | None:
        """Last day to which contracts may go, decisions beyond 24 months included; None when nothing counts yet."""
        return rights_end(self.contracts, self.derogations)

    def with_contract(self, contract: Contract) -> PersonFile:
        """The file as it would be with one more contract."""
        return replace(self, contracts=(*self.contracts, contract))


def age(birth_date: dt.date, day: dt.date) -> int:
    """Whole years on a day; somebody of 29 February has their birthday on 1 March of other years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def last_day(starts_on: dt.date, months: int) -> dt.date:
    """Last day of so many months that begin on a day: 15 January and four months is 14 May."""
    if starts_on.year + months // 12 + 1 > dt.MAXYEAR:
        return dt.date.max
    last: dt.date = starts_on + relativedelta(months=months, days=-1)
    return last


def stretches(contracts: Iterable[Contract]) -> list[tuple[dt.date, dt.date]]:
    """Days under contracts that count in the 24 months, without double counting, as stretches in order."""
    found: list[tuple[dt.date, dt.date]] = []
    counted = [one for one in contracts if one.kind in COUNTED_KINDS]
    for one in sorted(counted, key=lambda contract: contract.starts_on):
        end = one.ends_on or dt.date.max
        if found and one.starts_on - ONE_DAY <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((one.starts_on, end))
    return found


def plain_limit(contracts: Iterable[Contract]) -> dt.date | None:
    """Last day of 24 months in total: exactly two years when nothing was between, days before a gap counted as days."""
    found = stretches(contracts)
    if not found:
        return None
    before = sum((end - start + ONE_DAY for start, end in found[:-1]), dt.timedelta())
    return last_day(found[-1][0], LONGEST_MONTHS) - before


def absolute_limit(contracts: Iterable[Contract]) -> dt.date | None:
    """Last day of 60 months in total, whatever has been decided."""
    found = stretches(contracts)
    if not found:
        return None
    before = sum((end - start + ONE_DAY for start, end in found[:-1]), dt.timedelta())
    return last_day(found[-1][0], LONGEST_WITH_DEROGATION_MONTHS) - before


def rights_end(
    contracts: Sequence[Contract], derogations: Iterable[Derogation], signed: Contract | None = None
) -> dt.date | None:
    """Last day to which contracts may go: 24 months, prolonged by decisions that follow on, 60 months at most.

    Of one contract (``signed``) only decisions for its own employer prolong it (L5132-5), those of a workshop for a
    workshop (L5132-15-1); decisions for others only explain the days before it.
    """
    limit, furthest = plain_limit(contracts), absolute_limit(contracts)
    if limit is None or furthest is None:
        return None
    decided = [one for one in derogations if one.kind in BEYOND_KINDS]
    reached = _followed(limit, decided)
    if signed is not None:
        before = signed.starts_on - ONE_DAY
        reached = _followed(max(limit, min(reached, before)), (one for one in decided if _is_for(one, signed)))
    return min(reached, furthest)


def _followed(limit: dt.date, decided: Iterable[Derogation]) -> dt.date:
    """A last day and what decisions add that follow on, one after the other."""
    for one in sorted(decided, key=lambda derogation: derogation.starts_on):
        if one.starts_on <= next_day(limit):
            limit = max(limit, one.ends_on)
    return limit


def _is_for(decision: Derogation, signed: Contract) -> bool:
    if decision.employer_id != signed.employer_id:
        return False
    return decision.kind != "beyond_aci" or signed.employer_kind == "aci"


@dataclass(frozen=True)
class Finding:
    """A rule that a contract would break: code, article and the figures of its sentence (days as dates)."""

    code: str
    article: str
    figures: dict[str, dt.date | int | str] = field(default_factory=dict)
    about: str = ""


def findings(
    person: PersonFile, wanted: Contract, *, is_short_allowed: bool = False, is_first: bool = True
) -> list[Finding]:
    """Everything that speaks against signing ``wanted``, which is not yet in the file. An empty list: go ahead."""
    return [
        *_order(wanted),
        *_overlap(person, wanted),
        *_length(person, wanted, is_short_allowed=is_short_allowed, is_first=is_first),
        *_hours(person, wanted),
        *_age(person, wanted),
    ]


def _order(wanted: Contract) -> Iterator[Finding]:
    if wanted.ends_on is not None and wanted.ends_on < wanted.starts_on:
        yield Finding("contract_end_before_start", "", {"start": wanted.starts_on, "end": wanted.ends_on}, "ends_on")


def _overlap(person: PersonFile, wanted: Contract) -> Iterator[Finding]:
    for other in person.contracts:
        if not other.overlaps(wanted):
            continue
        figures: dict[str, dt.date | int | str] = {"start": other.starts_on}
        if other.ends_on is not None:
            figures |= {"end": other.ends_on, "next": next_day(other.ends_on)}
        if other.employer_id == wanted.employer_id:
            yield Finding("contract_overlaps", "", figures, "starts_on")
        elif not wanted.is_beside and not other.is_beside:
            yield Finding("contract_beside_without_cumul", "L5132-5", figures, "cumul_reference")


def _length(person: PersonFile, wanted: Contract, *, is_short_allowed: bool, is_first: bool) -> Iterator[Finding]:
    if wanted.kind not in COUNTED_KINDS or wanted.ends_on is None or wanted.ends_on < wanted.starts_on:
        return
    shortest = last_day(wanted.starts_on, SHORTEST_MONTHS)
    if wanted.kind == "cddi" and is_first and not is_short_allowed and wanted.ends_on < shortest:
        figures: dict[str, dt.date | int | str] = {"end": wanted.ends_on, "earliest": shortest}
        yield Finding("contract_under_four_months", "L5132-5", figures, "ends_on")
    with_it = (*person.contracts, wanted)
    # Not only its own last day: one that fills a gap brings what comes after it nearer to the limit.
    counted = (one for one in person.contracts if one.kind in COUNTED_KINDS)
    later = [one for one in counted if one.ends_on is None or one.ends_on > wanted.ends_on]
    for one in (wanted, *later):
        end = rights_end(with_it, person.derogations, one)
        if end is None or (one.ends_on or LAST_DAY) <= end:
            continue
        is_over_all = end == absolute_limit(with_it)
        months = LONGEST_WITH_DEROGATION_MONTHS if is_over_all else LONGEST_MONTHS
        code = "contract_beyond_60_months" if is_over_all else "contract_beyond_24_months"
        yield Finding(code, "L5132-5", {"end": wanted.ends_on, "limit": end, "months": months}, "ends_on")
        return


def _hours(person: PersonFile, wanted: Contract) -> Iterator[Finding]:
    minutes = wanted.weekly_minutes
    if minutes > CEILING_MINUTES or (minutes < 1 and wanted.kind != "accompaniment"):
        yield Finding("contract_hours_absurd", "L3121-20", {"minutes": minutes}, "weekly_hours")
        return
    yield from _over_ceiling(person, wanted, wanted)
    yield from _under_floor(person, wanted, wanted)


def floor_findings(person: PersonFile, contract: Contract, day: dt.date, minutes: int) -> Iterator[Finding]:
    """L10: fewer than twenty hours from a day on need a decision that counts on that day; a cumul needs the hours of
    both contracts to reach twenty-four."""
    if minutes >= FLOOR_MINUTES:
        return
    lifting = [one for one in person.derogations if one.kind in FLOOR_KINDS and one.covers(day)]
    if any(one.kind != "cumul" and one.employer_id == contract.employer_id for one in lifting):
        return
    if not any(one.kind == "cumul" for one in lifting):
        yield Finding("contract_under_20_hours", "L5132-5", {"minutes": minutes, "day": day}, "weekly_hours")
        return
    together = minutes + sum_on((one for one in person.contracts if one.key != contract.key or not one.key), day)
    if together < CUMUL_MINUTES:
        yield Finding("cumul_under_24_hours", "L5132-5", {"minutes": together, "day": day}, "weekly_hours")


def _over_ceiling(person: PersonFile, contract: Contract, during: Contract) -> Iterator[Finding]:
    """L3121-20: no more than forty-eight hours a week with all employers, on any day of ``during``."""
    beside = [one for one in person.contracts if one.overlaps(during) and one.employer_id != contract.employer_id]
    if not beside:
        return
    together = max(contract.minutes_on(day) + sum_on(beside, day) for day in _turning_days([*beside, contract], during))
    if together > CEILING_MINUTES:
        yield Finding("contracts_over_48_hours", "L3121-20", {"minutes": together}, "weekly_hours")


def _under_floor(person: PersonFile, contract: Contract, during: Contract) -> Iterator[Finding]:
    """The first day of ``during`` on which fewer than twenty hours are allowed no more, if there is one (L10)."""
    if contract.kind != "cddi":
        return
    beside = [one for one in person.contracts if one.overlaps(during) and one.employer_id != contract.employer_id]
    days = _turning_days([*beside, contract], during)
    ends = [one.ends_on for one in person.derogations if one.kind in FLOOR_KINDS]
    ends += [one.ends_on for one in beside if one.ends_on is not None]
    days |= {next_day(end) for end in ends if during.covers(next_day(end))}
    for day in sorted(days):
        found = list(floor_findings(person, contract, day, contract.minutes_on(day)))
        if found:
            yield found[0]
            return


def sum_on(contracts: Iterable[Contract], day: dt.date) -> int:
    """Minutes a week of these contracts on a day."""
    return sum(contract.minutes_on(day) for contract in contracts if contract.covers(day))


def _turning_days(contracts: Iterable[Contract], wanted: Contract) -> set[dt.date]:
    """Days within ``wanted`` from which hours may be other than before."""
    days = {wanted.starts_on}
    for one in contracts:
        days |= {one.starts_on} | {rider.starts_on for rider in one.riders}
        days |= {next_day(rider.ends_on) for rider in one.riders if rider.ends_on is not None}
    return {day for day in days if wanted.covers(day)}


def _age(person: PersonFile, wanted: Contract) -> Iterator[Finding]:
    if wanted.kind != "cdi_inclusion":
        return
    years = person.age_on(wanted.starts_on)
    if years is None:
        yield Finding("birth_date_unknown", "L5132-5-1", {"age": AGE_CDI_INCLUSION}, "kind")
    elif years < AGE_CDI_INCLUSION:
        yield Finding("too_young_for_cdi", "L5132-5-1", {"years": years, "age": AGE_CDI_INCLUSION}, "kind")


def rider_findings(
    person: PersonFile, contract: Contract, rider: Rider, *, raises_allowed: int = RAISES_A_YEAR
) -> list[Finding]:
    """What speaks against a change of hours of ``contract`` from a day on (L10, L16)."""
    return [*_rider_days(contract, rider), *_rider_hours(person, contract, rider, raises_allowed)]


def _rider_days(contract: Contract, rider: Rider) -> Iterator[Finding]:
    last = rider.ends_on or rider.starts_on
    if last < rider.starts_on:
        yield Finding("rider_end_before_start", "", {"start": rider.starts_on, "end": last}, "ends_on")
    elif not (contract.covers(rider.starts_on) and contract.covers(last)):
        figures: dict[str, dt.date | int | str] = {"start": contract.starts_on, "end": contract.ends_on or ""}
        yield Finding("rider_outside_contract", "", figures, "starts_on")
    if rider.ends_on is not None:
        for other in contract.riders:
            if other.ends_on is not None and other.starts_on <= last and rider.starts_on <= other.ends_on:
                figures = {"start": other.starts_on, "end": other.ends_on}
                yield Finding("rider_overlaps", "", figures, "starts_on")


def _rider_hours(person: PersonFile, contract: Contract, rider: Rider, raises_allowed: int) -> Iterator[Finding]:
    minutes = rider.weekly_minutes
    if minutes is None:
        return
    if not 1 <= minutes <= CEILING_MINUTES:
        yield Finding("contract_hours_absurd", "L3121-20", {"minutes": minutes}, "weekly_hours")
        return
    changed = replace(contract, riders=(*contract.riders, rider))
    during = replace(contract, starts_on=rider.starts_on, ends_on=rider.ends_on or contract.ends_on)
    yield from _over_ceiling(person, changed, during)
    yield from _under_floor(person, changed, during)
    if not is_raise(contract, rider):
        return
    before = replace(contract, riders=lasting(contract.riders)).minutes_on(rider.starts_on)
    if before < FULL_TIME_MINUTES <= minutes:
        yield Finding("raise_to_full_time", "L3123-22", {"minutes": minutes}, "weekly_hours")
    had = raises_in(person.contracts, contract.employer_id, rider.starts_on.year)
    if had >= raises_allowed:
        figures: dict[str, dt.date | int | str] = {
            "count": had,
            "most": raises_allowed,
            "year": str(rider.starts_on.year),
        }
        yield Finding(
            "too_many_raises" if raises_allowed else "raises_need_agreement", "L3123-22", figures, "starts_on"
        )


def lasting(riders: Iterable[Rider]) -> tuple[Rider, ...]:
    """Those without an end."""
    return tuple(rider for rider in riders if rider.ends_on is None)


def is_raise(contract: Contract, rider: Rider) -> bool:
    """A temporary rider above what the contract and its lasting riders say on its first day (L16)."""
    if rider.ends_on is None or rider.weekly_minutes is None:
        return False
    return rider.weekly_minutes > replace(contract, riders=lasting(contract.riders)).minutes_on(rider.starts_on)


def raises_in(contracts: Iterable[Contract], employer_id: int, year: int) -> int:
    """How many temporary raises of one employer begin in a calendar year."""
    return sum(
        1
        for contract in contracts
        if contract.employer_id == employer_id
        for rider in contract.riders
        if rider.starts_on.year == year and is_raise(contract, rider)
    )


def derogation_findings(person: PersonFile, wanted: Derogation, *, employer_kind: str) -> list[Finding]:
    """What speaks against writing down a decision: its days, who may give it, the person's age."""
    found: list[Finding] = []
    if wanted.ends_on < wanted.starts_on:
        found.append(
            Finding("derogation_end_before_start", "", {"start": wanted.starts_on, "end": wanted.ends_on}, "ends_on")
        )
    longest = last_day(wanted.starts_on, DEROGATION_MONTHS)
    if wanted.kind in YEARLY_KINDS and wanted.ends_on > longest:
        article = "D5132-43-5" if wanted.kind == "floor_aci" else "L5132-15-1"
        found.append(Finding("derogation_over_a_year", article, {"end": wanted.ends_on, "latest": longest}, "ends_on"))
    if wanted.kind in {"floor_aci", "beyond_aci"} and employer_kind != "aci":
        found.append(Finding("derogation_for_aci_only", "L5132-15-1", {}, "kind"))
    if wanted.kind == "beyond_age":
        years = person.age_on(wanted.starts_on)
        if years is None:
            found.append(Finding("birth_date_unknown", "L5132-5", {"age": AGE_BEYOND}, "kind"))
        elif years < AGE_BEYOND:
            found.append(Finding("too_young_to_go_on", "L5132-5", {"years": years, "age": AGE_BEYOND}, "kind"))
    return found
