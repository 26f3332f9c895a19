"""What the record of a merged person asked for is seen from the kept one, and no longer after an undo (R2, ADR 11)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from bookings import perms
from bookings.actions import hand_outs, pre_orders, recurrences
from bookings.actions.beneficiaries import Beneficiary, find_or_create_beneficiary
from bookings.actions.merging import merge_clients, undo_merge
from bookings.models import Client, ClientAccount, ClientMembership, PreOrder, Quote, Recurrence, ServiceRequest
from bookings.models.usage import usage_of
from concierge.models import User
from concierge.tenancy import Actor
from tests.bookings.conftest import details, first_run, weekly_basket, wish_baskets
from tests.bookings.quoting import asked, sent
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_recurrences import begin, wanted
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
EMAIL = "c.roux@example.fr"


@pytest.fixture
def other(world: World) -> Client:
    """Camille once more, by another address."""
    return Client.objects.create(organisation=world.organisation, first_name="Cam", last_name="Roux", email=EMAIL)


@pytest.fixture
def theirs(world: World, other: Client) -> dict[str, Any]:
    """A regular request, an order ahead, a quote and an appointment of the other record."""
    plan = weekly_basket(world)
    series = recurrences.start_recurrence(other, world.site, wanted(world, name="Chemises de Cam"), by=world.actor())
    ahead = pre_orders.order_ahead(
        first_run(plan), client=details(email=EMAIL), wishes=[wish_baskets(plan)], by=world.actor()
    )
    quote = sent(world, asked(world, email=EMAIL))
    one = world.request(world.cobbler)
    ServiceRequest.objects.filter(pk=one.pk).update(client=other)
    assert {ahead.client_id, quote.request.client_id} == {other.pk}
    return {"series": series, "ahead": ahead, "quote": quote, "one": ServiceRequest.objects.get(pk=one.pk)}


def seen_at_the_desk(browser: Browser, client: Client, theirs: dict[str, Any]) -> set[str]:
    page = shown(browser.get(f"/guichet/republique/personne/{client.public_id}/"))
    named = {
        "series": "Chemises de Cam",
        "ahead": theirs["ahead"].reference,
        "quote": theirs["quote"].request.reference,
        "one": theirs["one"].reference,
    }
    return {name for name, words in named.items() if words in page}


@pytest.mark.promise("domain R2")
def test_the_desk_sees_all_of_a_person_while_they_are_one(world: World, other: Client, theirs: dict[str, Any]) -> None:
    desk, keep, all_four = Browser(), world.client, {"series", "ahead", "quote", "one"}
    desk.force_login(world.users["concierge"])
    assert (seen_at_the_desk(desk, keep, theirs), seen_at_the_desk(desk, other, theirs)) == (set(), all_four)
    merge_clients(keep, other, by=world.actor())
    # Whichever record somebody comes by: the kept one is shown.
    for client in (keep, other):
        assert seen_at_the_desk(desk, client, theirs) == all_four
        page = shown(desk.get(f"/guichet/republique/personne/{client.public_id}/"))
        assert f"/personne/{keep.public_id}/commande/" in page
    found = desk.post("/guichet/republique/", {"q": "roux"}, headers={"HX-Request": "true"}).content.decode()
    assert (found.count("/personne/"), "3 en cours" in found) == (1, True)
    undo_merge(Client.objects.get(pk=other.pk), by=world.actor())
    assert (seen_at_the_desk(desk, keep, theirs), seen_at_the_desk(desk, other, theirs)) == (set(), all_four)


@pytest.mark.promise("domain R2")
def test_the_client_sees_and_does_all_in_one_space(world: World, other: Client, theirs: dict[str, Any]) -> None:
    user = User.objects.create_user("camille@example.fr")
    Client.objects.filter(pk=world.client.pk).update(user=user)
    browser, keep = Browser(), world.client
    browser.force_login(user)
    series, one = theirs["series"], theirs["one"]

    def mine() -> tuple[bool, ...]:
        actor = Actor(kind="user", organisation=world.organisation, client_id=keep.pk)
        page = shown(browser.get("/mes-demandes/"))
        return (
            "Chemises de Cam" in page,
            one.reference in page,
            browser.get(f"/mes-demandes/regulieres/{series.public_id}/").status_code == 200,
            Recurrence.objects.visible_to(actor).exists(),
            Quote.objects.visible_to(actor).exists(),
            perms.can_cancel(actor, ServiceRequest.objects.get(pk=one.pk)),
            perms.moves(actor, ServiceRequest.objects.get(pk=one.pk)),
            perms.answers(actor, ServiceRequest.objects.get(pk=one.pk)),
        )

    assert mine() == (False,) * 8
    merge_clients(keep, other, by=world.actor())
    assert mine() == (True,) * 8
    undo_merge(Client.objects.get(pk=other.pk), by=world.actor())
    assert mine() == (False,) * 8


def test_the_days_of_a_merged_record_go_to_the_kept_one(world: World, other: Client, theirs: dict[str, Any]) -> None:
    from tests.bookings.test_recurrences import sweep

    merge_clients(world.client, other, by=world.actor())
    sweep(world)
    day = theirs["series"].occurrences.order_by("due_on")[0]
    assert (day.status, day.request.client) == ("booked", world.client)
    other.refresh_from_db()
    assert recurrences.start_recurrence(other, world.site, wanted(world), by=world.actor()).client == world.client


def test_ten_regular_requests_are_counted_over_all_records(world: World, other: Client) -> None:
    from concierge.errors import TooManyAttempts

    for _n in range(recurrences.MOST_RUNNING):
        begin(world)
    Recurrence.objects.filter(pk__lte=Recurrence.objects.order_by("pk")[4].pk).update(client=other)
    merge_clients(world.client, other, by=world.actor())
    by = Actor(kind="link", organisation=world.organisation, client_id=world.client.pk, channel="link")
    with pytest.raises(TooManyAttempts):
        recurrences.start_recurrence(world.client, world.site, wanted(world), by=by)


def test_orders_nobody_fetched_are_counted_over_all_records(world: World, other: Client) -> None:
    plan = weekly_basket(world)
    runs = list(plan.runs.select_related("plan__producer", "plan__site", "site__organisation").order_by("due_on"))
    for run, email in zip(runs, (EMAIL, world.client.email), strict=False):
        made = pre_orders.order_ahead(
            run, client=details(email=email), wishes=[wish_baskets(plan)], by=world.actor(), sent_key=uuid.uuid4()
        )
        PreOrder.objects.filter(request=made).update(hand_out="no_show", marked_at=timezone.now())
    people = [world.client.pk, other.pk]
    assert hand_outs.repeated_no_shows(people, timezone.now()) == {}
    merge_clients(world.client, other, by=world.actor())
    assert hand_outs.repeated_no_shows(people, timezone.now()) == dict.fromkeys(people, 2)


def test_a_person_asked_for_before_is_found_over_all_records(world: World, other: Client) -> None:
    mother, kept = (
        Client.objects.create(organisation=world.organisation, first_name="Odette", last_name="Roux") for _n in range(2)
    )
    one = world.request(world.cobbler)
    ServiceRequest.objects.filter(pk=one.pk).update(client=other, beneficiary=mother, beneficiary_name="Odette Roux")
    merge_clients(world.client, other, by=world.actor())
    merge_clients(kept, mother, by=world.actor())
    by = Actor(kind="link", organisation=world.organisation, client_id=world.client.pk)
    typed = Beneficiary(first_name="Odette", last_name="Roux", phone="+33611223344")
    assert find_or_create_beneficiary(world.client, typed, by=by) == kept


def test_a_member_by_their_other_record_is_one_person_of_the_account(world: World, other: Client) -> None:
    account = ClientAccount.objects.create(organisation=world.organisation, name="Mairie")
    ClientMembership.objects.create(organisation=world.organisation, client=other, account=account)
    today = dt.date(2026, 11, 23)
    merge_clients(world.client, other, by=world.actor())
    assert usage_of(account, today=today).registered == 1
    ClientMembership.objects.create(organisation=world.organisation, client=world.client, account=account)
    assert usage_of(account, today=today).registered == 1
