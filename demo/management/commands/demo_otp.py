"""Prints the six digits that the demonstration accounts need as second step."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.management.base import BaseCommand

from demo import data

STEP = 30


class Command(BaseCommand):
    """``make otp``."""

    help = "Print the current code of the demonstration accounts."

    def handle(self, *args: Any, **options: Any) -> None:
        """The code of this half minute; each is accepted once per account."""
        code = format_hotp_value(hotp_value(data.TOTP_SECRET, int(time.time()) // STEP))
        self.stdout.write(code)
