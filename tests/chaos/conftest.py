"""One system for the whole run, and the times that were measured."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from devservices.postgres import SYSTEM_FOLDER
from devservices.state import short_hash

from tests.chaos.system import System

MEASURED: list[str] = []


@pytest.fixture(scope="session")
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    """Booted once, seeded, at rest. The folder stays when a test fails, for whoever looks for the cause."""
    folder = Path(tempfile.mkdtemp(prefix="concierge-chaos-")).resolve()
    folder.chmod(0o711)
    one = System(folder)
    booted = False
    try:
        MEASURED.append(f"first boot with the demonstration data: {one.start():.0f} s")
        one.rest()
        booted = True
        yield one
    finally:
        one.stop()
        if booted and not request.session.testsfailed:
            for place in (folder, SYSTEM_FOLDER / short_hash(folder)):
                shutil.rmtree(place, ignore_errors=True)
        else:
            MEASURED.append(f"kept for whoever looks for the cause: {folder}")


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> list[str]:
    """Lines for the summary."""
    return MEASURED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How long recovery took."""
    if MEASURED:
        terminalreporter.section("measured")
        for line in MEASURED:
            terminalreporter.write_line(line)
