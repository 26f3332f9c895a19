"""A client's own space: their details, and the people they book for (R2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import own_space
from bookings.actions.beneficiaries import Beneficiary
from bookings.actions.clients import ClientDetails
from bookings.actions.own_space import add_helped, change_helped, change_own_details, stop_helped
from bookings.models import Client, HelpedPerson, ServiceRequest
from concierge.errors import Conflict, Invalid, NotAllowed, TooManyAttempts
from concierge.middleware import actor_of
from concierge.models import Event, User
from concierge.tenancy import Actor
from tests.bookings.conftest import at
from tests.bookings.test_booking_pages import Path, shown
from tests.bookings.test_races import race, real_world  # noqa: F401 - a fixture
from tests.world import World

pytestmark = [pytest.mark.django_db]
Book = Callable[..., ServiceRequest]
ME = {"first_name": "Camille", "last_name": "Roux", "language": "fr"}


@pytest.fixture
def camille(world: World) -> Actor:
    """The client of the small world, signed in."""
    user = User.objects.create_user(world.client.email)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return actor_of(user, world.organisation)


@pytest.fixture
def web(client: Browser, camille: Actor) -> Browser:
    """Their browser."""
    assert camille.user is not None
    client.force_login(camille.user)
    return client


def person(**changes: str) -> ClientDetails:
    """Somebody a client books for."""
    given: dict[str, Any] = {"first_name": "Jeanne", "last_name": "Roux", "phone": "03 80 50 50 50", **changes}
    return ClientDetails(**given)


# --- my details ----------------------------------------


@pytest.mark.promise("domain R2")
def test_a_client_changes_their_details_and_what_is_booked_stays(world: World, web: Browser, camille: Actor) -> None:
    booked = world.request()
    page = shown(web.get("/mon-espace/"))
    assert ('value="Camille"' in page, world.client.email in page) == (True, True)
    typed = {**ME, "last_name": "Roux-Petit", "phone": "06 98 76 54 32", "street": "2 rue X", "postcode": "21000"}
    answer = web.post("/mon-espace/", {**typed, "city": "Dijon", "language": "en"})
    assert answer.headers["Location"] == "/mon-espace/"
    world.client.refresh_from_db()
    me = world.client
    assert (me.last_name, str(me.phone.as_e164), me.city, me.language) == ("Roux-Petit", "+33698765432", "Dijon", "en")
    booked.refresh_from_db()
    assert booked.contact_name == "Camille Roux"
    assert Event.objects.get(name="client.changed").data == {"fields": ["last_name", "phone", "language", "street"]}
    web.post("/mon-espace/", {**typed, "city": "Dijon", "language": "en"})
    assert Event.objects.filter(name="client.changed").count() == 1


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"last_name": ""}, "2 rue X"),
        ({"phone": "12"}, 'value="12"'),
        ({"postcode": "2100"}, 'value="2100"'),
        ({"language": "de"}, "2 rue X"),
        ({"email": "autre@example.fr"}, "2 rue X"),
        ({"first_name": "x" * 81}, "x" * 81),
    ],
)
def test_what_is_wrong_is_said_and_kept(world: World, web: Browser, changes: dict[str, str], kept: str) -> None:
    before = Client.objects.filter(pk=world.client.pk).values().get()
    assert kept in shown(web.post("/mon-espace/", {**ME, "street": "2 rue X", **changes}), 422)
    assert Client.objects.filter(pk=world.client.pk).values().get() == before


@pytest.mark.promise("S14")
def test_only_a_proved_address_is_written_to(world: World, web: Browser, camille: Actor) -> None:
    other = EmailAddress.objects.create(user=camille.user, email="roux@example.org", verified=False)
    with pytest.raises(Invalid):
        change_own_details(world.client, ClientDetails("C", "R", email="Roux@example.org"), by=camille)
    assert "roux@example.org" not in shown(web.get("/mon-espace/"))
    other.verified = True
    other.save()
    assert "roux@example.org" in shown(web.get("/mon-espace/"))
    assert web.post("/mon-espace/", {**ME, "email": "roux@example.org"}).status_code == 302
    world.client.refresh_from_db()
    assert world.client.email == "roux@example.org"
    Client.objects.create(organisation=world.organisation, first_name="A", last_name="B", email="taken@example.org")
    EmailAddress.objects.create(user=camille.user, email="taken@example.org", verified=True)
    assert "roux@example.org" in shown(web.post("/mon-espace/", {**ME, "email": "taken@example.org"}), 409)


@pytest.mark.promise("S06")
def test_nobody_changes_somebody_elses_details(world: World, camille: Actor) -> None:
    other = Client.objects.create(organisation=world.organisation, first_name="A", last_name="B", email="a@example.org")
    for by in (camille, world.actor("network_head"), Actor("link", world.organisation, client_id=other.pk)):
        with pytest.raises(NotAllowed):
            change_own_details(other, ClientDetails("X", "Y", email=other.email), by=by)


# --- people I book for ----------------------------------------


@pytest.mark.promise("domain R2")
@pytest.mark.usefixtures("monday")
def test_somebody_on_the_list_is_chosen_while_booking_and_stays_one_person(world: World, web: Browser) -> None:
    typed = {"first_name": "Jeanne", "last_name": "Roux", "phone": "03 80 50 50 50"}
    assert "Ajouter" in shown(web.get("/mon-espace/proches/"))
    assert web.post("/mon-espace/proches/ajouter/", typed).headers["Location"] == "/mon-espace/proches/"
    listed = HelpedPerson.objects.get()
    assert "03 80 50 50 50" in shown(web.get("/mon-espace/proches/"))
    path = Path(world, web)
    for moment in (at(24, 10), at(24, 11)):
        path.services(world.ironing)
        path.details(5, 0)
        path.slot(moment)
        page = shown(path.get(f"pour-qui/?person={listed.public_id}"))
        assert 'value="Jeanne"' in page
        assert path.post("pour-qui/", **typed).status_code == 302
        assert path.contact(email=world.client.email, first_name="Camille", last_name="Roux").status_code == 302
        assert path.review().status_code == 302
    made = list(ServiceRequest.objects.order_by("pk"))
    listed.refresh_from_db()
    assert [one.beneficiary for one in made] == [listed.person, listed.person]
    assert HelpedPerson.objects.count() == 1


@pytest.mark.usefixtures("monday")
def test_whoever_is_booked_for_comes_on_the_list_and_leaves_it(world: World, book: Book) -> None:
    stranger = Actor(kind="anonymous", organisation=world.organisation)
    mother = Beneficiary("Jeanne", "Garnier", phone="03 80 50 50 50")
    first = book(by=stranger, beneficiary=mother)
    listed = HelpedPerson.objects.of(first.client_id).get()
    assert (str(listed), listed.phone, listed.person) == ("Jeanne Garnier", "+33380505050", first.beneficiary)
    stop_helped(listed, by=stranger)
    stop_helped(listed, by=stranger)
    assert (
        HelpedPerson.objects.of(first.client_id).count(),
        Event.objects.filter(name__contains="removed").count(),
    ) == (
        0,
        1,
    )
    again = book(by=stranger, beneficiary=mother, starts_at=at(24, 11))
    assert again.beneficiary == first.beneficiary
    assert HelpedPerson.objects.of(first.client_id).get() != listed


@pytest.mark.promise("S14")
@pytest.mark.usefixtures("monday")
def test_the_list_tells_nothing_of_a_known_persons_record(world: World, book: Book) -> None:
    """The desk knows Camille by her address; whoever asked for her reads what they said, not where she lives."""
    Client.objects.filter(pk=world.client.pk).update(street="9 rue Secrète", postcode="21000", city="Dijon")
    other = Beneficiary("Camille", "R.", email=world.client.email)
    made = book(by=world.actor("concierge"), beneficiary=other)
    assert made.beneficiary == world.client
    listed = HelpedPerson.objects.of(made.client_id).get()
    assert (str(listed), listed.street, listed.phone) == ("Camille R.", "", "")


def test_a_corrected_name_corrects_the_record_that_is_theirs_alone(world: World, camille: Actor) -> None:
    listed = add_helped(world.client, person(phone=""), by=camille)
    made = Client.objects.create(organisation=world.organisation, first_name="Jeanne", last_name="Roux")
    HelpedPerson.objects.filter(pk=listed.pk).update(person=made)
    change_helped(listed, person(first_name="Jane", phone=""), by=camille)
    made.refresh_from_db()
    assert made.first_name == "Jane"
    Client.objects.filter(pk=made.pk).update(email="jane@example.org")
    listed.refresh_from_db()
    change_helped(listed, person(first_name="Jeannette", phone=""), by=camille)
    made.refresh_from_db()
    listed.refresh_from_db()
    assert (made.first_name, listed.first_name) == ("Jane", "Jeannette")


def test_a_list_holds_nobody_twice_and_has_an_end(
    world: World, camille: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = add_helped(world.client, person(), by=camille)
    with pytest.raises(Conflict) as refused:
        add_helped(world.client, person(first_name="JEANNE"), by=camille)
    assert refused.value.field == "last_name"
    other = add_helped(world.client, person(first_name="Paul"), by=camille)
    with pytest.raises(Conflict):
        change_helped(other, person(), by=camille)
    with pytest.raises(Invalid):
        add_helped(world.client, person(last_name=" "), by=camille)
    monkeypatch.setattr(own_space, "MOST_HELPED", 2)
    with pytest.raises(TooManyAttempts):
        add_helped(world.client, person(first_name="Lou"), by=camille)
    stop_helped(listed, by=camille)
    assert str(add_helped(world.client, person(), by=camille)) == "Jeanne Roux"
    with pytest.raises(Conflict):
        change_helped(listed, person(), by=camille)


@pytest.mark.promise("S01")
def test_the_list_of_somebody_else_is_not_there(world: World, web: Browser) -> None:
    other = Client.objects.create(organisation=world.organisation, first_name="A", last_name="B")
    theirs = add_helped(other, person(), by=world.actor())
    page = f"/mon-espace/proches/{theirs.public_id}/"
    assert [web.get(page).status_code, web.post(f"{page}retirer/").status_code] == [404, 404]
    assert "Jeanne" not in shown(web.get("/mon-espace/proches/"))
    assert HelpedPerson.objects.filter(ended_at=None).count() == 1


def test_one_is_changed_and_taken_off_on_the_pages(world: World, web: Browser, camille: Actor) -> None:
    base = f"/mon-espace/proches/{add_helped(world.client, person(), by=camille).public_id}/"
    assert 'value="Jeanne"' in shown(web.get(base))
    assert 'value="zz"' in shown(web.post(base, {"first_name": "J", "last_name": "R", "phone": "zz"}), 422)
    add_helped(world.client, person(first_name="Paul"), by=camille)
    assert "Paul" in shown(web.post(base, {"first_name": "Paul", "last_name": "Roux"}), 409)
    assert web.post(base, {"first_name": "Jane", "last_name": "Roux", "city": "Dijon"}).status_code == 302
    assert "Jane Roux" in shown(web.get("/mon-espace/proches/"))
    assert web.post(f"{base}retirer/").headers["Location"] == "/mon-espace/proches/"
    assert [str(one) for one in HelpedPerson.objects.of(world.client.pk)] == ["Paul Roux"]


def test_the_list_asks_as_much_for_three_as_for_one(world: World, web: Browser, camille: Actor) -> None:
    seen: list[int] = []
    for number in range(3):
        add_helped(world.client, person(first_name=f"J{number}"), by=camille)
        if number in (0, 2):
            with CaptureQueriesContext(connection) as asked:
                assert web.get("/mon-espace/proches/").status_code == 200
            seen.append(len(asked))
    assert seen[0] == seen[1]


@pytest.mark.django_db(transaction=True)
def test_a_full_list_is_full_for_many_at_once(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    world = real_world
    monkeypatch.setattr(own_space, "MOST_HELPED", 3)
    done = race(world, 12, lambda n: add_helped(world.client, person(first_name=f"J{n}"), by=world.actor()))
    assert (done, HelpedPerson.objects.count()) == ({"ok": 3, "too_many_attempts": 9}, 3)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_it_overflows(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The twin: everybody counts before anybody writes."""
    import threading

    world, all_have_counted = real_world, threading.Barrier(4)
    monkeypatch.setattr(own_space, "MOST_HELPED", 1)

    class Slow:
        def count(self) -> int:
            found = HelpedPerson.objects.filter(ended_at=None).count()
            all_have_counted.wait(timeout=10)
            return found

    class Unlocked:
        @staticmethod
        def select_for_update(**_how: Any) -> Any:
            return Client.objects

    monkeypatch.setattr(own_space, "Client", type("Clients", (), {"objects": Unlocked}))
    monkeypatch.setattr(type(HelpedPerson.objects.all()), "of", lambda _self, _client: Slow())
    done = race(world, 4, lambda n: add_helped(world.client, person(first_name=f"J{n}"), by=world.actor()))
    assert (done, HelpedPerson.objects.count()) == ({"ok": 4}, 4)
