"""One person under two rows: merged, read together, and taken apart exactly (R2)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import merging
from bookings.actions.clients import accounts_for, clean_details, find_or_create_client
from bookings.actions.merging import NotMergeable, merge_clients, tell_apart, undo_merge
from bookings.models import Client, ClientAccount, ClientMembership, ClientsApart, ServiceRequest
from bookings.models.clients import client_id_of
from concierge.errors import Conflict, Invalid
from concierge.models import Event, User
from concierge.tenancy import Actor
from tests.bookings.conftest import details
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_races import race, real_world  # noqa: F401 - a fixture
from tests.conftest import as_owner
from tests.world import World

pytestmark = pytest.mark.django_db


def client(world: World, first: str = "Camille", last: str = "Roux", **more: Any) -> Client:
    made = Client.objects.create(organisation=world.organisation, first_name=first, last_name=last, **more)
    made.refresh_from_db()
    return made


def everything(*clients: Client) -> list[Any]:
    """All that belongs to some rows, as it is stored."""
    keys = [one.pk for one in clients]
    return [
        list(Client.objects.filter(pk__in=keys).order_by("pk").values()),
        list(ServiceRequest.objects.filter(client__in=keys).order_by("pk").values()),
        list(ClientMembership.objects.filter(client__in=keys).order_by("pk").values()),
    ]


@pytest.mark.promise("domain R2")
def test_both_are_read_together_and_taken_apart_exactly(world: World) -> None:
    keep, other = world.client, client(world, email="c.roux@example.fr")
    account = ClientAccount.objects.create(organisation=world.organisation, name="Mairie")
    ClientMembership.objects.create(organisation=world.organisation, client=other, account=account)
    mine = world.request(world.ironing)
    theirs = world.request(world.cobbler)
    ServiceRequest.objects.filter(pk=theirs.pk).update(client=other)
    before = everything(keep, other)
    merge_clients(keep, other, by=world.actor("concierge"))
    assert merge_clients(keep, other, by=world.actor("concierge")) == keep
    reader = Actor(kind="user", organisation=world.organisation, client_id=keep.pk)
    assert set(ServiceRequest.objects.visible_to(reader)) == {mine, theirs}
    assert [list(accounts_for(world.organisation, email)) for email in (keep.email, other.email)] == [
        [account],
        [account],
    ]
    assert list(Client.objects.kept().filter(organisation=world.organisation)) == [keep]
    undo_merge(Client.objects.get(pk=other.pk), by=world.actor("concierge"))
    assert everything(keep, other) == before
    assert list(ServiceRequest.objects.visible_to(reader)) == [mine]
    assert list(Event.objects.filter(name__startswith="client.").order_by("pk").values_list("name", flat=True)) == [
        "client.merged",
        "client.unmerged",
    ]
    with pytest.raises(NotMergeable):
        undo_merge(other, by=world.actor("concierge"))


def test_whoever_signs_in_as_either_is_the_kept_one(world: World) -> None:
    keep, other = world.client, client(world, email="c.roux@example.fr")
    users = [User.objects.create_user(one.email) for one in (keep, other)]
    for one, user in zip((keep, other), users, strict=True):
        Client.objects.filter(pk=one.pk).update(user=user)
    assert [client_id_of(user, world.organisation) for user in users] == [keep.pk, other.pk]
    merge_clients(keep, other, by=world.actor("concierge"))
    assert [client_id_of(user, world.organisation) for user in users] == [keep.pk, keep.pk]
    theirs = world.request(world.ironing)
    ServiceRequest.objects.filter(pk=theirs.pk).update(client=other)
    browser = Browser()
    browser.force_login(users[0])
    assert theirs.reference in shown(browser.get("/mes-demandes/"))


def test_a_booking_from_either_address_is_the_kept_ones(world: World) -> None:
    keep, other = world.client, client(world, email="c.roux@example.fr", phone="+33699999999")
    merge_clients(keep, other, by=world.actor("concierge"))
    found = find_or_create_client(world.organisation, clean_details(details(email="C.Roux@example.fr")))
    by_phone = clean_details(details(email="", phone="06 99 99 99 99", last_name="roux"))
    assert (found, find_or_create_client(world.organisation, by_phone)) == (keep, keep)


def test_whoever_signs_in_as_a_merged_row_books_as_the_kept_one(world: World) -> None:
    """The account stays where it is, so that undoing gives it back; an account without any row goes to the kept one."""
    user = User.objects.create_user("c.roux@example.fr")
    keep, other = client(world, phone="+33698765432"), client(world, email=user.email, user=user)
    merge_clients(keep, other, by=world.actor("concierge"))
    signed_in = clean_details(details(email=user.email, user=user))
    assert find_or_create_client(world.organisation, signed_in) == keep
    rows = [Client.objects.get(pk=one.pk) for one in (keep, other)]
    assert [(row.user, row.postcode) for row in rows] == [(None, ""), (user, "")]
    undo_merge(rows[1], by=world.actor("concierge"))
    assert find_or_create_client(world.organisation, signed_in) == other
    stranger = User.objects.create_user("k.roux@example.fr")
    proved = clean_details(details(email=world.client.email, user=stranger))
    found = find_or_create_client(world.organisation, proved)
    assert (found, Client.objects.get(pk=found.pk).user) == (world.client, stranger)


def test_no_chains_no_circles_not_oneself(world: World) -> None:
    a, b, c = world.client, client(world, "B"), client(world, "C")
    by = world.actor("concierge")
    with pytest.raises(Invalid):
        merge_clients(a, a, by=by)
    merge_clients(a, b, by=by)
    for keep, duplicate in ((b, a), (b, c), (c, b), (c, a)):
        with pytest.raises(NotMergeable):
            merge_clients(keep, duplicate, by=by)
    merge_clients(a, c, by=by)
    assert list(Client.objects.order_by("pk").values_list("merged_into", flat=True)) == [None, a.pk, a.pk]


@pytest.mark.parametrize("target", ["chain", "circle", "oneself"])
def test_postgresql_itself_refuses_chains_and_circles(world: World, target: str) -> None:
    from django.db import IntegrityError, transaction

    a, b, c = world.client, client(world, "B"), client(world, "C")
    Client.objects.filter(pk=b.pk).update(merged_into=a)
    change = {"chain": (c, b), "circle": (a, b), "oneself": (c, c)}[target]
    with pytest.raises(IntegrityError), transaction.atomic():
        Client.objects.filter(pk=change[0].pk).update(merged_into=change[1])


@pytest.mark.promise("S01")
def test_never_across_organisations(world: World, other_world: World, client: Browser) -> None:
    with pytest.raises(Conflict):
        merge_clients(world.client, other_world.client, by=world.actor("concierge"))
    client.force_login(world.users["concierge"])
    pair = f"{world.client.public_id}/{other_world.client.public_id}"
    assert client.get(f"/clients/doublons/{pair}/").status_code == 404
    assert client.post(f"/clients/doublons/{pair}/fusionner/").status_code == 404
    assert client.post(f"/clients/doublons/{other_world.client.public_id}/separer/").status_code == 404
    assert Event.objects.filter(name="client.merged").count() == 0


def alike(world: World) -> list[tuple[str, str]]:
    own = Client.objects.filter(organisation=world.organisation)
    rows = list(own.with_older_twin().order_by("pk"))
    twins = own.older_twins_of(rows)
    return [(old.first_name, one.first_name) for one in rows for old in twins[one.pk]]


def test_who_may_be_the_same_person(world: World) -> None:
    client(world, "Élodie", "Martin-Dupré", email="elodie.martin@example.fr")
    client(world, "martin dupre", "Elodie")
    client(world, "E.", "M.", email="elodiemartin+courses@example.fr")
    client(world, "Paul", "Roux", phone="+33612345678")
    client(world, "Sans", "Rien")
    assert alike(world) == [("Élodie", "martin dupre"), ("Élodie", "E."), ("Camille", "Paul")]


def test_two_people_are_not_proposed_again(world: World) -> None:
    son = client(world, "Paul", "Roux", phone="+33612345678")
    tell_apart(son, world.client, by=world.actor("concierge"))
    tell_apart(world.client, son, by=world.actor("concierge"))
    assert (alike(world), ClientsApart.objects.count()) == ([], 1)
    assert Event.objects.filter(name="client.told_apart").count() == 1


def test_the_team_compares_merges_and_takes_apart(world: World, client: Browser) -> None:
    twin = Client.objects.create(
        organisation=world.organisation, first_name="Camille", last_name="Roux", email="c.roux@example.fr"
    )
    client.force_login(world.users["concierge"])
    page = shown(client.get("/clients/doublons/"))
    pair = f"/clients/doublons/{world.client.public_id}/{twin.public_id}/"
    assert pair in page
    assert "c.roux@example.fr" in shown(client.get(pair))
    assert client.post(f"{pair}fusionner/").status_code == 302
    twin.refresh_from_db()
    assert twin.merged_into == world.client
    back = f"/clients/doublons/{twin.public_id}/{world.client.public_id}/fusionner/"
    assert shown(client.post(back), 409)
    assert f"{twin.public_id}/separer/" in shown(client.get("/clients/doublons/"))
    assert client.post(f"/clients/doublons/{twin.public_id}/separer/").status_code == 302
    assert client.post(f"{pair}fusionner/", {"apart": "1"}).status_code == 302
    assert pair not in shown(client.get("/clients/doublons/"))


def test_the_list_asks_as_much_for_three_as_for_one(world: World, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    counts = []
    for number in range(3):
        Client.objects.create(
            organisation=world.organisation, first_name=f"N{number}", last_name="X", phone=world.client.phone
        )
        if number in (0, 2):
            with CaptureQueriesContext(connection) as asked:
                assert client.get("/clients/doublons/").status_code == 200
            counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_two_merges_at_once_leave_one(real_world: World) -> None:  # noqa: F811 - the fixture
    world = real_world
    a, b = world.client, client(world, "B")

    def merge(number: int) -> None:
        pair = (a, b) if number % 2 else (b, a)
        merge_clients(*pair, by=world.actor())

    assert race(world, 8, merge) == {"ok": 4, "not_mergeable": 4}
    assert Client.objects.exclude(merged_into=None).count() == 1


GUARD = "client_merged_into_kept"


@pytest.mark.django_db(transaction=True)
def test_without_its_guards_two_merges_make_a_circle(
    real_world: World,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The twin: neither lock nor constraint. It must make a circle, else the race above proves nothing."""
    world = real_world
    a, b = world.client, client(world, "B")
    both_have_checked, first_is_written, who = threading.Barrier(2), threading.Event(), threading.local()

    def read_only(one: Client, other: Client) -> tuple[Client, Client]:
        return Client.objects.get(pk=one.pk), Client.objects.get(pk=other.pk)

    @contextmanager
    def unguarded(constraint: str, refusal: Exception) -> Iterator[None]:
        both_have_checked.wait(timeout=10)
        if who.is_second:
            first_is_written.wait(timeout=10)
        yield

    def merge(number: int) -> None:
        who.is_second = bool(number)
        merge_clients(*((a, b) if number else (b, a)), by=world.actor())
        first_is_written.set()

    monkeypatch.setattr(merging, "lock_both", read_only)
    monkeypatch.setattr(merging, "refuse_on", unguarded)
    monkeypatch.setattr("concierge.events.record", lambda *args, **kwargs: None)
    with connection.cursor() as cursor, as_owner():
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [GUARD])
        definition = cursor.fetchone()[0]
        cursor.execute(f"ALTER TABLE bookings_client DROP CONSTRAINT {GUARD}")
    try:
        done = race(world, 2, merge)
        circle = Client.objects.exclude(merged_into=None).count()
    finally:
        Client.objects.update(merged_into=None)
        with connection.cursor() as cursor, as_owner():
            cursor.execute(f"ALTER TABLE bookings_client ADD CONSTRAINT {GUARD} {definition}")
    assert (done, circle) == (Counter({"ok": 2}), 2)
