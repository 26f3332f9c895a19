"""Where somebody is sent: communes, a distance, a shape on the map. Plain geometry; addresses arrive with or without
coordinates."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shapely.errors import ShapelyError
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

EARTH_KM = 6371.0088
# A hand-drawn quarter has hundreds of points, a commune thousands.
MOST_BYTES, MOST_POINTS, MOST_PARTS = 1_000_000, 20_000, 50
# Farther than that from its site a shape has its coordinates the wrong way round, or is somebody else's.
FARTHEST_KM = 300.0
COMMUNE, RADIUS, POLYGON = "commune", "radius", "polygon"


class BadShape(ValueError):
    """A file that is no area. ``code`` says why, ``detail`` where."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code, self.detail = code, detail
        super().__init__(f"{code} {detail}".strip())


@dataclass(frozen=True)
class Spot:
    """A point of the Earth, in degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class Area:
    """One part of what a site serves; the kind says which of the values counts."""

    kind: str
    postcode: str = ""
    radius_km: Decimal | None = None
    shape: Any = None


@dataclass(frozen=True)
class Verdict:
    """Whether somebody comes there, and whether the place of the address was known."""

    is_served: bool
    is_located: bool
    distance_km: Decimal | None = None


def distance_km(start: Spot, end: Spot) -> Decimal:
    """As the crow flies, to ten metres."""
    lat1, lat2 = math.radians(start.latitude), math.radians(end.latitude)
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(end.longitude - start.longitude) / 2) ** 2
    return Decimal(f"{2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half))):.2f}")


def judge(
    *, postcode: str, spot: Spot | None, areas: Sequence[Area], site_postcode: str, site_spot: Spot | None
) -> Verdict:
    """Whether an address lies in one of the areas; a site without any serves its own postcode.

    With coordinates every kind counts. Without them the postcode decides: one of a commune in the list, else the
    site's own, because no distance and no shape can be tested.
    """
    distance = distance_km(site_spot, spot) if spot is not None and site_spot is not None else None
    postcodes = {area.postcode for area in areas if area.kind == COMMUNE}
    if not areas:
        return Verdict(postcode == site_postcode, spot is not None, distance)
    if postcode in postcodes:
        return Verdict(True, spot is not None, distance)
    if spot is None:
        measured = any(area.kind != COMMUNE for area in areas)
        return Verdict(measured and postcode == site_postcode, False)
    inside = any(_holds(area, spot, distance) for area in areas)
    return Verdict(inside, True, distance)


def _holds(area: Area, spot: Spot, distance: Decimal | None) -> bool:
    if area.kind == RADIUS:
        return distance is not None and area.radius_km is not None and distance <= area.radius_km
    if area.kind == POLYGON:
        return bool(shape(area.shape).covers(Point(spot.longitude, spot.latitude)))
    return False


def read_geojson(text: str | bytes, *, near: Spot | None = None) -> dict[str, Any]:
    """One MultiPolygon of a GeoJSON file (RFC 7946): a Polygon, a MultiPolygon, or features that carry them.

    Raises ``BadShape``: ``too_big``, ``not_json``, ``not_geojson``, ``not_closed``, ``out_of_range``, ``crosses``,
    ``empty`` or ``too_far`` (from ``near``).
    """
    if len(text) > MOST_BYTES:
        raise BadShape("too_big")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadShape("not_json") from error
    polygons = list(_polygons(given))
    if not polygons:
        raise BadShape("empty")
    if len(polygons) > MOST_PARTS or sum(len(ring) for polygon in polygons for ring in polygon) > MOST_POINTS:
        raise BadShape("too_big")
    found = {"type": "MultiPolygon", "coordinates": polygons}
    try:
        drawn = shape(found)
    except (ShapelyError, ValueError) as error:
        raise BadShape("not_geojson") from error
    _check_drawn(drawn, near)
    return found


def _check_drawn(drawn: BaseGeometry, near: Spot | None) -> None:
    if not drawn.is_valid:
        raise BadShape("crosses", explain_validity(drawn)[:120])
    if drawn.is_empty or drawn.area == 0:
        raise BadShape("empty")
    middle = drawn.representative_point()
    if near is not None and distance_km(near, Spot(middle.y, middle.x)) > FARTHEST_KM:
        raise BadShape("too_far")


def _polygons(given: Any) -> Iterable[list[list[list[float]]]]:
    kind = _kind(given)
    if kind == "FeatureCollection" and isinstance(given.get("features"), list):
        for feature in given["features"][: MOST_PARTS + 1]:
            yield from _polygons_of_feature(feature)
    elif kind == "Feature":
        yield from _polygons_of_feature(given)
    elif kind in {"Polygon", "MultiPolygon"}:
        parts = given.get("coordinates")
        for part in _list([parts] if kind == "Polygon" else parts):
            rings = [_ring(ring) for ring in _list(part)]
            if not rings:
                raise BadShape("not_geojson")
            yield rings
    else:
        raise BadShape("not_geojson")


def _polygons_of_feature(feature: Any) -> Iterable[list[list[list[float]]]]:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if _kind(geometry) not in {"Polygon", "MultiPolygon"}:
        raise BadShape("not_geojson")
    return _polygons(geometry)


def _kind(given: Any) -> str:
    kind = given.get("type") if isinstance(given, dict) else None
    return kind if isinstance(kind, str) else ""


def _ring(ring: Any) -> list[list[float]]:
    points = [_point(point) for point in _list(ring)]
    if len(points) < 4 or points[0] != points[-1]:
        raise BadShape("not_closed")
    return points


def _point(point: Any) -> list[float]:
    numbers = _list(point)[:2]
    if len(numbers) < 2 or any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        raise BadShape("not_geojson")
    try:
        longitude, latitude = (float(n) for n in numbers)
    except OverflowError as error:
        raise BadShape("out_of_range") from error
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise BadShape("out_of_range", f"{longitude:.6g}, {latitude:.6g}")
    return [round(longitude, 6), round(latitude, 6)]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise BadShape("not_geojson")
    return value
