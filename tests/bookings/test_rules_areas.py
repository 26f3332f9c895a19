"""Where somebody is sent."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import pytest

from bookings.rules.areas import Area, BadShape, Spot, distance_km, judge, read_geojson

DIJON, LYON = Spot(47.3271, 5.0442), Spot(45.7640, 4.8357)
SQUARE = [[5.0, 47.3], [5.1, 47.3], [5.1, 47.4], [5.0, 47.4], [5.0, 47.3]]
POLYGON = {"type": "Polygon", "coordinates": [SQUARE]}


def asked(postcode: str, spot: Spot | None, *areas: Area) -> tuple[bool, bool]:
    found = judge(postcode=postcode, spot=spot, areas=areas, site_postcode="21000", site_spot=DIJON)
    return found.is_served, found.is_located


def test_distance_is_the_one_of_the_map() -> None:
    assert distance_km(DIJON, LYON) == Decimal("174.54")
    assert distance_km(DIJON, DIJON) == Decimal("0.00")


@pytest.mark.promise("domain R1", "domain R8")
@pytest.mark.parametrize(
    ("postcode", "spot", "areas", "expected"),
    [
        ("21000", None, (), (True, False)),
        ("21300", None, (), (False, False)),
        ("21300", None, (Area("commune", "21300"),), (True, False)),
        ("21000", None, (Area("commune", "21300"),), (False, False)),
        ("69002", LYON, (Area("radius", radius_km=Decimal(10)),), (False, True)),
        ("69002", LYON, (Area("radius", radius_km=Decimal(180)),), (True, True)),
        ("21000", None, (Area("radius", radius_km=Decimal(10)),), (True, False)),
        ("21300", None, (Area("radius", radius_km=Decimal(10)),), (False, False)),
        ("21999", Spot(47.35, 5.05), (Area("polygon", shape=POLYGON),), (True, True)),
        ("21999", Spot(47.3, 5.0), (Area("polygon", shape=POLYGON),), (True, True)),
        ("21999", Spot(47.45, 5.05), (Area("polygon", shape=POLYGON),), (False, True)),
        ("21999", Spot(47.45, 5.05), (Area("polygon", shape=POLYGON), Area("commune", "21999")), (True, True)),
    ],
)
def test_an_address_is_served(
    postcode: str, spot: Spot | None, areas: tuple[Area, ...], expected: tuple[bool, bool]
) -> None:
    assert asked(postcode, spot, *areas) == expected


def test_a_shape_is_read_whatever_carries_it() -> None:
    feature = {"type": "Feature", "properties": {"nom": "Centre"}, "geometry": POLYGON}
    wanted = {"type": "MultiPolygon", "coordinates": [[SQUARE]]}
    for given in (
        POLYGON,
        {"type": "MultiPolygon", "coordinates": [[SQUARE]]},
        feature,
        {"type": "FeatureCollection", "features": [feature]},
    ):
        assert read_geojson(json.dumps(given), near=DIJON) == wanted


@pytest.mark.promise("S26")
@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("nothing", "not_json"),
        (b"\xff\xfe", "not_json"),
        ("[" * 100_000, "not_json"),
        ("[]", "not_geojson"),
        ("null", "not_geojson"),
        ('{"type": "Point", "coordinates": [5, 47]}', "not_geojson"),
        ('{"type": "Polygon"}', "not_geojson"),
        ('{"type": ["Polygon"], "coordinates": []}', "not_geojson"),
        ('{"type": "Feature", "geometry": {"type": ["Polygon"]}}', "not_geojson"),
        ('{"type": "Polygon", "coordinates": []}', "not_geojson"),
        ('{"type": "MultiPolygon", "coordinates": [[[[5, 47], [6, 47], [6, 48], [5, 47]]], []]}', "not_geojson"),
        ('{"type": "FeatureCollection", "features": []}', "empty"),
        ('{"type": "FeatureCollection", "features": [{"geometry": null}]}', "not_geojson"),
        ({"type": "Polygon", "coordinates": [SQUARE[:-1]]}, "not_closed"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}, "not_closed"),
        ({"type": "Polygon", "coordinates": [[[5, 47], [6, 48], [6, 47], [5, 48], [5, 47]]]}, "crosses"),
        ({"type": "Polygon", "coordinates": [[[5, 47], [6, 47], [7, 47], [5, 47]]]}, "crosses"),
        ({"type": "Polygon", "coordinates": [[[181, 0], [1, 0], [1, 1], [181, 0]]]}, "out_of_range"),
        ({"type": "Polygon", "coordinates": [[["5", 47], [6, 47], [6, 48], ["5", 47]]]}, "not_geojson"),
        ({"type": "Polygon", "coordinates": [[[True, 47], [6, 47], [6, 48], [True, 47]]]}, "not_geojson"),
        ('{"type": "Polygon", "coordinates": [[[NaN, 47], [6, 47], [6, 48], [NaN, 47]]]}', "out_of_range"),
        ('{"type": "Polygon", "coordinates": [[[1e999, 47], [6, 47], [6, 48], [1e999, 47]]]}', "out_of_range"),
        # The coordinates the wrong way round: off the coast of Somalia.
        ({"type": "Polygon", "coordinates": [[[y, x] for x, y in SQUARE]]}, "too_far"),
        ({"type": "Polygon", "coordinates": [[[0.0, 0.0]] * 30_000]}, "too_big"),
        (" " * 1_000_001, "too_big"),
    ],
)
def test_a_file_that_is_no_area_says_why(given: Any, code: str) -> None:
    text = given if isinstance(given, str | bytes) else json.dumps(given)
    began = time.perf_counter()
    with pytest.raises(BadShape) as refusal:
        read_geojson(text, near=DIJON)
    assert (refusal.value.code, time.perf_counter() - began < 5) == (code, True)
