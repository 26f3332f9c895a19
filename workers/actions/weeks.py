"""Prepare the working times of a site's week and publish them (R21, L13, L14).

Lock order: the week, then, to publish, the people of its site in the order of their keys: whoever edits, copies or
publishes waits for the others at its row, whoever gives work or notes an absence at the person's. Without the lock of
the week the constraints ``week_edition_once`` and ``shift_once_a_day`` still let one of two publications through.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from concierge import events, retention
from concierge.db import refuse_on
from concierge.errors import DomainError, Invalid, StaleVersion, WrongState
from concierge.models import Site
from concierge.tenancy import Actor
from workers.actions.candidates import explain
from workers.actions.consents import ask_consents, follow_publication
from workers.actions.refusals import WarningsToAccept
from workers.models import PlannedHours, Shift, Trainee, WeekEdition, WorkWeek
from workers.models.weeks import PersonWeek, days_of, read_week
from workers.rules.candidates import Reason, Severity
from workers.rules.shifts import DayHours, proposed_week

# Reasons that a refusal spells out; it counts the others.
MOST_SENTENCES = 10


class WeekRefused(DomainError):
    """A rule forbids the hours of somebody. ``reasons`` lists the codes."""

    code = "week_refused"
    message = gettext_lazy("These hours cannot be published.")


class NothingToPublish(WrongState):
    """The draft is what the people have already."""

    code = "nothing_to_publish"
    message = gettext_lazy("Nothing has changed since this week was published.")


class Change(NamedTuple):
    """A day of somebody that is not as it was published: their hours from now on, or none."""

    trainee: Trainee
    day: dt.date
    hours: DayHours | None


@transaction.atomic
def plan_hours(
    site: Site,
    monday: dt.date,
    trainee: Trainee,
    days: Mapping[dt.date, DayHours | None],
    *,
    by: Actor,
    version: int | None = None,
    now: dt.datetime | None = None,
) -> WorkWeek:
    """Write the draft of one person's days; ``None`` is a day off. Days that are past stay as they are.

    ``version`` is the one of the page, 0 while there is no week yet. Raises ``StaleVersion`` (412), ``Invalid`` (400)
    for a person of another site, a day of another week or after their last one on the team.
    """
    week = _open(site, monday, version=version)
    if trainee.site_id != site.pk or not set(days) <= set(days_of(monday)):
        raise Invalid(_("Choose somebody of this site and a day of this week."))
    today = (now or timezone.now()).astimezone(week.zone).date()
    wanted = {day: hours for day, hours in days.items() if day >= today}
    if any(hours is not None and not trainee.is_there_on(day) for day, hours in wanted.items()):
        raise Invalid(_("%(name)s is no longer on the team on that day.") % {"name": trainee.first_name})
    if any(hours.missing_times(day, week.zone) for day, hours in wanted.items() if hours is not None):
        raise Invalid(_("The clocks go forward that night: this time does not exist."))
    PlannedHours.objects.filter(trainee=trainee, day__in=wanted).delete()
    _write(week, ((trainee, day, hours) for day, hours in wanted.items() if hours is not None))
    events.record("week.planned", week, by=by, trainee=str(trainee.public_id))
    return week


@transaction.atomic
def fill_week(
    site: Site, monday: dt.date, *, by: Actor, version: int | None = None, now: dt.datetime | None = None
) -> int:
    """Draft the hours of everybody who has none yet: their contract shared out over their usual days.

    Public holidays, absences and days that are past are left out. Returns how many people were filled in. Raises
    ``StaleVersion`` (412).
    """
    week = _open(site, monday, version=version)
    moment = now or timezone.now()
    plan = read_week(site, monday, now=moment)
    today = moment.astimezone(week.zone).date()
    filled = 0
    for one in plan.people:
        if one.days or not one.contract_minutes:
            continue
        off = {day.weekday() for day in days_of(monday) if day in plan.holidays or day in one.away or day < today}
        found = proposed_week(one.usual, one.contract_minutes, off)
        _write(week, ((one.trainee, monday + dt.timedelta(days=weekday), hours) for weekday, hours in found.items()))
        filled += bool(found)
    events.record("week.filled", week, by=by, people=filled)
    return filled


@transaction.atomic
def copy_week(
    site: Site, monday: dt.date, *, by: Actor, version: int | None = None, now: dt.datetime | None = None
) -> int:
    """Draft, for everybody who has no hours yet, those of the week before; like ``fill_week`` in all else."""
    week = _open(site, monday, version=version)
    moment = now or timezone.now()
    plan = read_week(site, monday, now=moment)
    today = moment.astimezone(week.zone).date()
    rows = PlannedHours.objects.filter(week__site=site, week__monday=monday - dt.timedelta(days=7))
    last: dict[int, list[PlannedHours]] = {}
    for row in rows.order_by("day"):
        last.setdefault(row.trainee_id, []).append(row)
    filled = 0
    for one in plan.people:
        rows_of = last.get(one.trainee.pk, [])
        if one.days or not rows_of:
            continue
        days = [(row.day + dt.timedelta(days=7), row.hours) for row in rows_of]
        free = [(day, hours) for day, hours in days if day >= today and day not in {*plan.holidays, *one.away}]
        _write(week, ((one.trainee, day, hours) for day, hours in free))
        filled += bool(free)
    events.record("week.filled", week, by=by, people=filled)
    return filled


@transaction.atomic
def publish_week(
    week: WorkWeek,
    *,
    by: Actor,
    version: int | None = None,
    accepted_warnings: Collection[str] = (),
    now: dt.datetime | None = None,
) -> WeekEdition:
    """Freeze what the draft changed as the next version, at this moment; days that are past stay as published.

    Whoever is told late without having agreed is asked on their phone (L13, L14).
    ``accepted_warnings`` are codes, or codes of one person (``PersonWeek.accepts``).
    Raises ``StaleVersion`` (412), ``NothingToPublish`` (409), ``WeekRefused`` and ``WarningsToAccept`` (422, with
    ``reasons``).
    """
    locked = lock_week(week)
    _check_version(locked, version)
    moment = now or timezone.now()
    number = next_number(locked)
    lock_people(locked.site)
    plan = read_week(locked.site, locked.monday, now=moment)
    changes = [
        Change(one.trainee, day, one.days.get(day))
        for one in plan.people
        for day in days_of(locked.monday)
        if day in one.changed
    ]
    if not changes:
        raise NothingToPublish
    warned = judged_people(plan.people, accepted_warnings, zone=plan.zone)
    locked.version += 1
    locked.save(update_fields=["version"])
    edition = bring(locked, changes, number=number, by=by, now=moment, warnings=warned)
    ask_consents(plan.people, locked.monday)
    return edition


def next_number(week: WorkWeek) -> int:
    """Number of the version that comes next."""
    return (week.editions.aggregate(last=Max("number"))["last"] or 0) + 1


def bring(
    week: WorkWeek,
    changes: Collection[Change],
    *,
    number: int,
    by: Actor,
    now: dt.datetime,
    warnings: Collection[str] = (),
) -> WeekEdition:
    """The next version of a locked week: ends the shifts of these days and brings those that take their place."""
    with (
        refuse_on("week_edition_once", StaleVersion()),
        refuse_on("shift_once_a_day", StaleVersion()),
    ):
        edition = WeekEdition.objects.create(
            organisation_id=week.organisation_id,
            week=week,
            number=number,
            published_at=now,
            published_by=by.user,
            accepted_warnings=sorted(warnings),
        )
        for change in changes:
            Shift.objects.current().filter(trainee=change.trainee, day=change.day).update(until=edition)
        brought = Shift.objects.bulk_create(
            _shift(week, edition, change.trainee, change.day, change.hours)
            for change in changes
            if change.hours is not None and change.hours.intervals(change.day, week.zone)
        )
    # What somebody said of days after their last one waits with them: they may be back in a minute, it was a mistake.
    given = {(one.trainee.pk, one.day): one.hours for one in changes if one.trainee.is_there_on(one.day)}
    follow_publication(brought, given, week.zone)
    people = sorted({str(change.trainee.public_id) for change in changes})
    events.record("week.published", edition, by=by, number=number, monday=week.monday.isoformat(), trainees=people)
    return edition


def _shift(week: WorkWeek, edition: WeekEdition, trainee: Trainee, day: dt.date, hours: DayHours) -> Shift:
    windows = hours.intervals(day, week.zone)
    first, last = windows[0], windows[-1]
    return Shift(
        organisation_id=week.organisation_id,
        week=week,
        edition=edition,
        trainee=trainee,
        day=day,
        starts_at=first.start,
        ends_at=last.end,
        break_starts_at=first.end if first.end < last.start else None,
        break_ends_at=last.start if first.end < last.start else None,
    )


def redraft(week: WorkWeek, changes: Collection[Change]) -> None:
    """The draft of a locked week says what is about to be published for these days."""
    for change in changes:
        PlannedHours.objects.filter(trainee=change.trainee, day=change.day).delete()
    _write(week, ((one.trainee, one.day, one.hours) for one in changes if one.hours is not None))
    touch(week)


def touch(week: WorkWeek) -> None:
    """The next version of a locked draft: whoever looks at the one before is told when they save."""
    week.version += 1
    week.save(update_fields=["version"])


def judged_people(
    people: Collection[PersonWeek], accepted: Collection[str], *, zone: ZoneInfo, most: int | None = MOST_SENTENCES
) -> set[str]:
    """Codes of the warnings that were confirmed. Raises what forbids the hours, and what is still to be read, of which
    the sentence spells out ``most`` (``None``: all, where no page shows the rest).

    Of what speaks against the weeks, that counts which the changes bring about or make worse: what has happened, or
    was confirmed before, hinders nobody else's hours.
    """
    blocks = [(one, reason) for one in people for reason in one.created if reason.severity == Severity.BLOCK]
    if blocks:
        raise WeekRefused(
            _("These hours cannot be published. %(reasons)s") % {"reasons": _sentences(blocks, zone, most)},
            reasons=sorted({reason.code for _one, reason in blocks}),
        )
    warnings = [(one, reason) for one in people for reason in one.created if reason.severity == Severity.WARN]
    missing = [(one, reason) for one, reason in warnings if not {reason.code, one.accepts(reason)} & set(accepted)]
    if missing:
        raise WarningsToAccept(
            _("To be confirmed. %(reasons)s") % {"reasons": _sentences(missing, zone, most)},
            reasons=sorted({reason.code for _one, reason in missing}),
            accept=sorted({one.accepts(reason) for one, reason in missing}),
        )
    return {reason.code for _one, reason in warnings}


def _sentences(found: Sequence[tuple[PersonWeek, Reason]], zone: ZoneInfo, most: int | None) -> str:
    said = [f"{one.trainee.first_name}: {explain(reason, zone=zone)}." for one, reason in found[:most]]
    if more := len(found) - len(said):
        said.append(ngettext("And %(n)d other.", "And %(n)d others.", more) % {"n": more})
    return " ".join(said)


def _open(site: Site, monday: dt.date, *, version: int | None) -> WorkWeek:
    """The week of a Monday under its lock, made when it is not there yet; its version is one higher."""
    if monday.weekday():
        raise Invalid(_("A week begins on a Monday."))
    week, _is_new = WorkWeek.objects.get_or_create(organisation_id=site.organisation_id, site=site, monday=monday)
    locked = lock_week(week)
    _check_version(locked, version)
    locked.version += 1
    locked.save(update_fields=["version"])
    return locked


def lock_week(week: WorkWeek) -> WorkWeek:
    """Re-read a week under its row lock."""
    return WorkWeek.objects.select_for_update(of=("self",), no_key=True).select_related("site").get(pk=week.pk)


def lock_people(site: Site) -> None:
    """Everybody of a site under their row locks, in the order of their keys: what is judged here is all there is."""
    people = Trainee.objects.filter(organisation_id=site.organisation_id, site=site).active().order_by("pk")
    list(people.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def _check_version(week: WorkWeek, version: int | None) -> None:
    if version is not None and version != week.version:
        raise StaleVersion


@retention.forget("shifts")
def old_shifts(before: dt.datetime) -> QuerySet[Shift]:
    """Published working times of days before that, kept as long as the hours that they announced (domain.md 4.1)."""
    return Shift.objects.filter(day__lt=before.date())


@retention.forget("planned_hours")
def old_planned_hours(before: dt.datetime) -> QuerySet[PlannedHours]:
    """Drafts of days before that."""
    return PlannedHours.objects.filter(day__lt=before.date())


def _write(week: WorkWeek, rows: Iterable[tuple[Trainee, dt.date, DayHours]]) -> None:
    """Those whose times do not exist on their day, when the clocks go forward, are left out."""
    PlannedHours.objects.bulk_create(
        PlannedHours(
            organisation_id=week.organisation_id,
            week=week,
            trainee=trainee,
            day=day,
            starts=hours.starts,
            ends=hours.ends,
            break_starts=hours.break_starts,
            break_ends=hours.break_ends,
        )
        for trainee, day, hours in rows
        if not hours.missing_times(day, week.zone)
    )
