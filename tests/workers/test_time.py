"""Hours: the clock follows the work, two people say yes, corrections keep what was, closed is closed (R20)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from concierge import retention
from concierge.enums import Role
from concierge.errors import Conflict, DomainError, Invalid, NotAllowed, StaleVersion, WrongState
from concierge.models import Event
from concierge.tenancy import Actor
from tests.workers.conftest import NOW, PARIS, Team, at
from tests.workers.pathways import adviser_of
from workers.actions import time as clock
from workers.actions.absences import note_absence
from workers.actions.dispatch import assign_work_order, stop_assignment
from workers.actions.hours import (
    Said,
    add_entry,
    confirm_entries,
    contest_entries,
    correct_entry,
    undo_validation,
    validate_entries,
    withdraw_entry,
)
from workers.actions.notes import correct_note, write_note
from workers.actions.refusals import MonthNotReady, NotYet, WarningsToAccept
from workers.actions.timesheets import close_month, reopen_month
from workers.actions.work import finish_assignment, send_back, start_assignment
from workers.enums import SendBackReason, TimeKind
from workers.models import Assignment, ProgressNote, TimeEntry, TimesheetMonth, Trainee
from workers.models.timesheets import ASSIGNED, AWAY, USUAL, hours_of

NOVEMBER = dt.date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _monday_evening() -> Iterator[None]:
    with time_machine.travel(at(18), tick=False):
        yield


def given(team: Team, hour: int, *, trainee: Trainee | None = None, minutes: int = 60) -> Assignment:
    """Work planned for that Monday."""
    with time_machine.travel(NOW, tick=False):
        return assign_work_order(
            team.work(minutes=minutes),
            trainee or team.amina,
            starts_at=at(hour),
            by=team.dispatcher,
            accepted_warnings=["contract_hours", "skill_low"],
        )


def said(kind: str = "work", start: Any = None, end: Any = None) -> Said:
    return Said(kind, starts_at=start or at(9), ends_at=end or at(12))


def shown(trainee: Trainee) -> list[tuple[str, str, str]]:
    """Kind, from, to of what counts, by the clock on the wall."""
    found = TimeEntry.objects.current().filter(trainee=trainee).order_by("starts_at", "starts_on", "pk")
    wall = lambda moment: f"{moment.astimezone(PARIS):%H:%M}" if moment else ""  # noqa: E731
    return [(one.kind, wall(one.starts_at), wall(one.ends_at) or str(one.minutes or "")) for one in found]


def refused(attempt: Callable[[], Any]) -> str:
    with pytest.raises(DomainError) as caught:
        attempt()
    return caught.value.code


@pytest.mark.promise("domain R20")
def test_time_follows_the_work_with_a_break_in_it(team: Team) -> None:
    amina = team.themself(team.amina)
    work = given(team, 9)
    start_assignment(work, by=amina, act_at=at(9, 2).replace(second=41))
    clock.pause(team.amina, by=amina, act_at=at(9, 30))
    clock.pause(team.amina, by=amina, act_at=at(9, 40))  # pressed twice
    clock.resume(team.amina, by=amina, act_at=at(9, 50))
    finish_assignment(work, by=amina, act_at=at(10, 15))
    assert shown(team.amina) == [("work", "09:02", "09:30"), ("break", "09:30", "09:50"), ("work", "09:50", "10:15")]
    assert set(TimeEntry.objects.values_list("assignment_id", "source")) == {(work.pk, "phone")}
    assert set(TimeEntry.objects.values_list("recorded_at", flat=True)) == {timezone.now()}


@pytest.mark.promise("domain R20")
def test_time_that_is_no_assignment(team: Team) -> None:
    amina = team.themself(team.amina)
    first = clock.clock_in(team.amina, kind=TimeKind.TRAINING, by=amina, act_at=at(9))
    assert clock.clock_in(team.amina, kind=TimeKind.TRAINING, by=amina, act_at=at(9, 5)) == first
    clock.clock_in(team.amina, kind=TimeKind.INTERVIEW, by=amina, act_at=at(10))
    clock.clock_out(team.amina, by=amina, act_at=at(10, 30))
    assert clock.clock_out(team.amina, by=amina) is None
    assert shown(team.amina) == [("training", "09:00", "10:00"), ("interview", "10:00", "10:30")]
    assert refused(lambda: clock.clock_in(team.amina, kind=TimeKind.SICK_LEAVE, by=amina)) == "invalid"
    assert refused(lambda: clock.resume(team.amina, by=amina)) == "wrong_state"
    with pytest.raises(NotAllowed):
        clock.clock_in(team.amina, kind=TimeKind.WORK, by=team.themself(team.bilal))


def test_work_is_not_clocked_out_but_finished(team: Team) -> None:
    amina = team.themself(team.amina)
    work = given(team, 9)
    start_assignment(work, by=amina, act_at=at(9))
    assert refused(lambda: clock.clock_out(team.amina, by=amina)) == "wrong_state"


def test_another_piece_of_work_ends_the_one_before(team: Team) -> None:
    amina = team.themself(team.amina)
    first, second = given(team, 9), given(team, 10)
    start_assignment(first, by=amina, act_at=at(9))
    start_assignment(second, by=amina, act_at=at(10))
    finish_assignment(first, by=amina, act_at=at(10, 20))
    finish_assignment(second, by=amina, act_at=at(11))
    assert shown(team.amina) == [("work", "09:00", "10:00"), ("work", "10:00", "11:00")]


def test_what_arrives_late_is_put_between_what_is_there(team: Team) -> None:
    """A telephone without a net: the clock never holds the work up."""
    amina = team.themself(team.amina)
    add_entry(team.amina, said("training", at(10), at(11)), by=team.supervisor)
    first, second = given(team, 9, minutes=45), given(team, 11)
    start_assignment(first, by=amina, act_at=at(9, 30))
    finish_assignment(first, by=amina, act_at=at(10, 30))
    start_assignment(second, by=amina, act_at=at(10, 40))
    finish_assignment(second, by=amina, act_at=at(11, 30))
    assert shown(team.amina) == [("work", "09:30", "10:00"), ("training", "10:00", "11:00"), ("work", "11:00", "11:30")]


def test_a_clock_ahead_is_not_believed_and_a_minute_is_nothing(team: Team) -> None:
    amina = team.themself(team.amina)
    work = given(team, 9)
    start_assignment(work, by=amina, act_at=at(20))
    assert shown(team.amina) == [("work", "18:00", "")]
    finish_assignment(work, by=amina, act_at=at(21))
    assert shown(team.amina) == []
    assert TimeEntry.objects.get().is_current is False


@pytest.mark.promise("domain R20")
def test_a_forgotten_stop_ends_as_planned_for_the_supervisor_to_see(team: Team) -> None:
    amina = team.themself(team.amina)
    work = given(team, 14)
    start_assignment(work, by=amina, act_at=at(14, 10))
    with time_machine.travel(at(8, 30, days=1), tick=False):
        running = TimeEntry.objects.running().get()
        assert clock.supposed_end(team.amina, running, timezone.now()) == at(15)
        clock.clock_in(team.amina, kind=TimeKind.TRAINING, by=amina)
    assert shown(team.amina) == [("work", "14:10", "15:00"), ("training", "08:30", "")]
    ended = TimeEntry.objects.get(kind="work")
    assert (ended.end_is_supposed, ended.has_remark, ended.validated_at) == (True, True, None)


def test_work_that_is_stopped_or_sent_back_stops_its_time(team: Team) -> None:
    amina = team.themself(team.amina)
    work, other = given(team, 9), given(team, 11)
    start_assignment(work, by=amina, act_at=at(9))
    finish_assignment(work, by=amina, act_at=at(10))
    send_back(work, reason=SendBackReason.QUALITY, by=team.supervisor)
    assert shown(team.amina) == [("work", "09:00", "10:00")]
    clock.resume(team.amina, assignment=work, by=amina, act_at=at(10, 30))
    start_assignment(other, by=amina, act_at=at(11))
    with time_machine.travel(at(18, 5), tick=False):
        stop_assignment(other, by=team.world.actor())
    assert shown(team.amina)[1:] == [("work", "10:30", "11:00"), ("work", "11:00", "18:05")]


@pytest.mark.promise("domain R20")
def test_hours_written_down_by_the_team(team: Team) -> None:
    entry = add_entry(team.amina, said(), by=team.supervisor)
    assert (entry.status, entry.source, entry.is_stand_in, entry.confirmed_at) == (
        "validated",
        "supervisor",
        False,
        None,
    )
    add_entry(team.amina, Said("sick_leave", day=at(9, days=1).date(), minutes=420), by=team.supervisor)
    stand_in = add_entry(team.amina, said(start=at(14), end=at(15)), by=team.world.actor(Role.SITE_MANAGER))
    assert stand_in.is_stand_in is True
    wrong = {
        "end before start": said(start=at(16), end=at(15, 30)),
        "no time": Said("work"),
        "more than a day": said(start=at(9, days=-3), end=at(9, 1, days=-2)),
        "negative": Said("unknown", day=at(9).date(), minutes=-60),
        "too long": Said("unknown", day=at(9).date(), minutes=1441),
        "no day": Said("unknown", minutes=60),
    }
    for name, one in wrong.items():
        with pytest.raises(Invalid):
            add_entry(team.amina, one, by=team.supervisor)
            pytest.fail(name)
    with pytest.raises(NotYet):
        add_entry(team.amina, said(start=at(17), end=at(18, 30)), by=team.supervisor)
    assert refused(lambda: add_entry(team.amina, said(start=at(11)), by=team.supervisor)) == "hours_overlap"
    again = Said("unknown", day=at(9, days=1).date(), minutes=60)
    assert refused(lambda: add_entry(team.amina, again, by=team.supervisor)) == "absence_noted"


@pytest.mark.promise("S01", "domain R20")
def test_a_supervisor_of_another_team_is_refused(team: Team, other_supervisor: Actor) -> None:
    entry = add_entry(team.amina, said(), by=team.supervisor)
    for attempt in (
        lambda by: add_entry(team.amina, said(start=at(14), end=at(15)), by=by),
        lambda by: correct_entry(entry, said(), reason="x", by=by),
        lambda by: withdraw_entry(entry, reason="x", by=by),
        lambda by: validate_entries([entry], by=by),
    ):
        for by in (other_supervisor, team.dispatcher, team.themself(team.amina)):
            with pytest.raises(NotAllowed):
                attempt(by)
    for verb in (confirm_entries, contest_entries):
        for by in (team.supervisor, team.themself(team.bilal)):
            with pytest.raises(NotAllowed):
                verb([entry], by=by)
    assert not TimeEntry.objects.visible_to(other_supervisor).exists()
    assert not TimeEntry.objects.visible_to(team.dispatcher).exists()
    for by in (team.supervisor, team.themself(team.amina), team.world.actor(Role.ACCOUNTANT)):
        assert TimeEntry.objects.visible_to(by).count() == 1


@pytest.mark.promise("domain R20")
def test_a_correction_is_a_version_beside_what_it_replaces(team: Team) -> None:
    old = add_entry(team.amina, said(), by=team.supervisor)
    confirm_entries([old], by=team.themself(team.amina))
    with pytest.raises(Invalid):
        correct_entry(old, said(end=at(11)), reason=" ", by=team.supervisor)
    new = correct_entry(old, said(end=at(11, 45)), reason="Partie plus tôt", by=team.world.actor(Role.SITE_MANAGER))
    old.refresh_from_db()
    assert (old.is_current, old.ended_version_at) == (False, timezone.now())
    assert (new.version, new.replaces, new.reason, new.confirmed_at, new.is_stand_in) == (
        2,
        old,
        "Partie plus tôt",
        None,
        True,
    )
    assert shown(team.amina) == [("work", "09:00", "11:45")]
    for late in (
        lambda: correct_entry(old, said(), reason="x", by=team.supervisor),
        lambda: withdraw_entry(old, reason="x", by=team.supervisor),
        lambda: validate_entries([old], by=team.supervisor),
    ):
        with pytest.raises(StaleVersion):
            late()
    withdraw_entry(new, reason="Double", by=team.supervisor)
    assert shown(team.amina) == []
    assert TimeEntry.objects.count() == 2
    assert {"time_entry.added", "time_entry.corrected", "time_entry.withdrawn"} <= set(
        Event.objects.values_list("name", flat=True)
    )


def test_a_correction_that_does_not_fit_changes_nothing(team: Team) -> None:
    old = add_entry(team.amina, said(), by=team.supervisor)
    add_entry(team.amina, said(start=at(14), end=at(15)), by=team.supervisor)
    with pytest.raises(Conflict):
        correct_entry(old, said(end=at(14, 30)), reason="x", by=team.supervisor)
    assert shown(team.amina) == [("work", "09:00", "12:00"), ("work", "14:00", "15:00")]


@pytest.mark.promise("domain R20")
def test_two_people_say_yes_and_the_person_may_say_no(team: Team) -> None:
    amina = team.themself(team.amina)
    clock.clock_in(team.amina, kind=TimeKind.WORK, by=amina, act_at=at(9))
    running = clock.clock_in(team.amina, kind=TimeKind.TRAINING, by=amina, act_at=at(10))
    entries = list(TimeEntry.objects.order_by("pk"))
    with pytest.raises(WrongState):
        validate_entries([running], by=team.supervisor)
    # One after the other, in either order; what runs is left alone.
    assert validate_entries(entries, by=team.supervisor) == [entries[0]]
    assert confirm_entries(entries, by=amina) == [entries[0]]
    assert confirm_entries(entries, by=amina) == []
    work = TimeEntry.objects.get(pk=entries[0].pk)
    assert (work.status, work.confirmed_at, work.validated_by) == (
        "validated",
        timezone.now(),
        team.world.users["supervisor"],
    )
    with pytest.raises(WrongState, match="Supervisor Test"):
        validate_entries([work], by=team.world.actor(Role.SITE_MANAGER))
    contest_entries([work], by=amina, note="J’ai fini à 10 h 30")
    work.refresh_from_db()
    assert (work.status, work.validated_at, work.confirmed_at, work.has_remark) == ("contested", None, None, True)
    with pytest.raises(Invalid):
        validate_entries([work], by=team.supervisor)
    validate_entries([work], by=team.supervisor, answer="Vu ensemble : 10 h")
    work.refresh_from_db()
    assert (work.status, work.answer) == ("validated", "Vu ensemble : 10 h")
    confirm_entries([work], by=amina)
    work.refresh_from_db()
    assert (work.status, work.contested_at, work.contest_note) == ("validated", None, "")


@pytest.mark.promise("domain R20")
def test_a_yes_is_taken_back_within_five_minutes_by_whoever_said_it(team: Team) -> None:
    amina = team.themself(team.amina)
    for hour in (9, 10, 11):
        clock.clock_in(team.amina, kind=TimeKind.WORK, by=amina, act_at=at(hour))
        clock.clock_out(team.amina, by=amina, act_at=at(hour, 30))
    first, *others = TimeEntry.objects.order_by("pk")
    validate_entries([first], by=team.supervisor)
    with time_machine.travel(at(18, 2), tick=False):
        validate_entries(others, by=team.supervisor)
        add_entry(team.amina, said(start=at(14), end=at(15)), by=team.supervisor)
    with time_machine.travel(at(18, 4), tick=False):
        with pytest.raises(WrongState):
            undo_validation(by=team.world.actor(Role.SITE_MANAGER))
        assert undo_validation(by=team.supervisor) == others
        assert undo_validation(by=team.supervisor) == [first]
        with pytest.raises(WrongState):
            undo_validation(by=team.supervisor)
        validate_entries([first], by=team.supervisor)
    with time_machine.travel(at(18, 10), tick=False), pytest.raises(WrongState):
        undo_validation(by=team.supervisor)


def settle_november(team: Team) -> None:
    """Every usual day of Amina's and Bilal's and Chloé's November: on leave."""
    manager = team.world.actor(Role.SITE_MANAGER)
    for person in (team.amina, team.bilal, team.chloe):
        for number in range(1, 31):
            day = NOVEMBER.replace(day=number)
            if day.weekday() < 5 and number != 11:
                add_entry(person, Said("paid_leave", day=day, minutes=360), by=manager)


@pytest.mark.promise("domain R20", "domain R35", "R40")
def test_a_month_is_closed_when_it_is_settled_and_then_nobody_writes(team: Team) -> None:
    accountant, manager = team.world.actor(Role.ACCOUNTANT), team.world.actor(Role.SITE_MANAGER)
    amina = team.themself(team.amina)
    entry = add_entry(team.amina, said(), by=team.supervisor)
    with pytest.raises(Invalid):
        close_month(team.world.site, NOVEMBER, by=accountant)
    for nobody in (team.dispatcher, team.supervisor, amina):
        with pytest.raises(NotAllowed):
            close_month(team.world.site, NOVEMBER, by=nobody)
    with time_machine.travel(at(9, days=10), tick=False):
        contest_entries([entry], by=amina)
        with pytest.raises(MonthNotReady):
            close_month(team.world.site, NOVEMBER, by=accountant, accepts_missing=True)
        confirm_entries([entry], by=amina)
        validate_entries([entry], by=team.supervisor)
        with pytest.raises(WarningsToAccept) as warned:
            close_month(team.world.site, NOVEMBER, by=accountant)
        # Twenty working days without the eleventh, for three people, and one day written.
        assert warned.value.details["days"] == 3 * 20 - 1
        sheet = close_month(team.world.site, NOVEMBER, by=accountant, accepts_missing=True)
        assert (sheet.is_closed, sheet.version, sheet.closed_by) == (True, 1, team.world.users["accountant"])
        with pytest.raises(WrongState):
            close_month(team.world.site, NOVEMBER, by=accountant)
        for late in (
            lambda: add_entry(team.amina, said(start=at(14), end=at(15)), by=team.supervisor),
            lambda: add_entry(team.bilal, Said("unknown", day=at(9).date(), minutes=60), by=team.supervisor),
            lambda: correct_entry(entry, said(end=at(10)), reason="x", by=team.supervisor),
            lambda: withdraw_entry(entry, reason="x", by=team.supervisor),
            lambda: contest_entries([entry], by=amina),
            lambda: clock.clock_in(team.amina, kind=TimeKind.WORK, by=amina, act_at=at(14)),
        ):
            assert refused(late) == "month_closed"
        # A shift that reaches into December belongs to both months.
        night = said(start=at(22, days=7), end=at(2, days=8))
        assert refused(lambda: add_entry(team.amina, night, by=team.supervisor)) == "month_closed"
        add_entry(team.amina, said(start=at(9, days=8), end=at(10, days=8)), by=team.supervisor)
        for nobody in (accountant, team.supervisor):
            with pytest.raises(NotAllowed):
                reopen_month(team.world.site, NOVEMBER, reason="Oubli", by=nobody)
        with pytest.raises(Invalid):
            reopen_month(team.world.site, NOVEMBER, reason=" ", by=manager)
        reopen_month(team.world.site, NOVEMBER, reason="Heures oubliées", by=manager)
        with pytest.raises(WrongState):
            reopen_month(team.world.site, NOVEMBER, reason="Heures oubliées", by=manager)
        settled = correct_entry(entry, said(end=at(10)), reason="x", by=team.supervisor)
        # The correction is not confirmed by the person: the month is closed without their yes when that was read.
        with pytest.raises(WarningsToAccept) as warned:
            close_month(team.world.site, NOVEMBER, by=accountant, accepts_missing=True)
        assert (warned.value.details["reasons"], warned.value.details["entries"]) == (["unconfirmed"], 1)
        accepts = {"accepts_missing": True, "accepts_unconfirmed": True}
        assert close_month(team.world.site, NOVEMBER, by=accountant, **accepts).version == 2
        # An account that goes takes its name with it, also out of a closed month.
        TimeEntry.objects.filter(pk=settled.pk).update(validated_by=None)
    assert list(Event.objects.filter(name__startswith="timesheet").order_by("pk").values_list("name", flat=True)) == [
        "timesheet.closed",
        "timesheet.reopened",
        "timesheet.closed",
    ]


def test_work_of_a_closed_month_that_arrives_late_goes_on_without_its_time(team: Team) -> None:
    amina = team.themself(team.amina)
    work, begun = given(team, 9), given(team, 11)
    with time_machine.travel(at(9, days=10), tick=False):
        close_month(team.world.site, NOVEMBER, by=team.world.actor(Role.ACCOUNTANT), accepts_missing=True)
        start_assignment(work, by=amina, act_at=at(9))
        finish_assignment(work, by=amina, act_at=at(10))
        start_assignment(begun, by=amina, act_at=at(11))
    assert (Assignment.objects.get(pk=work.pk).status, TimeEntry.objects.count()) == ("done", 0)
    assert Event.objects.filter(name="time_entry.left_out").count() == 2


@pytest.mark.promise("domain R35")
def test_what_is_missing_is_said_with_its_reason(team: Team) -> None:
    given(team, 9)
    note_absence(
        team.amina, starts_on=at(9, days=1).date(), ends_on=at(9, days=1).date(), by=team.world.actor(Role.DISPATCHER)
    )
    add_entry(team.amina, Said("unpaid_leave", day=at(9, days=2).date(), minutes=60), by=team.supervisor)
    people = Trainee.objects.filter(pk=team.amina.pk)
    with time_machine.travel(at(9, days=10), tick=False):
        (hours,) = hours_of(people, NOW.date(), at(9, days=6).date(), now=timezone.now())
    # Wednesday is written, Saturday and Sunday are no usual days.
    assert [(one.day.day, one.because, one.minutes) for one in hours.missing] == [
        (23, ASSIGNED, 450),
        (24, AWAY, 450),
        (26, USUAL, 450),
        (27, USUAL, 450),
    ]
    assert (hours.worked, hours.paid, hours.planned_minutes) == (0, 0, 5 * 450)


@pytest.mark.parametrize(
    "fields",
    [
        {"starts_at": at(9), "ends_at": at(8)},
        {"starts_at": at(9), "ends_at": at(9, 1, days=1)},
        {"starts_at": at(19)},
        {"starts_at": at(9), "minutes": 60},
        {"minutes": 60},
        {"minutes": 0, "kind": "unknown"},
        {"starts_at": at(9), "validated_at": at(10)},
        {"starts_at": at(9), "kind": "holiday"},
        {"starts_at": at(9), "version": 2},
    ],
)
@pytest.mark.promise("R40")
def test_the_database_refuses_by_itself(team: Team, fields: dict[str, Any]) -> None:
    now = timezone.now()
    row = {"kind": "work", "source": "phone", "recorded_at": now, "end_recorded_at": now, **fields}
    day = NOW.date()
    with pytest.raises(IntegrityError), transaction.atomic():
        TimeEntry.objects.create(
            organisation=team.world.organisation,
            trainee=team.amina,
            site=team.world.site,
            starts_on=day,
            ends_on=day + dt.timedelta(days=1) if fields.get("ends_at") == at(9, 1, days=1) else day,
            **row,
        )


@pytest.mark.promise("P04", "I12")
def test_hours_go_after_five_years_the_latest_version_first(team: Team) -> None:
    entry = add_entry(team.amina, said(), by=team.supervisor)
    correct_entry(entry, said(end=at(11)), reason="x", by=team.supervisor)
    write_note(team.amina, "Très à l’aise à l’accueil.", by=team.supervisor)
    for days, left in ((1826, (2, 0)), (1828, (1, 0)), (1829, (0, 0))):
        with time_machine.travel(NOW + dt.timedelta(days=days), tick=False):
            retention.purge()
        assert (TimeEntry.objects.count(), ProgressNote.objects.count()) == left
    assert TimesheetMonth.objects.count() == 1


@pytest.mark.promise("P04")
def test_notes_stay_while_somebody_works(team: Team) -> None:
    write_note(team.amina, "Très à l’aise à l’accueil.", by=team.supervisor)
    write_note(team.bilal, "Très à l’aise à l’accueil.", by=team.supervisor)
    later = NOW + dt.timedelta(days=800)
    with time_machine.travel(later, tick=False):
        add_entry(
            team.amina, said(start=later - dt.timedelta(hours=9), end=later - dt.timedelta(hours=8)), by=team.supervisor
        )
        retention.purge()
    assert [note.trainee for note in ProgressNote.objects.all()] == [team.amina]


@pytest.mark.promise("S07")
def test_notes_are_read_by_few_and_corrected_by_their_author(team: Team, other_supervisor: Actor) -> None:
    adviser = adviser_of(team)
    note = write_note(team.amina, " Apprend vite. ", by=team.supervisor)
    assert note.text == "Apprend vite."
    for nobody in (other_supervisor, team.dispatcher, team.world.actor(Role.SITE_MANAGER), team.themself(team.amina)):
        with pytest.raises(NotAllowed):
            write_note(team.amina, "x", by=nobody)
    for text in (" ", "x" * 2001):
        with pytest.raises(Invalid):
            write_note(team.amina, text, by=team.supervisor)
    with pytest.raises(NotAllowed):
        correct_note(note, "Autre chose", by=adviser)
    new = correct_note(note, "Apprend très vite.", by=team.supervisor)
    with pytest.raises(StaleVersion):
        correct_note(note, "Encore", by=team.supervisor)
    assert (new.version, new.replaces, new.written_on) == (2, note, note.written_on)
    for reader in (team.supervisor, adviser, team.themself(team.amina)):
        assert list(ProgressNote.objects.visible_to(reader).current()) == [new]
    team.amina.adviser = None
    team.amina.save(update_fields=["adviser"])
    others = (other_supervisor, team.dispatcher, team.themself(team.bilal), team.world.actor(Role.ACCOUNTANT), adviser)
    for nobody in others:
        assert not ProgressNote.objects.visible_to(nobody).exists()
