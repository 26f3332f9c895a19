"""Distances by way of coming and by road: measured ahead by a router, else estimated, and said so (domain R34)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import ServiceRequest, WorkOrder
from concierge import retention
from providers.actions.businesses import change_provider
from providers.actions.matching import consider_providers, policy_for
from providers.actions.matching_policies import decide_rules
from providers.actions.previews import preview
from providers.actions.roads import unmeasured, ways_to
from providers.actions.rounds import start_round
from providers.gateways import roads
from providers.gateways.roads import Road
from providers.models import ConsideredProvider, Provider, ProviderWay
from providers.rules.candidates import Candidate
from providers.rules.terms import LIGHT, MatchingTerms
from providers.tasks import measure_everybody, measure_ways
from tests.providers.conftest import add_provider
from tests.providers.test_pages import browser_of, page
from tests.router import Router, router
from tests.world import World

__all__ = ["router"]
pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R34")]
HERE, THERE = (Decimal("47.322"), Decimal("5.041")), (Decimal("47.3"), Decimal("5.0"))
WINDING = MatchingTerms(road_factor=Decimal("1.3"), way_factors=dict.fromkeys(LIGHT, Decimal("1.1")))


def of(order: WorkOrder, provider: Provider) -> Candidate:
    found = consider_providers(order, policy_for(order)).verdicts
    return next(one.candidate for one in found if one.candidate.key == provider.pk)


def distance_shown(world: World, order: WorkOrder) -> str:
    address = f"/prestataires/demandes/{order.request.public_id}/propositions/"
    return page(browser_of(world.users["dispatcher"]).get(address))


# --- ways of coming ---------------------------------------------------------------------------------------------------


def test_whoever_comes_by_bicycle_is_measured_as_such(world: World, heels: WorkOrder) -> None:
    by_bike, by_car = (add_provider(world, travel_mode=mode, radius_km=2) for mode in ("bike", "car"))
    line = of(heels, by_car).distance_km
    assert line is not None
    decide_rules(world.organisation, WINDING, by=world.actor())
    start_round(heels, by=world.actor())
    kept = {one.provider_id: one for one in ConsideredProvider.objects.order_by("pk")}
    assert kept[by_bike.pk].distance_km == (line * Decimal("1.1")).quantize(Decimal("0.1"))
    assert kept[by_car.pk].distance_km == (line * Decimal("1.3")).quantize(Decimal("0.1"))
    shown = distance_shown(world, heels)
    assert "estimé, à vol d’oiseau × 1,1, à vélo\N{NO-BREAK SPACE}: environ" in shown
    assert "estimé, à vol d’oiseau × 1,3, en voiture" in shown
    # Other rules are tried on what was known: how each came.
    longer = MatchingTerms(road_factor=Decimal(1), way_factors=dict.fromkeys(LIGHT, Decimal(3)))
    (found,) = preview(None, longer, by=world.actor("network_head")).compared
    assert (found.before[0], found.after[0]) == (by_bike.pk, by_car.pk)


# --- a router ---------------------------------------------------------------------------------------------------------


def test_an_osrm_is_asked_one_table_for_all(router: Router) -> None:
    router.ways = [(4_240.0, 610.0), (None, None)]
    assert roads.measure("bike", [THERE, HERE], HERE) == [Road(Decimal("4.2"), 10), Road(None, None)]
    assert router.asked == [("bike", ["5.041,47.322", "5.0,47.3", "5.041,47.322"])]


def test_a_valhalla_is_asked_one_matrix_for_all(router: Router, settings: Any) -> None:
    settings.ROUTER_KIND, router.ways = "valhalla", [(4_240.0, 610.0), (None, None)]
    assert roads.measure("cargo_bike", [THERE, HERE], HERE) == [Road(Decimal("4.2"), None), Road(None, None)]
    ((costing, body),) = router.asked
    assert (costing, body["targets"]) == ("bicycle", [{"lat": 47.322, "lon": 5.041}])
    assert body["sources"] == [{"lat": 47.3, "lon": 5.0}, {"lat": 47.322, "lon": 5.041}]


def test_an_osrm_may_have_an_address_for_each_profile(router: Router, settings: Any) -> None:
    settings.ROUTER_URL = f"{router.url}/"
    assert roads.measure("foot", [THERE], HERE) is not None
    settings.ROUTER_URL = router.url.replace("127.0.0.1", "{profile}")
    assert roads.measure("foot", [THERE], HERE) is None
    assert router.asked[0][0] == "foot"


@pytest.mark.parametrize("kind", ["osrm", "valhalla"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"status": 500},
        {"status": 302},
        {"answer": b"<html>"},
        {"answer": b"[" * 100_000},
        {"answer": b'"' + b"x" * 600_000 + b'"'},
        {"answer": {"code": "NoTable", "message": "no"}},
        {"answer": {}},
        {"answer": []},
        {"ways": [(-1.0, 5.0)]},
        {"ways": [(float("nan"), 5.0)]},
        {"ways": [(1e12, 5.0)]},
        {"wait": 0.6},
    ],
)
def test_whatever_it_does_nobody_fails_by_it_and_it_rests(
    router: Router, settings: Any, monkeypatch: pytest.MonkeyPatch, kind: str, wrong: dict[str, Any]
) -> None:
    settings.ROUTER_KIND = kind
    monkeypatch.setattr(roads, "MOST_SECONDS", 0.3)
    for name, value in wrong.items():
        setattr(router, name, value)
    assert (roads.is_asked(), roads.measure("car", [THERE], HERE), roads.is_asked()) == (True, None, False)


def test_an_answer_for_other_places_is_none(router: Router) -> None:
    router.ways = [(1.0, 1.0)]
    assert roads.measure("car", [THERE, HERE], HERE) is None


@pytest.mark.django_db(transaction=True)
def test_it_is_not_asked_within_a_transaction(router: Router) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        roads.measure("car", [THERE], HERE)
    assert router.asked == []


# --- measured ahead ---------------------------------------------------------------------------------------------------


def test_a_search_goes_by_the_roads_that_were_measured(
    world: World, heels: WorkOrder, cobblers: list[Provider], router: Router
) -> None:
    decide_rules(world.organisation, WINDING, by=world.actor())
    change_provider(cobblers[0], {"travel_mode": "bike"}, by=world.actor())
    measure_ways(world.organisation.pk)
    assert [profile for profile, _places in router.asked] == ["bike", "car"]
    start_round(heels, by=world.actor())
    assert set(ConsideredProvider.objects.order_by("pk").values_list("distance_km", flat=True)) == {Decimal("4.2")}
    shown = distance_shown(world, heels)
    assert ("par la route, à vélo\N{NO-BREAK SPACE}: environ 10\N{NO-BREAK SPACE}min" in shown, "estimé" in shown) == (
        True,
        False,
    )
    # Nothing is asked twice; who has moved or comes otherwise is measured anew, and estimated meanwhile.
    measure_everybody()
    assert len(router.asked) == 2
    change_provider(cobblers[1], {"latitude": Decimal("47.4")}, by=world.actor())
    change_provider(cobblers[2], {"travel_mode": "foot"}, by=world.actor())
    again = world.request(world.cobbler).work_orders.get()
    assert [of(again, one).road_km for one in cobblers] == [Decimal("4.2"), None, None, Decimal("4.2")]
    measure_everybody()
    assert sorted(profile for profile, _places in router.asked[2:]) == ["car", "foot"]
    assert {of(again, one).road_km for one in cobblers} == {Decimal("4.2")}


def test_the_home_of_a_client_is_measured_while_work_waits_there(
    world: World, heels: WorkOrder, cobblers: list[Provider], router: Router
) -> None:
    home = {"place": "home", "latitude": Decimal("47.351234"), "longitude": Decimal("5.012345")}
    ServiceRequest.objects.filter(pk=heels.request_id).update(postcode="21000", street="1 rue", city="Dijon", **home)
    measure_ways(world.organisation.pk)
    goals = {places[0] for _profile, places in router.asked}
    # To about a hundred metres: not whose door it is.
    assert "5.012,47.351" in goals
    order = WorkOrder.objects.select_related("request", "site", "service").get(pk=heels.pk)
    assert of(order, cobblers[0]).road_km == Decimal("4.2")
    WorkOrder.objects.update(status="cancelled")
    ProviderWay.objects.update(measured_at=timezone.now() - dt.timedelta(days=61))
    router.asked.clear()
    measure_ways(world.organisation.pk)
    assert {places[0] for _profile, places in router.asked} == goals - {"5.012,47.351"}


def test_no_road_and_no_router_are_estimated(
    world: World, heels: WorkOrder, cobblers: list[Provider], router: Router, settings: Any
) -> None:
    router.ways = [(None, None)] * 4
    measure_ways(world.organisation.pk)
    assert (ProviderWay.objects.filter(km=None).count(), of(heels, cobblers[0]).road_km) == (4, None)
    asked = len(router.asked)
    measure_ways(world.organisation.pk)
    assert len(router.asked) == asked
    settings.ROUTER_URL = ""
    ProviderWay.objects.all().delete()
    measure_ways(world.organisation.pk)
    assert (len(router.asked), ProviderWay.objects.count()) == (asked, 0)


def test_many_are_asked_in_several_questions(world: World, cobblers: list[Provider]) -> None:
    parts = list(unmeasured(world.organisation, many=3))
    assert [len(one.providers) for one in parts] == [3, 1]


@pytest.mark.promise("speed P9")
def test_roads_cost_a_search_one_query(world: World, heels: WorkOrder, cobblers: list[Provider]) -> None:
    for some in (cobblers[:1], cobblers[1:]):
        with CaptureQueriesContext(connection) as asked:
            ways_to(HERE, some)
        assert len(asked) == 1


@pytest.mark.promise("P04")
def test_ways_that_say_nothing_any_more_go(world: World, cobblers: list[Provider], router: Router) -> None:
    measure_ways(world.organisation.pk)
    assert ProviderWay.objects.count() == 4
    ProviderWay.objects.update(measured_at=timezone.now() - dt.timedelta(days=91))
    assert retention.purge()["provider_ways"] == 4
