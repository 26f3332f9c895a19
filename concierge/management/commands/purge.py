"""The nightly purge by hand, or what it would do."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from concierge import retention, tenancy
from concierge.models import Organisation


class Command(BaseCommand):
    """``manage.py purge``, ``manage.py purge --dry-run``: one line per organisation and category."""

    help = "Delete what has been kept long enough (KEEP_DAYS), as the nightly task does."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--dry-run``: count only."""
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Count or delete, and say how much."""
        dry = options["dry_run"]
        for organisation in Organisation.objects.order_by("slug"):
            with tenancy.working_for(organisation):
                found = retention.counts() if dry else retention.purge()
            for name, rows in found.items():
                self.stdout.write(f"{organisation.slug:<24} {name:<16} {rows:>8}")
        sessions = retention.expired_sessions().count() if dry else retention.purge_sessions()
        self.stdout.write(f"{'(installation)':<24} {'sessions':<16} {sessions:>8}")
