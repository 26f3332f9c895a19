"""JSON bodies that try too much (S28)."""

from __future__ import annotations

import io

import pytest
from rest_framework.exceptions import APIException

from concierge.api.bodies import MAX_BODY, StrictJSONParser


def parse(raw: bytes) -> object:
    return StrictJSONParser().parse(io.BytesIO(raw))


def test_plain_json_passes() -> None:
    assert parse('{"a": [1, {"b": "é"}]}'.encode()) == {"a": [1, {"b": "é"}]}


@pytest.mark.promise("S28")
@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(b"[" * 100_000 + b"]" * 100_000, 400, id="100000-deep"),
        pytest.param(b'{"a":' * 40 + b"1" + b"}" * 40, 400, id="40-deep"),
        pytest.param(b'{"a": NaN}', 400, id="nan"),
        pytest.param(b'{"a": Infinity}', 400, id="infinity"),
        pytest.param(b'{"a": 1, "a": 2}', 400, id="duplicate-key"),
        pytest.param(b'{"a": "\xff"}', 400, id="not-utf-8"),
        pytest.param(b'{"a": "\\u0000"}', 400, id="nul"),
        pytest.param(b'{"a": "\\ud800"}', 400, id="lone-surrogate"),
        pytest.param(b'{"a": ' + b"1" * 10_000 + b"}", 400, id="huge-integer"),
        pytest.param(b"", 400, id="empty"),
        pytest.param(b'"' + b"x" * MAX_BODY + b'"', 413, id="too-large"),
    ],
)
def test_hostile_json_is_refused(raw: bytes, status: int) -> None:
    with pytest.raises(APIException) as refusal:
        parse(raw)
    assert refusal.value.status_code == status
