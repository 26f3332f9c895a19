"""Every operation of the demand side shows an answer, and each answer is a real one.

``ANSWERS_WRITE=1 pytest tests/test_api_answers.py -k ask_for`` asks the product for one of each and keeps them in
``concierge/api/answers.json``, from where the OpenAPI document takes them.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import uuid
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.test import Client as Browser
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from concierge import tenancy
from concierge.api.document import ANSWERS
from tests.one_transaction import db
from tests.scene import build_scene
from tests.test_openapi import DOCUMENT, OPERATIONS, Fuzz, undone
from tests.world import build_world

__all__ = ["db"]
TAGS = {
    "catalogue",
    "clients",
    "client accounts",
    "service requests",
    "quotes",
    "orders ahead",
    "regular requests",
    "work orders",
}
JSON = "application/json"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def answers_of(name: str) -> dict[str, dict[str, Any]]:
    """What an operation answers in JSON when it succeeds, by status."""
    found = OPERATIONS[name][2]["responses"].items()
    return {status: one["content"][JSON] for status, one in found if status[0] == "2" and JSON in one["content"]}


# A PDF shows itself.
NAMES = sorted(name for name, found in OPERATIONS.items() if TAGS & set(found[2]["tags"]) and answers_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_shows_an_answer_as_it_is_given(name: str) -> None:
    shown = []
    for one in answers_of(name).values():
        shown += [(one["schema"], example["value"]) for example in one.get("examples", {}).values()]
    assert len(shown) >= 1
    for schema, value in shown:
        Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def test_every_kept_answer_is_one_of_an_operation() -> None:
    assert set(json.loads(ANSWERS.read_text())) <= set(NAMES)


# --- asking for them once ----------------------------------------


@pytest.fixture(scope="module")
def asked(db: None) -> Iterator[Fuzz]:
    """A scene on a Monday in November."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("celery.app.task.Task.apply_async", lambda *_args, **_options: None)
        with time_machine.travel(dt.datetime(2026, 11, 23, 8, tzinfo=ZoneInfo("Europe/Paris"))):
            world = build_world()
            with tenancy.working_for(world.organisation):
                made = Fuzz(build_scene(world))
            yield made


# Where the example of the question fits nobody of the scene.
BODIES: dict[str, dict[str, Any]] = {
    "createClient": {"first_name": "Solène", "last_name": "Mercier", "email": "solene.mercier@example.fr"}
}


def _call(name: str, asked: Fuzz) -> Any:
    method, path, operation = OPERATIONS[name]
    aim, body = asked.whole.get(name, (None, BODIES.get(name)))
    if body is None and "requestBody" in operation:
        examples = operation["requestBody"]["content"][JSON]["examples"].values()
        body = asked._aimed("", next(iter(examples))["value"])
    if aim is None and "{public_id}" in path:
        _api, _v1, collection, _id, *verb = path.strip("/").split("/")
        names = (f"{collection}/{verb[0]}", verb[0], collection) if verb else (collection,)
        aim = next(asked.things[one] for one in names if one in asked.things)
    query = {key: str(asked.things[key]) for key in ("site", "service")} if name == "listSlots" else {}
    if name == "listServices":
        query = {"site": str(asked.things["site"])}
    headers = {"Authorization": f"Bearer {asked.keys['organisation']}", "Accept-Language": "fr"}
    browser, address = Browser(headers=headers), path.replace("{public_id}", str(aim))
    with undone():
        if method == "get":
            return browser.get(address, query)
        unique = {"Idempotency-Key": uuid.uuid4().hex}
        return browser.post(address, json.dumps(body or {}), content_type=JSON, headers={**headers, **unique})


def _uuid_of(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"answer {number}"))


def _plain(value: Any, known: dict[str, str]) -> Any:
    """An answer without what changes from one time to the next, and without secrets; lists begin only."""
    if isinstance(value, dict):
        return {key: None if key in {"next", "previous"} else _plain(inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, known) for inner in value[:2]]
    if isinstance(value, str):
        value = re.sub(r"/suivi/[^/]+/", "/suivi/eyJyIjoi…/", value)
        return UUID.sub(lambda found: known.setdefault(found[0], _uuid_of(len(known))), value)
    return value


@pytest.mark.skipif("ANSWERS_WRITE" not in os.environ, reason="only on demand")
def test_ask_for_them(asked: Fuzz) -> None:
    known: dict[str, str] = {}
    kept, refused = {}, {}
    own = {name for name in NAMES if any("examples" in one for one in answers_of(name).values())}
    for name in NAMES:
        answer = _call(name, asked)
        if answer.status_code // 100 == 2:
            kept[name] = {str(answer.status_code): _plain(answer.json(), known)}
        else:
            refused[name] = (answer.status_code, answer.content.decode()[:300])
    assert refused == {}
    kept = {name: one for name, one in kept.items() if name not in own or name in json.loads(ANSWERS.read_text())}
    ANSWERS.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    assert settings.BASE_DIR in ANSWERS.parents
