"""What a benchmark leaves behind: ``benchmarks/results/<name>.json``, one file per module, written anew by each run."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

FOLDER = Path(__file__).parent / "results"
ROUNDS = max(1, int(os.environ.get("BENCH_ROUNDS", "5")))


@dataclass(frozen=True)
class Figure:
    """One measured thing, round by round; ``passed`` is ``None`` where no gate stands."""

    goal: str
    what: str
    values: Sequence[float]
    gate: str = ""
    passed: bool | None = None
    key: str = ""

    def as_json(self) -> dict[str, Any]:
        """Median and spread beside the rounds themselves."""
        return {
            "goal": self.goal,
            "what": self.what,
            "rounds": [round(value, 4) for value in self.values],
            "median": round(statistics.median(self.values), 4),
            "lowest": round(min(self.values), 4),
            "highest": round(max(self.values), 4),
            "gate": self.gate or None,
            "passed": self.passed,
        }


@dataclass
class Result:
    """Everything one module measured in this run."""

    name: str
    load_before: float
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    keys: dict[str, float] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    skipped: str = ""

    def add(self, figure: Figure) -> None:
        """Keep a figure; its key puts its median at the top of the file."""
        self.figures.append(figure)
        if figure.key:
            self.keys[figure.key] = round(statistics.median(figure.values), 4)

    def as_json(self) -> dict[str, Any]:
        """One figure speaks for the whole: the first with a key and a gate, else with a gate. All of them follow."""
        found = [figure.as_json() for figure in self.figures]
        gated = [figure for figure in self.figures if figure.gate]
        best = [figure for figure in gated if figure.key] or gated or self.figures
        chief = best[0].as_json() if best else {}
        return {
            "name": self.name,
            "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            **self.keys,
            "passed": set(self.outcomes.values()) == {"passed"},
            **({"skipped": self.skipped} if self.skipped else {}),
            "rounds": ROUNDS,
            "what": chief.get("what"),
            "median": chief.get("median"),
            "spread": [chief.get("lowest"), chief.get("highest")],
            "gate": chief.get("gate"),
            "tests": self.outcomes,
            "figures": found,
            "notes": self.notes,
            "machine": {
                **machine(),
                "load_before": round(self.load_before, 2),
                "load_after": round(os.getloadavg()[0], 2),
            },
        }

    def write(self) -> Path:
        """Write the file. Called after every test, so that a run that is stopped leaves what it has."""
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / f"{self.name}.json"
        path.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n")
        return path


_results: dict[str, Result] = {}
_current: list[Result] = []


def begin(name: str) -> Result:
    """What is measured from now on belongs to this module."""
    if name not in _results:
        _results[name] = Result(name, os.getloadavg()[0])
    _current[:] = [_results[name]]
    return _results[name]


def current() -> Result:
    """The result that is being filled."""
    return _current[0] if _current else begin("unnamed")


def machine() -> dict[str, Any]:
    """What a figure depends on; no names of machines, people or folders."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "cpu": _cpu_model(),
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "postgresql": _postgresql(),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _postgresql() -> str:
    """Of the server that the benchmarks use."""
    with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=5) as line:
        number = line.info.server_version
    return f"{number // 10000}.{number % 10000}"
