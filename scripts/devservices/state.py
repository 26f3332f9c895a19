"""The state folder: one lock, one file of secrets, one file with the environment of the running system."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import shlex
import stat
import time
from collections.abc import Mapping
from pathlib import Path

from devservices.processes import Account, StackError, say

SOCKET_PATH_LIMIT = 107 - len("/.s.PGSQL.5432.lock")
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")
SECRET_NAMES = ("superuser", "owner", "app", "valkey", "secret_key")


class State:
    """The folder that holds everything the local system keeps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env_file = folder / "env"
        self.status_file = folder / "status.json"
        self._lock = -1

    def create(self, *, enterable: bool) -> None:
        """Make the folder. `enterable`: another account (PostgreSQL's) may pass through it, but not list it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.folder.stat().st_uid != os.geteuid():
                raise PermissionError
            self.folder.chmod(0o711 if enterable else 0o700)
            for name in ("log", "mail", "valkey", "run"):
                (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        except PermissionError as error:
            raise StackError(
                f"{self.folder} belongs to another account. Take a folder of your own: "
                "CONCIERGE_STATE=$HOME/concierge-state make run"
            ) from error

    def take_lock(self, *, patience: float = 20.0) -> None:
        """Become the only supervisor of this folder. Raises StackError if another one is alive."""
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline, told = time.monotonic() + patience, False
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if pid := self._living_holder():
                    raise StackError(
                        f"already running (pid {pid}). Stop it with Ctrl-C there, or: kill {pid}"
                    ) from None
                if time.monotonic() > deadline:
                    raise StackError(f"{self.folder / 'lock'} is still held after a crash; try again") from None
                if not told:
                    say("The previous run was killed; waiting for its clean-up")
                    told = True
                time.sleep(0.2)
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()} {_start_time(os.getpid())}".encode(), 0)

    def _living_holder(self) -> int | None:
        words = (self.folder / "lock").read_text().split()
        if len(words) == 2 and _start_time(int(words[0])) == words[1]:
            return int(words[0])
        return None

    def running_pid(self) -> int | None:
        """Pid of the supervisor that holds this folder now, if any."""
        return self._living_holder() if (self.folder / "lock").exists() else None

    def secrets(self) -> dict[str, str]:
        """Passwords and keys, made on the first start and kept (0600)."""
        path = self.folder / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if missing := [name for name in SECRET_NAMES if name not in known]:
            known |= {name: secrets.token_urlsafe(48 if name == "secret_key" else 24) for name in missing}
            write_private(path, json.dumps(known, indent=1))
        return known

    def socket_folder(self, wanted: Path, account: Account | None) -> Path:
        """`wanted`, or a short folder under /tmp when its path is too long or too odd for a Unix socket and its URL."""
        uid = account.uid if account else os.geteuid()
        gid = account.gid if account else os.getegid()
        if len(str(wanted)) > SOCKET_PATH_LIMIT or not PLAIN_PATH.fullmatch(str(wanted)):
            wanted = Path("/tmp") / f"concierge-{uid}-{short_hash(wanted)}"
        try:
            wanted.mkdir(mode=0o700)
            os.chown(wanted, uid, gid)
        except FileExistsError:
            status = wanted.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != uid or status.st_mode & 0o077:
                raise StackError(f"{wanted} is not a private folder; remove it and start again") from None
        return wanted

    def write_env(self, env: Mapping[str, str]) -> None:
        """Write the environment as shell assignments (0600): `set -a; . .state/env`."""
        write_private(self.env_file, "".join(f"{name}={shlex.quote(value)}\n" for name, value in env.items()))

    def read_env(self) -> dict[str, str]:
        """The environment of the running system. Raises StackError when it isn't running."""
        if not self.running_pid() or not self.env_file.exists():
            raise StackError("the system is not running. Start it first, in another terminal: make run")
        return dict(word.split("=", 1) for word in shlex.split(self.env_file.read_text()))

    def write_status(self, children: Mapping[str, int]) -> None:
        """Pids for tools and tests: {"supervisor": 1, "web": 2, ...}."""
        write_private(self.status_file, json.dumps({"supervisor": os.getpid(), **children}))


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by its owner only."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)


def short_hash(value: object) -> str:
    """Eight characters that name a path."""
    return hashlib.sha256(str(value).encode()).hexdigest()[:8]


def _start_time(pid: int) -> str | None:
    """When the process started, in clock ticks since boot: with the pid it names a process for ever."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]
