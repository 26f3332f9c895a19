"""A server of data is gone for a while: whoever asks is told to try again, and is served as soon as it is back.

Every kind of address is asked many times, so that each thread of the web server meets its dead connection.
"""

from __future__ import annotations

import email
import http.client
import json
import re
import subprocess
import sys
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.system import DEVSTACK, ROOT, System, children, kill, until

pytestmark = pytest.mark.timeout(480)

# More than the web server has threads.
OFTEN = 20
SIGN_IN = """
import pathlib
from django.conf import settings
from demo.story import Story, sign_in
story = Story(settings.BASE_URL, pathlib.Path("."), pathlib.Path("."), print)
print(sign_in(story, "regulation@sens-pratique.example", second_step=True).http.cookies["sessionid"])
"""
SCOPES = ("catalogue:read", "requests:read", "requests:write")


@dataclass(frozen=True)
class Question:
    """One address, asked in one way; ``counted``: whoever asks it often is sent away, so it is asked once a round."""

    name: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    counted: bool = False

    @property
    def is_api(self) -> bool:
        """Whether a machine asks."""
        return self.path.startswith("/api/")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str


def ask(system: System, question: Question) -> Answer:
    """Ask once; redirects are not followed."""
    line = http.client.HTTPConnection("127.0.0.1", system.port, timeout=30)
    try:
        headers = {"Host": f"localhost:{system.port}", "Accept-Language": "fr", **question.headers}
        line.request("GET" if question.body is None else "POST", question.path, question.body, headers)
        got = line.getresponse()
        found = {name.lower(): value for name, value in got.getheaders()}
        return Answer(got.status, found, got.read().decode(errors="replace"))
    finally:
        line.close()


def manage(system: System, *command: str) -> str:
    """The last line that a management command prints."""
    done = subprocess.run(
        [*DEVSTACK, "exec", "--", sys.executable, "manage.py", *command],
        env=system.env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().splitlines()[-1]


@dataclass
class Everyday:
    """What people and machines ask on any day, with real links, a session and a key; ``booking`` orders something."""

    questions: list[Question]
    sign_in: Question
    booking: Question

    def asked(self, system: System, times: int = 1) -> dict[str, set[int]]:
        """Each question this often, in turns: the statuses that came."""
        found: dict[str, set[int]] = {question.name: set() for question in self.questions}
        for time_ in range(times):
            for question in self.questions:
                if not (question.counted and time_):
                    found[question.name].add(ask(system, question).status)
        return found


@pytest.fixture(scope="module")
def everyday(system: System) -> Everyday:
    """A story is played first: it leaves a tracking link, and a cobbler's personal link."""
    story = system.play()
    story.end()
    key = {"Authorization": f"Bearer {manage(system, 'issue_api_key', 'sens-pratique', 'Outage', *SCOPES)}"}
    session = {"Cookie": f"sessionid={manage(system, 'shell', '-v', '0', '-c', SIGN_IN)}"}
    tracking = first(r"(/suivi/[^/\s]+/)", story.said())
    sign_in_page = Question("sign-in page", "/compte/login/")
    sign_in = signing_in(ask(system, sign_in_page), system)
    nobody = f"/api/v1/service-requests/{uuid.uuid4()}/cancel"
    return Everyday(
        [
            Question("home", "/"),
            Question("public booking page", "/reserver/"),
            Question("booking form", "/reserver/republique/"),
            Question("tracking", tracking),
            Question("tracking, live part", f"{tracking}etat/"),
            Question("link page", first(r"(/offre/[^/\s]+/)", *letters(system))),
            Question("staff page", "/affectations/", session),
            Question("staff list", "/demandes/", session),
            sign_in_page,
            sign_in,
            Question("API read", "/api/v1/service-requests", key),
            Question("API without key", "/api/v1/service-requests", counted=True),
            Question("API write", nobody, key | unsafe("nobody"), b"{}"),
            Question("static", "/static/concierge/error.css"),
            Question("static, built", first(r'"(/static/vite/[^"]+\.css)"', ask(system, sign_in_page).text)),
            Question("healthz", "/healthz"),
            Question("readyz", "/readyz"),
        ],
        sign_in,
        booking(system, key),
    )


def first(pattern: str, *texts: str) -> str:
    """What the first match of a pattern holds."""
    found = next((match for text in texts if (match := re.search(pattern, text))), None)
    assert found is not None, pattern
    return found[1]


def letters(system: System) -> list[str]:
    """The plain texts of the mailbox, newest first."""
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted((system.folder / "mail").glob("*.eml"), reverse=True)
    ]
    return [str(part.get_content()) for mail in mails if (part := mail.get_body(("plain",)))]


def signing_in(page: Answer, system: System) -> Question:
    """Somebody unknown types a password: this is counted, in the cache."""
    values = {
        "csrfmiddlewaretoken": first(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text),
        "login": f"{uuid.uuid4().hex[:8]}@courriel.example",
        "password": "not the password",
    }
    headers = {
        "Cookie": page.headers["set-cookie"].split(";")[0],
        "Content-Type": "application/x-www-form-urlencoded",
        "Referer": f"http://localhost:{system.port}/compte/login/",
    }
    return Question("sign in", "/compte/login/", headers, urllib.parse.urlencode(values).encode(), counted=True)


def unsafe(idempotency_key: str) -> dict[str, str]:
    """Headers of an unsafe call."""
    return {"Content-Type": "application/json", "Idempotency-Key": idempotency_key}


def booking(system: System, key: dict[str, str]) -> Question:
    """An order that the API takes: a service at a desk, in the last free slot of two weeks."""

    def read(path: str) -> Any:
        answer = ask(system, Question("", f"/api/v1/{path}", key))
        assert answer.status == 200, answer.text
        return json.loads(answer.text)["results"]

    site = read("sites")[0]["id"]
    service = next(one["id"] for one in read(f"services?site={site}") if one["code"] == "demarches")
    body = {
        "site": site,
        "slot": read(f"slots?site={site}&service={service}")[-1]["starts_at"],
        "client": {"first_name": "Inès", "last_name": "Garnier", "email": f"ines.{uuid.uuid4().hex[:8]}@example.fr"},
        "lines": [{"service": service, "quantity": 1}],
    }
    return Question("", "/api/v1/service-requests", key | unsafe(uuid.uuid4().hex), json.dumps(body).encode())


@contextmanager
def gone(system: System, name: str) -> Iterator[None]:
    """This server is killed, and cannot start for the time of the block: what it reads first is not there."""
    server = system.pid(name)
    words = Path(f"/proc/{server}/cmdline").read_text().split("\0")
    needed = Path(words[2], "postgresql.conf") if name == "postgres" else Path(words[1])
    hidden = needed.with_suffix(".hidden")
    needed.rename(hidden)
    try:
        kill(server, *children(server))
        until(lambda: not Path(f"/proc/{server}").exists(), 20, f"the end of {name}")
        yield
    finally:
        hidden.rename(needed)


def web_processes(system: System) -> list[int]:
    """Those who answer; after an outage they must be the same."""
    master = system.pid("web")
    return [master, *sorted(children(master))]


@pytest.mark.promise("R10", "R14", "R24", "R27")
def test_without_database_everybody_is_told_to_try_again(
    system: System, everyday: Everyday, measured: list[str]
) -> None:
    """503 with Retry-After: a problem for machines, a page with a button for people. Files and /healthz go on."""
    before, processes = everyday.asked(system, OFTEN), web_processes(system)
    assert not any(status >= 500 for found in before.values() for status in found), before
    alive = {"static", "static, built", "healthz"}
    with gone(system, "postgres"):
        during = everyday.asked(system, OFTEN)
        assert during == {name: before[name] if name in alive else {503} for name in before}
        for question in everyday.questions:
            if question.name not in alive | {"readyz"}:
                check_refusal(question, ask(system, question))
        assert json.loads(ask(system, Question("", "/readyz")).text)["status"] == "unfit"
        assert ask(system, everyday.booking).status == 503
    back = system.answers("/readyz", since=time.monotonic())
    assert everyday.asked(system, OFTEN) == before, "after the restart"
    assert web_processes(system) == processes
    booked_once(system, everyday.booking)
    measured.append(f"database away: {len(everyday.questions)} kinds of address, ready {back} s after it may start")


@pytest.mark.promise("R14", "R15")
def test_without_cache_only_guarded_doors_close(system: System, everyday: Everyday, measured: list[str]) -> None:
    """Bookings, pages and the API go on; what counts guesses cannot count, and says so."""
    before, processes = everyday.asked(system, OFTEN), web_processes(system)
    everyday.booking = booking(system, {"Authorization": everyday.booking.headers["Authorization"]})
    with gone(system, "valkey-server"):
        during = everyday.asked(system, OFTEN)
        assert during == before | {"sign in": {503}}
        check_refusal(everyday.sign_in, ask(system, everyday.sign_in))
        ready = ask(system, Question("", "/readyz"))
        assert (ready.status, json.loads(ready.text)["status"]) == (200, "degraded")
        booked_once(system, everyday.booking)
    begun = time.monotonic()
    until(lambda: ask(system, everyday.sign_in).status != 503, 60, "sign-in")
    seconds = time.monotonic() - begun
    assert everyday.asked(system, OFTEN) == before, "after the restart"
    assert web_processes(system) == processes
    system.rest()
    measured.append(f"cache away: everything but sign-in goes on; sign-in {seconds:.0f} s after it may start")


def check_refusal(question: Question, answer: Answer) -> None:
    """What a person or a machine is told."""
    assert answer.status == 503, question.name
    assert int(answer.headers["retry-after"]) > 0, question.name
    if question.is_api:
        assert answer.headers["content-type"] == "application/problem+json", question.name
        assert json.loads(answer.text)["code"] == "unavailable", question.name
    else:
        assert "Réessayer" in answer.text, question.name
        assert "default-src 'none'" in answer.headers["content-security-policy"], question.name
    assert "Traceback" not in answer.text


def booked_once(system: System, order: Question) -> None:
    """The same call until it is answered, then once more: one booking, and the same answer."""
    taken, again = ask(system, order), ask(system, order)
    assert (taken.status, again.status) == (201, 201), taken.text
    assert (again.text, again.headers["idempotent-replayed"]) == (taken.text, "true")
    address = json.loads(order.body or b"")["client"]["email"]
    assert system.sql("SELECT count(*) FROM bookings_servicerequest WHERE contact_email = %s", address) == [(1,)]
