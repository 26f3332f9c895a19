"""Hours in a real browser: the person's telephone, the supervisor's list, the accounts' month."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from concierge import tenancy
from tests.e2e.conftest import Screen, sign_in
from tests.workers.conftest import Team, at, build_team
from tests.world import World
from workers.actions import time as clock
from workers.actions.hours import Said, add_entry, contest_entries
from workers.actions.notes import write_note
from workers.enums import TimeKind
from workers.models import TimeEntry

pytestmark = pytest.mark.browser


@pytest.fixture
def team(live_world: World) -> Iterator[Team]:
    """A Tuesday morning after a Monday that somebody contests and somebody else forgot."""
    with time_machine.travel(at(18), tick=True), tenancy.working_for(live_world.organisation):
        team = build_team(live_world)
        for person, hours in ((team.amina, (9, 11, 14)), (team.bilal, (9,))):
            by = team.themself(person)
            for hour in hours:
                clock.clock_in(person, kind=TimeKind.WORK, by=by, act_at=at(hour))
                clock.clock_out(person, by=by, act_at=at(hour + 1, 30))
        first = TimeEntry.objects.order_by("pk")[:1]
        contest_entries(list(first), by=team.themself(team.amina), note="J’ai fini à 11 h")
        write_note(team.amina, "Accueille les clientes avec aisance.", by=team.supervisor)
        add_entry(team.amina, Said("paid_leave", day=at(9, days=-3).date(), minutes=450), by=team.supervisor)
    with time_machine.travel(at(9, days=1), tick=True):
        yield team


def test_a_team_s_monday_is_settled(team: Team, screen: Screen, client: Client) -> None:
    world = team.world
    sign_in(screen, client, world.users["trainee"])
    page = screen.open("/ma-journee/")
    page.locator("summary", has_text="Je fais autre chose").click()
    page.get_by_role("button", name="Formation").click()
    screen.check()
    screen.shot("hours-day")
    screen.open("/mes-heures/")
    screen.shot("hours-mine")
    page.get_by_role("button", name="Tout est juste").click()
    screen.check()
    screen.open("/mes-notes/")
    sign_in(screen, client, world.users["supervisor"])
    screen.open("/heures/?semaine=2026-11-23")
    screen.shot("hours-list")
    page.get_by_role("button", name="sans remarque").click()
    expect(page.get_by_role("button", name="Annuler")).to_be_visible()
    screen.check()
    with tenancy.working_for(world.organisation):
        entry = TimeEntry.objects.filter(trainee=team.amina, kind="work").order_by("pk").first()
        assert entry is not None
        assert entry.validated_at is not None
    screen.open(reverse("workers:entry", args=[entry.public_id]))
    screen.shot("hours-entry")
    screen.open(reverse("workers:notes", args=[team.amina.public_id]))
    screen.shot("hours-notes")
    sign_in(screen, client, world.users["accountant"])
    screen.open("/heures/mois/")
    screen.shot("hours-months")
    screen.open(reverse("workers:person_month", args=[team.amina.public_id]))
    screen.shot("hours-person")
