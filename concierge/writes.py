"""Inserts that every call makes: their SQL is put together once per process and number of rows, not once per call.

``insert`` does what ``bulk_create`` does for new rows of one table, defaults of the database included, and nothing
else: no batches, no conflicts, no inheritance, no expressions as values.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.expressions import DatabaseDefault

M = TypeVar("M", bound=models.Model)


def insert(new: Iterable[M]) -> list[M]:
    """Insert new rows by one statement, and fill in what the database gave them: keys and defaults."""
    rows = list(new)
    if not rows:
        return rows
    model = type(rows[0])
    connection = connections[DEFAULT_DB_ALIAS]  # itself: the usual proxy is asked for each column
    values: list[Any] = []
    gaps: list[bool] = []
    for row in rows:
        for field in _columns(model):
            value = field.pre_save(row, add=True)
            is_default = isinstance(value, DatabaseDefault)
            gaps.append(not is_default)
            if not is_default:
                values.append(field.get_db_prep_save(value, connection))
    with connection.cursor() as cursor:
        cursor.execute(_statement(model, tuple(gaps)), values)
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
def _columns(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.local_concrete_fields if not (field.primary_key or field.generated)]


@cache
def _returned(model: type[models.Model]) -> list[Any]:
    return list(model._meta.db_returning_fields)


@cache
def _statement(model: type[models.Model], gaps: tuple[bool, ...]) -> str:
    """INSERT of as many rows as there are gaps; a value that the database gives is no gap but its DEFAULT."""
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    columns, returned = _columns(model), _returned(model)
    places = ["%s" if gap else "DEFAULT" for gap in gaps]
    wide = len(columns)
    rows = ", ".join(f"({', '.join(places[at : at + wide])})" for at in range(0, len(places), wide))
    table, names = quote(model._meta.db_table), ", ".join(quote(field.column) for field in columns)
    back = ", ".join(f"{table}.{quote(field.column)}" for field in returned)
    return f"INSERT INTO {table} ({names}) VALUES {rows} RETURNING {back}"  # noqa: S608 - names of our own columns
