"""A provider's books: the statement of a month, and the calendar that reads its work by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from icalendar import Calendar

from bookings.actions.work_orders import complete_work_order, start_work_order, verify_work_order
from bookings.models import WorkOrder
from concierge import retention, tenancy
from concierge.errors import NotAllowed
from concierge.models import User
from providers.actions.businesses import add_member, set_active
from providers.actions.feeds import end_provider_feed, renew_provider_feed
from providers.actions.offers import accept_offer, take_job_back
from providers.actions.rounds import start_round
from providers.enums import Invoicing
from providers.models import Offer, Provider, ProviderFeed
from providers.models.statements import Job, totals_of
from tests.conftest import settle
from tests.providers.conftest import acting_for, add_provider
from tests.providers.test_agreements import TODAY, agreed
from tests.providers.test_pages import browser_of, manager, page, staff
from tests.world import World

__all__ = ["manager", "staff"]
SPACE = "/prestataires/mon-espace"


@pytest.fixture
def mine(world: World) -> Provider:
    """A cobbler whose person signs in, bought of at 9 € with 20 % VAT."""
    provider = add_provider(world, price=None)
    agreed(provider, world, vat_rate=Decimal(20))
    add_member(provider, world.users["provider"], by=world.actor())
    return provider


@pytest.fixture
def me(world: World, mine: Provider) -> Browser:
    """Signed in for it."""
    return browser_of(world.users["provider"])


def accepted(world: World, provider: Provider) -> WorkOrder:
    """A job that the provider has said yes to."""
    order = world.request(world.cobbler).work_orders.get()
    start_round(order, by=world.actor())
    accept_offer(Offer.objects.get(work_order=order, provider=provider), by=acting_for(provider))
    order.refresh_from_db()
    return order


def done(world: World, provider: Provider) -> WorkOrder:
    """A job that the provider has finished."""
    by = acting_for(provider)
    return complete_work_order(start_work_order(accepted(world, provider), by=by), by=by)


def plain(body: str) -> str:
    """With blanks as one types them."""
    return body.replace("\u202f", " ").replace("\xa0", " ")


# --- the statement ----------------------------------------


@pytest.mark.promise("domain R33")
def test_a_month_says_what_was_done_and_who_invoices(world: World, mine: Provider, me: Browser) -> None:
    assert "Aucun travail terminé ce mois-ci" in page(me.get(f"{SPACE}/releve/"))
    first, second = done(world, mine), done(world, mine)
    verify_work_order(first, by=world.actor())
    settle(world.organisation)
    assert Offer.objects.get(work_order=first).status == "honoured"
    accepted(world, mine)
    body = plain(page(me.get(f"{SPACE}/releve/")))
    assert [one.reference in body for one in (first, second)] == [True, True]
    assert body.count("<tr>") == 3
    assert ("18,00 € TTC" in body, "15,00 € HT" in body, "2 travaux" in body) == (True, True, True)
    assert ("Vérifié" in body, "En cours de vérification" in body) == (True, True)
    assert world.client.last_name not in body
    rows = me.get(f"{SPACE}/releve.csv").content.decode("utf-8-sig").splitlines()
    amounts = "Pose de talons;1;9,00;20,00;7,50;Le prestataire nous facture"
    assert rows[1] == f"2026-11-23;{first.reference};{amounts};oui"
    assert (len(rows), rows[2].endswith(";non")) == (3, True)


@pytest.mark.promise("domain R33")
def test_work_taken_back_is_in_nobodys_statement(world: World, mine: Provider, me: Browser) -> None:
    order = accepted(world, mine)
    take_job_back(order, by=world.actor())
    assert order.reference not in page(me.get(f"{SPACE}/releve/"))


@pytest.mark.parametrize("asked", ["", "2026-13", "2031-01", "1999-12", "hier", "2026-11-02", "9999-12", "-1"])
def test_what_is_no_month_is_this_one(world: World, mine: Provider, me: Browser, asked: str) -> None:
    body = page(me.get(f"{SPACE}/releve/", {"mois": asked}))
    assert "Relevé de novembre 2026" in body
    assert ("?mois=2026-10" in body, "?mois=2026-12" in body) == (True, False)


@pytest.mark.promise("R38")
def test_a_month_begins_at_midnight_of_the_place(world: World, mine: Provider, me: Browser) -> None:
    order = done(world, mine)
    for moment, month in (("2026-10-31T22:59:59+00:00", "2026-10"), ("2026-10-31T23:00:00+00:00", "2026-11")):
        WorkOrder.objects.filter(pk=order.pk).update(completed_at=dt.datetime.fromisoformat(moment))
        found = {
            one for one in ("2026-10", "2026-11") if order.reference in page(me.get(f"{SPACE}/releve/?mois={one}"))
        }
        assert found == {month}


def test_a_rate_that_nobody_stated_gives_no_amount_without_vat(world: World) -> None:
    provider = add_provider(world)
    add_member(provider, world.users["provider"], by=world.actor())
    done(world, provider)
    body = plain(page(browser_of(world.users["provider"]).get(f"{SPACE}/releve/")))
    assert ("12,00 € TTC" in body, "non indiquée" in body, "€ HT" in body) == (True, True, False)
    known = Job(WorkOrder(), TODAY, Decimal(12), Decimal(20), Invoicing.PROVIDER_TO_US)
    unknown = Job(WorkOrder(), TODAY, Decimal(6), None, Invoicing.PROVIDER_TO_US)
    assert [one.excl_vat for one in (*totals_of([known]), *totals_of([known, unknown]))] == [Decimal(10), None]


@pytest.mark.promise("S01")
def test_a_statement_is_its_providers_and_the_teams(
    world: World, other_world: World, mine: Provider, staff: Browser
) -> None:
    order = done(world, mine)
    path = f"/prestataires/{mine.public_id}/releve/"
    assert order.reference in page(staff.get(path))
    assert order.reference in staff.get(path.replace("releve/", "releve.csv")).content.decode()
    rival = add_provider(world)
    user = User.objects.create_user("rival@example.fr")
    add_member(rival, user, by=world.actor())
    theirs = browser_of(user)
    assert order.reference not in page(theirs.get(f"{SPACE}/releve/"))
    assert theirs.get(path).status_code == 403
    with tenancy.working_for(other_world.organisation):
        foreign = add_provider(other_world)
    assert staff.get(f"/prestataires/{foreign.public_id}/releve/").status_code == 404


def test_a_statement_asks_as_much_for_three_jobs_as_for_one(world: World, mine: Provider, me: Browser) -> None:
    counts = []
    for wanted in (1, 3):
        while WorkOrder.objects.filter(completed_at__isnull=False).count() < wanted:
            done(world, mine)
        with CaptureQueriesContext(connection) as queries:
            page(me.get(f"{SPACE}/releve/"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- the calendar ----------------------------------------


def address(world: World, provider: Provider) -> str:
    """A fresh one."""
    by = world.actor("provider", provider_id=provider.pk)
    return f"/agenda-travaux/{renew_provider_feed(provider, by=by)[1]}.ics"


def read(path: str) -> list[Any]:
    """What a calendar would show, by state and beginning."""
    answer = Browser().get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    events: list[Any] = Calendar.from_ical(answer.content).walk("VEVENT")
    return [(str(one["STATUS"]), plain(str(one["SUMMARY"])), one["DTSTART"].dt) for one in events]


@pytest.mark.promise("S53", "P05")
def test_a_calendar_shows_work_in_hand_and_what_waits(world: World, mine: Provider, heels: WorkOrder) -> None:
    path = address(world, mine)
    assert read(path) == []
    start_round(heels, by=world.actor())
    begins = (heels.promised_end - dt.timedelta(minutes=heels.duration_minutes)).replace(microsecond=0)
    assert read(path) == [("TENTATIVE", "À accepter ou non : Pose de talons", begins)]
    accept_offer(Offer.objects.get(), by=acting_for(mine))
    assert read(path) == [("CONFIRMED", "Pose de talons", begins)]
    text = Browser().get(path).content.decode()
    assert (heels.reference in text, world.client.last_name in text, world.client.first_name in text) == (
        True,
        False,
        False,
    )
    take_job_back(heels, by=world.actor())
    assert [one for one in read(path) if one[0] == "CONFIRMED"] == []


@pytest.mark.promise("S53")
def test_an_address_opens_for_whoever_acts_for_the_provider_only(world: World, mine: Provider) -> None:
    old, new = address(world, mine), address(world, mine)
    assert [Browser().get(path).status_code for path in (old, new)] == [404, 200]
    set_active(mine, is_active=False, by=world.actor())
    assert Browser().get(new).status_code == 404
    set_active(mine, is_active=True, by=world.actor())
    assert end_provider_feed(mine, by=world.actor("provider", provider_id=mine.pk))
    assert not end_provider_feed(mine, by=world.actor("provider", provider_id=mine.pk))
    assert Browser().get(new).status_code == 404
    for by in (
        world.actor("provider", provider_id=add_provider(world).pk),
        world.actor("dispatcher"),
        acting_for(mine),
    ):
        with pytest.raises(NotAllowed):
            renew_provider_feed(mine, by=by)


def test_the_page_gives_it_gives_it_anew_and_ends_it(world: World, mine: Provider, me: Browser) -> None:
    path = f"{SPACE}/calendrier/"
    assert "Me donner une adresse" in page(me.get(path))
    given = page(me.post(path))
    assert "http://testserver/agenda-travaux/" in given
    assert "Me donner une nouvelle adresse" in page(me.get(path))
    assert me.post(f"{path}arreter/").status_code == 302
    assert "Me donner une adresse" in page(me.get(path))


def test_a_calendar_asks_as_much_for_three_jobs_as_for_one(
    world: World, mine: Provider, in_tenant: Callable[[], Any]
) -> None:
    path = address(world, mine)
    counts: list[int] = []
    for wanted in (1, 3):
        while Offer.objects.filter(status="accepted").count() < wanted:
            accepted(world, mine)
        start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
        with CaptureQueriesContext(connection) as queries:
            assert len(read(path)) == wanted + len(counts) + 1
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.promise("P04")
def test_addresses_that_were_stopped_go(world: World, mine: Provider) -> None:
    by = world.actor("provider", provider_id=mine.pk)
    renew_provider_feed(mine, by=by)
    with pytest.raises(IntegrityError, match="provider_feed_ends_after_it_began"), transaction.atomic():
        ProviderFeed.objects.update(ended_at=timezone.now() - dt.timedelta(days=1))
    end_provider_feed(mine, by=by)
    for days, left in ((29, 1), (31, 0)):
        with time_machine.travel(timezone.now() + dt.timedelta(days=days)):
            retention.purge()
        assert ProviderFeed.objects.count() == left
