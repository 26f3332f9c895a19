"""Where an address is: asked of the Géoplateforme, or of any geocoder that answers as it does (ADR 16).

Off without ``GEOCODER_URL``. Street, postcode and commune leave, never who lives there. No booking waits long for it or
fails by it: an address that it does not know for sure is judged by its postcode, as without it.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import dropwhile
from typing import Any, TypeVar

import httpx
import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from bookings.actions.beneficiaries import Beneficiary
from bookings.actions.clients import ClientDetails
from bookings.actions.walk_in import Visit

log = structlog.get_logger(__name__)
Spot = tuple[Decimal, Decimal]
Where = TypeVar("Where", ClientDetails, Beneficiary, Visit)

# Whoever books waits so long at most, names looked up and slow answers included.
MOST_SECONDS = 2.0
MOST_BYTES = 64_000
KEPT_FOUND, KEPT_UNKNOWN = dt.timedelta(days=30), dt.timedelta(days=1)
# After a failure nobody waits for it again so soon.
RESTS, REST = "geocoder_rests", dt.timedelta(minutes=1)
# What it answers to an odd address: one that it does not know. It is well.
NOT_FOUND = frozenset({httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY})
# A whole commune is not where somebody lives.
TOO_COARSE = frozenset({"municipality"})
POSTCODE = re.compile(r"[0-9]{5}\Z")
ASKED_AT_ONCE = 8
_threads = ThreadPoolExecutor(max_workers=ASKED_AT_ONCE, thread_name_prefix="geocoder")


class Away(Exception):
    """It does not answer, or not as a geocoder does."""


def located(where: Where) -> Where:
    """The same with its coordinates, when it has none and they can be found."""
    if where.latitude is not None:
        return where
    spot = locate(where.street, where.postcode, where.city)
    return where if spot is None else replace(where, latitude=spot[0], longitude=spot[1])


def locate(street: str, postcode: str, city: str) -> Spot | None:
    """Latitude and longitude of an address, in degrees; ``None`` when nobody knows. Never within a transaction: a slow
    answer would keep its locks."""
    if not settings.GEOCODER_URL or not plain(street) or not POSTCODE.match(postcode):
        return None
    # The one around a whole test is none.
    if any(not block._from_testcase for block in connection.atomic_blocks):  # type: ignore[attr-defined]  # as Django asks for "durable"
        raise RuntimeError("An address is looked up before the transaction begins.")
    # Whoever reads the cache learns no address, nor whether one that they guess was asked for.
    written = "\n".join(plain(part) for part in (street, postcode, city))
    key = "geocoder_" + salted_hmac(__name__, written, algorithm="sha256").hexdigest()
    try:
        kept = cache.get_many([key, RESTS])
        if key in kept or RESTS in kept:
            return kept.get(key) or None
        return _asked(key, street, postcode, city)
    except RedisError:
        # Without a cache nobody would remember that it is away.
        return None


def _asked(key: str, street: str, postcode: str, city: str) -> Spot | None:
    asked = {"q": question(street, city), "postcode": postcode, "limit": "1"}
    try:
        spot = spot_in(_fetch(asked), postcode, city)
    except Away as error:
        log.warning("geocoder_away", why=str(error))
        cache.set(RESTS, True, timeout=REST.total_seconds())
        return None
    kept = KEPT_FOUND if spot else KEPT_UNKNOWN
    cache.set(key, spot or (), timeout=kept.total_seconds())
    return spot


def question(street: str, city: str) -> str:
    """An address as it is asked for: from its first letter or digit on, at most 200 characters, else it is refused."""
    written = f"{street.strip()} {city.strip()}"
    return "".join(dropwhile(lambda c: not c.isalnum(), written))[:200]


def plain(text: str) -> str:
    """Letters and digits without accents, in small letters: how people write one address differently."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c)).split())


def _fetch(asked: dict[str, str]) -> Any:
    """What it answers. In a thread of its own, so that nothing makes the caller wait longer. Raises ``Away``."""
    answer = _threads.submit(_get, settings.GEOCODER_URL, asked)
    try:
        return answer.result(timeout=MOST_SECONDS)
    except TimeoutError as error:
        answer.cancel()
        raise Away("no answer in time") from error


def _get(url: str, asked: dict[str, str]) -> Any:
    """One address, no redirects, nothing from the environment, at most so many bytes as they come."""
    body, latest = bytearray(), time.monotonic() + MOST_SECONDS
    try:
        with (
            httpx.Client(timeout=MOST_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", url, params=asked, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            if answer.status_code in NOT_FOUND:
                return {"features": []}
            if answer.status_code != httpx.codes.OK:
                raise Away(f"answered {answer.status_code}")
            for part in answer.iter_raw():
                body += part
                if len(body) > MOST_BYTES or time.monotonic() > latest:
                    raise Away("answered too much or too slowly")
        return json.loads(body)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        raise Away(type(error).__name__) from error


def spot_in(answer: Any, postcode: str, city: str) -> Spot | None:
    """The best answer, if it is sure enough and in the same commune. Raises ``Away`` when this is no answer at all."""
    try:
        if not answer["features"]:
            return None
        best = answer["features"][0]
        about, (longitude, latitude) = best["properties"], map(float, best["geometry"]["coordinates"][:2])
        score, found = float(about["score"]), (str(about.get("postcode", "")), plain(str(about.get("city", ""))))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Away("answered something else") from error
    if not (math.isfinite(score) and -90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Away("answered something else")
    is_near = found[0] == postcode or found[1] == plain(city)
    if score < settings.GEOCODER_MIN_SCORE or not is_near or about.get("type") in TOO_COARSE:
        return None
    return round(Decimal(str(latitude)), 6), round(Decimal(str(longitude)), 6)
