"""Somebody leaves the team: what waits for them ends, their page closes; they stay, or come back (R43, P04)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from importlib import import_module

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from concierge import deadlines
from concierge.enums import Role
from concierge.errors import Conflict, Invalid
from concierge.middleware import actor_of
from concierge.models import Deadline, Event, Membership, Site
from concierge.tenancy import Actor
from notifications.actions.writing import write
from notifications.models import Message
from tests.conftest import as_owner, settle
from tests.workers.conftest import LEFT_ON, NOW, PARIS, Team, at
from tests.workers.pathways import adviser_of, pass_of
from workers.actions.absences import TooLateToUndo, note_absence
from workers.actions.appointments import AppointmentDetails, plan_appointment
from workers.actions.consents import agree_to
from workers.actions.dispatch import assign_work_order
from workers.actions.leaving import (
    GOES,
    AlreadyLeaving,
    NotLeaving,
    StillAtWork,
    leave_team,
    let_go,
    return_to_team,
)
from workers.actions.leaving_undone import can_undo, undo_leaving
from workers.actions.persons import invite_trainee
from workers.actions.refusals import AssignmentRefused
from workers.actions.swaps import ask_swap, shifts_to_swap
from workers.actions.time import clock_in, clock_out
from workers.actions.weeks import fill_week, plan_hours, publish_week
from workers.actions.work import call_for_help, finish_assignment, start_assignment
from workers.enums import TimeKind
from workers.enums.passes import AppointmentKind
from workers.models import (
    Absence,
    Appointment,
    Assignment,
    Contract,
    HoursConsent,
    Occupation,
    PlannedHours,
    Shift,
    SwapRequest,
    TimeEntry,
    Trainee,
    TraineeSkill,
)
from workers.models.consents import columns_of
from workers.models.pathway import Asked, lines
from workers.models.weeks import read_week
from workers.rules.candidates import WARNINGS
from workers.rules.shifts import DayHours

pytestmark = pytest.mark.promise("domain R43")

TODAY = NOW.date()
NEXT = TODAY + dt.timedelta(days=21)
MORNING = DayHours(dt.time(9), dt.time(12))


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def day(place: int) -> dt.date:
    return TODAY + dt.timedelta(days=place)


def give(team: Team, trainee: Trainee, place: int, hour: int = 10, mode: str = "") -> Assignment:
    return assign_work_order(
        team.work(starts=at(hour - 1, days=place)),
        trainee,
        starts_at=at(hour, days=place),
        by=team.dispatcher,
        supervision_mode=mode,
        accepted_warnings=WARNINGS,
    )


def publish(team: Team, trainee: Trainee, *places: int) -> None:
    """Mornings of the week of ``NEXT``."""
    hours = {NEXT + dt.timedelta(days=place): MORNING for place in places}
    week = plan_hours(team.world.site, NEXT, trainee, hours, by=team.supervisor)
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)


def manager(team: Team) -> Actor:
    return team.world.actor(Role.SITE_MANAGER)


def person(trainee: Trainee) -> Trainee:
    return Trainee.objects.select_related("site").get(pk=trainee.pk)


def actor_now(team: Team) -> Actor:
    return actor_of(team.world.users["trainee"], team.world.organisation)


def swept(team: Team, moment: dt.datetime) -> None:
    with time_machine.travel(moment, tick=False):
        deadlines.sweep(team.world.organisation.pk)


def names(trainee: Trainee, start: str = "trainee.") -> list[str]:
    found = Event.objects.filter(subject_id=trainee.public_id, name__startswith=start).order_by("pk")
    return list(found.values_list("name", flat=True))[1:]


# --- leaving -------------------------------------------------------------------


def test_a_last_day_to_come_ends_what_comes_after_it_and_nothing_before(team: Team) -> None:
    kept, back = give(team, team.amina, 2), give(team, team.amina, 5)
    leave_team(team.amina, last_on=day(4), by=manager(team))
    kept.refresh_from_db()
    back.refresh_from_db()
    assert (kept.status, back.status) == ("proposed", "cancelled")
    assert back.work_order.__class__.objects.get(pk=back.work_order_id).status == "ready"
    cancelled = Event.objects.get(subject_id=back.public_id, name="assignment.cancelled")
    assert cancelled.data["reason"] == "left"
    assert (person(team.amina).is_active, person(team.amina).last_on) == (True, day(4))
    assert actor_now(team).trainee_id == team.amina.pk
    # Work of a day of theirs may be given still, of a later one not.
    give(team, team.amina, 3)
    with pytest.raises(AssignmentRefused) as refused:
        give(team, team.amina, 7)
    assert refused.value.details["reasons"] == ["left"]


def test_the_day_after_the_last_one_they_are_off_the_team_by_themselves(team: Team) -> None:
    forgotten = give(team, team.amina, 4)
    call_for_help(team.amina, by=team.themself(team.amina))
    leave_team(team.amina, last_on=day(4), by=manager(team))
    swept(team, at(23, 59, days=4))
    assert person(team.amina).is_active
    midnight = at(0, 0, days=5)
    with time_machine.travel(midnight, tick=False):
        # The sweep is late: their page is closed all the same.
        assert actor_now(team).trainee_id is None
        deadlines.sweep(team.world.organisation.pk)
        assert actor_now(team).roles == {}
    forgotten.refresh_from_db()
    assert (person(team.amina).is_active, forgotten.status) == (False, "cancelled")
    assert not Membership.objects.filter(user=team.world.users["trainee"], role=Role.TRAINEE).exists()
    assert not team.amina.help_calls.filter(answered_at=None).exists()
    assert names(team.amina) == ["trainee.leaving", "trainee.left"]
    assert Event.objects.get(name="trainee.left").data == {
        "last": str(day(4)),
        "had_role": True,
        "begun": [],
        "ended": {"pieces": [str(forgotten.public_id)], "beside": [], "absences": [], "editions": [], "clocks": []},
    }
    swept(team, midnight + dt.timedelta(days=1))
    assert names(team.amina) == ["trainee.leaving", "trainee.left"]


def test_a_day_that_is_over_counts_at_once(team: Team) -> None:
    today = give(team, team.amina, 0)
    leave_team(team.amina, last_on=LEFT_ON, by=manager(team))
    today.refresh_from_db()
    assert (person(team.amina).is_active, today.status, actor_now(team).trainee_id) == (False, "cancelled", None)
    assert not Deadline.objects.filter(kind=GOES).exists()
    with pytest.raises(AlreadyLeaving):
        leave_team(team.amina, last_on=day(1), by=manager(team))


def test_days_that_cannot_be_are_refused_at_the_field(team: Team) -> None:
    for place in (-367, 367):
        with pytest.raises(Invalid) as refused:
            leave_team(team.amina, last_on=day(place), by=manager(team))
        assert refused.value.field == "last_on"
    with time_machine.travel(at(9), tick=False):
        clock_in(team.amina, kind=TimeKind.TRAINING, by=team.themself(team.amina))
    with time_machine.travel(at(10), tick=False):
        clock_out(team.amina, by=team.themself(team.amina))
    with pytest.raises(Invalid) as refused:
        leave_team(team.amina, last_on=day(-1), by=manager(team))
    assert "23/11/2026" in str(refused.value.message)
    # Days away are written to the end of a contract: they keep nobody.
    TimeEntry.objects.update(kind="sick_leave", starts_at=None, ends_at=None, minutes=60)
    leave_team(team.amina, last_on=day(-1), by=manager(team))


def test_whoever_is_at_work_cannot_have_left_yesterday(team: Team) -> None:
    begun = give(team, team.amina, 0)
    with time_machine.travel(at(10), tick=False):
        start_assignment(begun, by=team.themself(team.amina))
        TimeEntry.objects.update(starts_on=LEFT_ON, ends_on=LEFT_ON)
        with pytest.raises(StillAtWork) as refused:
            leave_team(team.amina, last_on=LEFT_ON, by=manager(team))
        assert "Repassage" in str(refused.value.message)
    with time_machine.travel(at(11), tick=False):
        finish_assignment(begun, by=team.themself(team.amina))
        clock_in(team.amina, kind=TimeKind.TRAINING, by=team.themself(team.amina))
        TimeEntry.objects.update(starts_on=LEFT_ON, ends_on=LEFT_ON)
        with pytest.raises(StillAtWork) as refused:
            leave_team(team.amina, last_on=LEFT_ON, by=manager(team))
        assert "pointage" in str(refused.value.message)
        # Today may be the last one: they go home this evening.
        leave_team(team.amina, last_on=TODAY, by=manager(team))
    swept(team, at(0, 0, days=1))
    assert (person(team.amina).is_active, TimeEntry.objects.running().count()) == (False, 0)
    begun.refresh_from_db()
    assert begun.status == "done"


def test_published_hours_absences_and_swaps_after_it_end(team: Team) -> None:
    publish(team, team.amina, 0, 1)
    publish(team, team.bilal, 2)
    shifts = {one.day: one for one in Shift.objects.current().select_related("week__site", "trainee")}
    mine, theirs = shifts[NEXT], shifts[NEXT + dt.timedelta(days=2)]
    ask_swap(theirs, mine, by=team.themself(team.bilal))
    note_absence(
        team.amina, starts_on=NEXT - dt.timedelta(days=2), ends_on=NEXT - dt.timedelta(days=1), by=manager(team)
    )
    note_absence(
        team.amina, starts_on=NEXT + dt.timedelta(days=1), ends_on=NEXT + dt.timedelta(days=9), by=manager(team)
    )
    leave_team(team.amina, last_on=NEXT - dt.timedelta(days=2), by=manager(team))
    assert [one.trainee for one in Shift.objects.current()] == [team.bilal]
    # What was drafted counts for nothing: nobody publishes it for them.
    weeks = read_week(team.world.site, NEXT, now=NOW)
    assert (weeks.is_changed, [one.trainee for one in weeks.people if one.days]) == (False, [team.bilal])
    assert SwapRequest.objects.get().status == "expired"
    first = NEXT - dt.timedelta(days=2)
    assert list(Absence.objects.values_list("starts_on", "ends_on")) == [(first, first)]
    # Nor are hours of these days written any more, nor proposed, nor swapped for.
    with pytest.raises(Invalid):
        plan_hours(team.world.site, NEXT, person(team.amina), {NEXT: MORNING}, by=team.supervisor)
    fill_week(team.world.site, NEXT, by=team.supervisor)
    assert PlannedHours.objects.filter(trainee=team.amina).count() == 2
    Trainee.objects.filter(pk=team.bilal.pk).update(last_on=theirs.day)
    assert shifts_to_swap(Shift.objects.current().get(pk=theirs.pk), now=NOW) == []


def test_whom_they_were_to_accompany_is_left_alone_and_that_is_said(team: Team) -> None:
    TraineeSkill.objects.filter(trainee=team.amina).update(level="transmitting")
    Membership.objects.filter(role="supervisor").delete()
    beside = give(team, team.bilal, 4, mode="paired")
    assert Occupation.objects.taking().companions().get().trainee == team.amina
    leave_team(team.amina, last_on=day(3), by=manager(team))
    assert not Occupation.objects.taking().companions().exists()
    assert Event.objects.filter(name="assignment.left_alone", subject_id=beside.public_id).count() == 1
    # Nobody is proposed them as a companion of a later day.
    again = give(team, team.bilal, 7, mode="paired")
    assert not again.occupations.companions().exists()


@pytest.mark.promise("domain R29")
def test_appointments_of_after_it_stay_and_their_adviser_is_written_to(team: Team) -> None:
    by = adviser_of(team)
    for place in (4, 90, 180):
        plan_appointment(team.amina, AppointmentDetails(at(9, days=place), AppointmentKind.EXIT), by=by)
    leave_team(team.amina, last_on=day(4), by=manager(team))
    swept(team, at(1, days=5))
    assert not person(team.amina).is_active
    assert set(Appointment.objects.values_list("status", flat=True)) == {"pending"}
    # They stay in the list of whoever follows their pathway.
    found, _is_cut = lines(Asked(by, day(5), 7, kinds=("appointment",)))
    assert [line.person for line in found] == [team.amina] * 3
    settle(team.world.organisation)
    told = Message.objects.filter(kind="trainee.leaving")
    assert [one.address for one in told] == [team.world.users["social_adviser"].email]
    letter = write(told.get()).text.replace("\u00a0", " ").replace("\u202f", " ")
    for said in ("vendredi 27 novembre 2026", "Rendez-vous après ce jour, qui restent prévus : 2"):
        assert said in letter, letter


def test_whoever_wrote_it_down_is_not_written_to(team: Team) -> None:
    leave_team(team.amina, last_on=day(4), by=adviser_of(team))
    settle(team.world.organisation)
    assert not Message.objects.filter(kind="trainee.leaving").exists()


def test_contract_and_pass_are_left_to_their_own_verbs(team: Team) -> None:
    pass_iae = pass_of(team)
    contract = Contract.objects.get(trainee=team.amina)
    leave_team(team.amina, last_on=LEFT_ON, by=manager(team))
    ends_on = pass_iae.ends_on
    pass_iae.refresh_from_db()
    assert (pass_iae.ends_on, Contract.objects.get(pk=contract.pk).last_on) == (ends_on, contract.last_on)


def test_the_role_of_a_trainee_ends_and_no_other(team: Team) -> None:
    user = team.world.users["trainee"]
    Membership.objects.create(organisation=team.world.organisation, user=user, role=Role.CONCIERGE)
    leave_team(team.amina, last_on=LEFT_ON, by=manager(team))
    assert list(actor_now(team).roles) == [Role.CONCIERGE]
    # Nor is the account of somebody who has left given the role again.
    leave_team(team.bilal, last_on=LEFT_ON, by=manager(team))
    with pytest.raises(Conflict):
        invite_trainee(team.bilal, email="bilal@example.fr", by=manager(team))


def test_nobody_is_off_the_team_without_a_last_day(team: Team) -> None:
    with pytest.raises(IntegrityError, match="former_trainee_has_a_last_day"), transaction.atomic():
        Trainee.objects.filter(pk=team.amina.pk).update(is_active=False)


def test_who_was_off_the_team_before_there_was_a_last_day_is_given_one(team: Team) -> None:
    """The migration, on rows of before it: behind its policy, without a tenant."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_DATE")
        today = cursor.fetchone()[0]
    for trainee, ends in ((team.amina, today - dt.timedelta(days=40)), (team.bilal, today + dt.timedelta(days=90))):
        Contract.objects.filter(trainee=trainee).update(
            starts_on=today - dt.timedelta(days=400), ends_on=ends, ended_on=None
        )
    third = Trainee.objects.exclude(pk__in=[team.amina.pk, team.bilal.pk]).get()
    Contract.objects.filter(trainee=third).update(withdrawn_on=today)
    source = import_module("workers.migrations.0013_somebody_leaves")
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE workers_trainee DROP CONSTRAINT former_trainee_has_a_last_day")
        cursor.execute("UPDATE workers_trainee SET is_active = false, last_on = NULL")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.organisation', '', true)")
        cursor.execute(source.LAST_DAYS)
        cursor.execute("SELECT current_setting('app.organisation', true)")
        assert cursor.fetchone() == ("",)
    with as_owner():
        found = dict(Trainee.objects.values_list("pk", "last_on"))
    assert found == {team.amina.pk: today - dt.timedelta(days=40), team.bilal.pk: today, third.pk: today}


def test_a_site_further_west_gives_its_people_the_rest_of_their_day(team: Team) -> None:
    leave_team(team.amina, last_on=day(4), by=manager(team))
    Site.objects.filter(pk=team.amina.site_id).update(time_zone="America/Guadeloupe")
    swept(team, at(0, 1, days=5))
    assert person(team.amina).is_active
    assert Deadline.objects.get(kind=GOES, fired_at=None).due_at == at(5, 0, days=5)
    swept(team, at(5, 0, days=5))
    assert not person(team.amina).is_active
    assert not Deadline.objects.filter(kind=GOES, fired_at=None).exists()


@pytest.mark.parametrize("forgets", [False, True])
def test_work_over_the_last_midnight_is_finished_first(team: Team, forgets: bool) -> None:
    late = give(team, team.amina, 4)
    leave_team(team.amina, last_on=day(4), by=manager(team))
    Assignment.objects.filter(pk=late.pk).update(planned_start=at(20, days=4), planned_end=at(1, days=5))
    late.refresh_from_db()
    with time_machine.travel(at(20, days=4), tick=False):
        start_assignment(late, by=team.themself(team.amina))
    swept(team, at(0, 0, days=5))
    assert (person(team.amina).is_active, TimeEntry.objects.running().count()) == (True, 1)
    with time_machine.travel(at(0, 50, days=5), tick=False):
        # Their page is open until then.
        assert actor_now(team).trainee_id == team.amina.pk
        if not forgets:
            finish_assignment(late, by=actor_now(team))
            assert actor_now(team).trainee_id is None
    swept(team, at(3, 59, days=5))
    assert person(team.amina).is_active
    swept(team, at(4, 0, days=5))
    late.refresh_from_db()
    assert (person(team.amina).is_active, TimeEntry.objects.running().count()) == (False, 0)
    assert late.status == ("working" if forgets else "done")


# --- staying, coming back, a mistake ------------------------------------------------


def test_they_stay_after_all(team: Team) -> None:
    leave_team(team.amina, last_on=day(4), by=manager(team))
    return_to_team(team.amina, by=manager(team))
    swept(team, at(1, days=5))
    assert (person(team.amina).is_active, person(team.amina).last_on) == (True, None)
    assert names(team.amina) == ["trainee.leaving", "trainee.stays"]
    with pytest.raises(NotLeaving):
        return_to_team(team.amina, by=manager(team))


def test_a_deadline_of_a_day_that_was_changed_does_nothing(team: Team) -> None:
    leave_team(team.amina, last_on=day(1), by=manager(team))
    deadline = Deadline.objects.get(kind=GOES)
    return_to_team(team.amina, by=manager(team))
    leave_team(team.amina, last_on=day(9), by=manager(team))
    Deadline.objects.filter(pk=deadline.pk).update(cancelled_at=None, fired_at=NOW)
    with time_machine.travel(at(1, days=2), tick=False):
        let_go(deadline)
    assert person(team.amina).is_active


def test_who_comes_back_has_their_page_and_their_file_again(team: Team) -> None:
    leave_team(team.amina, last_on=LEFT_ON, by=manager(team))
    return_to_team(team.amina, by=manager(team))
    assert (actor_now(team).trainee_id, list(actor_now(team).roles)) == (team.amina.pk, [Role.TRAINEE])
    assert names(team.amina) == ["trainee.leaving", "trainee.left", "trainee.returned"]
    assert team.amina.skills.exists()
    give(team, team.amina, 1)


def test_a_mistake_is_undone_with_all_that_it_ended(team: Team) -> None:
    TraineeSkill.objects.filter(trainee=team.amina).update(level="transmitting")
    Membership.objects.filter(role="supervisor").delete()
    publish(team, team.amina, 0)
    pieces = [give(team, team.amina, 1), give(team, team.amina, 2)]
    give(team, team.bilal, 3, mode="paired")
    by = adviser_of(team)
    note_absence(team.amina, starts_on=day(-3), ends_on=day(0), by=by)
    note_absence(team.amina, starts_on=day(9), ends_on=day(10), by=by)
    absences = list(Absence.objects.values_list("starts_on", "ends_on"))
    leave_team(team.amina, last_on=LEFT_ON, by=by)
    assert Absence.objects.count() == 1
    # Meanwhile one piece has gone to somebody else.
    assign_work_order(
        pieces[1].work_order, team.bilal, starts_at=at(10, days=2), by=team.dispatcher, accepted_warnings=WARNINGS
    )
    assert not can_undo(team.amina, manager(team), now=NOW)
    assert undo_leaving(team.amina, by=by) == 1
    assert (person(team.amina).is_active, actor_now(team).trainee_id) == (True, team.amina.pk)
    assert Assignment.objects.occupying().filter(trainee=team.amina).count() == 1
    assert Occupation.objects.taking().companions().filter(trainee=team.amina).count() == 1
    assert list(Absence.objects.values_list("starts_on", "ends_on")) == absences
    assert [(one.trainee, one.day) for one in Shift.objects.current()] == [(team.amina, NEXT)]
    assert PlannedHours.objects.get(trainee=team.amina).day == NEXT
    with pytest.raises(TooLateToUndo):
        undo_leaving(team.amina, by=by)


def test_undone_after_midnight_gives_back_what_went_with_the_day_too(team: Team) -> None:
    said_at = at(23, 58)
    today, later = give(team, team.amina, 0), give(team, team.amina, 3)
    with time_machine.travel(said_at, tick=False):
        leave_team(team.amina, last_on=TODAY, by=manager(team))
    swept(team, at(0, 0, days=1))
    assert set(Assignment.objects.values_list("status", flat=True)) == {"cancelled"}
    with time_machine.travel(at(0, 2, days=1), tick=False):
        # What was of a day that is past is nobody's any more, and that is said.
        assert undo_leaving(team.amina, by=manager(team)) == 1
    assert Event.objects.get(name="trainee.left").data["ended"]["pieces"] == [str(today.public_id)]
    assert Assignment.objects.occupying().get(trainee=team.amina).work_order_id == later.work_order_id
    assert person(team.amina).is_active


@pytest.mark.promise("L13", "L14")
def test_an_undo_gives_back_what_the_person_said_of_their_hours_and_the_draft(team: Team) -> None:
    publish(team, team.amina, 0, 1)
    told = {one.day: one for one in Shift.objects.current()}
    said = [(0, "asked"), (1, "agreed")]
    for place, status in said:
        answered = {} if status == "asked" else {"answered_on": TODAY, "said_by": "person", "status": status}
        shift = told[NEXT + dt.timedelta(days=place)]
        HoursConsent.objects.create(
            organisation=team.world.organisation,
            trainee=team.amina,
            day=shift.day,
            shift=shift,
            **columns_of(MORNING),
            **answered,
        )
    longer = DayHours(dt.time(9), dt.time(13))
    plan_hours(team.world.site, NEXT, team.amina, {NEXT: longer}, by=team.supervisor)
    leave_team(team.amina, last_on=day(4), by=manager(team))
    # While it is said that they leave, nobody asks them about days of after it.
    assert not HoursConsent.objects.to_answer(person(team.amina), TODAY).exists()
    undo_leaving(team.amina, by=manager(team))
    found = HoursConsent.objects.select_related("shift").order_by("day")
    assert [((one.day - NEXT).days, one.status) for one in found] == said
    assert {one.shift for one in found} == set(Shift.objects.current())
    assert list(HoursConsent.objects.to_answer(person(team.amina), TODAY)) == [found[0]]
    drafted = PlannedHours.objects.filter(trainee=team.amina).order_by("day")
    assert [one.hours for one in drafted] == [longer, MORNING]


@pytest.mark.promise("L13", "L14")
def test_whoever_stays_is_asked_anew_about_hours_that_had_ended(team: Team) -> None:
    publish(team, team.amina, 0)
    agree_to(team.amina, NEXT, MORNING, on=TODAY)
    leave_team(team.amina, last_on=day(4), by=manager(team))
    return_to_team(team.amina, by=manager(team))
    assert not HoursConsent.objects.exists()


def test_an_undo_gives_back_the_hours_of_a_day_that_has_begun(team: Team) -> None:
    with time_machine.travel(at(9) - dt.timedelta(days=21), tick=False):
        hours = {TODAY: DayHours(dt.time(6), dt.time(11))}
        week = plan_hours(team.world.site, TODAY, team.amina, hours, by=team.supervisor)
        publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    shift = Shift.objects.current().get()
    assert shift.starts_at < NOW
    leave_team(team.amina, last_on=LEFT_ON, by=manager(team))
    assert not Shift.objects.current().exists()
    undo_leaving(team.amina, by=manager(team))
    assert Shift.objects.current().get().starts_at == shift.starts_at


@pytest.mark.parametrize("begun_at", [at(22), at(0, 0, days=1)])
def test_undone_after_midnight_their_clock_runs_on(team: Team, begun_at: dt.datetime) -> None:
    with time_machine.travel(at(21), tick=False):
        clock = clock_in(team.amina, kind=TimeKind.TRAINING, by=team.themself(team.amina))
    TimeEntry.objects.filter(pk=clock.pk).update(starts_at=begun_at, recorded_at=begun_at)
    with time_machine.travel(at(23, 58), tick=False):
        leave_team(team.amina, last_on=TODAY, by=manager(team))
    swept(team, at(0, 0, days=1))
    assert not TimeEntry.objects.running().exists()
    with time_machine.travel(at(0, 2, days=1), tick=False):
        undo_leaving(team.amina, by=manager(team))
        running = TimeEntry.objects.running().get()
        assert (running.pk, running.starts_at, running.end_is_supposed) == (clock.pk, begun_at, False)
        assert [one.pk for one in TimeEntry.objects.all()] == [clock.pk]


@pytest.mark.parametrize("since", ["confirmed", "begun"])
def test_a_clock_that_somebody_has_said_something_of_since_stays_stopped(team: Team, since: str) -> None:
    with time_machine.travel(at(22), tick=False):
        clock = clock_in(team.amina, kind=TimeKind.TRAINING, by=team.themself(team.amina))
    with time_machine.travel(at(23, 58), tick=False):
        leave_team(team.amina, last_on=TODAY, by=manager(team))
    swept(team, at(0, 0, days=1))
    with time_machine.travel(at(0, 2, days=1), tick=False):
        if since == "confirmed":
            TimeEntry.objects.filter(pk=clock.pk).update(confirmed_at=at(0, 1, days=1))
        else:
            clock_in(team.amina, kind=TimeKind.WORK, by=manager(team))
        undo_leaving(team.amina, by=manager(team))
    clock.refresh_from_db()
    assert clock.ends_at == at(0, 0, days=1)


def test_neither_staying_nor_an_undo_gives_a_role_that_was_taken_away(team: Team) -> None:
    leave_team(team.amina, last_on=day(4), by=manager(team))
    Membership.objects.filter(role=Role.TRAINEE, user=team.amina.user).delete()
    return_to_team(team.amina, by=manager(team))
    assert actor_now(team).roles == {}
    leave_team(team.amina, last_on=LEFT_ON, by=manager(team))
    undo_leaving(team.amina, by=manager(team))
    assert (actor_now(team).roles, person(team.amina).is_active) == ({}, True)


def test_five_minutes_later_it_is_no_longer_undone(team: Team) -> None:
    leave_team(team.amina, last_on=LEFT_ON, by=manager(team))
    with time_machine.travel(NOW + dt.timedelta(minutes=5), tick=False), pytest.raises(TooLateToUndo):
        undo_leaving(team.amina, by=manager(team))
    assert not person(team.amina).is_active
    assert PARIS.key == person(team.amina).site.time_zone
