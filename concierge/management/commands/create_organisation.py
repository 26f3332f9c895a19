"""Opens an organisation on this installation."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from concierge.actions import open_with_head
from concierge.errors import DomainError


class Command(BaseCommand):
    """``create_organisation --name … --slug … --host … --admin-email …``."""

    help = "Open an organisation with its host name and its first network head."

    def add_arguments(self, parser: CommandParser) -> None:
        """Everything is needed: there is no default organisation."""
        parser.add_argument("--name", required=True)
        parser.add_argument("--slug", required=True)
        parser.add_argument("--host", required=True, action="append", help="may be given several times")
        parser.add_argument("--admin-email", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Open it, or say why not."""
        try:
            organisation = open_with_head(
                name=options["name"], slug=options["slug"], hosts=options["host"], head_email=options["admin_email"]
            )
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"{organisation.name}: {', '.join(options['host'])}")
