"""The sweep that needs no broker: it goes on handling events and deadlines while Valkey is down (R14, DR2)."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection

from concierge.tasks import sweep

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT. Several at once share the work; a kill at any moment loses nothing."""

    help = "Handle pending events and due deadlines every few seconds, without a broker."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--every``: seconds between two sweeps; ``--once``: a single one; ``--touch``: a file for health checks."""
        parser.add_argument("--every", type=float, default=15.0)
        parser.add_argument("--once", action="store_true")
        parser.add_argument("--touch", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep, wait, sweep. While the database restarts it tries again at the next turn."""
        stop = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_given: stop.set())
        while True:
            more = False
            try:
                more = sweep()
            except DatabaseError as error:
                log.warning("sweep_failed", error=type(error).__name__)
                connection.close()
            else:
                if options["touch"]:
                    Path(options["touch"]).touch()
            if options["once"] or stop.wait(0 if more else options["every"]):
                return
