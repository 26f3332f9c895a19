"""Giving work to people: what is refused, with which words, and that a refusal leaves nothing behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.utils.translation import override

from bookings.actions.work_orders import cancel_work_order, start_work_order
from bookings.enums import PerformerKind, WorkOrderStatus
from bookings.models import WorkOrder
from concierge import tenancy
from concierge.errors import DomainError, Invalid, StaleVersion, WrongState
from concierge.models import Event
from tests.conftest import settle
from tests.workers.conftest import NOW, PARIS, Team, at
from tests.world import World
from workers.actions.absences import note_absence
from workers.actions.dispatch import assign_work_order, move_assignment, unassign
from workers.actions.people import create_trainee, set_availability, set_skill
from workers.actions.refusals import (
    AssignmentRefused,
    NotOwnTeamWork,
    PastDay,
    TraineeBusy,
    WarningsToAccept,
    WorkOrderTaken,
)
from workers.actions.work import start_assignment
from workers.enums import SkillLevel
from workers.models import Assignment, Trainee
from workers.rules.candidates import WARNINGS


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False), override("fr"):
        yield


def give(team: Team, trainee: Trainee, start: dt.datetime, *, minutes: int = 45, **extra: object) -> Assignment:
    work_order = team.work(starts=at(9), minutes=minutes)
    return assign_work_order(work_order, trainee, starts_at=start, by=team.dispatcher, **extra)  # type: ignore[arg-type]


def test_work_given_is_planned_and_told(team: Team) -> None:
    work_order = team.work()
    assignment = assign_work_order(work_order, team.amina, starts_at=at(9, 30), by=team.dispatcher)
    work_order.refresh_from_db()
    assert (work_order.status, work_order.performer_kind, work_order.performer_id, work_order.performer_label) == (
        WorkOrderStatus.SCHEDULED,
        PerformerKind.OWN_TEAM,
        team.amina.pk,
        "Amina",
    )
    assert (work_order.planned_start, work_order.planned_end) == (at(9, 30), at(10, 15))
    assert (assignment.status, assignment.supervision_mode) == ("proposed", "autonomous")
    names = list(Event.objects.order_by("pk").values_list("name", flat=True))
    assert names[-3:] == ["work_order.booked", "work_order.scheduled", "assignment.proposed"]
    assert "Amina" not in str(Event.objects.get(name="assignment.proposed").data)


def refused(team: Team, error: type[DomainError], status: int, code: str, **arguments: object) -> DomainError:
    """Give fresh ironing with these arguments; the refusal leaves work order and events as they were."""
    work_order = team.work()
    events_before = Event.objects.count()
    assignments_before = Assignment.objects.count()
    with pytest.raises(error) as caught:
        assign_work_order(work_order, by=team.dispatcher, **arguments)  # type: ignore[arg-type]
    work_order.refresh_from_db()
    assert (caught.value.status, caught.value.code) == (status, code)
    assert (work_order.status, work_order.version, work_order.performer_id) == ("ready", 1, None)
    assert (Event.objects.count(), Assignment.objects.count()) == (events_before, assignments_before)
    return caught.value


def test_somebody_at_work_cannot_be_given_more(team: Team) -> None:
    give(team, team.amina, at(10))
    refused(team, TraineeBusy, 409, "trainee_busy", trainee=team.amina, starts_at=at(10, 30))


def test_work_right_after_other_work_is_fine(team: Team) -> None:
    first = give(team, team.amina, at(10))
    second = give(team, team.amina, first.planned_end)
    assert second.planned_start == first.planned_end


def test_a_past_day_is_refused(team: Team) -> None:
    refused(team, PastDay, 400, "past_day", trainee=team.amina, starts_at=at(10, days=-1))


def test_history_may_be_written_later(team: Team) -> None:
    work_order = team.work(starts=at(9, days=-3))
    assignment = assign_work_order(
        work_order, team.amina, starts_at=at(10, days=-3), by=team.dispatcher, now=at(8, days=-3)
    )
    assert assignment.planned_start == at(10, days=-3)


def test_somebody_away_is_refused_without_a_cause(team: Team) -> None:
    note_absence(team.amina, starts_on=NOW.date(), ends_on=NOW.date(), by=team.dispatcher)
    error = refused(team, AssignmentRefused, 422, "assignment_refused", trainee=team.amina, starts_at=at(10))
    assert error.details == {"reasons": ["absent"]}


@pytest.mark.promise("L6")
def test_work_beyond_a_rule_names_the_article(team: Team) -> None:
    give(team, team.amina, at(9), minutes=240, accepted_warnings=WARNINGS)
    work_order = team.work(minutes=120)
    with pytest.raises(AssignmentRefused) as caught:
        assign_work_order(work_order, team.amina, starts_at=at(13), by=team.dispatcher, accepted_warnings=WARNINGS)
    assert caught.value.details == {"reasons": ["L6"]}
    assert "L3121-16" in str(caught.value.message)


@pytest.mark.promise("L1")
def test_a_day_of_more_than_ten_hours_is_refused(team: Team) -> None:
    give(team, team.amina, at(8), minutes=300, accepted_warnings=WARNINGS)
    work_order = team.work(minutes=315)
    with pytest.raises(AssignmentRefused) as caught:
        assign_work_order(work_order, team.amina, starts_at=at(14), by=team.dispatcher, accepted_warnings=WARNINGS)
    assert caught.value.details == {"reasons": ["L1"]}


def test_warnings_are_read_before_they_are_accepted(team: Team) -> None:
    error = refused(team, WarningsToAccept, 422, "warnings_to_accept", trainee=team.amina, starts_at=at(18))
    # Outside of the usual hours, and told the same morning (Labour Code, L3123-31).
    assert error.details == {"reasons": ["L14", "not_available"]}
    assignment = give(team, team.amina, at(18), accepted_warnings=["L14", "not_available"])
    assert assignment.accepted_warnings == ["L14", "not_available"]


def test_accepting_one_warning_does_not_accept_another(team: Team) -> None:
    refused(
        team,
        WarningsToAccept,
        422,
        "warnings_to_accept",
        trainee=team.bilal,
        starts_at=at(18),
        supervision_mode="autonomous",
        accepted_warnings=["not_available"],
    )


def test_the_way_of_accompanying_follows_the_level(team: Team) -> None:
    assert give(team, team.bilal, at(10)).supervision_mode == "paired"


def test_work_of_a_provider_is_refused(team: Team) -> None:
    work_order = team.world.request(team.world.cobbler).work_orders.select_related("site", "service", "request").get()
    with pytest.raises(NotOwnTeamWork) as caught:
        assign_work_order(work_order, team.amina, starts_at=at(10), by=team.dispatcher)
    assert (caught.value.status, isinstance(caught.value, Invalid)) == (400, True)
    assert Assignment.objects.count() == 0


def test_the_second_dispatcher_is_told_who_has_it(team: Team) -> None:
    first = give(team, team.amina, at(10))
    with pytest.raises(WorkOrderTaken) as caught:
        assign_work_order(first.work_order, team.bilal, starts_at=at(11), by=team.supervisor)
    assert (caught.value.status, "Amina" in str(caught.value.message)) == (409, True)


def test_a_person_of_another_organisation_is_not_found(team: Team, other_world: World) -> None:
    with tenancy.working_for(other_world.organisation):
        stranger = create_trainee(
            site=other_world.site,
            first_name="Sacha",
            last_name="Ailleurs",
            by=other_world.actor(),
        )
    assert not Trainee.objects.visible_to(team.dispatcher).filter(pk=stranger.pk).exists()
    with pytest.raises(Trainee.DoesNotExist):
        assign_work_order(team.work(), stranger, starts_at=at(10), by=team.dispatcher)
    assert Assignment.objects.count() == 0


def test_taking_back_frees_work_and_person(team: Team) -> None:
    assignment = give(team, team.amina, at(10))
    unassign(assignment, by=team.dispatcher)
    work_order = WorkOrder.objects.get(pk=assignment.work_order_id)
    assert (work_order.status, work_order.performer_id, work_order.planned_start) == ("ready", None, None)
    again = assign_work_order(work_order, team.amina, starts_at=at(10), by=team.dispatcher)
    assert Assignment.objects.holding().get() == again


def test_started_work_is_not_taken_back(team: Team) -> None:
    assignment = give(team, team.amina, at(10))
    start_assignment(assignment, by=team.themself(team.amina))
    with pytest.raises(WrongState):
        unassign(assignment, by=team.dispatcher)
    with pytest.raises(WrongState):
        move_assignment(assignment, starts_at=at(11), by=team.dispatcher)


def test_moving_to_another_time_asks_the_person_again(team: Team) -> None:
    assignment = give(team, team.amina, at(10))
    moved = move_assignment(assignment, starts_at=at(10, 15), by=team.dispatcher, version=1)
    work_order = WorkOrder.objects.get(pk=moved.work_order_id)
    assert (moved.pk, moved.status, moved.version) == (assignment.pk, "proposed", 2)
    assert (work_order.planned_start, work_order.planned_end) == (at(10, 15), at(11))
    assert Event.objects.filter(name="assignment.moved").count() == 1


def test_moving_to_another_person_ends_the_first(team: Team) -> None:
    assignment = give(team, team.amina, at(10))
    moved = move_assignment(assignment, trainee=team.bilal, by=team.dispatcher)
    assignment.refresh_from_db()
    work_order = WorkOrder.objects.get(pk=moved.work_order_id)
    assert (assignment.status, moved.trainee, moved.planned_start) == ("cancelled", team.bilal, at(10))
    assert (work_order.status, work_order.performer_label, work_order.attempt) == ("scheduled", "Bilal", 2)


def test_a_move_that_is_refused_changes_nothing(team: Team) -> None:
    assignment = give(team, team.amina, at(10))
    give(team, team.bilal, at(10))
    with pytest.raises(TraineeBusy):
        move_assignment(assignment, trainee=team.bilal, by=team.dispatcher)
    assignment.refresh_from_db()
    assert (assignment.status, assignment.trainee_id, assignment.version) == ("proposed", team.amina.pk, 1)
    assert WorkOrder.objects.get(pk=assignment.work_order_id).status == "scheduled"


def test_an_old_page_cannot_move_what_another_dispatcher_moved(team: Team) -> None:
    assignment = give(team, team.amina, at(10))
    move_assignment(assignment, starts_at=at(11), by=team.dispatcher, version=1)
    with pytest.raises(StaleVersion) as caught:
        move_assignment(assignment, starts_at=at(9), by=team.supervisor, version=1)
    assert caught.value.status == 412
    with pytest.raises(StaleVersion):
        unassign(assignment, by=team.supervisor, version=1)


def test_a_cancelled_work_order_frees_the_person(team: Team) -> None:
    assignment = give(team, team.amina, at(10))
    cancel_work_order(assignment.work_order, reason="by_client", by=team.dispatcher)
    settle(team.world.organisation)
    settle(team.world.organisation)
    assignment.refresh_from_db()
    assert assignment.status == "cancelled"
    assert Event.objects.filter(name="assignment.cancelled").count() == 1
    give(team, team.amina, at(10))


def test_late_news_of_a_cancellation_spares_later_work(team: Team) -> None:
    """The work order was given back and given again before the handler heard anything."""
    assignment = give(team, team.amina, at(10))
    unassign(assignment, by=team.dispatcher)
    again = assign_work_order(assignment.work_order, team.bilal, starts_at=at(10), by=team.dispatcher)
    settle(team.world.organisation)
    again.refresh_from_db()
    assert again.status == "proposed"


def test_only_a_supervisor_of_the_site_supervises(team: Team) -> None:
    with pytest.raises(Invalid) as caught:
        create_trainee(
            site=team.world.site,
            first_name="Dina",
            last_name="Petit",
            supervisor=team.world.users["concierge"],
            by=team.supervisor,
        )
    assert caught.value.field == "supervisor"


def test_usual_hours_cannot_overlap(team: Team) -> None:
    before = team.amina.availability.count()
    with pytest.raises(Invalid):
        set_availability(
            team.amina,
            hours=[(0, dt.time(9), dt.time(12)), (0, dt.time(11), dt.time(13))],
            by=team.supervisor,
        )
    with pytest.raises(Invalid):
        set_availability(team.amina, hours=[(0, dt.time(12), dt.time(9))], by=team.supervisor)
    assert team.amina.availability.count() == before


def test_a_skill_is_one_of_the_list(team: Team) -> None:
    with pytest.raises(Invalid):
        set_skill(team.amina, rome_code="Z9999", level=SkillLevel.OBSERVED, by=team.supervisor)
    set_skill(team.amina, rome_code="H2410", level=SkillLevel.TRANSMITTING, by=team.supervisor)
    assert team.amina.skills.get().level == "transmitting"


def test_absences_have_no_reason_and_do_not_overlap(team: Team) -> None:
    assert {field.name for field in team.amina.absences.model._meta.local_fields} == {
        "id",
        "organisation",
        "trainee",
        "starts_on",
        "ends_on",
        "noted_at",
        "noted_by",
    }
    day = NOW.astimezone(PARIS).date()
    note_absence(team.amina, starts_on=day, ends_on=day, by=team.supervisor)
    with pytest.raises(DomainError) as caught:
        note_absence(team.amina, starts_on=day, ends_on=day + dt.timedelta(days=3), by=team.supervisor)
    assert caught.value.status == 409
    with pytest.raises(Invalid):
        note_absence(team.amina, starts_on=day, ends_on=day - dt.timedelta(days=1), by=team.supervisor)


def test_work_started_below_is_not_given_away(team: Team) -> None:
    assignment = give(team, team.amina, at(10))
    start_work_order(assignment.work_order, by=team.dispatcher)
    with pytest.raises(WorkOrderTaken):
        assign_work_order(assignment.work_order, team.bilal, starts_at=at(11), by=team.dispatcher)
