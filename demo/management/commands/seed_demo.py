"""Makes the demonstration data."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from concierge.models import Organisation
from demo import seed
from demo.setup import refuse_in_production


class Command(BaseCommand):
    """``seed_demo --once`` does nothing when there are data already."""

    help = "Make the demonstration data: two organisations, three sites, a month of history."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--once``: leave existing data alone."""
        parser.add_argument("--once", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed, and say how long it took."""
        refuse_in_production()
        if options["once"] and Organisation.objects.exists():
            return
        self.stdout.write("· Loading the demonstration data (the first time only)")
        started = time.monotonic()
        seed.seed_everything(until=timezone.now(), say=self.stdout.write)
        self.stdout.write(f"Demonstration data: ready in {time.monotonic() - started:.0f} s")
