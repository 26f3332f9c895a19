"""How far it is by road: asked of an OSRM or a Valhalla (ADR 23).

Off without ``ROUTER_URL``. Pairs of coordinates leave, nothing else. Only tasks ask: nobody waits for it, and what it
does not know is estimated from the straight line.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import httpx
import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from redis.exceptions import RedisError

from providers.rules.candidates import tenth

log = structlog.get_logger(__name__)
Spot = tuple[Decimal, Decimal]

MOST_SECONDS = 10.0
MOST_BYTES = 512_000
# A table of OSRM has a hundred places at most, unless its operator allows more: the goal is one of them.
MOST_AT_ONCE = 90
# After a failure nobody asks it again so soon.
RESTS, REST = "router_rests", dt.timedelta(minutes=5)
# Farther than around half the Earth is no road.
FARTHEST_METRES = 20_000_000
PROFILES = {"foot": "foot", "bike": "bike", "cargo_bike": "bike", "car": "car"}
COSTINGS = {"foot": "pedestrian", "bike": "bicycle", "cargo_bike": "bicycle", "car": "auto"}


class Away(Exception):
    """It does not answer, or not as a router does."""


class Road(NamedTuple):
    """A way: kilometres, to a tenth, and minutes; neither where no road leads."""

    km: Decimal | None
    minutes: int | None


def is_asked() -> bool:
    """Whether there is a router, and it is not left alone for a while."""
    try:
        return bool(settings.ROUTER_URL) and not cache.get(RESTS)
    except RedisError:
        # Without a cache nobody would remember that it is away.
        return False


def measure(mode: str, starts: Sequence[Spot], goal: Spot) -> list[Road] | None:
    """The ways from some places to one, in their order, for a way of coming; ``None`` when it does not answer: then it
    is left alone for a while. Points are (latitude, longitude) in degrees, at most ``MOST_AT_ONCE`` starts. Never
    within a transaction."""
    if any(not block._from_testcase for block in connection.atomic_blocks):  # type: ignore[attr-defined]  # as Django asks for "durable"
        raise RuntimeError("Roads are measured outside of any transaction.")
    try:
        roads = (_osrm if settings.ROUTER_KIND == "osrm" else _valhalla)(mode, starts, goal)
        if len(roads) != len(starts):
            raise Away("answered for other places")
    except Away as error:
        log.warning("router_away", why=str(error))
        try:
            cache.set(RESTS, True, timeout=REST.total_seconds())
        except RedisError:
            log.warning("cache_down", error="RedisError")
        return None
    # Its bicycle has no load: how long a cargo bike takes is for the rules of the organisation.
    return [Road(road.km, None) for road in roads] if mode == "cargo_bike" else roads


def _osrm(mode: str, starts: Sequence[Spot], goal: Spot) -> list[Road]:
    profile = PROFILES[mode]
    places = ";".join(f"{longitude:f},{latitude:f}" for latitude, longitude in (goal, *starts))
    sources = ";".join(str(number) for number in range(1, len(starts) + 1))
    url = f"{_base(profile)}/table/v1/{profile}/{places}"
    said = _fetch("GET", url, params={"sources": sources, "destinations": "0", "annotations": "duration,distance"})
    try:
        if said["code"] != "Ok":
            raise Away(f"answered {str(said['code'])[:40]}")
        rows = zip(said["distances"], said["durations"], strict=True)
        return [_road(metres[0], seconds[0]) for metres, seconds in rows]
    except (LookupError, TypeError, ValueError) as error:
        raise Away("answered something else") from error


def _valhalla(mode: str, starts: Sequence[Spot], goal: Spot) -> list[Road]:
    def point(spot: Spot) -> dict[str, float]:
        return {"lat": float(spot[0]), "lon": float(spot[1])}

    asked = {
        "sources": [point(one) for one in starts],
        "targets": [point(goal)],
        "costing": COSTINGS[mode],
        "units": "kilometers",
    }
    said = _fetch("POST", f"{_base(COSTINGS[mode])}/sources_to_targets", json=asked)
    try:
        cells = [row[0] for row in said["sources_to_targets"]]
        return [_road(None if cell["distance"] is None else cell["distance"] * 1000, cell["time"]) for cell in cells]
    except (LookupError, TypeError, ValueError) as error:
        raise Away("answered something else") from error


def _base(profile: str) -> str:
    """Where it is: one address for all, or one for each profile."""
    return str(settings.ROUTER_URL).replace("{profile}", profile).rstrip("/")


def _road(metres: Any, seconds: Any) -> Road:
    """What it says of one way. Raises ``ValueError`` for what is none."""
    if metres is None or seconds is None:
        return Road(None, None)
    far, long = float(metres), float(seconds)
    if not 0 <= far <= FARTHEST_METRES or not 0 <= long <= FARTHEST_METRES:
        raise ValueError("no way")
    return Road(tenth(far / 1000), round(long / 60))


def _fetch(method: str, url: str, **asked: Any) -> Any:
    """One question, no redirects, nothing from the environment, at most so many bytes as they come. Raises ``Away``."""
    body, latest = bytearray(), time.monotonic() + MOST_SECONDS
    try:
        with (
            httpx.Client(timeout=MOST_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream(method, url, headers={"Accept-Encoding": "identity"}, **asked) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise Away(f"answered {answer.status_code}")
            for part in answer.iter_raw():
                body += part
                if len(body) > MOST_BYTES or time.monotonic() > latest:
                    raise Away("answered too much or too slowly")
        return json.loads(body)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        raise Away(type(error).__name__) from error
