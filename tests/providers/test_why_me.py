"""A provider reads why it was asked or not, and nothing of others; heads are told of too much with one (R34, S04)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.models import WorkOrder
from concierge.models import Event
from providers.actions.businesses import add_member
from providers.actions.matching_policies import decide_rules
from providers.actions.policies import set_offer_policy
from providers.actions.rounds import start_round
from providers.actions.shares import watch_shares
from providers.enums import Obstacle
from providers.models import ConsideredProvider, Offer, Provider, ShareAlarm
from providers.rules.fairness import concentrated
from providers.rules.terms import MatchingTerms, Weights
from providers.tasks import watch_everybody
from providers.views.space_why import ADVICE
from tests.providers.conftest import add_provider
from tests.providers.test_pages import browser_of, page
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R34")]
ADDRESS = "/prestataires/mon-espace/pourquoi/"


@pytest.fixture
def me(world: World) -> Provider:
    provider = add_provider(world, name="Moi même", price="10.00")
    add_member(provider, world.users["provider"], by=world.actor())
    return provider


@pytest.fixture
def own(world: World, me: Provider) -> Browser:
    return browser_of(world.users["provider"])


@pytest.mark.promise("S04")
def test_it_reads_of_itself_and_nothing_of_others(world: World, heels: WorkOrder, me: Provider, own: Browser) -> None:
    assert "Nous n’avons encore cherché personne pour vos services" in page(own.get(ADDRESS))
    rivals = [add_provider(world, name=f"Rival {n}", price=price) for n, price in enumerate(("7.77", "8.88"))]
    terms = MatchingTerms(weights=Weights(30, 30, 20, 20))
    decide_rules(world.organisation, terms, by=world.actor("network_head"))
    set_offer_policy(world.organisation, wave_size=1, by=world.actor())
    start_round(heels, by=world.actor())
    assert Offer.objects.get().provider in rivals
    shown = page(own.get(ADDRESS))
    assert "D’autres ont été sollicités d’abord" in shown
    assert "2 autres prestataires ont été examinés." in shown
    assert "Partage équitable\xa0: 30,0 sur 30" in shown
    for secret in ("Rival", "7,77", "8,88", "7.77", "8.88", "Prix"):
        assert secret not in shown.split("<main", 1)[1].split("</main>", 1)[0], secret
    ConsideredProvider.objects.filter(provider=me).update(score_parts={"distance": "12.5", "share": "0.0"})
    kinds = [part["kind"] for part in own.get(ADDRESS).context["rows"][0]["parts"]]
    assert kinds == ["for", "neutral"]


def test_what_kept_it_out_is_said_with_what_helps(world: World, heels: WorkOrder, me: Provider, own: Browser) -> None:
    me.documents.update(expires_on=dt.date(2026, 11, 22))
    start_round(heels, by=world.actor())
    shown = page(own.get(ADDRESS))
    assert "Vous n’avez pas été sollicité" in shown
    assert "Un de vos documents avait expiré" in shown
    assert set(ADVICE) == set(Obstacle.values)


def test_nobody_else_reads_it(world: World) -> None:
    assert browser_of(world.users["dispatcher"]).get(ADDRESS).status_code == 403
    assert browser_of(world.users["network_head"]).get(ADDRESS).status_code == 403


def test_the_page_asks_as_much_for_three_searches_as_for_one(world: World, me: Provider, own: Browser) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert own.get(ADDRESS).status_code == 200
        return len(found)

    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    asked()
    one = asked()
    for _n in range(2):
        start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    assert asked() == one


# --- too much with one ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jobs", "found"),
    [
        ({}, None),
        ({1: 9}, None),
        ({1: 5, 2: 5}, None),
        ({1: 4, 2: 6}, (2, 6, 10)),
        ({1: 10}, (1, 10, 10)),
        ({1: 50, 2: 49}, (1, 50, 99)),
    ],
)
def test_more_than_half_of_ten_jobs_is_too_much(jobs: dict[int, int], found: Any) -> None:
    alarm = concentrated(jobs)
    assert (alarm and (alarm.provider, alarm.jobs, alarm.of_all)) == found


def accepted(world: World, provider: Provider, many: int, when: dt.datetime) -> None:
    """So many jobs that a provider took."""
    for _n in range(many):
        order = world.request(world.cobbler).work_orders.get()
        round_ = start_round(order, by=world.actor())
        offer = round_.offers.get(provider=provider)
        Offer.objects.filter(pk=offer.pk).update(status="accepted", answered_at=when)


def test_heads_are_told_once_a_month(world: World, me: Provider, monday: Any) -> None:
    rival = add_provider(world, daily_capacity=50)
    Provider.objects.filter(pk=me.pk).update(daily_capacity=50)
    now = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    accepted(world, me, 6, now)
    accepted(world, rival, 3, now)
    assert watch_shares(world.organisation, by=world.actor()) == []
    accepted(world, rival, 1, now)
    watch_everybody()
    watch_everybody()
    told = Event.objects.get(name="provider_share.concentrated")
    assert (told.data["jobs"], told.data["of_all"], told.data["provider"]) == (6, 10, str(me.public_id))
    said = "Moi même a fait 6 missions sur 10"
    assert said in page(browser_of(world.users["network_head"]).get("/prestataires/"))
    assert said not in page(browser_of(world.users["concierge"]).get("/prestataires/"))
    monday.shift(dt.timedelta(days=12))
    watch_everybody()
    assert ShareAlarm.objects.count() == 2
