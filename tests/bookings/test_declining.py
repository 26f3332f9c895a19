"""A no that helps: the client reads why, and what we propose instead (lifecycles.md 2.1)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from bookings.models import ServiceRequest
from concierge.models import Event
from notifications.actions.writing import write
from notifications.models import Message
from tests.bookings.test_api import Api
from tests.conftest import settle
from tests.world import World

pytestmark = pytest.mark.django_db
WHY = "Personne ne répare la soie près d’ici."
INSTEAD = "L’atelier Fil & Co, rue Musette, le fait.\nNous pouvons y porter la robe jeudi."


@pytest.fixture
def asked(world: World) -> ServiceRequest:
    return world.request(world.ironing, status="submitted")


def test_the_client_reads_why_and_what_instead(world: World, asked: ServiceRequest, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    page = f"/demandes/{asked.public_id}/refuser/"
    assert "Que proposez-vous à la place" in client.get(page).text
    answer = client.post(page, {"reason": WHY, "alternative": INSTEAD}, follow=True)
    assert answer.status_code == 200
    assert "L’atelier Fil &amp; Co" in answer.text
    asked.refresh_from_db()
    assert (asked.status, asked.refusal, asked.alternative) == ("declined", WHY, INSTEAD)
    told = Browser().get(f"/suivi/{asked.tracking_token}/").text
    assert WHY in told
    assert "Ce que nous proposons" in told
    assert "L’atelier Fil &amp; Co" in told
    settle()
    letter = write(Message.objects.get(kind="service_request.declined"))
    assert WHY in letter.text
    assert "L’atelier Fil & Co" in letter.text
    shown = Api(world.api_key()).get(f"/api/v1/service-requests/{asked.public_id}").json()
    assert (shown["refusal"], shown["alternative"]) == (WHY, INSTEAD)
    # Words for one person: they stay in the request and in the letter, no event repeats them.
    assert all(WHY not in str(event.data) for event in Event.objects.all())


def test_a_no_without_a_reason_is_refused_and_what_was_typed_is_kept(
    world: World, asked: ServiceRequest, client: Browser
) -> None:
    client.force_login(world.users["concierge"])
    answer = client.post(f"/demandes/{asked.public_id}/refuser/", {"reason": " ", "alternative": "Jeudi, plutôt"})
    assert answer.status_code == 422
    assert "Jeudi, plutôt" in answer.text
    asked.refresh_from_db()
    assert (asked.status, asked.alternative) == ("submitted", "")


def test_what_was_noted_for_the_team_before_stays_with_the_team(world: World, asked: ServiceRequest) -> None:
    """Reasons of refusals were internal until clients could read them."""
    ServiceRequest.objects.update(status="declined", cancel_reason="Appelle trois fois par jour")
    assert "Appelle trois fois" not in Browser().get(f"/suivi/{asked.tracking_token}/").text
    shown = Api(world.api_key()).get(f"/api/v1/service-requests/{asked.public_id}")
    assert "Appelle trois fois" not in shown.text


def test_a_cancellation_says_nothing_to_the_client_that_was_meant_for_the_team(
    world: World, asked: ServiceRequest, client: Browser
) -> None:
    client.force_login(world.users["concierge"])
    client.post(f"/demandes/{asked.public_id}/annuler/", {"reason": "Appelle trois fois par jour"})
    assert "Appelle trois fois" not in Browser().get(f"/suivi/{asked.tracking_token}/").text
