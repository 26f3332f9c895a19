"""No token and no personal data in logs, error reports and traces (S16, S39)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import structlog
from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.test import Client as Browser
from django.urls import URLResolver, get_resolver
from redis.exceptions import ConnectionError as CacheUnreachable
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as CacheTimeout

from bookings.models import Client
from concierge.logs import hide_in_report, hide_in_span
from tests.world import World

pytestmark = pytest.mark.promise("S39")
CANARIES = ("SECRET-TOKEN", "camille", "0612345678", "Dupont")


def caused(error: Exception, cause: Exception) -> Exception:
    """An error as Django wraps it."""
    error.__cause__ = cause
    return error


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the console would show, as the production settings format it."""
    from logging.config import DictConfigurator

    stream = io.StringIO()
    logging_settings: dict[str, Any] = settings.LOGGING
    formatter = DictConfigurator(logging_settings).configure_formatter(dict(logging_settings["formatters"]["json"]))
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


@pytest.mark.parametrize(
    "address",
    [
        "/offre/SECRET-TOKEN/",
        "/prix/SECRET-TOKEN/",
        "/prix/SECRET-TOKEN/code/",
        "/suivi/SECRET-TOKEN/etat/?seen=3",
        "/compte/password/reset/key/3-SECRET-TOKEN/",
        "/demandes/?q=Dupont",
        "/messages/?q=camille%40sens-pratique.example",
        "/nowhere/?tel=0612345678",
    ],
)
@pytest.mark.promise("S16")
def test_addresses_lose_their_secrets(world: World, client: Browser, lines: io.StringIO, address: str) -> None:
    client.get(address)
    said = lines.getvalue()
    assert "request_finished" in said
    assert [canary for canary in CANARIES if canary in said] == []


def test_a_row_that_postgresql_refuses_is_not_quoted(world: World, lines: io.StringIO) -> None:
    log = logging.getLogger("concierge.test")
    twin = Client(organisation=world.organisation, first_name="A", last_name="Dupont", email=world.client.email)
    try:
        with transaction.atomic():
            twin.save()
    except IntegrityError:
        log.exception("broken")
    said = lines.getvalue()
    assert "client_email_once_per_organisation" in said
    assert [canary for canary in CANARIES if canary in said] == []
    assert json.loads(said)["event"] == "broken"


def test_reports_and_traces_lose_them_too() -> None:
    report: Any = hide_in_report(
        {
            "request": {"method": "GET", "url": "https://x/offre/SECRET-TOKEN/", "query_string": "q=Dupont"},
            "exception": {"values": [{"value": "refused\nDETAIL:  Key (email)=(camille@x) already exists."}]},
            "breadcrumbs": {"values": [{"data": {"url": "https://x/demandes/?q=Dupont"}}]},
        }
    )
    assert [canary for canary in CANARIES if canary in json.dumps(report)] == []
    assert report["request"] == {"method": "GET", "url": "https://x/offre/…/"}

    class Span:
        def __init__(self) -> None:
            self.attributes = {
                "http.url": "https://x/suivi/SECRET-TOKEN/?q=Dupont",
                "net.peer.ip": "0612345678",
                "http.status_code": 200,
            }

        def set_attribute(self, name: str, value: Any) -> None:
            self.attributes[name] = value

    span = Span()
    hide_in_span(span, None)
    assert span.attributes == {"http.url": "https://x/suivi/…/?…", "net.peer.ip": "", "http.status_code": 200}


@pytest.mark.parametrize(
    ("error", "is_short"),
    [
        (caused(OperationalError("gone"), psycopg.OperationalError("connection refused")), True),
        (caused(OperationalError("gone"), psycopg.errors.AdminShutdown("terminating connection")), True),
        (InterfaceError("the connection is closed"), True),
        (CacheUnreachable("refused"), True),
        (CacheTimeout("slow"), True),
        (caused(OperationalError("slow"), psycopg.errors.QueryCanceled("statement timeout")), False),
        (ResponseError("WRONGTYPE"), False),
        (ValueError("ours"), False),
    ],
)
@pytest.mark.parametrize("logger", [logging.getLogger("django.request"), structlog.get_logger("ours")])
def test_an_outage_leaves_lines_and_a_bug_leaves_its_stack(
    lines: io.StringIO, logger: Any, error: Exception, is_short: bool
) -> None:
    try:
        raise error
    except type(error):
        logger.exception("request_failed")
    entry = json.loads(lines.getvalue())
    assert ("exception" in entry) is not is_short
    assert entry.get("error") == (type(error).__name__ if is_short else None)


@pytest.mark.promise("S16")
def test_every_address_with_a_token_is_known_here() -> None:
    """A link that a later page brings is hidden from its first day."""
    addresses = {place.partition("<str:token>")[0].partition("(?P<token>")[0].lstrip("^") for place in _with_tokens()}
    assert addresses == {
        "abonnement/",
        "agenda-travaux/",
        "compte-bancaire/",
        "convention/",
        "invitation/",
        "offre/",
        "prix/",
        "suivi/",
    }
    shown = [hide_in_report(f"https://x/{start}SECRET-TOKEN/") for start in addresses]
    assert [one for one in shown if "SECRET" in one] == []


def _with_tokens() -> list[str]:
    """Patterns of all addresses that carry a token."""
    found, left = [], list(get_resolver().url_patterns)
    while left:
        one = left.pop()
        if isinstance(one, URLResolver):
            left += one.url_patterns
        elif "token>" in str(one.pattern):
            found.append(str(one.pattern))
    return found
