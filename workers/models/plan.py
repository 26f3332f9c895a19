"""What judging a team's day asks for: a dozen queries whatever its size, and three more for averages over weeks."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.db.models.functions import Greatest

from concierge.reads import Among, Rows
from workers.models import labour
from workers.models.assignments import Assignment
from workers.models.files import files_of
from workers.models.people import Trainee, TraineeSkill
from workers.models.presence import Presence, presence_of
from workers.rules.candidates import Person
from workers.rules.contracts import PersonFile
from workers.rules.intervals import Interval, Span, civil_day
from workers.rules.labour import Setting, Work, WorkFile
from workers.rules.labour.people import contracts_of, restrictions_of
from workers.rules.labour.terms import FULL_TIME, MINUTE


class Skill(NamedTuple):
    """How far somebody has come with a trade, and when that was last used or confirmed."""

    level: str
    sure_since: dt.datetime


@dataclass(frozen=True)
class TeamDay:
    """A civil day of some trainees: what they can, their contracts, and their ``times`` in the weeks around it.

    ``skills`` are by trainee and trade. ``totals`` are those of other weeks, of the trainees that ``know_weeks`` was
    asked about.
    """

    presence: Presence
    files: dict[int, PersonFile]
    skills: dict[int, dict[str, Skill]]
    times: dict[int, list[labour.Stretch]]
    clocked: dict[int, labour.Clocked]
    # Times at which somebody of them accompanies somebody else.
    beside: dict[int, list[labour.Beside]]
    settings: dict[int, Setting]
    totals: dict[int, dict[dt.date, int]] = field(default_factory=dict)

    @property
    def day(self) -> dt.date:
        """The day."""
        return self.presence.day

    @property
    def zone(self) -> ZoneInfo:
        """Where it is that day."""
        return self.presence.zone

    @property
    def shifts(self) -> dict[int, list[labour.ShiftTime]]:
        """Published working time of the weeks around."""
        return self.presence.shifts

    @property
    def trainees(self) -> list[Trainee]:
        """Whose day it is."""
        return self.presence.trainees

    def open_windows(self, trainee: Trainee) -> list[Interval]:
        """When the trainee is here on that day: by the published week where there is one, else by usual hours."""
        return self.presence.open_windows(trainee)

    def busy(self, trainee: Trainee, *, without: Assignment | None = None) -> list[Interval]:
        """Times of the day already taken, apart from one assignment that is about to move."""
        opening, closing = civil_day(self.day, self.zone).span
        return [
            Interval(dt.datetime.fromtimestamp(start, dt.UTC), dt.datetime.fromtimestamp(end, dt.UTC))
            for start, end in self._taken(trainee.pk, without)
            if start < closing and opening < end
        ]

    def _taken(self, trainee: int, without: Assignment | None) -> list[Span]:
        """Times of the weeks around that no other work may overlap."""
        key = without.pk if without else None
        own = [one.busy for one in self.times.get(trainee, ()) if one.busy is not None and one.key != key]
        beside = self.beside.get(trainee)
        return own + [one.span for one in beside if not one.is_over and one.assignment != key] if beside else own

    def know_weeks(self, trainees: Collection[Trainee]) -> None:
        """Read the totals of other weeks of these trainees, in three queries, for rules that average them."""
        if trainees:
            is_full_time = any(self.files[one.pk].minutes_on(self.day) * MINUTE >= FULL_TIME for one in trainees)
            found = labour.weekly_seconds(
                [trainee.pk for trainee in trainees], self.day, self.zone, whole_year=is_full_time
            )
            self.totals.update({trainee.pk: found[trainee.pk] for trainee in trainees})

    def setting(self, trainee: Trainee) -> Setting:
        """Terms of the trainee's employer and public holidays of their site."""
        return self.settings[trainee.pk]

    def hours(self, trainee: Trainee, *, without: Assignment | None = None) -> WorkFile:
        """What the labour rules read about the trainee."""
        trainee_id, key = trainee.pk, without.pk if without else None
        entries = self.clocked.get(trainee_id)
        # What was clocked of finished work says when it was done.
        told = entries.told if entries else ()
        plan = [
            (one.start, one.end)
            for one in self.times.get(trainee_id, ())
            if one.key != key and (one.busy is not None or one.key not in told)
        ]
        beside = [one.span for one in self.beside.get(trainee_id, ()) if one.assignment != key]
        file = self.files[trainee_id]
        return WorkFile(
            work=(*(entries.other if entries else ()), *self._published(trainee_id)),
            plain=(*plan, *beside, *(entries.plain if entries else ())),
            contracts=contracts_of(file),
            restrictions=restrictions_of(file),
            born_on=file.birth_date,
            presence=tuple(self.open_windows(trainee)),
            earlier=self.totals.get(trainee_id, {}),
        )

    def _published(self, trainee: int) -> list[Work]:
        """Published hours as planned time: work given within them is part of them, and no change (L13, L14)."""
        return [
            Work.of(window, told_on=one.told_on, is_agreed=one.is_agreed)
            for one in self.shifts.get(trainee, ())
            if one.is_plan
            for window in one.intervals
        ]

    def level(self, trainee: Trainee, skill: str) -> str:
        """How far the trainee has come with a trade; empty: not started."""
        known = self.skills[trainee.pk].get(skill) if trainee.pk in self.skills else None
        return known.level if known else ""

    def person(self, trainee: Trainee, *, skill: str, without: Assignment | None = None) -> Person:
        """The trainee as the rules see them."""
        return replace(
            self.person_at_a_glance(trainee, skill=skill, without=without), hours=self.hours(trainee, without=without)
        )

    def person_at_a_glance(self, trainee: Trainee, *, skill: str, without: Assignment | None = None) -> Person:
        """The trainee without what the Labour Code is judged by."""
        key = trainee.pk
        published = [window.span for one in self.shifts.get(key, ()) if one.is_plan for window in one.intervals]
        worked = [(one.start, one.end) for one in self.times.get(key, ()) if one.busy is None]
        has_schedule: bool = trainee.has_schedule  # type: ignore[attr-defined]  # annotated by presence_of
        return Person(
            file=self.files[key],
            site_id=trainee.site_id,
            is_active=trainee.is_active,
            has_supervisor=trainee.supervisor_id is not None,
            level=self.level(trainee, skill),
            open_windows=tuple(self.open_windows(trainee)),
            is_away=key in self.presence.away,
            planned=tuple(self._taken(key, without)),
            worked=(*worked, *(one.span for one in self.beside.get(key, ()) if one.is_over)),
            has_schedule=has_schedule or self.presence.has_published_week(trainee),
            published=tuple(published),
            last_on=trainee.last_on,
        )


def team_day(
    trainees: QuerySet[Trainee], day: dt.date, zone: ZoneInfo, *, margin: dt.timedelta = labour.MARGIN
) -> TeamDay:
    """Read a day of these trainees: capabilities, usual hours, absences, and the work of the weeks around."""
    return judged_day(presence_of(trainees, day, zone, margin=margin))


def judged_day(presence: Presence) -> TeamDay:
    """The same of trainees whose presence was read already."""
    day, zone, people = presence.day, presence.zone, presence.trainees
    keys = presence.keys
    files = files_of(people, *labour.days_around(day))
    return TeamDay(
        presence=presence,
        files=files,
        skills=_skills(keys),
        times=labour.stretches(keys, day, zone, presence.margin),
        clocked=labour.clocked(keys, day, presence.margin),
        beside=labour.accompanied(keys, day, zone, presence.margin),
        settings=labour.settings_of(people, files, day, zone),
    )


SKILLS = Rows(
    lambda given: TraineeSkill.objects.filter(Among("trainee_id", given["keys"])).values_list(
        "trainee_id", "rome_code", "level", Greatest("changed_at", "practised_at")
    ),
    "keys",
)


def _skills(keys: list[int]) -> dict[int, dict[str, Skill]]:
    found: dict[int, dict[str, Skill]] = defaultdict(dict)
    for trainee, trade, level, sure_since in SKILLS.all(keys=keys):
        found[trainee][trade] = Skill(level, sure_since)
    return found
