"""Days without somebody: said by them or by the team, without a reason; who replaces them; taken back (6.8, P01)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from concierge.errors import Invalid, NotAllowed
from concierge.models import Event, Membership
from notifications.models import Message
from tests.conftest import settle
from tests.workers.conftest import NOW, Team, at
from workers.actions.absences import (
    TakenBack,
    TooLateToUndo,
    end_absence,
    note_absence,
    take_back_absence,
    undo_absence,
    work_held,
)
from workers.actions.dispatch import assign_work_order, move_assignment
from workers.models import Absence, Assignment, Occupation, TraineeSkill
from workers.rules.candidates import WARNINGS

pytestmark = pytest.mark.promise("P01")

TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def day(place: int) -> dt.date:
    return TODAY + dt.timedelta(days=place)


def held(team: Team, *days: int) -> list[Assignment]:
    return [
        assign_work_order(
            team.work(starts=at(9, days=one)),
            team.amina,
            starts_at=at(10, days=one),
            by=team.dispatcher,
            accepted_warnings=WARNINGS,
        )
        for one in days
    ]


@pytest.fixture
def supervisor(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["supervisor"])
    return client


def told(team: Team, first: int, last: int) -> dict[str, str]:
    return {"starts_on": str(day(first)), "ends_on": str(day(last))}


def test_whoever_holds_work_is_replaced_in_one_click_a_day(team: Team, supervisor: Client) -> None:
    held(team, 1, 2)
    answer = supervisor.post(reverse("workers:absence", args=[team.amina.public_id]), told(team, 1, 3))
    page = answer["Location"]
    assert page == reverse("workers:one_absence", args=[team.amina.public_id, str(day(1))])
    text = supervisor.get(page).content.decode()
    for place in (1, 2):
        address = f"{reverse('workers:replace', args=[team.amina.public_id])}?day={day(place)}"
        assert address in text
        assert "Bilal D." in supervisor.get(address).content.decode()
    assert f"?day={day(3)}" not in text
    # Nothing to give to others: the page of the person is enough.
    answer = supervisor.post(reverse("workers:absence", args=[team.bilal.public_id]), told(team, 1, 1))
    assert answer["Location"] == reverse("workers:trainee", args=[team.bilal.public_id])


def test_days_written_down_already_are_refused_in_words(team: Team, supervisor: Client) -> None:
    note_absence(team.amina, starts_on=day(1), ends_on=day(3), by=team.supervisor)
    answer = supervisor.post(reverse("workers:absence", args=[team.amina.public_id]), told(team, 3, 5))
    assert answer.status_code == 409
    assert "absence" in answer.content.decode()
    with pytest.raises(Invalid):
        note_absence(team.amina, starts_on=day(10), ends_on=day(400), by=team.supervisor)
    assert Absence.objects.count() == 1


def test_five_minutes_to_take_it_back_and_only_by_whoever_wrote_it(team: Team, supervisor: Client) -> None:
    absence = note_absence(team.amina, starts_on=day(1), ends_on=day(3), by=team.supervisor)
    with pytest.raises(TooLateToUndo):
        undo_absence(absence, by=team.dispatcher)
    with time_machine.travel(NOW + dt.timedelta(minutes=5), tick=False), pytest.raises(TooLateToUndo):
        undo_absence(absence, by=team.supervisor)
    page = reverse("workers:one_absence", args=[team.amina.public_id, str(day(1))])
    undo = reverse("workers:undo_absence", args=[team.amina.public_id, str(day(1))])
    assert undo in supervisor.get(page).content.decode()
    assert supervisor.post(undo).status_code == 302
    assert not Absence.objects.exists()
    assert supervisor.post(undo).status_code == 404
    assert Event.objects.filter(name="absence.undone").count() == 1


def test_back_earlier(team: Team, supervisor: Client) -> None:
    absence = note_absence(team.amina, starts_on=day(0), ends_on=day(9), by=team.supervisor)
    end = reverse("workers:end_absence", args=[team.amina.public_id, str(day(0))])
    assert supervisor.post(end, {"last_on": str(day(10))}).status_code == 422
    assert supervisor.post(end, {"last_on": ""}).status_code == 422
    assert supervisor.post(end, {"last_on": str(day(4))}).status_code == 302
    absence.refresh_from_db()
    assert absence.ends_on == day(4)
    with pytest.raises(Invalid):
        end_absence(absence, last_on=day(-1), by=team.supervisor)
    # Somebody takes it back while the page is open.
    take_back_absence(absence, by=team.supervisor)
    with pytest.raises(TakenBack):
        end_absence(absence, last_on=day(2), by=team.supervisor)


def test_a_person_says_it_on_the_phone_and_their_supervisor_is_told(team: Team, client: Client) -> None:
    client.force_login(team.world.users["trainee"])
    page = reverse("workers:my_absence")
    assert client.post(page, told(team, -1, 1)).status_code == 422
    assert client.post(page, told(team, 2, 1)).status_code == 422
    assert client.post(page, told(team, 1, 2)).status_code == 302
    assert client.post(page, told(team, 2, 3)).status_code == 409
    settle()
    (message,) = Message.objects.filter(kind="absence.noted")
    assert message.address == team.world.users["supervisor"].email
    undo = reverse("workers:undo_my_absence", args=[str(day(1))])
    assert undo in client.get(page).content.decode()
    assert client.post(undo).status_code == 302
    assert not Absence.objects.exists()
    # What the team writes down itself is no news to it.
    note_absence(team.amina, starts_on=day(5), ends_on=day(5), by=team.supervisor)
    settle()
    assert Message.objects.filter(kind="absence.noted").count() == 1


def test_the_list_counts_what_is_to_be_given_and_costs_the_same_for_1_and_3(team: Team, supervisor: Client) -> None:
    held(team, 1)
    page = reverse("workers:absences")
    note_absence(team.amina, starts_on=day(1), ends_on=day(1), by=team.supervisor)
    supervisor.get(page)
    with CaptureQueriesContext(connection) as one:
        assert "Amina Diallo" in supervisor.get(page).content.decode()
    note_absence(team.bilal, starts_on=day(1), ends_on=day(2), by=team.supervisor)
    note_absence(team.chloe, starts_on=day(1), ends_on=day(2), by=team.supervisor)
    note_absence(team.chloe, starts_on=day(-9), ends_on=day(-5), by=team.supervisor)
    with CaptureQueriesContext(connection) as three:
        text = supervisor.get(page).content.decode()
    assert len(one) == len(three)
    assert text.count("Chloé Diallo") == 1
    assert "Chloé Diallo" in supervisor.get(page, {"avant": "1"}).content.decode()
    counted = work_held(list(Absence.objects.select_related("trainee__site")))
    assert sum(sum(days.values()) for days in counted.values()) == 1


@pytest.mark.parametrize("far", ["9999-12-30", "9999-12-31", "0001-01-01"])
def test_absurd_days_are_refused_at_their_field(team: Team, client: Client, far: str) -> None:
    client.force_login(team.world.users["trainee"])
    for given in ({"starts_on": far, "ends_on": far}, {"starts_on": str(TODAY), "ends_on": far}):
        answer = client.post(reverse("workers:my_absence"), given)
        assert answer.status_code in {400, 422}
        assert answer.context["form"].errors
    client.force_login(team.world.users["supervisor"])
    answer = client.post(reverse("workers:absence", args=[team.amina.public_id]), {"starts_on": far, "ends_on": far})
    assert answer.status_code in {400, 422}
    assert not Absence.objects.exists()
    client.force_login(team.world.users["dispatcher"])
    dropped = {"item": str(team.work().public_id), "column": 1, "hour": 8, "day": far}
    assert client.post(reverse("workers:drop", args=[team.amina.public_id]), dropped).status_code in {400, 422}
    client.force_login(team.world.users["supervisor"])
    hours = {"trainee": str(team.amina.public_id), "kind": "work", "day": far, "starts": "22:00", "ends": "02:00"}
    answer = client.post(reverse("workers:add_hours"), {**hours, "next_day": "on"})
    assert answer.status_code == 422
    assert "day" in answer.context["form"].errors


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        (dt.date(9999, 12, 30), dt.date(9999, 12, 30), "absence_days_are_plausible"),
        (TODAY, TODAY + dt.timedelta(days=367), "absence_of_a_year_at_most"),
    ],
)
def test_the_database_refuses_absurd_absences(team: Team, first: dt.date, last: dt.date, name: str) -> None:
    with pytest.raises(IntegrityError, match=name):
        Absence.objects.create(organisation=team.world.organisation, trainee=team.amina, starts_on=first, ends_on=last)


def test_a_mistake_is_taken_back_later_and_by_others(team: Team, client: Client) -> None:
    absence = note_absence(team.amina, starts_on=day(1), ends_on=day(1), by=team.supervisor)
    page = reverse("workers:one_absence", args=[team.amina.public_id, str(day(1))])
    undo = reverse("workers:undo_absence", args=[team.amina.public_id, str(day(1))])
    client.force_login(team.world.users["dispatcher"])
    with time_machine.travel(NOW + dt.timedelta(hours=2), tick=False):
        assert undo in client.get(page).content.decode()
        with pytest.raises(NotAllowed):
            take_back_absence(absence, by=team.themself(team.bilal))
        assert client.post(undo).status_code == 302
        assert not Absence.objects.exists()
        assert Event.objects.filter(name="absence.taken_back").count() == 1
        with pytest.raises(TooLateToUndo):
            take_back_absence(absence, by=team.dispatcher)
    # The person: what has not begun.
    client.force_login(team.world.users["trainee"])
    for place, is_there in ((-1, True), (2, False)):
        note_absence(team.amina, starts_on=day(place), ends_on=day(place), by=team.supervisor)
        with time_machine.travel(NOW + dt.timedelta(hours=2), tick=False):
            assert client.post(reverse("workers:undo_my_absence", args=[str(day(place))])).status_code == 302
        assert Absence.objects.filter(starts_on=day(place)).exists() == is_there


@pytest.mark.promise("DR4")
def test_undone_at_once_companions_are_back_where_they_are_free(team: Team) -> None:
    TraineeSkill.objects.filter(trainee=team.amina).update(level="transmitting")
    Membership.objects.filter(role="supervisor").delete()
    given = [
        assign_work_order(
            team.work(starts=at(9, days=1)),
            team.bilal,
            starts_at=at(hour, days=1),
            by=team.dispatcher,
            supervision_mode="paired",
            accepted_warnings=WARNINGS,
        )
        for hour in (10, 15)
    ]
    beside = Occupation.objects.companions().taking().filter(trainee=team.amina)
    assert beside.count() == 2
    absence = note_absence(team.amina, starts_on=day(1), ends_on=day(1), by=team.dispatcher)
    assert not beside.exists()
    # What has moved meanwhile is accompanied by whoever was found then.
    move_assignment(given[1], starts_at=at(16, days=1), by=team.dispatcher, accepted_warnings=WARNINGS)
    undo_absence(absence, by=team.dispatcher)
    assert [one.assignment for one in beside] == [given[0]]
    assert Event.objects.get(name="absence.undone").data["accompanied"] == 1
