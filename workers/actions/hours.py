"""Hours written down, corrected and checked: two people say yes, a correction keeps what was there (R20, L19)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from concierge import events, retention
from concierge.db import refuse_on
from concierge.errors import Invalid, NotAllowed, StaleVersion, WrongState
from concierge.tenancy import Actor
from workers.actions.refusals import AbsenceNoted, HoursOverlap, MonthClosed, NotYet
from workers.actions.time import lock_person
from workers.enums import ABSENCE_KINDS, TimeSource
from workers.models import Assignment, TimeEntry, Trainee
from workers.models.time import DAY_MINUTES
from workers.perms import can_write_hours, leads, says_own_hours
from workers.rules import time as rules
from workers.rules.intervals import Interval


@dataclass(frozen=True)
class Said:
    """What somebody says of a time: from when to when, or minutes of a day for an absence."""

    kind: str
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    day: dt.date | None = None
    minutes: int | None = None
    assignment: Assignment | None = None


@transaction.atomic
def add_entry(trainee: Trainee, said: Said, *, by: Actor, source: TimeSource = TimeSource.SUPERVISOR) -> TimeEntry:
    """Write somebody's time down for them: whoever may also validates it by that; the person has still to say yes.

    Raises ``NotAllowed`` (403), ``Invalid`` and ``NotYet`` (400), ``HoursOverlap``, ``AbsenceNoted`` and
    ``MonthClosed`` (409).
    """
    if not can_write_hours(by, trainee):
        raise NotAllowed
    person = lock_person(trainee.pk)
    entry = _write(person, said, by, source=source)
    events.record("time_entry.added", entry, by=by, act_at=entry.starts_at, trainee=str(person.public_id))
    return entry


@transaction.atomic
def correct_entry(entry: TimeEntry, said: Said, *, reason: str, by: Actor) -> TimeEntry:
    """A new version takes the place of this one, which is kept with who, when and why.

    Raises like ``add_entry``, and ``StaleVersion`` (412) when somebody else has corrected it in the meantime.
    """
    if not can_write_hours(by, entry.trainee):
        raise NotAllowed
    if not reason.strip():
        raise Invalid(gettext_lazy("Say why this is corrected."), field="reason")
    person = lock_person(entry.trainee_id)
    old = _current(entry)
    _end_version(old)
    new = _write(person, said, by, source=TimeSource(old.source), replaces=old, reason=reason.strip())
    events.record("time_entry.corrected", new, by=by, replaces=str(old.public_id), trainee=str(person.public_id))
    return new


@transaction.atomic
def withdraw_entry(entry: TimeEntry, *, reason: str, by: Actor) -> TimeEntry:
    """This time never was: it stays readable and counts no more. Raises like ``correct_entry``."""
    if not can_write_hours(by, entry.trainee):
        raise NotAllowed
    if not reason.strip():
        raise Invalid(gettext_lazy("Say why this is taken away."), field="reason")
    lock_person(entry.trainee_id)
    old = _current(entry)
    old.withdrawn_because = reason.strip()
    _end_version(old)
    events.record("time_entry.withdrawn", old, by=by, trainee=str(entry.trainee.public_id))
    return old


@transaction.atomic
def confirm_entries(entries: Sequence[TimeEntry], *, by: Actor) -> list[TimeEntry]:
    """ "It is right", says the person; also after having said that it is not. What runs, and what they have confirmed,
    stays as it is. Raises ``NotAllowed`` (403) for anybody else, ``MonthClosed`` (409)."""
    now = timezone.now()
    changed = [one for one in _own(entries, by) if not one.is_running and one.confirmed_at is None]
    for one in changed:
        one.confirmed_at, one.contested_at, one.contest_note = now, None, ""
    _save(changed, "confirmed_at", "contested_at", "contest_note")
    _tell("time_entry.confirmed", changed, by)
    return changed


@transaction.atomic
def contest_entries(entries: Sequence[TimeEntry], *, by: Actor, note: str = "") -> list[TimeEntry]:
    """ "It is not right", says the person: it is the first thing on their supervisor's list, whose yes is taken back.

    Raises ``NotAllowed`` (403), ``MonthClosed`` (409).
    """
    now = timezone.now()
    changed = [one for one in _own(entries, by) if one.contested_at is None or one.validated_at is not None]
    for one in changed:
        one.contested_at, one.confirmed_at, one.contest_note, one.answer = now, None, note.strip(), ""
        one.validated_at, one.validated_by, one.is_stand_in = None, None, False
    fields = ("contested_at", "confirmed_at", "contest_note", "answer", "validated_at", "validated_by", "is_stand_in")
    _save(changed, *fields)
    _tell("time_entry.contested", changed, by)
    return changed


@transaction.atomic
def validate_entries(entries: Sequence[TimeEntry], *, by: Actor, answer: str = "") -> list[TimeEntry]:
    """The supervisor says yes. What somebody validated in the meantime is left out; one alone: ``WrongState`` (409).

    Of what the person contests: with an ``answer`` to them, else ``Invalid`` (400). Raises ``NotAllowed`` (403) for the
    hours of another team, ``StaleVersion`` (412) for what was corrected, ``WrongState`` for what still runs.
    """
    found = _locked(entries)
    if any(not can_write_hours(by, one.trainee) for one in found):
        raise NotAllowed
    ready = [one for one in found if one.is_current and one.validated_at is None and not one.is_running]
    if len(found) == 1 and not ready:
        raise _why_not(found[0])
    if any(one.contested_at is not None for one in ready) and not answer.strip():
        raise Invalid(
            gettext_lazy("The person says that this is not right: correct it, or answer them."), field="answer"
        )
    now = timezone.now()
    for one in ready:
        one.validated_at, one.validated_by, one.is_stand_in = now, by.user, not leads(by, one.trainee)
        one.answer = answer.strip() if one.contested_at is not None else ""
    _save(ready, "validated_at", "validated_by", "is_stand_in", "answer")
    _tell("time_entry.validated", ready, by)
    return ready


@transaction.atomic
def undo_validation(*, by: Actor) -> list[TimeEntry]:
    """Take back the last yes of this person, of one or of several at once, within five minutes (lifecycles.md 2.0.6).

    Raises ``WrongState`` (409) when there is none.
    """
    last = last_validation(by)
    if last is None:
        raise WrongState(gettext_lazy("There is nothing to undo any more."))
    taken = [one for one in _locked(last) if one.is_current and one.validated_by == by.user and one.validated_at]
    for one in taken:
        one.validated_at, one.validated_by, one.is_stand_in, one.answer = None, None, False, ""
    _save(taken, "validated_at", "validated_by", "is_stand_in", "answer")
    _tell("time_entry.reopened", taken, by)
    return taken


def last_validation(by: Actor) -> list[TimeEntry] | None:
    """What this person validated last, if they may still undo it; not what they wrote down themself."""
    if by.user is None:
        return None
    own = TimeEntry.objects.current().filter(
        organisation=by.organisation, validated_by=by.user, validated_at__gte=timezone.now() - rules.UNDO
    )
    clicked = own.exclude(written_by=by.user, validated_at=F("recorded_at"))
    last = clicked.aggregate(last=Max("validated_at"))["last"]
    return None if last is None else list(clicked.filter(validated_at=last).order_by("pk"))


def _write(
    person: Trainee,
    said: Said,
    by: Actor,
    *,
    source: TimeSource,
    replaces: TimeEntry | None = None,
    reason: str = "",
) -> TimeEntry:
    """The row of what was said, validated by whoever writes it."""
    now = timezone.now()
    entry = TimeEntry(
        organisation_id=person.organisation_id,
        trainee=person,
        site=replaces.site if replaces else person.site,
        kind=said.kind,
        source=source,
        assignment=said.assignment or (replaces.assignment if replaces else None),
        recorded_at=now,
        validated_at=now,
        validated_by=by.user,
        is_stand_in=not leads(by, person),
        version=replaces.version + 1 if replaces else 1,
        replaces=replaces,
        reason=reason,
        written_by=by.user,
    )
    _place(entry, said, ZoneInfo(person.site.time_zone), now)
    with _refusals():
        entry.save()
    return entry


def _place(entry: TimeEntry, said: Said, zone: ZoneInfo, now: dt.datetime) -> None:
    """Put the entry in time. Raises ``Invalid`` and ``NotYet`` (400) at the field that is wrong."""
    if said.kind in ABSENCE_KINDS:
        if said.day is None or not said.minutes or not 0 < said.minutes <= DAY_MINUTES:
            raise Invalid(gettext_lazy("An absence is between a minute and 24 hours of a day."), field="minutes")
        entry.minutes, entry.starts_on, entry.ends_on, entry.assignment = said.minutes, said.day, said.day, None
        return
    if said.starts_at is None or said.ends_at is None:
        raise Invalid(gettext_lazy("Say from when to when."), field="starts_at")
    start, end = rules.minute(said.starts_at), rules.minute(said.ends_at)
    if start > now or end > now:
        raise NotYet(field="ends_at" if start <= now else "starts_at")
    if end <= start:
        raise Invalid(gettext_lazy("The end must be after the start."), field="ends_at")
    if end - start > rules.LONGEST:
        raise Invalid(gettext_lazy("Nobody is at work for more than 24 hours at a time."), field="ends_at")
    entry.starts_at, entry.ends_at, entry.end_recorded_at = start, end, now
    entry.starts_on, entry.ends_on = rules.days_of(Interval(start, end), zone)


@contextmanager
def _refusals() -> Iterator[None]:
    with (
        refuse_on("hours_of_an_open_month", MonthClosed()),
        refuse_on("time_entries_do_not_overlap", HoursOverlap(field="starts_at")),
        refuse_on("time_entry_one_absence_a_day", AbsenceNoted(field="day")),
    ):
        yield


def _current(entry: TimeEntry) -> TimeEntry:
    """The entry under its lock, if it is still the version that counts."""
    found = _locked([entry])[0]
    if not found.is_current:
        raise StaleVersion
    return found


def _end_version(old: TimeEntry) -> None:
    old.is_current, old.ended_version_at = False, timezone.now()
    with _refusals():
        old.save(update_fields=["is_current", "ended_version_at", "withdrawn_because"])


def _locked(entries: Sequence[TimeEntry]) -> list[TimeEntry]:
    """The entries anew, each under its row lock, always in the same order."""
    return list(
        TimeEntry.objects.select_for_update(of=("self",), no_key=True)
        .select_related("trainee", "validated_by")
        .filter(pk__in=[entry.pk for entry in entries])
        .order_by("pk")
    )


def _own(entries: Sequence[TimeEntry], by: Actor) -> list[TimeEntry]:
    found = _locked(entries)
    if any(not says_own_hours(by, one) for one in found):
        raise NotAllowed
    return [one for one in found if one.is_current]


def _save(entries: Sequence[TimeEntry], *fields: str) -> None:
    if entries:
        with _refusals():
            TimeEntry.objects.bulk_update(entries, fields)


def _tell(name: str, entries: Sequence[TimeEntry], by: Actor) -> None:
    if entries:
        events.record_all([(name, one, {"trainee": str(one.trainee.public_id)}) for one in entries], by=by)


def _why_not(entry: TimeEntry) -> WrongState | StaleVersion:
    if not entry.is_current:
        return StaleVersion()
    if entry.is_running:
        return WrongState(_("This time is still running: say when it ended first."))
    name = str(entry.validated_by) if entry.validated_by else _("somebody else")
    return WrongState(_("%(name)s has already validated this.") % {"name": name}, current_status=entry.status)


@retention.forget("hours")
def old_hours(before: dt.datetime) -> QuerySet[TimeEntry]:
    """Hours and absences of days before that: the wage can be claimed for three years, the usual is five (domain.md
    4.1). The latest version goes first, what it replaced the night after."""
    return TimeEntry.objects.filter(ends_on__lt=before.date(), replaced_by__isnull=True)
