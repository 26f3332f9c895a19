"""Somebody is ill: their day goes to others on one page, each line judged again when it is applied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import WorkOrder
from concierge.models import Event, Membership
from tests.workers.conftest import NOW, Team, at
from workers.actions.absences import note_absence
from workers.actions.dispatch import assign_work_order, move_assignment
from workers.actions.replacing import Choice, propose_replacements, replace_day
from workers.actions.work import start_assignment
from workers.models import Assignment, TraineeSkill
from workers.rules.candidates import WARNINGS

pytestmark = pytest.mark.promise("domain R14")


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def dispatcher(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["dispatcher"])
    return client


def day_of_amina(team: Team, *hours: int) -> list[Assignment]:
    return [
        assign_work_order(team.work(), team.amina, starts_at=at(hour), by=team.dispatcher, accepted_warnings=WARNINGS)
        for hour in hours
    ]


def proposals(team: Team) -> list[tuple[str, Any]]:
    lines = propose_replacements(team.amina, NOW.date(), now=NOW)
    return [
        (line.proposed.trainee.first_name, line.proposed.starts_at) if line.proposed else ("", None) for line in lines
    ]


def test_nobody_is_proposed_twice_at_once(team: Team) -> None:
    """Three people of the team, one is ill: two pieces at the same hour cannot both go to the better one."""
    day_of_amina(team, 9, 11)
    note_absence(team.amina, starts_on=NOW.date(), ends_on=NOW.date(), by=team.dispatcher)
    assert proposals(team) == [("Bilal", at(9)), ("Bilal", at(11))]
    assign_work_order(team.work(), team.bilal, starts_at=at(11), by=team.dispatcher)
    assert proposals(team) == [("Bilal", at(9)), ("Chloé", at(11))]


@pytest.mark.promise("domain R25")
def test_nobody_is_proposed_to_accompany_two_at_once(team: Team) -> None:
    """Both others are busy at nine: the first piece goes to ten, beside the only supervisor, who then has no time."""
    day_of_amina(team, 9, 10)
    for other in (team.bilal, team.chloe):
        assign_work_order(
            team.work(minutes=60),
            other,
            starts_at=at(9),
            supervision_mode="autonomous",
            by=team.dispatcher,
            accepted_warnings=WARNINGS,
        )
    first, second = (line.proposed for line in propose_replacements(team.amina, NOW.date(), now=NOW))
    assert first is not None and second is not None
    assert (first.trainee, first.starts_at, first.companion is None) == (team.bilal, at(10), False)
    assert (second.trainee, second.starts_at, second.companion) == (team.chloe, at(10), None)
    assert "no_companion_yet" in second.verdict.warnings


@pytest.mark.promise("domain R25")
def test_who_accompanied_somebody_ill_may_accompany_who_takes_over(team: Team) -> None:
    TraineeSkill.objects.filter(trainee=team.amina).update(level="observed")
    (piece,) = day_of_amina(team, 9)
    assert piece.occupations.filter(is_companion=True).exists()
    (line,) = propose_replacements(team.amina, NOW.date(), now=NOW)
    assert line.proposed is not None
    assert (line.proposed.trainee, line.proposed.companion is None) == (team.bilal, False)
    assert not {"no_companion", "no_companion_yet"} & line.proposed.verdict.warnings


@pytest.mark.promise("domain R25")
def test_who_is_proposed_accompanies_nobody_then_and_who_is_replaced_nobody_at_all(team: Team) -> None:
    Membership.objects.filter(role="supervisor").delete()
    TraineeSkill.objects.filter(trainee__in=[team.amina, team.bilal]).update(level="transmitting")
    day_of_amina(team, 9, 10)
    assign_work_order(team.work(minutes=60), team.bilal, starts_at=at(9), by=team.dispatcher)
    first, second = (line.proposed for line in propose_replacements(team.amina, NOW.date(), now=NOW))
    assert first is not None and second is not None
    assert (first.trainee, first.companion, second.trainee) == (team.chloe, None, team.bilal)


@pytest.mark.promise("domain R25")
def test_who_is_replaced_accompanies_nobody_when_it_is_applied_either(team: Team) -> None:
    Membership.objects.filter(role="supervisor").delete()
    TraineeSkill.objects.filter(trainee=team.amina).update(level="transmitting")
    TraineeSkill.objects.filter(trainee=team.bilal).update(level="observed")
    (piece,) = day_of_amina(team, 9)
    (line,) = propose_replacements(team.amina, NOW.date(), now=NOW)
    (bilal,) = [one for one in line.choices if one.trainee == team.bilal]
    assert bilal.companion is None
    chosen = Choice(piece.public_id, piece.version, team.bilal.public_id, at(9), bilal.verdict.warnings)
    (outcome,) = replace_day(team.amina, NOW.date(), [chosen], by=team.dispatcher, now=NOW)
    assert outcome.now is not None and outcome.now.trainee == team.bilal
    assert not outcome.now.occupations.companions().exists()


@pytest.mark.promise("domain R25")
def test_what_is_proposed_counts_among_what_somebody_learns_that_day(team: Team) -> None:
    """Bilal has seen ironing done: each piece in a pair is a new step, and a third one on a day is one too many."""
    day_of_amina(team, 9, 11, 14)
    note_absence(team.amina, starts_on=NOW.date(), ends_on=NOW.date(), by=team.dispatcher)
    lines = propose_replacements(team.amina, NOW.date(), now=NOW)
    steps = []
    for line in lines:
        (bilal,) = [one for one in line.choices if one.trainee == team.bilal]
        steps.append("new_steps_day" in bilal.verdict.warnings)
    assert steps == [False, False, True]


def test_another_time_when_nobody_is_free_then_and_nobody_when_nobody_can(team: Team) -> None:
    (piece,) = day_of_amina(team, 9)
    note_absence(team.chloe, starts_on=NOW.date(), ends_on=NOW.date(), by=team.dispatcher)
    assign_work_order(team.work(), team.bilal, starts_at=at(9), by=team.dispatcher)
    (found,) = proposals(team)
    assert found == ("Bilal", at(9, 45))
    note_absence(team.bilal, starts_on=NOW.date(), ends_on=NOW.date(), by=team.dispatcher)
    assert proposals(team) == [("", None)]
    WorkOrder.objects.filter(pk=piece.work_order_id).update(promised_end=at(9, 30))
    assert proposals(team) == [("", None)]


def test_what_is_ticked_is_applied_and_each_line_says_what_became_of_it(team: Team) -> None:
    first, second, third = day_of_amina(team, 9, 10, 11)
    assign_work_order(team.work(), team.bilal, starts_at=at(10), by=team.dispatcher)
    warned = sorted(WARNINGS)
    outcomes = replace_day(
        team.amina,
        NOW.date(),
        [
            Choice(first.public_id, 1, team.bilal.public_id, at(9), warned),
            Choice(second.public_id, 1, team.bilal.public_id, at(10), warned),
            Choice(third.public_id, 1),
        ],
        by=team.dispatcher,
    )
    assert [one.error.code if one.error else "ok" for one in outcomes] == ["ok", "trainee_busy", "ok"]
    holders = Assignment.objects.occupying().filter(
        work_order__in=[one.work_order_id for one in (first, second, third)]
    )
    assert sorted(holders.values_list("trainee__first_name", "planned_start")) == [
        ("Amina", at(10)),
        ("Bilal", at(9)),
    ]
    third.refresh_from_db()
    assert third.status == "cancelled"
    assert Event.objects.filter(name="trainee.replaced").count() == 1


def test_an_old_version_a_stranger_and_unread_warnings_change_nothing(team: Team) -> None:
    (piece,) = day_of_amina(team, 9)
    move_assignment(piece, starts_at=at(10), by=team.supervisor)
    for choice in (
        Choice(piece.public_id, 1, team.bilal.public_id, at(10), sorted(WARNINGS)),
        Choice(piece.public_id, 2, team.amina.public_id, at(10)),
        Choice(piece.public_id, 2, piece.public_id, at(10)),
        Choice(piece.public_id, 2, team.chloe.public_id, at(10)),
    ):
        (outcome,) = replace_day(team.amina, NOW.date(), [choice], by=team.dispatcher)
        assert outcome.error is not None
    piece.refresh_from_db()
    assert (piece.trainee, piece.status) == (team.amina, "proposed")
    assert Event.objects.filter(name="trainee.replaced").count() == 0


def test_the_page_proposes_applies_and_tells(team: Team, dispatcher: Client) -> None:
    first, second = day_of_amina(team, 9, 11)
    begun = assign_work_order(team.work(), team.amina, starts_at=at(14), by=team.dispatcher)
    start_assignment(begun, by=team.themself(team.amina))
    address = reverse("workers:replace", args=[team.amina.public_id])
    assert f"{address}?day=2026-11-23" in dispatcher.get("/affectations/").content.decode()
    text = dispatcher.get(address, {"day": "2026-11-23"}).content.decode()
    assert (str(first.public_id) in text, str(begun.public_id) in text) == (True, False)
    option = f"{team.bilal.public_id}@{at(9).astimezone(first.planned_start.tzinfo).isoformat()}@skill_low"
    answer = dispatcher.post(
        address,
        {
            "day": "2026-11-23",
            "line": [str(first.public_id), str(second.public_id)],
            f"to-{first.public_id}": option,
            f"version-{first.public_id}": "1",
            f"to-{second.public_id}": "back",
            f"version-{second.public_id}": "1",
        },
    )
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Bilal D." in text
    assert Assignment.objects.occupying().get(work_order=first.work_order).trainee == team.bilal
    assert not Assignment.objects.occupying().filter(work_order=second.work_order).exists()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"line": "x"},
        {"line": "00000000-0000-0000-0000-000000000000"},
        {"line": "A", "to-A": "back", "version-A": "1"},
        {"line": "A", "to-A": "back", "version-A": ""},
        {"line": "A", "to-A": "x@y@z", "version-A": "1"},
    ],
)
def test_nonsense_changes_nothing(team: Team, dispatcher: Client, sent: dict[str, str]) -> None:
    (piece,) = day_of_amina(team, 9)
    sent = {key.replace("-A", f"-{piece.public_id}"): value for key, value in sent.items()}
    answer = dispatcher.post(reverse("workers:replace", args=[team.amina.public_id]), sent)
    assert answer.status_code in {200, 400}
    piece.refresh_from_db()
    assert piece.status == "proposed"


def test_proposing_costs_the_same_for_one_and_three(team: Team, dispatcher: Client) -> None:
    address = reverse("workers:replace", args=[team.amina.public_id])

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            dispatcher.get(address, {"day": "2026-11-23"})
        return len(captured)

    day_of_amina(team, 9)
    dispatcher.get(address)
    one = queries()
    day_of_amina(team, 11, 14)
    assert queries() == one
