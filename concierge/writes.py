"""Inserts that every call makes: their SQL is put together once per process and shape of the rows, not once per call.

``insert`` does what ``bulk_create`` does for new rows of one table, defaults of the database included, and nothing
else: no batches, no conflicts, no inheritance, no expressions as values.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.expressions import DatabaseDefault

M = TypeVar("M", bound=models.Model)

GAP = "%s"
# Half of what is written says nothing, and the driver would quote it anew each time: it stands in the statement itself.
LITERALS: dict[Any, str] = {None: "NULL", "": "''", True: "true", False: "false"}
# Columns whose values go to the database as they are, when they have this type already.
AS_IT_IS: dict[type[models.Field[Any, Any]], type] = {
    models.BooleanField: bool,
    models.CharField: str,
    models.TextField: str,
    models.EmailField: str,
    models.IntegerField: int,
    models.PositiveIntegerField: int,
    models.PositiveSmallIntegerField: int,
    models.ForeignKey: int,
    models.UUIDField: uuid.UUID,
}
# Statements that one process keeps; what a row leaves empty is part of their shape.
MOST = 512


def insert(new: Iterable[M]) -> list[M]:
    """Insert new rows by one statement, and fill in what the database gave them: keys and defaults."""
    rows = list(new)
    if not rows:
        return rows
    model = type(rows[0])
    connection = connections[DEFAULT_DB_ALIAS]  # itself: the usual proxy is asked for each column
    values: list[Any] = []
    places: list[str] = []
    for row in rows:
        held = row.__dict__
        for field, name, plain in _columns(model):
            value = held.get(name) if plain is not None else None
            if type(value) is not plain:
                value = field.pre_save(row, add=True)
                if isinstance(value, DatabaseDefault):
                    places.append("DEFAULT")
                    continue
                value = field.get_db_prep_save(value, connection)
            if value is None or type(value) is bool or (type(value) is str and not value):
                places.append(LITERALS[value])
            else:
                places.append(GAP)
                values.append(value)
    with connection.cursor() as cursor:
        cursor.execute(_statement(model, tuple(places)), values)
        given = cursor.fetchall()
    for row, found in zip(rows, given, strict=True):
        for field, value in zip(_returned(model), found, strict=True):
            setattr(row, field.attname, value)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return rows


def insert_one(row: M) -> M:
    """The same for a single row."""
    return insert([row])[0]


@cache
def _columns(model: type[models.Model]) -> list[tuple[Any, str, type | None]]:
    """Each column with its name and the type that needs no preparation, if it has one."""
    fields = [field for field in model._meta.local_concrete_fields if not (field.primary_key or field.generated)]
    return [(field, field.attname, AS_IT_IS.get(type(field))) for field in fields]


@cache
def _returned(model: type[models.Model]) -> list[Any]:
    return list(model._meta.db_returning_fields)


@lru_cache(maxsize=MOST)
def _statement(model: type[models.Model], places: tuple[str, ...]) -> str:
    """INSERT of as many rows as the places say: gaps for the driver, DEFAULT, or a value that says nothing."""
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    columns, returned = _columns(model), _returned(model)
    wide = len(columns)
    rows = ", ".join(f"({', '.join(places[at : at + wide])})" for at in range(0, len(places), wide))
    table, names = quote(model._meta.db_table), ", ".join(quote(field.column) for field, _name, _plain in columns)
    back = ", ".join(f"{table}.{quote(field.column)}" for field in returned)
    return f"INSERT INTO {table} ({names}) VALUES {rows} RETURNING {back}"  # noqa: S608 - names of our own columns
