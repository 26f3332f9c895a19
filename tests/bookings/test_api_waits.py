"""Waiting, by the API: whose turn it is, answers, pauses, silences; a site with its hours."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bookings.models import Closure, Pause, ServiceRequest
from concierge.enums import Scope
from tests.bookings.conftest import at
from tests.bookings.test_api import REQUESTS, Api
from tests.bookings.test_questions import asked
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


@pytest.fixture
def api(world: World) -> Api:
    """The organisation's own system."""
    return Api(world.api_key())


def path(request: ServiceRequest, verb: str = "") -> str:
    return f"{REQUESTS}/{request.public_id}" + (f"/{verb}" if verb else "")


def test_a_request_says_whose_turn_it_is(world: World, api: Api) -> None:
    request = world.request(world.ironing)
    waiting = api.get(path(request)).json()["waiting"]
    assert waiting.pop("since") is not None
    assert request.promised_start is not None
    assert dt.datetime.fromisoformat(waiting.pop("due")) == request.promised_start
    assert waiting == {
        "step": "agreed",
        "holder": "team",
        "role": "dispatcher",
        "provider": "",
        "next_step": "plan",
        "is_late": False,
        "is_paused": False,
        "reason": "",
    }


def test_a_list_says_it_flat(
    world: World,
    api: Api,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: Any,
) -> None:
    world.request(world.ironing)
    api.get(REQUESTS)
    with django_assert_max_num_queries(30) as one:
        assert len(api.get(REQUESTS).json()["results"]) == 1
    for _n in range(2):
        world.request(world.ironing, world.cobbler)
    with django_assert_num_queries(len(one.captured_queries)):
        assert [row["waiting"]["holder"] for row in api.get(REQUESTS).json()["results"]] == ["team"] * 3


def test_hold_and_resume(world: World, api: Api) -> None:
    request = world.request(world.ironing)
    body = {"reason": "material", "until": "2026-11-30T09:00:00+01:00", "note": "Le fil arrive"}
    held = api.post(path(request, "hold"), body)
    assert (held.status_code, held.json()["status"]) == (200, "on_hold")
    waiting = held.json()["waiting"]
    assert (waiting["holder"], waiting["is_paused"], waiting["reason"], waiting["due"]) == (
        "material",
        True,
        "material",
        "2026-11-30T08:00:00Z",
    )
    assert api.post(path(request, "hold"), body).status_code == 409
    stale = api.post(path(request, "resume"), {}, **{"If-Match": '"1"'})
    assert stale.status_code == 412
    assert api.post(path(request, "resume"), {}).json()["status"] == "confirmed"
    assert api.post(path(request, "resume"), {}).json()["code"] == "wrong_state"


@pytest.mark.promise("R03")
def test_the_same_key_holds_once(world: World, api: Api) -> None:
    request = world.request(world.ironing)
    body = {"reason": "ours", "until": "2026-11-30T09:00:00+01:00"}
    answers = [api.post(path(request, "hold"), body, key="one") for _n in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert Pause.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"reason": "weather", "until": "2026-11-30T09:00:00Z"}, 400),
        ({"reason": "ours", "until": "yesterday"}, 400),
        ({"reason": "ours", "until": "2026-11-20T09:00:00Z"}, 400),
        ({"reason": "client", "until": "2026-11-30T09:00:00Z"}, 400),
        ({"reason": "ours", "until": "2026-11-30T09:00:00Z", "note": "x" * 201}, 400),
        ({"reason": "ours", "until": "2026-11-30T09:00:00Z", "note": "\x00"}, 400),
    ],
)
def test_bad_input_changes_nothing(world: World, api: Api, body: dict[str, str], status: int) -> None:
    request = world.request(world.ironing)
    answer = api.post(path(request, "hold"), body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    request.refresh_from_db()
    assert (request.status, Pause.objects.exists()) == ("confirmed", False)


def test_an_answer_for_the_client(world: World, api: Api) -> None:
    request = asked(world)
    assert api.post(path(request, "answer"), {"answer": " "}).status_code == 400
    assert api.post(path(request, "answer"), {"answer": "Bleu"}).json()["status"] == "qualifying"
    assert api.post(path(request, "answer"), {"answer": "Rouge"}).json()["code"] == "question_closed"


def test_silences(world: World, api: Api) -> None:
    late = world.request(world.ironing, promised_start=timezone.now() - dt.timedelta(days=5))
    world.request(world.ironing)
    found = api.get("/api/v1/silences").json()
    assert [row["reference"] for row in found["results"]] == [late.reference]
    assert found["results"][0]["waiting"]["is_late"] is True


def test_a_site_with_its_hours(world: World, api: Api) -> None:
    for first, last in ((dt.date(2026, 12, 24), dt.date(2026, 12, 26)), (dt.date(2027, 8, 1), dt.date(2027, 8, 15))):
        Closure.objects.create(
            organisation=world.organisation, site=world.site, starts_on=first, ends_on=last, reason="Congés"
        )
    found = api.get(f"/api/v1/sites/{world.site.public_id}").json()
    assert found["opening_hours"][0] == {"weekday": 0, "opens": "09:00", "closes": "18:00"}
    assert found["closures"] == [{"starts_on": "2026-12-24", "ends_on": "2026-12-26", "reason": "Congés"}]
    assert (found["public_path"], found["widget_path"]) == ("/conciergeries/republique/", "/integrer/republique/")


@pytest.mark.promise("S02")
def test_other_keys_see_and_do_nothing(world: World, other_world: World) -> None:
    request = world.request(world.ironing, promised_start=at(10, 9))
    for key in (other_world.api_key(), world.api_key(provider_id=7)):
        stranger = Api(key)
        assert stranger.get("/api/v1/silences").json()["results"] == []
        for verb in ("answer", "hold", "resume"):
            assert stranger.post(path(request, verb), {}).status_code == 404
    reader = Api(world.api_key(Scope.REQUESTS_READ))
    assert reader.post(path(request, "hold"), {}).status_code == 403
