"""Days of the team side in a real browser: a dispatcher's morning, a supervisor's evening, an adviser's week."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import expect

from concierge import tenancy
from tests.e2e.conftest import Screen, sign_in
from tests.employing import employ
from tests.workers.conftest import NOW, Team, at, build_team
from tests.workers.pathways import adviser_of, pass_of
from tests.world import World
from workers.actions.appointments import AppointmentDetails, plan_appointment
from workers.actions.dispatch import assign_work_order
from workers.actions.people import create_trainee, set_availability, set_skill
from workers.actions.work import finish_assignment, start_assignment
from workers.enums import QUESTIONS, SkillLevel
from workers.enums.passes import AppointmentKind
from workers.models import Absence, Assignment, LearningSituation, TimeEntry, Trainee
from workers.rules.candidates import WARNINGS

pytestmark = pytest.mark.browser
MONDAY = "2026-11-23"
WEEKDAYS = [(weekday, start, end) for weekday in range(5) for start, end in ((dt.time(9), dt.time(17)),)]


@pytest.fixture
def team(live_world: World) -> Iterator[Team]:
    """Monday at eight. Four people: two more who iron alone, beside Amina and Bilal."""
    with time_machine.travel(NOW, tick=True), tenancy.working_for(live_world.organisation):
        yield build_team(live_world)


def joins(team: Team, name: str) -> Trainee:
    """Somebody who irons alone, whole days."""
    by = team.world.actor()
    person = create_trainee(
        site=team.world.site, first_name=name, last_name="Petit", supervisor=team.world.users["supervisor"], by=by
    )
    employ(person, starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2027, 8, 31), weekly_minutes=30 * 60)
    set_availability(person, hours=WEEKDAYS, by=by)
    set_skill(person, rome_code="H2410", level=SkillLevel.AUTONOMOUS, by=by)
    return person


def given(team: Team, person: Trainee, *hours: int) -> list[Assignment]:
    return [
        assign_work_order(team.work(), person, starts_at=at(hour), by=team.dispatcher, accepted_warnings=WARNINGS)
        for hour in hours
    ]


def held_by(person: Trainee) -> int:
    return Assignment.objects.occupying().filter(trainee=person).count()


@pytest.mark.promise("domain R14")
@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_a_dispatchers_morning(team: Team, screen: Screen, client: Client) -> None:
    """Two are ill, three new requests came in over night, one whole day goes to others."""
    david, esra, farid = (joins(team, name) for name in ("David", "Esra", "Farid"))
    given(team, david, 9, 11, 14)
    given(team, team.amina, 10)
    given(team, farid, 15)
    new = [team.work(starts=at(9)) for _ in range(3)]
    sign_in(screen, client, team.world.users["dispatcher"])
    # David calls at eight, then Amina: their work goes to those who are there.
    for person in (david, team.amina):
        page = screen.open(f"/equipe/{person.public_id}/")
        page.locator("#id_starts_on").fill(MONDAY)
        page.locator("#id_ends_on").fill("2026-11-25")
        page.locator("form[action$='/absence/'] button").click()
        page.wait_for_load_state()
        screen.check()
        screen.shot(f"morning-absent-{person.first_name.lower()}")
    for person, pieces in ((david, 3), (team.amina, 1)):
        page = screen.open("/absences/")
        screen.shot("morning-absences")
        page.get_by_role("link", name=person.first_name).click()
        page.wait_for_load_state()
        page.locator("a[href*='/remplacer/']").first.click()
        page.wait_for_load_state()
        expect(page.locator(".replace-line")).to_have_count(pieces)
        screen.check()
        screen.shot(f"morning-replace-{person.first_name.lower()}")
        page.locator("main form[method=post] button").last.click()
        page.wait_for_load_state()
        assert held_by(person) == 0
    assert Absence.objects.count() == 2
    # Three new requests: who can take each, why not the others, one press.
    for order in new:
        page = screen.open(f"/affectations/?day={MONDAY}&work={order.public_id}")
        screen.shot("morning-who")
        assert page.get_by_text("David", exact=False).count() >= 1
        page.locator("form[action$='/donner/'] button").first.click()
        expect(page.locator("#board")).to_contain_text("confié à")
        assert Assignment.objects.occupying().filter(work_order=order).count() == 1
    page = screen.open(f"/affectations/?day={MONDAY}")
    screen.shot("morning-board")
    assert Assignment.objects.occupying().count() == 8
    assert held_by(esra) + held_by(farid) + held_by(team.bilal) == 8


@pytest.mark.promise("domain R20", "domain R25")
def test_a_supervisors_evening(team: Team, screen: Screen, client: Client) -> None:
    """Monday evening: what is right in one go, what is not looked at, a word for what was seen."""
    works = given(team, team.amina, 10, 14) + given(team, team.bilal, 10)
    for work in works:
        person, minutes = work.trainee, 45 if work.planned_start.hour == works[0].planned_start.hour else 110
        with time_machine.travel(work.planned_start, tick=False):
            start_assignment(work, by=team.themself(person))
        with time_machine.travel(work.planned_start + dt.timedelta(minutes=minutes), tick=False):
            finish_assignment(work, by=team.themself(person))
    assert QUESTIONS
    with time_machine.travel(at(18), tick=True):
        sign_in(screen, client, team.world.users["supervisor"])
        page = screen.open(f"/heures/?jour={MONDAY}")
        screen.shot("evening-hours")
        page.locator("button[name=all]").click()
        page.wait_for_load_state()
        screen.check()
        # The long one is left: he looks at it, says what he saw, and validates.
        assert TimeEntry.objects.to_validate().count() == 1
        card = page.locator(f"#p-{team.amina.public_id}")
        card.locator("input[name=entry]").check()
        card.get_by_text("Dire ce que vous avez vu").first.click()
        card.locator("select[name^=level_seen]").first.select_option("autonomous")
        card.locator("input[name^=comment]").first.fill("Plis nets, sans aide.")
        for box in card.locator("input[name=work]").all():
            box.check()
        card.locator(f"button[form='v-{team.amina.public_id}']").click()
        page.wait_for_load_state()
        assert TimeEntry.objects.to_validate().count() == 0
        page.locator("button[name=all_work]").click()
        page.wait_for_load_state()
        assert not LearningSituation.objects.filter(validated_at=None).exists()
        expect(page.locator("main")).to_contain_text("tous les jours affichés sont réglés")
        screen.check()
        screen.shot("evening-settled")


@pytest.mark.promise("domain R22", "domain R23")
@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_an_advisers_week(team: Team, screen: Screen, client: Client) -> None:
    """What slips in the months to come, from the nearest on; an appointment is planned and its outcome written."""
    by = adviser_of(team)
    pass_of(team)
    plan_appointment(team.amina, AppointmentDetails(at(10, days=2), AppointmentKind.FOLLOW_UP, "Bureau 2"), by=by)
    sign_in(screen, client, team.world.users["social_adviser"])
    page = screen.open("/parcours/echeances/?of=all&months=12")
    screen.shot("week-deadlines")
    for word in ("Amina", "Bilal", "contrat"):
        expect(page.locator("main")).to_contain_text(word)
    page.get_by_role("link", name="Bilal").first.click()
    page.wait_for_load_state()
    screen.check()
    screen.shot("week-file")
    page = screen.open(f"/equipe/{team.amina.public_id}/pass/")
    screen.shot("week-pass")
    expect(page.locator("main")).to_contain_text("Bureau 2")
