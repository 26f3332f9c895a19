"""Days of regular requests that failed are the team's turn: listed, counted, in the mail of the day until mended."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.actions import recurrence_days
from bookings.actions.silences import plan_digests
from bookings.api import waits
from bookings.models import Client, Occurrence, ServiceAtSite
from bookings.models.silences import silent_at
from bookings.views import failed_days
from concierge import deadlines
from concierge.models import Event, Membership, Site
from notifications.models import Message
from tests.bookings.conftest import at
from tests.bookings.test_api import Api
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_recurrences import begin, sweep
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


@pytest.fixture
def desk(world: World) -> Browser:
    browser = Browser()
    browser.force_login(world.users["concierge"])
    return browser


def fail(world: World, **changes: Any) -> list[Occurrence]:
    """Two days that could not be booked."""
    ServiceAtSite.objects.filter(service=world.ironing).update(is_offered=True)
    series = begin(world, **changes)
    ServiceAtSite.objects.filter(service=world.ironing).update(is_offered=False)
    sweep(world)
    return list(series.occurrences.troubled().order_by("due_on"))


def test_the_team_finds_them_among_who_is_silent_until_they_are_mended(world: World, desk: Browser) -> None:
    assert "jours de demandes régulières" not in shown(desk.get("/silences/")).lower()
    days = fail(world)
    assert "2 jours de demandes régulières n’ont pas pu être réservés." in shown(desk.get("/silences/compte/"))
    page = shown(desk.get("/silences/"))
    assert [page.count(said) for said in ("Chemises du lundi", "Lundi 30 novembre à 10:00", "Camille Roux")] == [
        2,
        1,
        2,
    ]
    assert page.count("Un des services n’est plus proposé ici. Choisissez de nouveau.") == 2
    assert page.count("Modifiez la commande à partir de ce jour") == 2
    assert f'href="/regulieres/{days[0].recurrence.public_id}/"' in page
    assert ["Chemises du lundi" in shown(desk.get(f"/silences/?ball={ball}")) for ball in ("team", "client")] == [
        True,
        False,
    ]
    recurrence_days.skip_occurrence(days[0], by=world.actor())
    assert "1 jour d’une demande régulière n’a pas pu être réservé." in shown(desk.get("/silences/compte/"))
    recurrence_days.skip_occurrence(days[1], by=world.actor())
    assert shown(desk.get("/silences/compte/")).strip() == ""


def test_the_api_tells_them_with_who_is_silent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Api(world.api_key()).get("/api/v1/silences").json()["failed_days"] == []
    days = fail(world)
    found = Api(world.api_key()).get("/api/v1/silences").json()
    series = days[0].recurrence
    assert [one.pop("id") for one in found["failed_days"]] == [str(day.public_id) for day in days]
    assert (found["results"], found["has_more_failed_days"]) == ([], False)
    assert found["failed_days"][0] == {
        "recurrence": str(series.public_id),
        "due_on": "2026-11-30",
        "starts_at": "2026-11-30T09:00:00Z",
        "status": "failed",
        "reason_code": "bad_order",
        "reason": "Un des services n’est plus proposé ici. Choisissez de nouveau.",
        "service_request": None,
        "name": "Chemises du lundi",
        "site": str(world.site.public_id),
        "client": str(world.client.public_id),
    }
    monkeypatch.setattr(waits, "MOST_DAYS", 1)
    first = Api(world.api_key()).get("/api/v1/silences").json()
    assert ([one["id"] for one in first["failed_days"]], first["has_more_failed_days"]) == (
        [str(days[0].public_id)],
        True,
    )
    assert Api(world.api_key(provider_id=7)).get("/api/v1/silences").json()["failed_days"] == []
    recurrence_days.skip_occurrence(days[0], by=world.actor())
    left = Api(world.api_key()).get("/api/v1/silences").json()
    assert ([one["id"] for one in left["failed_days"]], left["has_more_failed_days"]) == (
        [str(days[1].public_id)],
        False,
    )


def test_the_api_tells_them_once_and_flat(world: World) -> None:
    api, counts = Api(world.api_key()), []
    for number in (1, 3):
        while Occurrence.objects.troubled().count() < 2 * number:
            fail(world)
        api.get("/api/v1/silences")
        with CaptureQueriesContext(connection) as asked:
            assert len(api.get("/api/v1/silences").json()["failed_days"]) == 2 * number
        counts.append(len(asked))
    assert counts[0] == counts[1]
    for _n in range(2):
        world.request(world.ironing, promised_start=at(10, 9))
    first = api.get("/api/v1/silences?page_size=1").json()
    assert len(first["failed_days"]) == 6
    second = api.get(first["next"].replace("http://testserver", "")).json()
    assert (len(second["results"]), second["failed_days"], second["has_more_failed_days"]) == (1, [], False)


@pytest.mark.promise("S01")
def test_a_far_desk_and_another_organisation_see_none(world: World, other_world: World, desk: Browser) -> None:
    fail(world)
    far = Site.objects.create(
        organisation=world.organisation,
        name="Loin",
        slug="loin",
        street="1 rue Loin",
        postcode="21200",
        city="Beaune",
        latitude=47,
        longitude=4,
    )
    Membership.objects.filter(user=world.users["concierge"]).update(site=far)
    there = Browser(headers={"host": other_world.host})
    there.force_login(other_world.users["dispatcher"])
    for browser in (desk, there):
        assert "Chemises du lundi" not in shown(browser.get("/silences/"))
        assert shown(browser.get("/silences/compte/")).strip() == ""


def test_the_list_is_flat_and_ends_somewhere(world: World, desk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    for number in (1, 3):
        while Occurrence.objects.troubled().count() < 2 * number:
            fail(world)
        desk.get("/silences/")
        with CaptureQueriesContext(connection) as asked:
            assert shown(desk.get("/silences/")).count("Chemises du lundi") == 2 * number
        counts.append(len(asked))
    assert counts[0] == counts[1]
    monkeypatch.setattr(failed_days, "MOST_SHOWN", 4)
    page = shown(desk.get("/silences/"))
    assert (page.count("Chemises du lundi"), "/regulieres/?status=failed" in page) == (4, True)


def test_the_mail_of_the_day_counts_them(world: World, monday: Any) -> None:
    fail(world)
    assert silent_at(world.site, now=timezone.now()) == [("Jours de demandes régulières à régler", 2)]
    plan_digests(timezone.now())
    monday.move_to(at(24, 7, 31))
    deadlines.sweep(world.organisation.pk)
    settle()
    assert Event.objects.filter(name="silence.reported").count() == 1
    assert Message.objects.filter(kind="silence.reported").count() == 2


def test_the_client_is_told_at_the_address_that_is_kept(world: World) -> None:
    kept = Client.objects.create(
        organisation=world.organisation, first_name="Camille", last_name="Roux", email="c.roux@example.fr"
    )
    Client.objects.filter(pk=world.client.pk).update(merged_into=kept)
    fail(world)
    settle()
    told = Message.objects.filter(kind="occurrence.failed").order_by("pk").values_list("address", flat=True)
    assert list(told) == ["c.roux@example.fr"] * 2


# --- the form of a pause ----------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "field", "said"),
    [
        ("2026-12-20", "2026-12-19", "last", "Le dernier jour ne peut pas être avant le premier."),
        ("2026-12-20", "2028-02-01", "last", "Une pause dure 400 jours au plus."),
        ("2028-01-01", "2028-01-02", "first", "Une pause commence dans l’année."),
        ("2026-11-02", "2026-11-08", "last", "Ce jour est passé"),
        ("2026-12-20", "demain", "last", "Saisissez une date valide."),
    ],
)
def test_a_pause_that_makes_no_sense_stands_at_its_field_with_what_was_typed(
    world: World, desk: Browser, first: str, last: str, field: str, said: str
) -> None:
    """It was once thrown away, and a pause that is too long was said to end before it begins."""
    found = begin(world)
    sweep(world)
    request = found.occurrences.order_by("due_on")[0].request
    assert request is not None
    typed = {"verb": "pause", "first": first, "last": last}
    for browser, path in (
        (desk, f"/regulieres/{found.public_id}/pause/"),
        (Browser(), f"/suivi/{request.tracking_token}/serie/"),
    ):
        page = shown(browser.post(path, typed), 422)
        at_field = page.split(f'id="id_{field}_error"')[1].split("</ul>")[0]
        assert (said in at_field, [f'value="{day}"' in page for day in (first, last)]) == (True, [True, True])
    found.refresh_from_db()
    assert (found.status, found.paused_from) == ("active", None)
