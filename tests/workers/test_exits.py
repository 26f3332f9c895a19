"""How a pathway ended, and what became of the person three and six months later (R29, domain.md 2.7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from dateutil.relativedelta import relativedelta
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from concierge.enums import Role
from concierge.errors import Invalid, WrongState
from tests.workers.conftest import LEFT_ON, NOW, Team
from tests.workers.pathways import adviser_of
from workers.actions.exits import note_follow_up, say_exit
from workers.actions.hours import Said, add_entry
from workers.actions.leaving import leave_team, return_to_team
from workers.actions.leaving_undone import undo_leaving
from workers.enums.exits import CATEGORY_OF, DYNAMIC, Situation
from workers.models import ExitFollowUp, TeamExit, Trainee
from workers.models.outcomes import outcomes_of
from workers.models.pathway import Asked, lines
from workers.rules.exits import Exit, outcomes

pytestmark = pytest.mark.promise("domain R29")

TODAY = NOW.date()
SOON = TODAY + dt.timedelta(days=4)
LATER = NOW + dt.timedelta(days=95)


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def leave(team: Team, last_on: dt.date = LEFT_ON, situation: str = "") -> TeamExit:
    leave_team(team.amina, last_on=last_on, situation=situation, by=team.world.actor(Role.SITE_MANAGER))
    return TeamExit.objects.standing().get(trainee=team.amina)


def test_every_situation_counts_as_the_state_counts_it() -> None:
    assert set(CATEGORY_OF) == set(Situation)
    counted = {category: [one for one in Situation if CATEGORY_OF[one] == category] for category in DYNAMIC}
    assert sorted(map(len, counted.values())) == [2, 2, 4]
    assert CATEGORY_OF[Situation.UNEMPLOYED] not in DYNAMIC and CATEGORY_OF[Situation.WITHDRAWN] not in DYNAMIC


def test_whoever_leaves_is_asked_about_three_and_six_months_later(team: Team) -> None:
    found = leave(team, dt.date(2026, 11, 20), Situation.FIXED_SHORT)
    assert (found.last_on, found.situation, str(found.category)) == (dt.date(2026, 11, 20), "fixed_short", "transition")
    due = list(found.follow_ups.values_list("months", "due_on", "tries", "situation"))
    assert due == [(3, dt.date(2027, 2, 20), 0, ""), (6, dt.date(2027, 5, 20), 0, "")]


def test_a_mistake_and_whoever_stays_leave_no_exit(team: Team) -> None:
    by = team.world.actor(Role.SITE_MANAGER)
    leave(team)
    undo_leaving(team.amina, by=by)
    assert not TeamExit.objects.exists()
    leave(team, SOON)
    return_to_team(team.amina, by=by)
    assert not ExitFollowUp.objects.exists()


def test_who_comes_back_had_left_and_is_followed_up_no_more(team: Team) -> None:
    by = team.world.actor(Role.SITE_MANAGER)
    first = leave(team)
    return_to_team(team.amina, by=by)
    first.refresh_from_db()
    assert first.returned_on == TODAY
    with time_machine.travel(LATER, tick=False):
        with pytest.raises(WrongState):
            note_follow_up(first.follow_ups.all()[0], on=LATER.date(), by=by)
        with pytest.raises(WrongState):
            say_exit(team.amina, Situation.PUBLIC, by=by)
        assert leave(team, LATER.date() - dt.timedelta(days=1)) != first


def deadlines_of(team: Team, months: int = 3) -> list[tuple[str, dt.date, object]]:
    found, _is_cut = lines(Asked(adviser_of(team), dt.datetime.now(NOW.tzinfo).date(), months, kinds=("exit",)))
    return [(str(line.person), line.day, line.detail["tries"]) for line in found]


def test_follow_ups_are_deadlines_until_somebody_answers(team: Team) -> None:
    found, by = leave(team), adviser_of(team)
    in_three, in_six = (LEFT_ON + relativedelta(months=months) for months in (3, 6))
    assert deadlines_of(team) == [("Amina Diallo", in_three, 0)]
    assert deadlines_of(team, 9) == [("Amina Diallo", in_three, 0), ("Amina Diallo", in_six, 0)]
    first = found.follow_ups.all()[0]
    with time_machine.travel(LATER, tick=False):
        for _each in range(2):
            note_follow_up(first, on=LATER.date(), by=by)
        assert deadlines_of(team, 1)[0] == ("Amina Diallo", in_three, 2)
        for wrong in (LATER.date() + dt.timedelta(days=1), LEFT_ON):
            with pytest.raises(Invalid) as refused:
                note_follow_up(first, on=wrong, by=by)
            assert refused.value.field == "on"
        note_follow_up(first, on=LATER.date(), situation=Situation.OPEN_ENDED, by=by)
        assert [day for _who, day, _tries in deadlines_of(team, 9)] == [in_six]
        with pytest.raises(WrongState):
            note_follow_up(first, on=LATER.date(), by=by)
        corrected = note_follow_up(first, on=LATER.date(), situation=Situation.FIXED_LONG, by=by)
        assert (corrected.situation, corrected.tries) == ("fixed_long", 2)


@pytest.mark.parametrize(
    ("model", "changes", "constraint"),
    [
        (TeamExit, {"situation": "retired"}, "exit_situation_is_known"),
        (ExitFollowUp, {"situation": "public"}, "exit_follow_up_answered_on_a_day"),
        (ExitFollowUp, {"tries": 1}, "exit_follow_up_tried_on_a_day"),
        (ExitFollowUp, {"months": 4}, "exit_follow_up_at_known_months"),
    ],
)
def test_postgres_refuses_what_code_might_forget(
    team: Team, model: Any, changes: dict[str, Any], constraint: str
) -> None:
    leave(team)
    row = model.objects.order_by("pk").first()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model.objects.filter(pk=row.pk).update(**changes)
    with pytest.raises(IntegrityError, match="exit_one_standing_per_person"), transaction.atomic():
        TeamExit.objects.create(organisation=team.world.organisation, trainee=team.amina, last_on=TODAY)


def test_it_is_said_when_they_leave_and_on_the_page_of_their_pathway(team: Team, client: Client) -> None:
    adviser_of(team)
    client.force_login(team.world.users["site_manager"])
    page = reverse("workers:leave", args=[team.amina.public_id])
    assert "Ce que la personne fait ensuite" in client.get(page).content.decode()
    sent = {"last_on": str(LEFT_ON), "situation": "nonsense"}
    assert client.post(page, sent).status_code == 422
    assert client.post(page, {**sent, "situation": "training"}).status_code == 302
    found = TeamExit.objects.get()
    assert found.situation == "training"
    client.force_login(team.world.users["social_adviser"])
    pathway = reverse("workers:pass", args=[team.amina.public_id])
    say = reverse("workers:exit", args=[team.amina.public_id])
    text = client.get(pathway).content.decode()
    assert all(words in text for words in ("Après le départ", "Formation qualifiante", "3 mois après le départ", say))
    for wrong in ({}, {"situation": "nonsense"}):
        assert client.post(say, wrong).status_code == 422
    assert client.post(say, {"situation": "aided"}).status_code == 302
    first = found.follow_ups.all()[0]
    note = reverse("workers:exit-follow-up", args=[team.amina.public_id, first.public_id])
    with time_machine.travel(LATER, tick=False):
        client.force_login(team.world.users["social_adviser"])
        for wrong in ({}, {"on": "hier"}, {"on": str(LEFT_ON)}, {"on": str(LATER.date()), "situation": "x"}):
            assert client.post(note, wrong).status_code == 422, wrong
        assert client.post(note, {"on": str(LATER.date())}).status_code == 302
        text = client.get(reverse("workers:deadlines")).content.decode()
        assert "Ce que la personne est devenue" in text and "une tentative" in text
        assert client.post(note, {"on": str(LATER.date()), "situation": "business"}).status_code == 302
        assert "Création d’entreprise" in client.get(pathway).content.decode()
    other = Trainee.objects.exclude(pk=team.amina.pk).first()
    assert other is not None
    elsewhere = reverse("workers:exit-follow-up", args=[other.public_id, first.public_id])
    assert client.post(elsewhere, {"on": str(TODAY)}).status_code == 404


@pytest.mark.parametrize(
    ("kind", "days", "hours", "category", "counts"),
    [
        ("ei", 81, 1, "durable", False),
        ("ei", 82, 1, "durable", True),
        ("aci", 400, 0, "other", False),
        ("aci", 400, 1, "", True),
        ("ai", 10, 149, "positive", False),
        ("ai", 10, 150, "positive", True),
        ("etti", 900, 149, "durable", False),
        ("ei", 900, 900, "withdrawn", False),
    ],
)
def test_exits_count_from_the_states_thresholds_on(
    kind: str, days: int, hours: int, category: str, counts: bool
) -> None:
    assert Exit(category, kind, dt.timedelta(days=days), hours * 3600).counts is counts


def test_rates_are_of_all_exits_that_count() -> None:
    long = dt.timedelta(days=100)
    found = outcomes(Exit(one, "ei", long, 7200) for one in ("durable", "transition", "other", "", "withdrawn"))
    assert (found.total, found.of("durable"), found.percent("durable"), found.percent(*DYNAMIC)) == (4, 1, 25, 50)
    assert outcomes([]).percent("durable") == 0


def test_the_deadlines_say_how_pathways_ended(team: Team, client: Client) -> None:
    with time_machine.travel(NOW - dt.timedelta(days=3), tick=False):
        worked = Said("work", NOW - dt.timedelta(days=4, hours=3), NOW - dt.timedelta(days=4))
        add_entry(team.amina, worked, by=team.supervisor)
    leave(team, situation=Situation.OPEN_ENDED)
    by = adviser_of(team)

    def counted() -> tuple[int, int]:
        found = outcomes_of(by, TODAY - dt.timedelta(days=365), TODAY, today=TODAY)
        return found.total, found.percent(*DYNAMIC)

    # Still under contract.
    assert counted() == (0, 0)
    team.amina.contracts.update(starts_on=TODAY - dt.timedelta(days=200), ends_on=LEFT_ON)
    assert counted() == (1, 100)
    client.force_login(team.world.users["social_adviser"])
    assert "1, soit 100" in client.get(reverse("workers:deadlines")).content.decode()
    assert outcomes_of(team.dispatcher, TODAY - dt.timedelta(days=365), TODAY, today=TODAY).total == 0


def test_exits_of_1_and_3_people_take_as_many_queries(team: Team, client: Client) -> None:
    adviser_of(team)
    by = team.world.actor(Role.SITE_MANAGER)

    def queries() -> int:
        client.force_login(team.world.users["social_adviser"])
        found = 0
        for address in (reverse("workers:deadlines"), reverse("workers:pass", args=[team.amina.public_id])):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address, {"of": "all", "months": "12"}).status_code == 200
            found += len(captured)
        return found

    leave(team)
    one = queries()
    for trainee in (team.bilal, team.chloe):
        leave_team(trainee, last_on=LEFT_ON, by=by)
    return_to_team(team.amina, by=by)
    leave(team)
    # Of nobody who is still there contracts are looked at: one less.
    assert queries() == one - 1
