"""Check seals, gaps, totals and kept PDFs of every organisation."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.actions.audit import faults
from concierge import tenancy
from concierge.models import Organisation


class Command(BaseCommand):
    """``manage.py verify_invoices``: exit status 1 and one line per fault, or one line saying that all is well."""

    help = "Check that no issued document was changed, lost or swapped."

    def handle(self, *_args: Any, **_options: Any) -> None:
        found = 0
        for organisation in Organisation.objects.order_by("pk"):
            with tenancy.working_for(organisation):
                for fault in faults(organisation.pk):
                    found += 1
                    self.stdout.write(f"{organisation.slug}: {fault}")
        if found:
            raise CommandError(f"{found} faults")
        self.stdout.write("All documents are as they were issued.")
