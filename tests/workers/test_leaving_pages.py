"""Pages of somebody who leaves: what follows is read before it is written; the list of those who have left (R43)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import reverse
from django.utils.translation import override

from concierge.enums import Role
from concierge.models import Site
from tests.workers.conftest import LEFT_ON, NOW, Team, at
from tests.workers.pathways import adviser_of
from workers.actions.absences import note_absence
from workers.actions.appointments import AppointmentDetails, plan_appointment
from workers.actions.dispatch import assign_work_order
from workers.actions.leaving import leave_team
from workers.actions.time import clock_in
from workers.actions.weeks import fill_week, publish_week
from workers.enums import TimeKind
from workers.enums.passes import AppointmentKind
from workers.models import Assignment, TimeEntry, Trainee, WorkWeek
from workers.rules.candidates import WARNINGS
from workers.views.pathway import told

pytestmark = pytest.mark.promise("domain R43")


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(team: Team, role: str) -> Client:
    browser = Client()
    browser.force_login(team.world.users[role])
    return browser


@pytest.fixture
def manager(team: Team) -> Client:
    return signed_in(team, Role.SITE_MANAGER)


def day(place: int) -> dt.date:
    return NOW.date() + dt.timedelta(days=place)


def url(name: str, trainee: Trainee) -> str:
    return reverse(f"workers:{name}", args=[trainee.public_id])


def text_of(answer: Any) -> str:
    text: str = answer.content.decode()
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in text
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def give(team: Team, place: int, hour: int = 10) -> Assignment:
    return assign_work_order(
        team.work(starts=at(hour - 1, days=place)),
        team.amina,
        starts_at=at(hour, days=place),
        by=team.dispatcher,
        accepted_warnings=WARNINGS,
    )


def test_what_follows_is_read_before_it_is_written(team: Team, manager: Client) -> None:
    by = adviser_of(team)
    give(team, 2)
    give(team, 7)
    note_absence(team.amina, starts_on=day(8), ends_on=day(9), by=by)
    plan_appointment(team.amina, AppointmentDetails(at(9, days=10), AppointmentKind.FOLLOW_UP), by=by)
    overview = text_of(manager.get(url("trainee", team.amina)))
    assert url("leave", team.amina) in overview
    text = text_of(manager.get(url("leave", team.amina), {"last_on": str(day(4))}))
    for said in (
        "jusqu’à la fin du vendredi 27 novembre 2026",
        "Un travail est à confier à quelqu’un d’autre",
        "lun 30 nov., 10:00 – 10:45",
        "1 absence",
        "sa page personnelle ne s’ouvre plus",
        "Le contrat avec Employeur EI court jusqu’au 31 août 2027",
    ):
        assert said in text, said
    # How many appointments stay is said to everybody, what for to nobody here.
    assert "1 rendez-vous d’accompagnement reste prévu" in text
    assert "Gardé jusqu’au 27 novembre 2028 au moins" in text
    assert Trainee.objects.filter(last_on=None).count() == 3
    answer = manager.post(url("leave", team.amina), {"last_on": str(day(4))}, follow=True)
    text = text_of(answer)
    assert "Amina quitte l’équipe : dernier jour vendredi 27 novembre." in text
    assert "Quitte l’équipe : dernier jour vendredi 27 novembre 2026" in text
    assert url("undo-leave", team.amina) in text
    assert f'href="{url("leave", team.amina)}"' not in text
    # The page of the day says so in the list too, and its address leads back.
    assert "dernier jour 27 nov. 2026" in text_of(manager.get(reverse("workers:trainees")))
    assert manager.get(url("leave", team.amina)).status_code == 302
    assert manager.post(url("leave", team.amina), {"last_on": str(day(5))}).status_code == 409


def test_a_day_that_cannot_be_is_said_at_its_field(team: Team, manager: Client) -> None:
    for typed, said in (
        ("", "obligatoire"),
        ("31/02/2026", "Écrivez un jour"),
        (str(day(400)), "un an d’aujourd’hui"),
    ):
        refused = manager.post(url("leave", team.amina), {"last_on": typed})
        assert (refused.status_code, said in text_of(refused)) == (422, True), typed
        looked = manager.get(url("leave", team.amina), {"last_on": typed})
        assert (looked.status_code, said in text_of(looked)) == (200, True)
        assert "Confirmer le départ" not in text_of(looked)
    with time_machine.travel(at(9), tick=False):
        clock_in(team.amina, kind=TimeKind.TRAINING, by=team.themself(team.amina))
        TimeEntry.objects.update(starts_on=LEFT_ON, ends_on=LEFT_ON)
    with time_machine.travel(at(10), tick=False):
        page = text_of(manager.get(url("leave", team.amina), {"last_on": str(LEFT_ON)}))
        assert ("Son pointage est encore en cours" in page, "Confirmer le départ" in page) == (True, False)
        refused = manager.post(url("leave", team.amina), {"last_on": str(LEFT_ON)})
        assert (refused.status_code, "Son pointage est encore en cours" in text_of(refused)) == (409, True)


def test_who_has_left_is_in_a_list_of_their_own_and_comes_back(team: Team, manager: Client) -> None:
    leave_team(team.amina, last_on=LEFT_ON, by=team.world.actor(Role.SITE_MANAGER))
    listed = reverse("workers:trainees")
    assert "Amina" not in text_of(manager.get(listed))
    former = text_of(manager.get(listed, {"state": "left"}))
    assert ("Amina Diallo" in former, "Bilal" in former, "20 nov. 2026" in former) == (True, False, True)
    page = text_of(manager.get(url("trainee", team.amina)))
    assert "A quitté l’équipe : dernier jour vendredi 20 novembre 2026" in page
    assert "Le dossier est gardé jusqu’au 20 novembre 2028" in page
    with override_settings(KEEP_DAYS={**settings.KEEP_DAYS, "former_files": 1096}):
        assert "Le dossier est gardé jusqu’au 20 novembre 2029" in text_of(manager.get(url("trainee", team.amina)))
    assert "Un contrat est encore en cours" in page
    assert url("absence", team.amina) not in page
    with time_machine.travel(NOW + dt.timedelta(minutes=6), tick=False):
        assert url("undo-leave", team.amina) not in text_of(manager.get(url("trainee", team.amina)))
        # Others read that, and change nothing.
        others = text_of(signed_in(team, Role.SUPERVISOR).get(url("trainee", team.amina)))
        assert ("A quitté l’équipe" in others, url("come-back", team.amina) in others) == (True, False)
        answer = manager.post(url("come-back", team.amina), follow=True)
        assert "Amina est de nouveau dans l’équipe." in text_of(answer)
        assert "Cette personne est dans l’équipe" in text_of(manager.post(url("come-back", team.amina), follow=True))


def test_a_mistake_is_undone_on_the_page(team: Team, manager: Client) -> None:
    give(team, 2)
    answer = manager.post(url("leave", team.amina), {"last_on": str(LEFT_ON)}, follow=True)
    assert "Amina n’est plus dans l’équipe." in text_of(answer)
    answer = manager.post(url("undo-leave", team.amina), follow=True)
    assert "Annulé : Amina est dans l’équipe comme avant." in text_of(answer)
    assert Assignment.objects.occupying().filter(trainee=team.amina).count() == 1
    answer = manager.post(url("undo-leave", team.amina), follow=True)
    assert "Ce n’est plus annulable" in text_of(answer)


def test_the_person_reads_their_last_day_on_their_week(team: Team) -> None:
    trainee = signed_in(team, Role.TRAINEE)
    address = reverse("workers:my_week")
    assert "dernier jour" not in text_of(trainee.get(address))
    fill_week(team.world.site, NOW.date(), by=team.supervisor)
    leave_team(team.amina, last_on=day(2), by=team.world.actor(Role.SITE_MANAGER))
    week = WorkWeek.objects.get(monday=NOW.date())
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    text = text_of(trainee.get(address))
    assert "Votre dernier jour dans l’équipe" in text
    assert "Mercredi 25 novembre" in text
    assert text.count("Vous n’êtes plus dans l’équipe") == 4


def test_somebody_elsewhere_finds_nobody(team: Team) -> None:
    """A person of another site is not theirs to let go."""
    far = signed_in(team, Role.SITE_MANAGER)
    elsewhere = Site.objects.create(
        organisation=team.world.organisation,
        name="Ailleurs",
        slug="ailleurs",
        street="1 rue A",
        postcode="21000",
        city="Dijon",
        latitude="47.3",
        longitude="5.0",
    )
    Trainee.objects.filter(pk=team.amina.pk).update(site=elsewhere)
    team.world.users[Role.SITE_MANAGER].memberships.update(site=team.world.site)
    for name in ("leave", "come-back", "undo-leave"):
        assert far.post(url(name, team.amina), {"last_on": str(LEFT_ON)}).status_code == 404


def test_one_and_three_pieces_cost_the_same(team: Team, manager: Client) -> None:
    page = url("leave", team.amina)
    give(team, 7)
    manager.get(page, {"last_on": str(day(4))})
    with CaptureQueriesContext(connection) as one:
        assert manager.get(page, {"last_on": str(day(4))}).status_code == 200
    give(team, 8)
    give(team, 9)
    note_absence(team.amina, starts_on=day(20), ends_on=day(20), by=team.supervisor)
    with CaptureQueriesContext(connection) as three:
        assert manager.get(page, {"last_on": str(day(4))}).status_code == 200
    assert len(one) == len(three)


def test_who_has_left_gets_no_message_of_an_appointment_and_that_is_said(team: Team) -> None:
    leave_team(team.amina, last_on=LEFT_ON, by=team.world.actor(Role.SITE_MANAGER))
    with override("fr"):
        said = told(Trainee.objects.get(pk=team.amina.pk), "C’est noté.").replace("\u00a0", " ").replace("\u202f", " ")
    assert said == "C’est noté. Amina a quitté l’équipe et ne reçoit pas de message : prévenez cette personne."
