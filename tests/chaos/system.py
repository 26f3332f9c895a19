"""One booted system, the story played on it, and what is true of both afterwards."""

from __future__ import annotations

import contextlib
import email
import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import policy
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import psycopg
from devservices.processes import marked

from tests.auditor import audit

ROOT = Path(__file__).resolve().parents[2]
DEVSTACK = [sys.executable, str(ROOT / "scripts/devstack.py")]
# Seconds. The first boot loads the demonstration; afterwards nothing waits longer than a lease and two sweeps.
BOOT, QUIET = 240.0, 200.0
T = TypeVar("T")

# What is still on its way: empty when the system is at rest.
UNDER_WAY = {
    "events": "SELECT name FROM concierge_event WHERE dispatch = 'pending'",
    "messages": "SELECT kind FROM notifications_message WHERE status = 'queued' AND (attempts > 0 OR next_at <= now())",
    "documents": "SELECT id FROM billing_invoice WHERE render_status <> 'ready'",
    "deadlines": """
        SELECT kind FROM concierge_deadline WHERE fired_at IS NULL AND cancelled_at IS NULL AND due_at < now()
    """,
}
PARKED = {
    "events": "SELECT name, last_error FROM concierge_event WHERE dispatch = 'dead'",
    "messages": "SELECT kind, last_error FROM notifications_message WHERE status IN ('dead', 'failed')",
}


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(look: Callable[[], T | None], seconds: float, what: str) -> T:
    """Look until something is there; fails the test when it does not come."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)
    return found


def kill(*pids: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Signal processes that may be gone already."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def children(pid: int) -> list[int]:
    """Direct children of a process."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in found.split()]


def _message_id(path: Path) -> str:
    return str(email.message_from_bytes(path.read_bytes(), policy=policy.default)["Message-ID"])


@dataclass
class Story:
    """`play_demo` under way in a process of its own, as `make demo` runs it."""

    process: subprocess.Popen[str]
    log: Path
    begun: float = field(default_factory=time.monotonic)
    took: float = 0.0

    def said(self) -> str:
        """The timeline so far."""
        return self.log.read_text()

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or badly."""
        return self.process.poll() is not None

    def wait_for(self, words: str, seconds: float = 60.0) -> None:
        """Return as soon as the timeline says this."""
        until(lambda: words in self.said() or self.is_over, seconds, words)
        assert words in self.said(), self.said()

    def end(self, seconds: float = 300.0) -> None:
        """Wait for the end, which must be a good one."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.returncode == 0, f"the story broke off ({self.process.returncode}):\n{self.said()}"
        self.took = time.monotonic() - self.begun

    @property
    def reference(self) -> str:
        """The request of this story."""
        found = re.search(r"confirmed: (\S+)", self.said())
        assert found is not None, self.said()
        return found.group(1)


@dataclass
class System:
    """`devstack.py run` on a folder and ports of its own."""

    folder: Path
    port: int = field(default_factory=free_port)
    mail_port: int = field(default_factory=free_port)
    supervisor: subprocess.Popen[bytes] | None = None
    stories: list[Story] = field(default_factory=list)
    counted: set[Path] = field(default_factory=set)

    @property
    def env(self) -> dict[str, str]:
        """The environment of a person at a terminal."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"CONCIERGE_STATE": str(self.folder), "PORT": str(self.port), "MAIL_PORT": str(self.mail_port)}
        return {**kept, **own}

    # --- life ---------------------------------------------------------------------------------------

    def start(self) -> float:
        """Start, or recover; returns the seconds until everything runs."""
        begun = time.monotonic()
        with (self.folder / "run.log").open("ab") as log:
            start_of_log = log.tell()
            self.supervisor = subprocess.Popen(
                [*DEVSTACK, "run"], env=self.env, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

        def is_ready() -> bool:
            assert self.supervisor is not None
            printed = (self.folder / "run.log").read_bytes()[start_of_log:].decode(errors="replace")
            assert self.supervisor.poll() is None, f"it does not start:\n{printed}"
            return "Stop    Ctrl-C" in printed

        until(is_ready, BOOT, "the system")
        return time.monotonic() - begun

    def stop(self) -> None:
        """As Ctrl-C does; then nothing of it may live."""
        for story in self.stories:
            if not story.is_over:
                story.process.kill()
            story.process.wait()
        if self.supervisor is not None and self.supervisor.poll() is None:
            kill(*(pid for name, pid in self.pids().items() if name != "supervisor"), number=signal.SIGCONT)
            self.supervisor.send_signal(signal.SIGINT)
            try:
                self.supervisor.wait(timeout=90)
            except subprocess.TimeoutExpired:
                self.supervisor.kill()
                self.supervisor.wait()
        kill(*marked(str(self.folder)))

    def pids(self) -> dict[str, int]:
        """What runs, by name; a program between two lives is missing."""
        try:
            pids: dict[str, int] = json.loads((self.folder / "status.json").read_text())
        except FileNotFoundError:
            return {}
        return pids

    def pid(self, name: str, *, other_than: int = 0, seconds: float = 60.0) -> int:
        """Process id of a program, once it runs (again)."""

        def look() -> int | None:
            pid = self.pids().get(name)
            return pid if pid and pid != other_than and Path(f"/proc/{pid}").exists() else None

        return until(look, seconds, name)

    # --- use ----------------------------------------------------------------------------------------

    def play(self) -> Story:
        """A new story begins."""
        log = self.folder / f"story-{len(self.stories) + 1}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*DEVSTACK, "exec", "--", sys.executable, "-u", "manage.py", "play_demo"],
                env=self.env | {"PYTHONUNBUFFERED": "1"},
                cwd=ROOT,
                text=True,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        self.stories.append(Story(process, log))
        return self.stories[-1]

    def answers(self, path: str, *, since: float, seconds: float = 60.0) -> str:
        """Wait until this address answers 200; returns the whole seconds ``since`` then."""

        def look() -> bool:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5):
                    return True
            except (OSError, http.client.HTTPException):
                return False

        until(look, seconds, path)
        return f"{time.monotonic() - since:.0f}"

    def variable(self, name: str) -> str:
        """One variable of the exported environment."""
        words = shlex.split((self.folder / "env").read_text())
        return dict(word.split("=", 1) for word in words)[name]

    def flush(self) -> None:
        """FLUSHALL: queue, cache and limits are gone."""
        address = urlsplit(self.variable("REDIS_URL"))
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(address.path)
            connection.sendall(f"AUTH {address.password}\r\nFLUSHALL\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (piece := connection.recv(256)):
                answer += piece
        assert answer == b"+OK\r\n+OK\r\n", answer

    # --- what is true -------------------------------------------------------------------------------

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of every organisation: only a superuser sees past row-level security."""
        address = urlsplit(self.variable("DATABASE_URL"))
        secrets = json.loads((self.folder / "secrets.json").read_text())
        with psycopg.connect(
            host=parse_qs(address.query)["host"][0],
            dbname=address.path.strip("/"),
            user="concierge_admin",
            password=secrets["superuser"],
            autocommit=True,
        ) as connection:
            return connection.execute(statement.encode(), values or None).fetchall()

    def rest(self) -> float:
        """Wait until nothing is under way; returns the seconds it took."""
        begun = time.monotonic()
        left: dict[str, Any] = {}

        def at_rest() -> bool:
            left.clear()
            with contextlib.suppress(psycopg.OperationalError):  # it may still be recovering
                left.update({name: rows for name, query in UNDER_WAY.items() if (rows := self.sql(query))})
                return not left
            return False

        try:
            until(at_rest, QUIET, "rest")
        except AssertionError as error:
            raise AssertionError(f"still under way after {QUIET:.0f} s: {left}") from error
        return time.monotonic() - begun

    def check(self, *stories: Story, copies: int = 1) -> None:
        """Nothing lost, nothing doubled. ``copies``: how often one mail may have arrived since the last check, always
        under its one Message-ID (R06: whoever dies between sending and noting sends again)."""
        assert audit(self.sql) == {}
        assert {name: rows for name, query in PARKED.items() if (rows := self.sql(query))} == {}
        arrived = {path: _message_id(path) for path in (self.folder / "mail").glob("*.eml")}
        mails = Counter(name for path, name in arrived.items() if path not in self.counted)
        self.counted |= set(arrived)
        rows = self.sql("SELECT message_id, status, attempts FROM notifications_message")
        sent = {name for name, status, _attempts in rows if status == "sent"}
        # Its sender died between sending and noting, and by the next attempt it was no longer needed.
        spared = {name for name, status, attempts in rows if status == "suppressed" and attempts > 1}
        assert sent - set(arrived.values()) == set(), "said to be sent, never arrived"
        assert set(arrived.values()) - sent - (spared if copies > 1 else set()) == set(), "arrived, and nobody knows"
        doubled = {name: count for name, count in mails.items() if count > copies}
        assert not doubled, f"arrived more than {copies} times: {doubled}"
        for story in stories:
            self._check_story(story)

    def _check_story(self, story: Story) -> None:
        [(request, status, address)] = self.sql(
            "SELECT id, status, contact_email FROM bookings_servicerequest WHERE reference = %s", story.reference
        )
        assert status == "closed"
        assert self.sql("SELECT count(*) FROM bookings_servicerequest WHERE contact_email = %s", address) == [(1,)]
        orders = self.sql("SELECT status, count(*) FROM bookings_workorder WHERE request_id = %s GROUP BY 1", request)
        assert orders == [("verified", 2)]
        assert self.sql(
            "SELECT o.status, count(*) FROM providers_offer o JOIN bookings_workorder w ON w.id = o.work_order_id"
            " WHERE w.request_id = %s AND o.status = 'honoured' GROUP BY 1",
            request,
        ) == [("honoured", 1)]
        assert self.sql(
            "SELECT a.status, count(*) FROM workers_assignment a JOIN bookings_workorder w ON w.id = a.work_order_id"
            " WHERE w.request_id = %s GROUP BY 1",
            request,
        ) == [("validated", 1)]
        assert self.sql(
            "SELECT count(DISTINCT i.id), count(DISTINCT i.number) FROM billing_invoice i"
            " JOIN billing_invoiceline l ON l.invoice_id = i.id"
            " JOIN bookings_requestline r ON r.id = l.request_line_id WHERE r.request_id = %s",
            request,
        ) == [(1, 1)]
        # Every piece of news to this client once: another Message-ID for the same event would be a double.
        kinds = self.sql(
            "SELECT kind, subject_id, count(*) FROM notifications_message"
            " WHERE address = %s AND kind <> 'email.code_requested' GROUP BY 1, 2 HAVING count(*) > 1",
            address,
        )
        assert kinds == []
