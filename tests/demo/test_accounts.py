"""What ``make run`` prints when it is ready."""

from __future__ import annotations

import io
from typing import Any

from django.core.management import call_command

from demo.people import ACCOUNTS, PRESCRIBER


def test_everybody_and_the_other_organisation_are_named(settings: Any) -> None:
    settings.BASE_URL = "http://localhost:8131"
    printed = io.StringIO()
    call_command("demo_accounts", stdout=printed)
    lines = printed.getvalue().splitlines()
    everybody = (*ACCOUNTS, PRESCRIBER)
    assert [line.split()[0] for line in lines[1:-1]] == [account.email for account in everybody]
    assert all(account.label in line for account, line in zip(everybody, lines[1:-1], strict=True))
    assert lines[-1].endswith(" http://autre.localhost:8131")
