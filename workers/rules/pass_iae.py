"""PASS IAE: its number, its days, what suspends and what prolongs it (domain.md 2.3).

Days are civil days; a PASS ends with its last day, included. The end is never typed: it is the first 730 days and what
the ledger adds to them. A suspension adds ``end - start`` days, a prolongation as many. So the order in which entries
were written does not matter, and taking one out restores the end.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dateutil.relativedelta import relativedelta

NUMBER = re.compile(r"[A-Z0-9]{12}")
ONE_DAY = dt.timedelta(days=1)

FUTURE, VALID, SUSPENDED, EXPIRED = "future", "valid", "suspended", "expired"


@dataclass(frozen=True)
class ProlongationTerms:
    """What the law says of one reason. ``total_months``: how long the PASS may be prolonged when it is for that reason,
    prolongations for other reasons included (a pathway of five, of seven years); ``None``: no total.

    ``kinds``: kinds of structure that may ask for it, empty for all. ``from_age``: in years.
    """

    each_months: int
    total_months: int | None = None
    needs_opinion: bool = True
    kinds: frozenset[str] = frozenset()
    from_age: int = 0
    until_training_ends: bool = False

    def __post_init__(self) -> None:
        """Refuse figures that cannot be meant. Raises ``ValueError``."""
        if self.each_months < 1 or (self.total_months is not None and self.total_months < self.each_months):
            raise ValueError("a prolongation is of a month or more, and all together of no less than one")
        if not 0 <= self.from_age < 100:
            raise ValueError("an age is between 0 and 100 years")


@dataclass(frozen=True)
class PassTerms:
    """The figures that count for what happens from a day on."""

    valid_from: dt.date
    prolongations: Mapping[str, ProlongationTerms]
    days: int = 730
    suspension_months: int = 36
    retroactive_days: int = 365
    asked_months_before: int = 12
    asked_months_after: int = 6
    waiting_years: int = 2
    diagnosis_months: int = 6
    employer_diagnosis_days: int = 92
    alert_months: tuple[int, ...] = (12, 9, 6, 3, 1)
    # Reasons of a suspension that only some kinds of structure may give, and those that nobody gives any more.
    suspension_kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    historic_reasons: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse figures that cannot be meant. Raises ``ValueError``."""
        lengths = (
            self.days,
            self.suspension_months,
            self.retroactive_days,
            self.asked_months_before,
            self.asked_months_after,
            self.waiting_years,
            self.diagnosis_months,
            self.employer_diagnosis_days,
            *self.alert_months,
        )
        if any(length < 1 for length in lengths):
            raise ValueError("a length of time is one or more")
        if list(self.alert_months) != sorted(set(self.alert_months), reverse=True):
            raise ValueError("alerts come nearer and nearer")
        if not self.prolongations:
            raise ValueError("there are reasons to prolong")


EI, ACI, AI = "ei", "aci", "ai"

# Decree 2021-1128 of 30 August 2021, as the State's platform applied it in August 2026 (domain.md S30). When the law
# changes, a line is added: what was before is judged as before.
PASS_TERMS = (
    PassTerms(
        valid_from=dt.date(2021, 9, 1),
        suspension_kinds={"contrat_passerelle": frozenset({EI, ACI})},
        historic_reasons=frozenset({"illness", "maternity", "prison", "trial_outside", "detox", "force_majeure"}),
        prolongations={
            "training": ProlongationTerms(each_months=12, needs_opinion=False, until_training_ends=True),
            "rqth": ProlongationTerms(each_months=12, total_months=36),
            "senior": ProlongationTerms(each_months=12, total_months=60, from_age=50),
            "difficulties": ProlongationTerms(each_months=12, total_months=36, kinds=frozenset({AI, ACI})),
            "senior_cdi": ProlongationTerms(each_months=120, total_months=120, needs_opinion=False, from_age=57),
        },
    ),
)


def terms_on(day: dt.date, terms: Sequence[PassTerms] = PASS_TERMS) -> PassTerms:
    """What the law says on a day; before the first line, what that line says."""
    begun = [one for one in terms if one.valid_from <= day]
    return max(begun, key=lambda one: one.valid_from) if begun else terms[0]


# --- the number ------------------------------------------------------------


def clean_number(text: str) -> str:
    """A number as people type it, without the spaces that group it and in capitals."""
    return "".join(text.split()).replace("-", "").upper()


def is_number(text: str) -> bool:
    """Twelve letters or digits. Old numbers do not begin with 99999: nothing more can be asked."""
    return NUMBER.fullmatch(text) is not None


def grouped(number: str) -> str:
    """As papers show it: XXXXX XX XXXXX."""
    return f"{number[:5]} {number[5:7]} {number[7:]}"


# --- the ledger ------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Stretch:
    """From a day to a day, both included: a suspension, or what a prolongation adds (from the old end to the new)."""

    starts_on: dt.date
    ends_on: dt.date

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for an end before the start."""
        if self.ends_on < self.starts_on:
            raise ValueError("it ends before it starts")

    @property
    def pushes(self) -> int:
        """Days by which it moves the end of the PASS."""
        return (self.ends_on - self.starts_on).days

    def covers(self, day: dt.date) -> bool:
        """Whether the day is one of its days."""
        return self.starts_on <= day <= self.ends_on

    def overlaps(self, other: Stretch) -> bool:
        """Whether they share a day."""
        return self.starts_on <= other.ends_on and other.starts_on <= self.ends_on


@dataclass(frozen=True)
class Ledger:
    """A PASS: its first day, its first length in days, and what counts of its suspensions and prolongations."""

    starts_on: dt.date
    days: int
    suspensions: tuple[Stretch, ...] = ()
    prolongations: tuple[Stretch, ...] = ()

    @property
    def base_end(self) -> dt.date:
        """The last day when nothing suspends or prolongs it."""
        return self.starts_on + dt.timedelta(days=self.days - 1)

    @property
    def ends_on(self) -> dt.date:
        """The last day, included."""
        pushed = sum(one.pushes for one in (*self.suspensions, *self.prolongations))
        return self.base_end + dt.timedelta(days=pushed)

    def state_on(self, day: dt.date) -> str:
        """``future``, ``valid``, ``suspended`` or ``expired``."""
        if day < self.starts_on:
            return FUTURE
        if day > self.ends_on:
            return EXPIRED
        return SUSPENDED if self.suspension_on(day) else VALID

    def suspension_on(self, day: dt.date) -> Stretch | None:
        """The suspension under way on a day."""
        return next((one for one in self.suspensions if one.covers(day)), None)

    def days_left(self, day: dt.date) -> int:
        """Days of PASS from a day on, that day included, without those of suspensions under way or to come."""
        left = (self.ends_on - max(day, self.starts_on)).days + 1
        for one in self.suspensions:
            if one.ends_on >= day:
                left -= (one.ends_on - max(day, one.starts_on)).days + 1
        return max(left, 0)

    def is_sound(self) -> bool:
        """Whether no suspensions overlap and each starts while the PASS runs, as those before it and the prolongations
        make it run: one that was made possible by another may not outlive it."""
        running = Ledger(self.starts_on, self.days, (), self.prolongations)
        for one in sorted(self.suspensions):
            if not running.starts_on <= one.starts_on <= running.ends_on:
                return False
            if any(one.overlaps(other) for other in running.suspensions):
                return False
            running = Ledger(self.starts_on, self.days, (*running.suspensions, one), self.prolongations)
        return True


# --- what is refused -------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """Why an entry is refused: a code, the field at fault, and the day or number of months that the sentence names."""

    code: str
    field: str
    day: dt.date | None = None
    number: int | None = None


def longest_end(starts_on: dt.date, terms: PassTerms) -> dt.date:
    """The last possible day of a suspension that starts on a day."""
    last: dt.date = starts_on + relativedelta(months=terms.suspension_months, days=-1)
    return last


@dataclass(frozen=True)
class AskedSuspension:
    """What somebody wants to write down: days, reason, kind of the structure, and whether that is the one of the last
    hire (nobody else may). ``started_on``: the first day that is on record already, when only the rest is corrected.
    ``is_imported``: the State's platform says so, which has judged it; it may be old."""

    stretch: Stretch
    reason: str
    kind: str
    is_last_employer: bool = True
    started_on: dt.date | None = None
    is_imported: bool = False


def suspension_faults(ledger: Ledger, asked: AskedSuspension, *, today: dt.date, terms: PassTerms) -> list[Fault]:
    """Everything that forbids a suspension; ``ledger`` without the one that it replaces."""
    one, found = asked.stretch, []
    if not ledger.starts_on <= one.starts_on <= ledger.ends_on:
        found.append(Fault("suspension_outside_pass", "starts_on", day=ledger.ends_on))
    earliest = today - dt.timedelta(days=terms.retroactive_days)
    if one.starts_on < earliest and not asked.is_imported and one.starts_on != asked.started_on:
        found.append(Fault("suspension_too_old", "starts_on", day=earliest))
    if one.starts_on > today:
        found.append(Fault("suspension_in_future", "starts_on", day=today))
    if one.ends_on > (last := longest_end(one.starts_on, terms)):
        found.append(Fault("suspension_too_long", "ends_on", day=last, number=terms.suspension_months))
    if other := next((kept for kept in sorted(ledger.suspensions) if kept.overlaps(one)), None):
        found.append(Fault("suspensions_overlap", "starts_on", day=other.starts_on))
    return found if asked.is_imported else [*found, *_suspension_giver_faults(asked, terms)]


def _suspension_giver_faults(asked: AskedSuspension, terms: PassTerms) -> list[Fault]:
    """Whether this structure may give this reason today."""
    found = []
    if asked.reason in terms.historic_reasons:
        found.append(Fault("suspension_old_reason", "reason"))
    allowed = terms.suspension_kinds.get(asked.reason)
    if allowed is not None and asked.kind not in allowed:
        found.append(Fault("suspension_wrong_kind", "reason"))
    if not asked.is_last_employer:
        found.append(Fault("suspension_not_last_employer", "employer"))
    return found


def ended_by_hire(suspension: Stretch, hired_on: dt.date) -> Stretch | None:
    """What is left of a suspension when the person is hired again: it ends the day before. ``None``: nothing. One that
    starts later is of that hire itself: it stays."""
    if not suspension.covers(hired_on):
        return suspension
    if suspension.starts_on == hired_on:
        return None
    return Stretch(suspension.starts_on, hired_on - ONE_DAY)


# --- prolongations ---------------------------------------------------------


@dataclass(frozen=True)
class AskedProlongation:
    """What somebody asks for: its reason, the wanted end, the kind of the structure, who gave an opinion and whether
    there is a report. ``used`` are the prolongations of the PASS, whatever their reason, that count or wait.
    ``is_imported``: the State has decided it, which has judged all of that; it may be old."""

    reason: str
    ends_on: dt.date
    kind: str
    has_opinion: bool = False
    has_report: bool = False
    training_ends_on: dt.date | None = None
    born_on: dt.date | None = None
    used: tuple[Stretch, ...] = ()
    is_imported: bool = False


def asking_window(ends_on: dt.date, terms: PassTerms) -> Stretch:
    """The days on which a prolongation may be asked for."""
    return Stretch(
        ends_on - relativedelta(months=terms.asked_months_before),
        ends_on + relativedelta(months=terms.asked_months_after),
    )


def longest_prolongation(starts_on: dt.date, reason: str, terms: PassTerms, used: Sequence[Stretch] = ()) -> dt.date:
    """The furthest end of a prolongation that starts on a day, by its own length and by the total of its reason.

    ``used``: what has prolonged the PASS already, for any reason."""
    of_reason = terms.prolongations[reason]
    last: dt.date = starts_on + relativedelta(months=of_reason.each_months)
    if of_reason.total_months is None:
        return last
    # As if all of them had followed each other up to this one.
    first = starts_on - dt.timedelta(days=sum(one.pushes for one in used))
    until: dt.date = first + relativedelta(months=of_reason.total_months)
    return min(last, max(starts_on, until))


def prolongation_faults(
    pass_ends_on: dt.date, asked: AskedProlongation, *, today: dt.date, terms: PassTerms
) -> list[Fault]:
    """Everything that forbids a prolongation, which starts at the end of the PASS."""
    of_reason = terms.prolongations.get(asked.reason)
    if of_reason is None:
        return [Fault("prolongation_unknown_reason", "reason")]
    if asked.is_imported:
        adds_nothing = asked.ends_on <= pass_ends_on
        return [Fault("prolongation_adds_nothing", "ends_on", day=pass_ends_on)] if adds_nothing else []
    found = []
    window = asking_window(pass_ends_on, terms)
    if today < window.starts_on:
        found.append(Fault("prolongation_too_early", "reason", day=window.starts_on))
    if today > window.ends_on:
        found.append(Fault("prolongation_too_late", "reason", day=window.ends_on))
    last = longest_prolongation(pass_ends_on, asked.reason, terms, asked.used)
    if asked.ends_on <= pass_ends_on:
        found.append(Fault("prolongation_adds_nothing", "ends_on", day=pass_ends_on))
    elif last <= pass_ends_on:
        found.append(Fault("prolongation_used_up", "reason", number=of_reason.total_months))
    elif asked.ends_on > last:
        found.append(Fault("prolongation_too_long", "ends_on", day=last))
    return [*found, *_person_faults(pass_ends_on, asked, of_reason)]


def _person_faults(pass_ends_on: dt.date, asked: AskedProlongation, of_reason: ProlongationTerms) -> list[Fault]:
    """What the reason asks of the person, of the structure and of the papers."""
    found = []
    if of_reason.kinds and asked.kind not in of_reason.kinds:
        found.append(Fault("prolongation_wrong_kind", "reason"))
    old_enough_on = asked.born_on and asked.born_on + relativedelta(years=of_reason.from_age)
    if of_reason.from_age and old_enough_on is None:
        found.append(Fault("birth_date_unknown", "reason", number=of_reason.from_age))
    if of_reason.from_age and old_enough_on is not None and old_enough_on > pass_ends_on:
        found.append(Fault("prolongation_too_young", "reason", number=of_reason.from_age))
    if of_reason.until_training_ends:
        if asked.training_ends_on is None:
            found.append(Fault("prolongation_needs_training_end", "training_ends_on"))
        elif asked.ends_on > asked.training_ends_on:
            found.append(Fault("prolongation_past_training", "ends_on", day=asked.training_ends_on))
    if of_reason.needs_opinion and not asked.has_opinion:
        found.append(Fault("prolongation_needs_opinion", "prescriber_name"))
    if of_reason.needs_opinion and not asked.has_report:
        found.append(Fault("prolongation_needs_report", "report"))
    return found


# --- a new one, the diagnosis, the alerts ----------------------------------


def waits_until(ended_on: dt.date, terms: PassTerms) -> dt.date:
    """The last day after a PASS on which only an authorised prescriber opens the way to a new one (carence)."""
    last: dt.date = ended_on + relativedelta(years=terms.waiting_years)
    return last


def may_begin(starts_on: dt.date, *, last_end: dt.date | None, is_prescribed: bool, terms: PassTerms) -> bool:
    """Whether a new PASS may start on a day: none runs, and the wait is over or an authorised prescriber says so."""
    if last_end is None:
        return True
    if starts_on <= last_end:
        return False
    return is_prescribed or starts_on > waits_until(last_end, terms)


def diagnosis_ends_on(made_on: dt.date, *, by_employer: bool, terms: PassTerms) -> dt.date:
    """The last day on which a diagnosis of eligibility counts."""
    if by_employer:
        return made_on + dt.timedelta(days=terms.employer_diagnosis_days)
    last: dt.date = made_on + relativedelta(months=terms.diagnosis_months)
    return last


def alert_days(ledger: Ledger, terms: PassTerms) -> list[dt.date]:
    """The days on which somebody is told that the PASS ends. One within a suspension waits for its end."""
    days = set()
    for months in terms.alert_months:
        day = ledger.ends_on - relativedelta(months=months)
        while (under_way := ledger.suspension_on(day)) is not None:
            day = under_way.ends_on + ONE_DAY
        if ledger.starts_on <= day <= ledger.ends_on:
            days.add(day)
    return sorted(days)
