"""The day on a map of our own: places, numbers, and who sees where a home is."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given as drawn
from hypothesis import strategies as st

from bookings.models import ServiceRequest
from tests.workers.conftest import NOW, Team, at
from workers.actions.dispatch import assign_work_order
from workers.rules.mapping import Spot, drawing_of

MAP = "/affectations/carte/"
DIJON = Spot(47.3271, 5.0442)


@pytest.fixture
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@drawn(st.lists(st.builds(Spot, st.floats(41, 51), st.floats(-5, 9)), min_size=1, max_size=20))
def test_every_spot_lies_on_the_drawing_and_its_tiles(spots: list[Spot]) -> None:
    drawing = drawing_of(spots, width=1000, height=640)
    assert drawing is not None
    for x, y in map(drawing.place, spots):
        assert 0 <= x <= 1000
        assert 0 <= y <= 640
        assert any(
            t.left - 1 <= x <= t.left + t.size + 1 and t.top - 1 <= y <= t.top + t.size + 1 for t in drawing.tiles()
        )
    assert len(drawing.tiles()) <= 60


def test_north_is_up_and_a_known_tile_lies_under_dijon() -> None:
    drawing = drawing_of([DIJON, Spot(47.40, 5.2)], width=1000, height=640)
    assert drawing is not None
    (x, y), (east, north) = drawing.place(DIJON), drawing.place(Spot(47.40, 5.2))
    assert (east > x, north < y) == (True, True)
    # openstreetmap.org, zoom 12: 47.3271 N, 5.0442 E lies on 2105/1437.
    (tile,) = [one for one in drawing_of([DIJON], width=256, height=256).tiles() if one.zoom == 17][:1] or [None]  # type: ignore[union-attr]
    assert tile is None or tile.x >> 5 == 2105


def test_nothing_has_no_drawing() -> None:
    assert drawing_of([], width=10, height=10) is None


@pytest.mark.usefixtures("_monday_morning")
@pytest.mark.promise("domain R14")
class TestPage:
    def test_stops_are_numbered_per_person(self, team: Team, client: Client) -> None:
        client.force_login(team.world.users["dispatcher"])
        for hour in (9, 11):
            assign_work_order(team.work(), team.amina, starts_at=at(hour), by=team.dispatcher)
        assign_work_order(team.work(), team.bilal, starts_at=at(9), by=team.dispatcher)
        ServiceRequest.objects.update(
            place="home",
            street="3 rue Monge",
            city="Dijon",
            postcode="21000",
            latitude=Decimal("47.32"),
            longitude=Decimal("5.03"),
        )
        text = client.get(MAP, {"day": "2026-11-23"}).content.decode()
        for label in (">A1<", ">A2<", ">B1<"):
            assert label in text
        assert "3 rue Monge" in text
        assert "<image" not in text

    def test_a_home_nobody_located_is_in_the_list_only(self, team: Team, client: Client) -> None:
        client.force_login(team.world.users["dispatcher"])
        assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
        ServiceRequest.objects.update(place="home", street="3 rue Monge", city="Dijon", postcode="21000")
        text = client.get(MAP, {"day": "2026-11-23"}).content.decode()
        assert ">A1<" not in text
        assert "Pas sur la carte" in text

    def test_who_gives_no_work_sees_the_town_only(self, team: Team, client: Client) -> None:
        assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
        ServiceRequest.objects.update(
            place="home",
            street="3 rue Monge",
            city="Dijon",
            postcode="21000",
            latitude=Decimal("47.32"),
            longitude=Decimal("5.03"),
        )
        client.force_login(team.world.users["social_adviser"])
        text = client.get(MAP, {"day": "2026-11-23"}).content.decode()
        assert ("rue Monge" in text, ">A1<" in text, "Dijon" in text) == (False, False, True)

    def test_tiles_come_only_where_a_setting_names_them(self, team: Team, client: Client, settings: object) -> None:
        client.force_login(team.world.users["dispatcher"])
        assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
        settings.MAP_TILES_URL = "https://tiles.example/{z}/{x}/{y}.png"  # type: ignore[attr-defined]
        settings.MAP_ATTRIBUTION = "© Somebody"  # type: ignore[attr-defined]
        text = client.get(MAP, {"day": "2026-11-23"}).content.decode()
        assert text.count("https://tiles.example/") >= 4
        assert "© Somebody" in text

    def test_one_and_three_stops_cost_the_same(self, team: Team, client: Client) -> None:
        client.force_login(team.world.users["dispatcher"])
        assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)

        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                client.get(MAP, {"day": "2026-11-23"})
            return len(captured)

        queries()
        one = queries()
        assign_work_order(team.work(), team.amina, starts_at=at(11), by=team.dispatcher)
        assign_work_order(team.work(), team.bilal, starts_at=at(11), by=team.dispatcher)
        assert queries() == one
