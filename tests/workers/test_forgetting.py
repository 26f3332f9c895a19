"""What is personal of somebody who has left goes two years after, hours and names five years after (P04, R43)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.utils import timezone

from bookings.enums import ClearanceKind
from bookings.models import WorkOrder
from concierge import retention
from concierge.enums import Role
from concierge.models import Event
from tests.employing import employer_of
from tests.workers.conftest import LEFT_ON, NOW, PARIS, Team, at
from tests.workers.pathways import adviser_of, pass_of, suspension
from workers.actions import clearances
from workers.actions.appointments import AppointmentDetails, plan_appointment, write_diagnosis
from workers.actions.contracts import end_contract
from workers.actions.derogations import add_derogation
from workers.actions.dispatch import assign_work_order
from workers.actions.leaving import go, leave_team, return_to_team
from workers.actions.passes import suspend_pass
from workers.actions.restrictions import add_restriction
from workers.actions.skills import set_goal
from workers.actions.work import finish_assignment, start_assignment, validate_assignment
from workers.enums import SkillLevel
from workers.enums.contracts import DerogationKind, EndReason, RestrictionCode
from workers.enums.passes import AppointmentKind, DiagnosisMaker
from workers.models import (
    Appointment,
    Assignment,
    Contract,
    ContractDerogation,
    LearningSituation,
    PassIAE,
    SkillStep,
    TimeEntry,
    Trainee,
)
from workers.rules.candidates import WARNINGS

pytestmark = [pytest.mark.promise("P04", "I12", "domain R43")]

# Each is of one row of Amina's, but where said.
FILE = {
    "appointments": 1,
    "restrictions": 1,
    "usual_hours": 10,
    "clearances": 1,
    "diagnoses": 1,
    "derogations": 1,
    "derogation_references": 1,
    "learning_situations": 1,
    "skill_steps": 1,
    "skills": 1,
    "learning_goals": 1,
    "exits": 1,
    "former_files": 1,
}


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def a_whole_file(team: Team) -> None:
    """Something of everything that is kept about Amina, who then leaves; her contract ended with her last day."""
    by, today = adviser_of(team), NOW.date()
    done = assign_work_order(
        team.work(starts=at(9)), team.amina, starts_at=at(9), by=team.dispatcher, accepted_warnings=WARNINGS
    )
    with time_machine.travel(at(9), tick=False):
        start_assignment(done, by=team.themself(team.amina))
    with time_machine.travel(at(10), tick=False):
        finish_assignment(done, by=team.themself(team.amina))
        validate_assignment(done, by=team.supervisor)
    add_restriction(team.amina, code=RestrictionCode.NO_LADDER, starts_on=today, ends_on=None, at=None, by=by)
    terms = clearances.Terms(today, None, "12AB34567")
    clearances.note_clearance(team.amina, kind=ClearanceKind.DRIVING_B, terms=terms, by=team.supervisor)
    write_diagnosis(team.amina, made_on=today, made_by=DiagnosisMaker.EMPLOYER, by=by)
    plan_appointment(team.amina, AppointmentDetails(at(8), AppointmentKind.FOLLOW_UP), by=by)
    set_goal(
        team.amina,
        rome_code="K2204",
        wanted_level=SkillLevel.AUTONOMOUS,
        wanted_by=None,
        today=today,
        by=team.supervisor,
    )
    employer = employer_of(team.world.organisation, "aci")
    days = (today, today + dt.timedelta(days=100))
    for reference in ("Décision 1", "Décision 2"):
        add_derogation(team.amina, employer, DerogationKind.FLOOR_ACI, reference=reference, days=days, by=by)
    contract = Contract.objects.get(trainee=team.amina)
    Contract.objects.filter(pk=contract.pk).update(floor_derogation=ContractDerogation.objects.earliest("pk"))
    end_contract(contract, ended_on=today, reason=EndReason.AGREED, by=by)
    leave_team(team.amina, last_on=today, by=by)


def purged(days: int) -> dict[str, int]:
    """What goes that many days after her last one, of what has any row."""
    with time_machine.travel(NOW + dt.timedelta(days=days), tick=False):
        return {name: rows for name, rows in retention.purge().items() if rows and name in {*FILE, "former_names"}}


def test_a_file_is_forgotten_two_years_after_they_left_and_no_day_before(team: Team) -> None:
    a_whole_file(team)
    # The sweep makes it true the night after.
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        assert go(team.amina, by=team.world.actor())
    assert purged(731) == {}
    assert purged(733) == FILE
    assert purged(733) == {}
    kept = Trainee.objects.get(pk=team.amina.pk)
    assert (str(kept), kept.user, kept.supervisor, kept.adviser) == ("Amina Diallo", None, None, None)
    assert ContractDerogation.objects.get().reference == "–"
    assert (SkillStep.objects.filter(trainee=kept).count(), LearningSituation.objects.count()) == (0, 0)
    # Others are on the team still, and keep theirs; what happened stays.
    assert team.bilal.skills.count() == 1
    assert (Assignment.objects.count(), Contract.objects.filter(trainee=kept).count()) == (1, 1)
    assert TimeEntry.objects.filter(trainee=kept).exists()


def test_a_name_goes_with_the_last_hours_five_years_after(team: Team) -> None:
    a_whole_file(team)
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        go(team.amina, by=team.world.actor())
    Trainee.objects.filter(pk=team.amina.pk).update(birth_date=dt.date(1990, 5, 17))
    # That night the hours go, the next one the name.
    assert "former_names" not in purged(1829)
    assert purged(1830) == {"former_names": 1}
    assert purged(1830) == {}
    kept = Trainee.objects.get(pk=team.amina.pk)
    assert (kept.first_name, kept.last_name, kept.birth_date) == ("–", "", None)
    assert not Event.objects.filter(subject_id=kept.public_id, data__icontains="Diallo").exists()


def test_a_name_goes_from_their_pass_and_their_work_too(team: Team) -> None:
    # Both numbers once go: nobody has the same one as somebody else.
    passes = [
        pass_of(team, trainee, number=number, starts_on=dt.date(2024, 1, 1))
        for trainee, number in ((team.amina, "999992612345"), (team.bilal, "999992612346"))
    ]
    a_whole_file(team)
    leave_team(team.bilal, last_on=LEFT_ON, by=team.world.actor(Role.SITE_MANAGER))
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        go(team.amina, by=team.world.actor())
    assert WorkOrder.objects.get(performer_id=team.amina.pk).performer_label == "Amina"
    purged(1830)
    purged(2400)
    assert {one.number for one in PassIAE.objects.filter(pk__in=[one.pk for one in passes])} == {""}
    assert WorkOrder.objects.get(performer_id=team.amina.pk).performer_label == "–"


def test_a_suspended_pass_keeps_the_file_and_so_does_a_later_contact(team: Team) -> None:
    """Out in the third month: the pathway runs on, as long as its PASS does."""
    pass_iae = pass_of(team, starts_on=NOW.date() - dt.timedelta(days=90))
    a_whole_file(team)
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        go(team.amina, by=team.world.actor())
        suspend_pass(pass_iae, suspension("2026-11-24", None), by=adviser_of(team))
    pass_iae.refresh_from_db()
    ends_in = (pass_iae.ends_on - NOW.date()).days
    assert ends_in > 1500
    assert (purged(733), purged(ends_in + 731)) == ({}, {})
    # They came to an appointment after it: as long after that.
    details = AppointmentDetails(NOW + dt.timedelta(days=ends_in + 60), AppointmentKind.EXIT)
    contact = plan_appointment(team.amina, details, by=adviser_of(team))
    assert (purged(ends_in + 733), purged(ends_in + 60 + 731)) == ({}, {})
    Appointment.objects.filter(pk=contact.pk).update(status="cancelled", decided_at=NOW)
    assert purged(ends_in + 733)["diagnoses"] == 1


def test_whoever_a_contract_binds_or_is_back_keeps_their_file(team: Team) -> None:
    leave_team(team.bilal, last_on=LEFT_ON, by=team.world.actor(Role.SITE_MANAGER))
    contract = Contract.objects.get(trainee=team.bilal)
    assert contract.last_on is not None
    since_left = (contract.last_on - NOW.date()).days
    assert purged(since_left + 730) == {}
    return_to_team(team.bilal, by=team.world.actor(Role.SITE_MANAGER))
    assert purged(since_left + 2000) == {}
    leave_team(team.bilal, last_on=LEFT_ON, by=team.world.actor(Role.SITE_MANAGER))
    assert purged(since_left + 733)["skills"] == 1
    assert timezone.now().astimezone(PARIS) == NOW
