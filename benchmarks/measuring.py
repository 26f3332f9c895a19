"""Rounds, medians, gates and CPU time.

One machine is never quiet: variants alternate inside each round, ratios are taken inside a round, medians are quoted
with their spread, and a gate fails only when the median and four rounds of five miss it.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from django.db import connection

from benchmarks import results

T = TypeVar("T")

ROUNDS = results.ROUNDS
TICKS = os.sysconf("SC_CLK_TCK")
# What the run measured, in order: printed once more at its end.
REPORT: list[str] = []


def scaled(name: str, default: int) -> int:
    """A size that the environment may change: ``BENCH_RACES=1000 make bench``."""
    return int(os.environ.get(f"BENCH_{name}", default))


def alternate(variants: Mapping[str, Callable[[], T]], rounds: int = ROUNDS) -> dict[str, list[T]]:
    """Run every variant once per round, each round beginning with another one; returns what each of them gave."""
    found: dict[str, list[T]] = {name: [] for name in variants}
    names = list(variants)
    for turn in range(rounds):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            found[name].append(variants[name]())
    return found


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Round by round."""
    return [one / other for one, other in zip(above, below, strict=True)]


def quote(values: Sequence[float], unit: str = "", digits: int = 1) -> str:
    """The median and, in brackets, the lowest and highest round."""
    middle = statistics.median(values)
    return f"{middle:.{digits}f}{unit} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def note(goal: str, text: str) -> None:
    """Print a figure now and again at the end of the run."""
    REPORT.append(f"{goal:<4} {text}")
    results.current().notes.append(REPORT[-1])
    print(f"\n{REPORT[-1]}", flush=True)


def figure(goal: str, what: str, values: Sequence[float], *, key: str = "") -> None:
    """A figure that no gate stands on. ``key``: its median also stands at the top of the result, by that name."""
    results.current().add(results.Figure(goal, what, values, key=key))
    REPORT.append(f"{goal:<4} {what}: {quote(values, digits=2)}")
    print(f"\n{REPORT[-1]}", flush=True)


def gate(
    goal: str,
    what: str,
    values: Sequence[float],
    *,
    least: float | None = None,
    most: float | None = None,
    key: str = "",
) -> None:
    """Fail when the median and four rounds of five are worse than the limit; one unlucky round is the machine's.

    ``key`` as for ``figure``.
    """

    def is_worse(value: float) -> bool:
        return (least is not None and value < least) or (most is not None and value > most)

    limit = f"at least {least:g}" if least is not None else f"at most {most:g}"
    most_miss = sum(map(is_worse, values)) >= 0.8 * len(values)
    passed = not (is_worse(statistics.median(values)) and most_miss)
    results.current().add(results.Figure(goal, what, values, gate=limit, passed=passed, key=key))
    REPORT.append(f"{goal:<4} {what}: {quote(values, digits=2)}; gate: {limit}")
    print(f"\n{REPORT[-1]}", flush=True)
    assert passed, REPORT[-1]


@dataclass
class Span:
    """What a ``with timed(...)`` block took; CPU is that of the process trees named."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0


@contextmanager
def timed(*roots: int) -> Iterator[Span]:
    """Measure wall-clock and CPU seconds (user + system) of process trees; without roots, of this process."""
    span = Span()
    before, began = cpu_seconds(*roots), time.perf_counter()
    yield span
    span.seconds = time.perf_counter() - began
    span.cpu_seconds = cpu_seconds(*roots) - before


def postgres_pid() -> int:
    """The server's first process, whose children the backends are. The benchmarks run on the server's machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    return int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])


def cpu_seconds(*roots: int) -> float:
    """User and system time of process trees so far, including children that ended and were waited for."""
    if not roots:
        return time.process_time()
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        parents[int(entry.name)] = int(fields[1])
        used[int(entry.name)] = sum(map(int, fields[11:15])) / TICKS
    tree = {root for root in roots if root in used}
    grown = True
    while grown:
        found = {pid for pid, parent in parents.items() if parent in tree and pid not in tree}
        tree |= found
        grown = bool(found)
    return sum(used[pid] for pid in tree)
