"""Licences and certificates: in the file, ending, and asked for by a service (R25)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils.translation import override

from bookings.enums import ClearanceKind
from bookings.models import Service
from concierge.deadlines import sweep
from concierge.errors import Conflict, Invalid, NotAllowed
from concierge.models import Event
from concierge.tenancy import Actor
from notifications.actions.letters import NotNeeded
from notifications.actions.writing import write
from notifications.models import Message
from tests.conftest import settle
from tests.workers.conftest import NOW, Team, at
from workers.actions.clearances import Terms, note_clearance, withdraw_clearance
from workers.actions.dispatch import assign_work_order
from workers.actions.refusals import AssignmentRefused
from workers.models import Clearance, Trainee

TODAY = NOW.date()
B = ClearanceKind.DRIVING_B


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False), override("fr"):
        yield


def days(count: int) -> dt.date:
    return TODAY + dt.timedelta(days=count)


def note(team: Team, until: dt.date | None = None, since: dt.date = TODAY, by: Actor | None = None) -> Clearance:
    return note_clearance(team.amina, kind=B, terms=Terms(since, until, " 12AB "), by=by or team.supervisor)


@pytest.mark.promise("domain R25")
def test_an_expired_clearance_that_the_service_asks_for_blocks_with_its_reason(team: Team) -> None:
    Service.objects.filter(pk=team.world.ironing.pk).update(clearances=[B])
    note(team, until=days(-1), since=days(-30))
    with pytest.raises(AssignmentRefused) as refused:
        assign_work_order(team.work(), team.amina, starts_at=at(10), by=team.dispatcher)
    assert refused.value.details["reasons"] == ["clearance_expired"]
    assert "terminée depuis le 22 novembre 2026" in str(refused.value)
    note(team, since=days(0), until=days(0))
    assign_work_order(team.work(), team.amina, starts_at=at(10), by=team.dispatcher)


def test_without_the_clearance_nobody_is_given_the_work(team: Team) -> None:
    Service.objects.filter(pk=team.world.ironing.pk).update(clearances=[B])
    with pytest.raises(AssignmentRefused) as refused:
        assign_work_order(team.work(), team.amina, starts_at=at(10), by=team.dispatcher)
    assert refused.value.details["reasons"] == ["clearance_missing"]


def test_bad_input_and_strangers_are_refused(team: Team, other_supervisor: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        note(team, until=days(-1))
    assert refused.value.field == "valid_until"
    assert note(team).document_number == "12AB"
    with pytest.raises(Conflict):
        note(team)
    for actor in (other_supervisor, team.dispatcher, team.themself(team.amina)):
        with pytest.raises(NotAllowed):
            note(team, since=days(1), by=actor)


def told() -> list[tuple[str, int]]:
    return [
        (one.name, one.data["days"]) for one in Event.objects.filter(name__startswith="clearance.exp").order_by("pk")
    ]


@pytest.mark.promise("domain R25")
def test_its_end_is_told_before_and_after_once_each(team: Team) -> None:
    note(team, until=days(70))
    for day in range(1, 80):
        with time_machine.travel(NOW + dt.timedelta(days=day), tick=False):
            sweep(team.world.organisation.pk)
    assert told() == [
        ("clearance.expiring", 60),
        ("clearance.expiring", 30),
        ("clearance.expiring", 7),
        ("clearance.expired", -1),
    ]


@pytest.mark.promise("domain R25")
def test_the_supervisor_is_written_to_a_month_before_and_heads_in_the_last_week(team: Team) -> None:
    note(team, until=days(70))
    for day in range(1, 80):
        with time_machine.travel(NOW + dt.timedelta(days=day), tick=False):
            settle()
    supervisor, head = (team.world.users[role].email for role in ("supervisor", "site_manager"))
    written = Message.objects.filter(kind__startswith="clearance.").order_by("pk")
    assert [(one.kind, one.event.data["days"] if one.event else None, one.address) for one in written] == [
        ("clearance.expiring", 30, supervisor),
        ("clearance.expiring", 7, supervisor),
        ("clearance.expiring", 7, head),
        ("clearance.expired", -1, supervisor),
        ("clearance.expired", -1, head),
    ]
    # The number of the paper stays in the file.
    letter = write(written[0])
    assert "12AB" not in letter.text + letter.html
    assert "Permis B" in letter.text


def test_without_a_supervisor_those_of_the_site_are_written_to(team: Team) -> None:
    note(team, until=days(40))
    Trainee.objects.filter(pk=team.amina.pk).update(supervisor=None)
    with time_machine.travel(NOW + dt.timedelta(days=10, hours=1), tick=False):
        settle()
    (message,) = Message.objects.filter(kind="clearance.expiring")
    assert message.address == team.world.users["supervisor"].email
    note(team, since=days(9), until=days(400))
    with pytest.raises(NotNeeded):
        write(message)


def test_of_one_that_was_renewed_or_taken_out_nobody_is_told(team: Team) -> None:
    note(team, until=days(40))
    newer = note(team, since=days(1), until=days(400))
    with time_machine.travel(NOW + dt.timedelta(days=42), tick=False):
        sweep(team.world.organisation.pk)
        assert told() == []
    withdraw_clearance(newer, by=team.supervisor)
    withdraw_clearance(newer, by=team.supervisor)
    assert Event.objects.filter(name="clearance.withdrawn").count() == 1
    assert list(Clearance.objects.held().filter(trainee=team.amina)) != [newer]


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"kind": "pilot"}, "clearance_kind_is_known"),
        ({"valid_until": days(-1)}, "clearance_end_not_before_start"),
    ],
)
def test_postgres_refuses_what_code_might_forget(team: Team, changes: dict[str, object], constraint: str) -> None:
    row = {"organisation": team.world.organisation, "trainee": team.amina, "kind": "driving_b", "valid_from": TODAY}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Clearance.objects.create(**{**row, **changes})


def test_a_service_asks_only_for_what_there_is(team: Team) -> None:
    with pytest.raises(IntegrityError, match="service_clearances_are_known"), transaction.atomic():
        Service.objects.filter(pk=team.world.ironing.pk).update(clearances=["pilot"])
