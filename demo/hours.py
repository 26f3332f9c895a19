"""What the people of the demonstration did between the work of clients, their hours and what is said of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import time_machine

from bookings.models.calendar import closed_days
from concierge.enums import Role
from concierge.tenancy import Actor
from workers.actions import time as clock
from workers.actions.absences import note_absence
from workers.actions.hours import Said, add_entry, confirm_entries, contest_entries, validate_entries
from workers.actions.notes import write_note
from workers.actions.restrictions import add_restriction
from workers.enums import TimeKind
from workers.enums.contracts import RestrictionCode
from workers.models import TimeEntry, Trainee
from workers.rules.intervals import Interval, merged

ZONE = ZoneInfo("Europe/Paris")
QUARTER = dt.timedelta(minutes=15)
# Working days that their supervisor has still to say yes to.
OPEN_DAYS = 4
# Who is ill on which day of the month, and who writes nothing on the last one: by their number.
SICK, SICK_DAY, FORGET = 3, -8, (2, 6)
NOTES = {
    "Amina": "Accueille les clientes avec assurance. Prochaine étape : tenir la caisse une demi-journée.",
    "Lucas": "Ponctuel toute la semaine. Demande de l’aide avant de se tromper : très bien.",
}


def working_days(until: dt.datetime) -> list[dt.date]:
    """The working days of the month before, the last one last."""
    today = until.astimezone(ZONE).date()
    past = (today - dt.timedelta(days=back) for back in range(30, 0, -1))
    return [day for day in past if day.weekday() < 5]


def fall_ill(people: Sequence[Trainee], *, until: dt.datetime) -> None:
    """One person is away on one day of the month: nothing is planned for them."""
    day = working_days(until)[SICK_DAY]
    note_absence(people[SICK], starts_on=day, ends_on=day, by=_leads(people[SICK]))


def end_of_day(people: Sequence[Trainee], day: dt.date, *, until: dt.datetime) -> None:
    """Hours beside the work of clients: clocked by themself on a day without any, else written by the supervisor."""
    days = working_days(until)
    if day not in days:
        return
    for number, person in enumerate(people):
        if day in closed_days(person.site, day, day):
            continue
        if day == days[-1] and number in FORGET:
            continue
        if (number, day) == (SICK, days[SICK_DAY]):
            minutes = sum(span.length.seconds // 60 for span in _usual(person, day))
            add_entry(person, Said("sick_leave", day=day, minutes=minutes), by=_leads(person))
            continue
        spans = list(_free(person, day))
        if TimeEntry.objects.current().filter(trainee=person, starts_on=day).exists():
            for span in spans:
                add_entry(person, Said(TimeKind.WORK, span.start, span.end), by=_leads(person))
            continue
        for span in spans:
            with time_machine.travel(span.end, tick=False):
                clock.clock_in(person, kind=TimeKind.WORK, by=_own(person), act_at=span.start)
                clock.clock_out(person, by=_own(person), act_at=span.end)


def end_of_month(people: Sequence[Trainee], *, until: dt.datetime) -> None:
    """Everything is settled but the last days; one person does not agree with one of them."""
    days = working_days(until)
    for person in people:
        old = TimeEntry.objects.current().filter(trainee=person, starts_on__lt=days[-OPEN_DAYS])
        with time_machine.travel(_of(days[-OPEN_DAYS], dt.time(8)), tick=False):
            validate_entries(list(old.filter(validated_at=None, ends_at__isnull=False)), by=_leads(person))
            confirm_entries(list(old), by=_own(person))
        if person.first_name in NOTES:
            write_note(person, NOTES[person.first_name], by=_leads(person))
    person, day = people[4], days[-2]
    last = TimeEntry.objects.current().filter(trainee=person, starts_on=day).order_by("-starts_at").first()
    if last is not None:
        contest_entries([last], by=_own(person), note="J’ai aidé à fermer, jusqu’à 15 h 30.")
    first = until.astimezone(ZONE).date() - dt.timedelta(days=20)
    add_restriction(person, RestrictionCode.NO_HEAVY_LOAD, starts_on=first, by=_leads(person))


def _free(person: Trainee, day: dt.date) -> Iterator[Interval]:
    """Usual hours without what is written already."""
    written = TimeEntry.objects.current().filter(trainee=person, starts_on=day, ends_at__isnull=False)
    taken = merged(Interval(one.starts_at, one.ends_at) for one in written if one.starts_at and one.ends_at)
    for span in _usual(person, day):
        start = span.start
        for one in taken:
            if one.end <= start or one.start >= span.end:
                continue
            if one.start - start >= QUARTER:
                yield Interval(start, one.start)
            start = max(start, one.end)
        if span.end - start >= QUARTER:
            yield Interval(start, span.end)


def _usual(person: Trainee, day: dt.date) -> list[Interval]:
    rules = person.availability.filter(weekday=day.weekday()).order_by("starts")
    return [Interval(_of(day, rule.starts), _of(day, rule.ends)) for rule in rules]


def _of(day: dt.date, time: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, time, ZONE).astimezone(dt.UTC)


def _own(person: Trainee) -> Actor:
    return Actor(kind="user", organisation=person.organisation, label=person.first_name, trainee_id=person.pk)


def _leads(person: Trainee) -> Actor:
    roles: dict[str, frozenset[int]] = {Role.SUPERVISOR: frozenset()}
    user = person.supervisor
    return Actor(kind="user", organisation=person.organisation, label=str(user), user=user, roles=roles)
