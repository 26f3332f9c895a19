"""The demonstration is a history that could have happened: the auditor finds nothing wrong in it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from tests.auditor import CHECKS
from tests.conftest import as_owner

# What is true only once the workers have caught up: nobody works while this test seeds.
LATER = ("I8", "I9", "I10")


@pytest.mark.django_db
@pytest.mark.timeout(240)
def test_the_auditor_finds_nothing_wrong_in_the_demonstration(settings: Any) -> None:
    settings.DEMO_ALLOWED = True
    call_command("seed_demo")
    wrong: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bookings_workorder")
        assert cursor.fetchone()[0] > 60
        cursor.execute("SELECT status FROM workers_swaprequest ORDER BY status")
        assert cursor.fetchall() == [("agreed",), ("asked",)]
        for name, query in CHECKS.items():
            cursor.execute(query)
            if (rows := cursor.fetchall()) and not name.startswith(LATER):
                wrong[name] = rows
    assert wrong == {}
