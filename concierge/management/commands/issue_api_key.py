"""Issues an API key for an organisation's own systems. A provider's keys are made on its page."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from concierge import tenancy
from concierge.actions import issue_api_key
from concierge.enums import Scope
from concierge.models import Organisation


class Command(BaseCommand):
    """``manage.py issue_api_key sens-pratique "Intranet" catalogue:read requests:write``"""

    help = "Issue an API key of an organisation and print it: it is shown once and stored only as a hash."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, what for, and what it may do."""
        parser.add_argument("organisation", help="slug of the organisation")
        parser.add_argument("name", help="which system will use it")
        parser.add_argument("scopes", nargs="+", choices=Scope.values, metavar="scope", help=", ".join(Scope.values))

    def handle(self, *args: Any, **options: Any) -> None:
        """The key alone on standard output, so that a script can take it."""
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"No organisation is called {options['organisation']}.")
        with tenancy.working_for(organisation):
            _client, key = issue_api_key(
                organisation, name=options["name"], scopes=options["scopes"], by=tenancy.system_actor(organisation)
            )
        self.stdout.write(key)
