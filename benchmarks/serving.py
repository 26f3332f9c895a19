"""The production server on a free port, and clients that keep their connections open."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

HERE = "127.0.0.1"
# As in docker-compose.yml.
GRANIAN = ["--interface", "wsgi", "--http", "1", "--no-ws", "--workers", "2", "--blocking-threads", "4"]
GRANIAN += ["--backpressure", "64", "--workers-max-rss", "512", "--respawn-failed-workers"]


def runtime_url() -> str:
    """The benchmark's database, as the role that owns nothing."""
    parts = urlsplit(os.environ["DATABASE_APP_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


@dataclass
class Server:
    """A running web server."""

    pid: int
    port: int


@contextmanager
def web_server() -> Iterator[Server]:
    """Our own application; stopped at the end."""
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "concierge.settings.dev",
        "DATABASE_URL": runtime_url(),
        "BASE_URL": f"http://{HERE}",
    }
    with serving(Path(sys.executable).with_name("granian"), "concierge.wsgi:application", env=env) as started:
        yield started


@contextmanager
def serving(granian: Path, application: str, *, env: dict[str, str], folder: Path | None = None) -> Iterator[Server]:
    """granian with two workers of four threads, as ``docker-compose.yml`` starts it; ready when ``/healthz`` answers,
    stopped at the end."""
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        port = probe.getsockname()[1]
    command = [str(granian), *GRANIAN, "--host", HERE, "--port", str(port), application]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise AssertionError(f"the web server does not start:\n{log.read()[-3000:]}")
                time.sleep(0.1)
            yield Server(process.pid, port)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(port: int) -> bool:
    try:
        with closing(Visitor(port)) as visitor:
            return visitor.call(Call("GET", "/healthz")).status == 200
    except OSError:
        return False


@dataclass(frozen=True)
class Call:
    """One HTTP request."""

    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Its answer, and how many milliseconds it took."""

    status: int
    body: bytes
    milliseconds: float
    location: str = ""


class Visitor:
    """One client with one connection, kept open."""

    def __init__(self, port: int) -> None:
        self.line = http.client.HTTPConnection(HERE, port, timeout=60)

    def call(self, call: Call) -> Answer:
        """Send and read to the end."""
        began = time.perf_counter()
        self.line.request(call.method, call.path, call.body, call.headers)
        answer = self.line.getresponse()
        body = answer.read()
        milliseconds = 1000 * (time.perf_counter() - began)
        return Answer(answer.status, body, milliseconds, answer.getheader("Location", ""))

    def close(self) -> None:
        """Hang up."""
        self.line.close()


@dataclass
class Load:
    """What many clients got."""

    seconds: float
    statuses: Counter[int]
    milliseconds: list[float]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.milliseconds) / self.seconds


def hammer(port: int, clients: int, seconds: float, make: Callable[[int], Call]) -> Load:
    """Let clients call one after the other for some seconds; ``make(client)`` gives each next call."""
    return hammer_ways(port, clients, seconds, lambda visitor, number: visitor.call(make(number)))


def hammer_ways(port: int, clients: int, seconds: float, walk: Callable[[Visitor, int], Answer]) -> Load:
    """The same for ways of several calls: ``walk(visitor, client)`` goes one to its end and gives the last answer."""
    gate, lock = threading.Barrier(clients + 1), threading.Lock()
    load = Load(0.0, Counter(), [])
    trouble: list[BaseException] = []

    def work(number: int) -> None:
        visitor, statuses, times = Visitor(port), Counter[int](), []
        gate.wait(30)
        try:
            while time.perf_counter() < until:
                begun = time.perf_counter()
                answer = walk(visitor, number)
                statuses[answer.status] += 1
                times.append(1000 * (time.perf_counter() - begun))
        except (OSError, http.client.HTTPException) as error:
            trouble.append(error)
        finally:
            visitor.close()
        with lock:
            load.statuses.update(statuses)
            load.milliseconds.extend(times)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    until = time.perf_counter() + seconds
    began = time.perf_counter()
    gate.wait(30)
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - began
    assert not trouble, trouble
    return load
