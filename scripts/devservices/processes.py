"""Start, watch and stop child processes so that none of them outlives the supervisor.

Three nets, each for what the one before lets through: every direct child asks the kernel for a signal when the
supervisor dies; a guard process, forked first, then kills the grandchildren (Celery's and Granian's workers), which it
knows by a mark in their environment; and the next start looks for that mark again.
"""

from __future__ import annotations

import ctypes
import io
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

MARK = "CONCIERGE_STACK"
SERVER_NAMES = frozenset({"postgres", "valkey-server"})
FIRST_PAUSE, LONGEST_PAUSE, STABLE_AFTER = 1.0, 30.0, 60.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class StackError(Exception):
    """The local system can't start or go on; the message is written for the person at the keyboard."""


@dataclass(frozen=True)
class Account:
    """The system account that a server runs under when the supervisor is root."""

    name: str
    uid: int
    gid: int


def say(text: str) -> None:
    """Print one progress line at once, even into a pipe."""
    print(f"· {text}", flush=True)


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    account: Account | None = None,
    output: IO[bytes] | int | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    own_session: bool = True,
) -> subprocess.Popen[bytes]:
    """Start a program that gets `death_signal` when this process dies, however it dies.

    `own_session` keeps the terminal's Ctrl-C away from it: the supervisor stops its children in order.
    """
    parent = os.getpid()

    def tie_to_parent() -> None:
        if LIBC.prctl(PR_SET_PDEATHSIG, int(death_signal)) != 0 or os.getppid() != parent:
            os._exit(127)

    return subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd=cwd,
        stdin=None if not own_session else subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=own_session,
        preexec_fn=tie_to_parent,  # noqa: PLW1509 - the supervisor has one thread
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        umask=0o077 if account or output is not None else -1,
    )


def marked(mark: str) -> dict[int, str]:
    """Living processes, except this one, that were started with this mark: {pid: program name}."""
    wanted = f"{MARK}={mark}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "comm").read_text().strip()
        except OSError:  # gone meanwhile, or somebody else's
            continue
    return found


def signal_quietly(pid: int, number: signal.Signals, *, group: bool = False) -> None:
    """Send a signal to a process (or to its whole group) that may already be gone."""
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def end_marked(mark: str, *, patience: float) -> None:
    """Kill what carries the mark: programs after `patience` seconds, the servers, which save their data, 8 s later."""
    begun = time.monotonic()
    while remaining := marked(mark):
        waited = time.monotonic() - begun
        for pid, name in remaining.items():
            if waited >= patience + (8.0 if name in SERVER_NAMES else 0.0):
                signal_quietly(pid, signal.SIGKILL)
        if waited > patience + 12.0:
            return
        time.sleep(0.1)


class Guard:
    """A forked process that cleans up if the supervisor is killed without a chance to do so itself.

    It inherits the lock of the state folder, so that a new start waits until the cleaning is done.
    """

    def __init__(self, mark: str, after: Callable[[], None] | None = None) -> None:
        read_end, self._write_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.close(self._write_end)
                self._watch(read_end, mark, after)
            finally:
                os._exit(0)
        os.close(read_end)

    @staticmethod
    def _watch(read_end: int, mark: str, after: Callable[[], None] | None) -> None:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        if os.read(read_end, 1) == b"":  # end of file without a farewell: the supervisor was killed
            end_marked(mark, patience=2.0)
            if after:
                after()

    def dismiss(self) -> None:
        """Tell the guard that everything was stopped in order."""
        os.write(self._write_end, b"x")
        os.close(self._write_end)
        os.waitpid(self._pid, 0)


@dataclass
class Child:
    """One supervised program. `rank` orders the stop: the lowest first."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    rank: int = 0
    cwd: Path | None = None
    account: Account | None = None
    log: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    before_start: Callable[[], None] | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    restart_at: float | None = field(default=None, init=False)
    pause: float = field(default=FIRST_PAUSE, init=False)
    unfinished: bytes = field(default=b"", init=False)

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.process.pid if self.process and self.process.poll() is None else None

    def send(self, number: signal.Signals, *, group: bool = False) -> None:
        """Signal the program, or with it all that it started in its session."""
        if self.process:
            signal_quietly(self.process.pid, number, group=group)

    def start(self) -> None:
        """Start the program now. Raises OSError when it can't be executed."""
        if self.before_start:
            self.before_start()
        if self.log:
            _rotate(self.log)
            with self.log.open("ab") as log:
                self.process = self._spawn(log)
        else:
            self.process = self._spawn(subprocess.PIPE)
        self.started, self.restart_at = time.monotonic(), None

    def _spawn(self, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        return spawn(
            self.argv,
            env=self.env,
            cwd=self.cwd,
            account=self.account,
            output=output,
            death_signal=self.stop_signal,
        )


def _rotate(log: Path, limit: int = 5_000_000) -> None:
    """Keep at most one earlier log of `limit` bytes."""
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_suffix(".1.log"))


class Supervisor:
    """Runs children, shows their output with their names, starts the dead ones again, stops them in order."""

    def __init__(self, *, on_change: Callable[[dict[str, int]], None] | None = None) -> None:
        self.children: list[Child] = []
        self.signals = 0
        self.last_signal = signal.SIGTERM
        self._selector = selectors.DefaultSelector()
        self._on_change = on_change
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note_signal)

    def _note_signal(self, number: int, _frame: object) -> None:
        self.signals += 1
        self.last_signal = signal.Signals(number)

    @property
    def stopping(self) -> bool:
        """True once somebody asked to stop (Ctrl-C, SIGTERM, closed terminal)."""
        return self.signals > 0

    def add(self, child: Child) -> None:
        """Start a child and supervise it from now on."""
        self.children.append(child)
        self._start(child)

    def _start(self, child: Child) -> None:
        child.start()
        if child.process and child.process.stdout:
            os.set_blocking(child.process.stdout.fileno(), False)
            self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
        self._changed()

    def _changed(self) -> None:
        if self._on_change:
            self._on_change({child.name: child.pid for child in self.children if child.pid})

    def tick(self, seconds: float = 0.2) -> None:
        """Pass on output for up to `seconds`, note deaths, start again what is due."""
        if self._selector.get_map():
            for key, _ in self._selector.select(seconds):
                self._pass_on(key)
        else:
            time.sleep(seconds)
        if self.stopping:
            return
        now = time.monotonic()
        for child in self.children:
            if child.restart_at is not None:
                if now >= child.restart_at:
                    self._start(child)
            elif child.process and child.process.poll() is not None:
                self._note_death(child, now)

    def _note_death(self, child: Child, now: float) -> None:
        child.send(signal.SIGKILL, group=True)  # what it started itself, if any
        if now - child.started > STABLE_AFTER:
            child.pause = FIRST_PAUSE
        code = child.process.returncode if child.process else None
        say(f"{child.name} stopped ({_exit_text(code)}); starting it again in {child.pause:.0f} s")
        child.restart_at, child.pause = now + child.pause, min(child.pause * 2, LONGEST_PAUSE)
        self._changed()

    def _pass_on(self, key: selectors.SelectorKey) -> None:
        child: Child = key.data
        try:
            data = os.read(key.fd, 65536)
        except BlockingIOError:
            return
        if not data:
            self._selector.unregister(key.fileobj)
            if isinstance(key.fileobj, io.IOBase):
                key.fileobj.close()
        *lines, child.unfinished = (child.unfinished + data).split(b"\n")
        if (not data or len(child.unfinished) > 65536) and child.unfinished:
            lines, child.unfinished = [*lines, child.unfinished], b""
        for line in lines:
            print(f"{child.name:<8}│ {line.decode(errors='replace')}", flush=True)

    def run_step(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, quiet: bool) -> None:
        """Run a program to its end beside the children; `quiet` shows its output only if it fails.

        Raises StackError when it fails or when somebody asks to stop.
        """
        with spawn(argv, env=env, cwd=cwd, output=subprocess.PIPE) as step:
            kept = self._follow(step, quiet=quiet)
        if step.returncode:
            if quiet:
                sys.stdout.write(kept.decode(errors="replace"))
            raise StackError(f"`{' '.join(argv)}` failed ({_exit_text(step.returncode)}); see the lines above")

    def _follow(self, step: subprocess.Popen[bytes], *, quiet: bool) -> bytes:
        """Pass the output on, or keep it, until the program ends. Raises StackError when somebody asks to stop."""
        assert step.stdout is not None  # it was asked for
        os.set_blocking(step.stdout.fileno(), False)
        kept, begun, told = bytearray(), time.monotonic(), 0.0
        while True:
            ended = step.poll() is not None
            self.tick(0.05)
            data = step.stdout.read() or b""
            kept += data
            if data and not quiet:
                sys.stdout.write(data.decode(errors="replace"))
                sys.stdout.flush()
            if ended and not data:
                break
            if self.stopping:
                signal_quietly(step.pid, signal.SIGKILL, group=True)
                raise StackError("stopped")
            if quiet and time.monotonic() - begun - told > 10:
                told = time.monotonic() - begun
                say(f"  still working ({told:.0f} s)")
        return bytes(kept)

    def stop(self) -> None:
        """Stop every child, lowest rank first. A further signal meanwhile shortens the patience."""
        self.signals = asked = max(self.signals, 1)
        for rank in sorted({child.rank for child in self.children}):
            group = [child for child in self.children if child.rank == rank and child.pid]
            for child in group:
                child.send(child.stop_signal)
            self._wait_for(group, asked=asked)
        self._changed()

    def _wait_for(self, group: list[Child], *, asked: int) -> None:
        begun = time.monotonic()
        while waiting := [child for child in group if child.pid]:
            self.tick(0.05)
            hurried = self.signals > asked
            for child in waiting:
                if hurried or time.monotonic() - begun > child.stop_seconds:
                    if child.name not in SERVER_NAMES:
                        say(f"{child.name} did not stop in time: killed")
                        child.send(signal.SIGKILL, group=True)
                    elif time.monotonic() - begun > child.stop_seconds:
                        child.send(signal.SIGQUIT)
        for child in group:
            child.send(signal.SIGKILL, group=True)


def _exit_text(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit {code}"
