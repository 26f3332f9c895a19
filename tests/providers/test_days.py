"""At 23:30 UTC it is already tomorrow in Dijon: papers and prices go by the day there."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from concierge.days import HOME_ZONE, today_of, zone_of
from concierge.models import ApiClient, Site
from providers.actions.agreements import agree_service
from providers.actions.keys import create_provider_key
from providers.actions.links import READABLE_AFTER
from providers.actions.rounds import start_round
from providers.models import ConsideredProvider, Provider
from tests.providers.conftest import add_provider
from tests.providers.pricing import priced
from tests.providers.test_pages import browser_of, page
from tests.world import World

TODAY, TOMORROW = dt.date(2026, 11, 23), dt.date(2026, 11, 24)


@pytest.fixture(autouse=True)
def late(monday: Any) -> Any:
    """Monday 23:30 in Greenwich, Tuesday 00:30 in Dijon."""
    monday.move_to(dt.datetime(2026, 11, 23, 23, 30, tzinfo=dt.UTC))


def test_the_day_of_an_organisation_is_that_of_its_first_site(world: World) -> None:
    assert (zone_of(world.organisation), today_of(world.organisation)) == (HOME_ZONE, TOMORROW)
    Site.objects.update(time_zone="America/Martinique")
    assert (zone_of(world.organisation), today_of(world.organisation)) == (ZoneInfo("America/Martinique"), TODAY)


def test_an_agreement_begins_on_the_day_it_is_made(world: World) -> None:
    provider = add_provider(world, price=None)
    made = agree_service(provider, world.cobbler, purchase_price=Decimal(9), by=world.actor())
    assert made.valid_from == TOMORROW


@pytest.mark.promise("domain R32", "domain R33")
def test_pages_say_what_is_true_here(world: World) -> None:
    begun, ended = add_provider(world, price=None), add_provider(world, price=None)
    by = world.actor()
    agree_service(begun, world.cobbler, valid_from=TOMORROW, by=by)
    agree_service(ended, world.ironing, valid_from=dt.date(2026, 1, 1), valid_to=TODAY, by=by)
    for provider in (begun, ended):
        provider.documents.update(expires_on=TODAY)
    browser = browser_of(world.users["site_manager"])
    listed = page(browser.get("/prestataires/"))
    assert listed.count("Un document a expiré") == 2
    assert listed.count("Pose de talons") == 2  # the filter and the row
    assert "Repassage" not in listed
    create_provider_key(begun, name="Logiciel", by=by)
    ApiClient.objects.update(last_used_at=dt.datetime(2026, 11, 23, 23, 10, tzinfo=dt.UTC))
    shown = page(browser.get(f"/prestataires/{begun.public_id}/"))
    assert "En vigueur" in shown
    assert "Expiré" in shown
    assert 'data-label="Dernier usage">24 novembre 2026<' in shown
    assert "Terminée" in page(browser.get(f"/prestataires/{ended.public_id}/"))


def test_the_search_goes_by_the_day_of_the_site(world: World, cobblers: list[Provider]) -> None:
    cobblers[0].documents.update(expires_on=TODAY)
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    assert ConsideredProvider.objects.get(provider=cobblers[0]).rule == "document_expired"


@pytest.mark.promise("domain R33")
def test_the_link_of_a_price_lives_until_its_last_day_there(world: World) -> None:
    one = priced(world, valid_until=TOMORROW + dt.timedelta(days=20))
    read_until = one.links.get().expires_at - READABLE_AFTER
    assert read_until.date() == TODAY + dt.timedelta(days=20)
