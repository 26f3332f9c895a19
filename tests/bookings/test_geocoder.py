"""Where an address is: asked outside, quickly, for the address only; a geocoder that fails makes nobody wait (R1)."""

from __future__ import annotations

import gzip
import json
import time
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import ConnectionError as Lost

from bookings.gateways import geocoder as gateway
from bookings.gateways.geocoder import locate
from tests.geocoder import Geocoder, collection, feature, geocoder

__all__ = ["geocoder"]
pytestmark = pytest.mark.django_db
STREET, POSTCODE, CITY = "3 rue Verrerie", "21300", "Chenôve"
FOUND = (Decimal("47.320000"), Decimal("5.050000"))


def look(street: str = STREET, postcode: str = POSTCODE, city: str = CITY) -> Any:
    return locate(street, postcode, city)


@pytest.mark.promise("domain R1")
def test_an_address_is_found_and_remembered(geocoder: Geocoder) -> None:
    assert look() == FOUND
    assert geocoder.asked == [{"q": "3 rue Verrerie Chenôve", "postcode": "21300", "limit": "1"}]
    assert [look("3, Rue  VERRERIE", city="chenove"), look()] == [FOUND, FOUND]
    assert len(geocoder.asked) == 1
    assert look("4 rue Verrerie") == FOUND
    assert len(geocoder.asked) == 2


def test_without_an_address_of_it_nobody_is_asked(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "_fetch", lambda _asked: pytest.fail("asked"))
    assert settings.GEOCODER_URL == ""
    assert look() is None


@pytest.mark.parametrize(
    "where",
    [("", "21300", CITY), (" ", "21300", CITY), ("« - »", "21300", CITY), ("3 rue Verrerie", "", CITY)],
)
def test_what_is_no_address_is_not_asked_for(geocoder: Geocoder, where: tuple[str, str, str]) -> None:
    assert locate(*where) is None
    assert geocoder.asked == []


@pytest.mark.promise("domain R1")
@pytest.mark.parametrize(
    "features",
    [
        [],
        [feature(score=0.59)],
        [feature(postcode="75001", city="Paris")],
        [feature(type="municipality")],
        [feature(score=0.2), feature()],
    ],
    ids=["nothing", "unsure", "elsewhere", "only the commune", "the second is better"],
)
def test_what_it_does_not_know_for_sure_is_not_known(geocoder: Geocoder, features: list[Any]) -> None:
    geocoder.finds(*features)
    assert [look(), look()] == [None, None]
    assert len(geocoder.asked) == 1
    geocoder.finds(feature())
    assert look("5 rue Neuve") == FOUND


@pytest.mark.parametrize("about", [{"postcode": "21301"}, {"city": "CHENOVE", "postcode": ""}, {"city": "Dijon"}])
def test_the_postcode_or_the_commune_is_enough(geocoder: Geocoder, about: dict[str, Any]) -> None:
    geocoder.finds(feature(**about))
    assert look() == FOUND


def test_how_sure_is_a_setting(geocoder: Geocoder, settings: Any) -> None:
    settings.GEOCODER_MIN_SCORE = 0.98
    assert look() is None


BROKEN: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "429": {"status": 429},
    "503": {"status": 503},
    "not JSON": {"answer": b"<html>"},
    "deep JSON": {"answer": b"[" * 60_000},
    "a list": {"answer": []},
    "no features": {"answer": {"type": "FeatureCollection"}},
    "no score": {"answer": collection({"geometry": {"coordinates": [5, 47]}, "properties": {}})},
    "text": {"answer": collection(feature(("x", "y")))},
    "no number": {"answer": b'{"features": [{"properties": {"score": 1}, "geometry": {"coordinates": [NaN, 47]}}]}'},
    "off Earth": {"answer": collection(feature((5.0, 470.0)))},
    "nothing at all": {"answer": None},
    "too much": {"answer": collection(feature(label="x" * 70_000))},
    "packed": {
        "answer": gzip.compress(json.dumps(collection(feature())).encode()),
        "headers": {"Content-Encoding": "gzip"},
    },
}


@pytest.mark.promise("domain R1")
@pytest.mark.parametrize("how", BROKEN)
def test_one_that_is_broken_rests_for_a_minute(geocoder: Geocoder, how: str) -> None:
    for name, value in BROKEN[how].items():
        setattr(geocoder, name, value)
    assert [look(), look(), look("5 rue Neuve")] == [None, None, None]
    assert len(geocoder.asked) == 1
    geocoder.status, geocoder.headers = 200, {}
    geocoder.finds(feature())
    assert look() is None
    left = cache._cache.get_client().ttl(cache.make_key(gateway.RESTS))  # type: ignore[attr-defined]  # of Redis
    assert 50 < left <= 60
    cache.delete(gateway.RESTS)
    assert look() == FOUND


@pytest.mark.promise("domain R1")
@pytest.mark.parametrize("status", [400, 404, 422])
def test_an_address_that_it_refuses_turns_nobody_elses_off(geocoder: Geocoder, status: int) -> None:
    """One odd address once made it rest for every organisation."""
    geocoder.status, geocoder.answer = status, {"code": status, "message": "q: must start with a letter or a digit"}
    assert [look("!!! 3 rue"), look("!!! 3 rue")] == [None, None]
    assert len(geocoder.asked) == 1
    assert cache.get(gateway.RESTS) is None
    geocoder.status = 200
    geocoder.finds(feature())
    assert (look("5 rue Neuve"), look("3 rue")) == (FOUND, None)


@pytest.mark.promise("domain R1")
@pytest.mark.parametrize(
    ("street", "asked"),
    [
        ("« 3 rue Verrerie »", "3 rue Verrerie » Chenôve"),
        (" (Bât. B) 3 rue Verrerie", "Bât. B) 3 rue Verrerie Chenôve"),
        ("__-É rue", "É rue Chenôve"),
        ("- " + "x" * 220, "x" * 200),
    ],
)
def test_a_question_begins_with_a_letter_or_a_digit(geocoder: Geocoder, street: str, asked: str) -> None:
    assert look(street) == FOUND
    assert [one["q"] for one in geocoder.asked] == [asked]


@pytest.mark.promise("S18")
def test_it_leads_nowhere_else(geocoder: Geocoder, monkeypatch: pytest.MonkeyPatch) -> None:
    geocoder.status, geocoder.headers = 302, {"Location": geocoder.url + "?q=elsewhere"}
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert look() is None
    assert [asked["q"] for asked in geocoder.asked] == ["3 rue Verrerie Chenôve"]


@pytest.mark.promise("domain R1")
def test_one_that_is_slow_makes_nobody_wait(geocoder: Geocoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MOST_SECONDS", 0.3)
    geocoder.wait = 1.5
    began = time.monotonic()
    assert look() is None
    assert time.monotonic() - began < 1
    began = time.monotonic()
    assert look("5 rue Neuve") is None
    assert time.monotonic() - began < 0.2
    assert len(geocoder.asked) == 1


def test_one_that_is_not_there_makes_nobody_wait(geocoder: Geocoder, settings: Any) -> None:
    settings.GEOCODER_URL = "http://127.0.0.1:9/search"
    assert look() is None
    assert cache.get(gateway.RESTS) is True


def test_without_a_cache_nobody_is_asked(geocoder: Geocoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: Any, **kwargs: Any) -> None:
        raise Lost

    monkeypatch.setattr(cache, "get_many", down)
    assert look() is None
    assert geocoder.asked == []


def test_never_within_a_transaction(geocoder: Geocoder) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        look()
    assert geocoder.asked == []


@pytest.mark.promise("S39")
def test_no_address_can_be_read_in_the_cache(geocoder: Geocoder) -> None:
    look()
    stored = cache._cache.get_client()  # type: ignore[attr-defined]  # of Redis
    keys = [key for key in stored.keys("*") if b"geocoder" in key]
    assert len(keys) == 1
    for secret in (b"verrerie", b"21300", b"chen"):
        assert secret not in keys[0].lower() + stored.get(keys[0]).lower()
