"""Everything encrypted, under the first of the keys: what a change of keys ends with."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from concierge import encryption, tenancy
from concierge.models import Organisation


class Command(BaseCommand):
    """``manage.py encrypt_again``: one line per organisation. Safe twice, and while people work."""

    help = "Encrypt again, under the first of ENCRYPTION_KEYS, what another of them had encrypted."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many rows, and how many no key reads: an old key is kept until that is none."""
        lost = 0
        for organisation in Organisation.objects.order_by("slug"):
            with tenancy.working_for(organisation):
                done, unreadable = encryption.renew()
            lost += unreadable
            self.stdout.write(f"{organisation.slug:<24} {done:>8} encrypted again, {unreadable} unreadable")
        if lost:
            raise CommandError(f"{lost} texts are read by none of ENCRYPTION_KEYS: an old key is missing.")
