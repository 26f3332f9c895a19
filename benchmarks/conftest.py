"""One database for the whole run, used as the role that owns nothing; each benchmark brings its own organisation."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from benchmarks import results
from benchmarks.measuring import REPORT
from benchmarks.serving import Server, web_server

RUNTIME_ROLE = " -c role=concierge_app"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measuring takes longer than testing."""
    for item in items:
        item.add_marker(pytest.mark.timeout(4 * 3600))


@pytest.fixture(scope="session", autouse=True)
def database(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Rows are really committed and nothing is emptied in between: row-level security keeps the benchmarks apart."""
    options = connection.settings_dict["OPTIONS"]
    before = options["options"]
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        connection.close()
        options["options"] = before + RUNTIME_ROLE
        yield
        connections.close_all()
        options["options"] = before
        connection.creation.destroy_test_db(name, verbosity=0)


@pytest.fixture(autouse=True)
def result(request: pytest.FixtureRequest) -> results.Result:
    """What this module measures goes to ``results/<module without test_>.json``."""
    return results.begin(request.path.stem.removeprefix("test_"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """After each test its result is written, passed or not, and why it was skipped."""
    if report.when != "call" and report.passed:
        return
    name = Path(report.location[0]).stem.removeprefix("test_")
    result = results.begin(name)
    result.outcomes[report.location[2]] = report.outcome
    if report.skipped and isinstance(report.longrepr, tuple):
        result.skipped = str(report.longrepr[2]).removeprefix("Skipped: ")
    result.write()


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process asks no worker to hurry."""

    def stay(*args: Any, **options: Any) -> None:
        return

    monkeypatch.setattr("celery.app.task.Task.apply_async", stay)


@pytest.fixture(scope="session")
def server(database: None) -> Iterator[Server]:
    """The web server, started once."""
    with web_server() as started:
        yield started


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """All figures once more."""
    terminalreporter.section("measured")
    for line in REPORT:
        terminalreporter.write_line(line)
