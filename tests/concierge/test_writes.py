"""Rows written by a statement that is put together once are the rows that the ORM writes."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import Client
from concierge.models import Event, IdempotencyRecord
from concierge.writes import insert, insert_one
from tests.world import World

NOW = dt.datetime(2026, 11, 23, 7, 0, tzinfo=dt.UTC)


def event(world: World, **changes: Any) -> Event:
    given = {
        "organisation": world.organisation,
        "name": "site.opened",
        "subject_type": "concierge.site",
        "subject_id": world.site.public_id,
        "public_id": uuid.UUID(int=7),
        "data": {"é": [1, None]},
        "actor": "system",
        "act_at": NOW,
    }
    return Event(**{**given, **changes})


def record(world: World, **changes: Any) -> IdempotencyRecord:
    given = {"organisation": world.organisation, "principal": "api:x", "key": "k", "endpoint": "POST /", "status": 201}
    given |= {"request_hash": "0", "content_type": "application/json", "body": b"\x00{}", "headers": {"ETag": "1"}}
    return IdempotencyRecord(**{**given, **changes})


@pytest.mark.parametrize("make", [event, record])
def test_the_statement_is_the_one_of_the_orm(world: World, make: Any) -> None:
    """Word for word, values and DEFAULTs included."""
    with CaptureQueriesContext(connection) as said:
        for write in (insert, lambda rows: type(rows[0]).objects.bulk_create(rows)):
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                write([make(world)])
                raise ZeroDivisionError
    ours, theirs = [query["sql"] for query in said if query["sql"].startswith("INSERT")]
    assert ours == theirs


def test_what_says_nothing_stands_in_the_statement(world: World) -> None:
    """Empty beside full, in every order: each row keeps its own values, as the ORM writes them."""

    def people() -> list[Client]:
        plain = {"organisation": world.organisation, "first_name": "Inès", "last_name": "Garnier"}
        return [
            Client(**plain, public_id=uuid.UUID(int=1), email="a@example.fr", street=""),
            Client(**plain, public_id=uuid.UUID(int=2), email="", street="1 rue d'Auxonne", phone="+33612345678"),
        ]

    with CaptureQueriesContext(connection) as said:
        for write in (insert, Client.objects.bulk_create):
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                write(people())
                raise ZeroDivisionError
    ours, theirs = [query["sql"] for query in said if query["sql"].startswith("INSERT")]
    assert ours == theirs


def test_keys_and_defaults_of_the_database_are_filled_in(world: World) -> None:
    rows = insert(event(world, public_id=uuid.uuid4(), data={"n": number}) for number in range(3))
    again = list(Event.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk"))
    assert [row.pk for row in rows] == [row.pk for row in again]
    for row, read in zip(rows, again, strict=True):
        assert {name: value for name, value in vars(row).items() if name not in {"_state", "organisation"}} == {
            name: value for name, value in vars(read).items() if name != "_state"
        }
        assert (row._state.adding, row._state.db) == (False, "default")


def test_rows_may_differ_in_what_the_database_gives(world: World) -> None:
    told = timezone.now()
    first, second = insert([event(world), event(world, public_id=uuid.uuid4(), recorded_at=told)])
    assert (first.recorded_at != told, second.recorded_at) == (True, told)


def test_a_row_that_is_refused_is_refused(world: World) -> None:
    insert_one(record(world))
    with pytest.raises(IntegrityError, match="idempotency_key_once_per_principal"), transaction.atomic():
        insert_one(record(world))
    assert IdempotencyRecord.objects.count() == 1


def test_a_telephone_number_is_stored_as_the_orm_stores_it(world: World) -> None:
    client = insert_one(
        Client(organisation=world.organisation, first_name="Inès", last_name="Garnier", phone="06 12 34 56 78")
    )
    assert Client.objects.get(pk=client.pk).phone.as_e164 == "+33612345678"


@pytest.mark.django_db
def test_nothing_is_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert insert(list[Event]()) == []
