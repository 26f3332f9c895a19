"""SMS: their alphabet, and what a service may answer (R31, R22)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from notifications.gateways.failures import Delayed, Refused, ServerDown
from notifications.gateways.sms import FileSms, HttpSms, SmsSender
from notifications.rules import sms as rules

SAID = {"to": "+33612345678", "text": "Un travail pour vous", "reference": "ref-1"}


@pytest.mark.parametrize(
    ("text", "size", "parts"),
    [
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 306, 306, 2),
        ("a" * 307, 307, 3),
        ("€" * 80, 160, 1),
        ("", 0, 1),
    ],
)
def test_size_and_parts(text: str, size: int, parts: int) -> None:
    assert (rules.size(text), rules.parts(text)) == (size, parts)


def test_alphabet() -> None:
    assert [rules.is_plain(text) for text in ("é è à ù Ç €", "ç", "ê", "œ", "’", "\u00a0")] == [True] + [False] * 5


def test_shortened_at_a_word() -> None:
    assert rules.shortened("Cordonnerie du Bourg", 30) == "Cordonnerie du Bourg"
    assert rules.shortened("Cordonnerie du Bourg", 17) == "Cordonnerie..."
    assert rules.shortened("Cordonnerie", 5) == "Co..."


def answering(status: int, seen: list[httpx.Request]) -> Any:
    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, text="x" * 10)

    return httpx.MockTransport(serve)


@pytest.fixture
def service(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A service that answers with a status."""
    settings.SMS_GATEWAY, settings.SMS_URL = "http", "https://sms.example/send"
    settings.SMS_TOKEN, settings.SMS_SENDER = "secret-token", "+33700000000"
    seen: list[httpx.Request] = []

    def answer(status: int) -> list[httpx.Request]:
        monkeypatch.setattr(HttpSms, "transport", answering(status, seen))
        return seen

    return answer


@pytest.mark.promise("R22")
@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (200, None),
        (202, None),
        (400, Refused),
        (404, Refused),
        (422, Refused),
        (429, Delayed),
        (401, ServerDown),
        (302, ServerDown),
        (500, ServerDown),
        (503, ServerDown),
    ],
)
def test_what_a_service_answers(service: Any, status: int, failure: type[Exception] | None) -> None:
    seen = service(status)
    if failure is None:
        HttpSms().send(**SAID)
    else:
        with pytest.raises(failure, match=str(status)):
            HttpSms().send(**SAID)
    [request] = seen
    assert json.loads(request.content) == {**SAID, "from": "+33700000000"}
    assert (request.headers["authorization"], request.headers["idempotency-key"]) == ("Bearer secret-token", "ref-1")


def test_a_service_that_is_away(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    service(200)
    monkeypatch.setattr(HttpSms, "transport", httpx.MockTransport(away))
    with pytest.raises(ServerDown, match="ConnectError"):
        HttpSms().send(**SAID)


def test_a_folder_for_whoever_tries_it_out(settings: Any, tmp_path: Path) -> None:
    settings.SMS_DIR = str(tmp_path / "sms")
    FileSms().send(**SAID)
    [path] = list((tmp_path / "sms").iterdir())
    assert path.name.endswith("-+33612345678.txt")
    assert path.read_text() == "To: +33612345678\n\nUn travail pour vous\n"


def test_without_a_gateway_what_waits_is_delayed(settings: Any) -> None:
    settings.SMS_GATEWAY = ""
    with pytest.raises(ServerDown):
        SmsSender().deliver(object(), object())  # type: ignore[arg-type]  # neither is looked at
