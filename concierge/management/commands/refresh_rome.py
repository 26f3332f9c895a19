"""``manage.py refresh_rome FILE --dated 2026-06-15``: put a newer edition of the open data into the snapshot."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from concierge import rome


class Command(BaseCommand):
    """Refuses a file that is not the whole repertory; never takes a trade out."""

    help = "Read an edition of the ROME open data (CSV of France Travail) into concierge/reference/rome.csv."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, the day of its edition, and whether to write."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--dated", type=dt.date.fromisoformat, required=True, help="day of the edition: 2026-06-15")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *_args: Any, file: Path, dated: dt.date, dry_run: bool, **_options: Any) -> None:
        """Validate, merge, write; say what is new, renamed and no longer proposed."""
        known = rome.rome()
        try:
            edition = rome.read_edition(file.read_text(encoding="utf-8-sig"), dated=dated)
            new = rome.merged(known, edition)
        except (OSError, UnicodeDecodeError, rome.NotTheRepertory) as error:
            raise CommandError(f"{file}: {error}") from error
        for code, trade in sorted(new.trades.items()):
            before = known.trades.get(code)
            if before is None:
                self.stdout.write(f"new        {code} {trade.label}")
            elif before.label != trade.label:
                self.stdout.write(f"renamed    {code} {before.label} → {trade.label}")
            elif known.is_current(code) and not new.is_current(code):
                self.stdout.write(f"left out   {code} {trade.label}")
        if not dry_run:
            rome.FILE.write_text(rome.written(new), encoding="utf-8")
            rome.rome.cache_clear()
        self.stdout.write(f"{len(edition)} trades of {dated}, {len(new.trades)} in all.")
