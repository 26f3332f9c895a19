"""Prints the demonstration accounts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand

from demo import data
from demo.people import ACCOUNTS, PRESCRIBER


class Command(BaseCommand):
    """``make run`` shows this when it is ready."""

    help = "Print the demonstration accounts and their password."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per account."""
        self.stdout.write(f"Password of all: {data.PASSWORD}   Second sign-in step of staff: make otp")
        for one in (*ACCOUNTS, PRESCRIBER):
            self.stdout.write(f"  {one.email:<39} {one.label}")
        here = urlsplit(settings.BASE_URL)
        there = here._replace(netloc=here.netloc.replace(here.hostname or "", data.OTHER_HOST, 1))
        self.stdout.write(f"Another organisation, which sees nothing of this one: {there.geturl()}")
