"""Reads that every call makes: Django writes their SQL once per process, not once per call.

Writing a statement costs the ORM several times what running it costs. A ``Reading`` is an ordinary QuerySet with gaps;
what fills them is given when it is run. The rows are read anew each time, under the tenant of the moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import F, Func
from django.db.models.expressions import Value

M = TypeVar("M", bound=models.Model)


class Given(Value):
    """A gap in a statement, by its name."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """A placeholder, and the gap itself where the parameter goes."""
        return "%s", [self]


class Among(Func):
    """Whether a column is one of many keys: one parameter however many there are, where ``__in`` prepares each."""

    template = "(%(expressions)s::bigint[]))"
    arg_joiner = " = ANY ("
    output_field = models.BooleanField()

    def __init__(self, column: str, keys: Given) -> None:
        super().__init__(F(column), keys)


class Statement:
    """A statement that was written once, and is run with what its gaps are filled with."""

    def __init__(self, write: Callable[[Mapping[str, Any]], models.QuerySet[Any, Any]], *names: str) -> None:
        self.write, self.names = write, names

    @cached_property
    def _written(self) -> tuple[str, Any, list[Any], list[tuple[int, list[Any], Any]]]:
        """SQL, parameters with gaps, the columns, and how values of some columns are converted."""
        query = self.write({name: Given(name) for name in self.names}).query
        compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        columns = [expression for expression, _sql, _alias in compiler.select]
        converters = [(place, one[0], one[1]) for place, one in compiler.get_converters(columns).items()]
        return sql, parameters, columns, converters

    def _rows(self, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        sql, parameters, _columns, converters = self._written
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            cursor.execute(sql, [_filled(given[one.value]) if isinstance(one, Given) else one for one in parameters])
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        for place, functions, expression in converters:
            for number, row in enumerate(rows):
                value = row[place]
                for convert in functions:
                    value = convert(value, expression, connection)
                rows[number] = (*row[:place], value, *row[place + 1 :])
        return rows


def _filled(value: Any) -> Any:
    """A list of keys is the text of an array (``Among``)."""
    return "{" + ",".join(map(str, value)) + "}" if isinstance(value, list) else value


class Reading(Statement, Generic[M]):
    """One statement of one table: ``Reading(lambda given: Site.objects.filter(**given), "slug").first(slug="dijon")``.

    ``write`` gets a ``Given`` for each name. Whole rows only: no ``select_related``, annotations or prefetching.
    """

    def __init__(self, write: Callable[[Mapping[str, Given]], models.QuerySet[M]], *names: str) -> None:
        super().__init__(write, *names)

    @cached_property
    def _model(self) -> type[M]:
        model: type[M] = self.write({name: Given(name) for name in self.names}).model
        return model

    @cached_property
    def _names(self) -> list[str]:
        return [column.target.attname for column in self._written[2]]

    def all(self, **given: Any) -> list[M]:
        """The rows, read now."""
        model, names = self._model, self._names
        return [model.from_db(DEFAULT_DB_ALIAS, names, row) for row in self._rows(given)]

    def first(self, **given: Any) -> M | None:
        """The first row, if any. For a statement that finds one at most, or says which comes first."""
        return next(iter(self.all(**given)), None)


class Rows(Statement):
    """One statement that gives columns: ``write`` answers with a ``values_list``. For what is read of many at once and
    needs no objects."""

    def all(self, **given: Any) -> list[tuple[Any, ...]]:
        """The rows as tuples, read now."""
        return self._rows(given)


def know(thing: models.Model, relation: str, rows: Sequence[models.Model]) -> None:
    """The rows of a relation were just written: ``thing.relation.all()`` gives these, in the order of their model, and
    nobody reads them again."""
    known: models.QuerySet[Any] = getattr(thing, relation).all()
    in_order = list(rows)
    for name in reversed(known.model._meta.ordering):
        in_order.sort(key=attrgetter(name.removeprefix("-")), reverse=name.startswith("-"))
    known._result_cache = in_order
    thing.__dict__.setdefault("_prefetched_objects_cache", {})[relation] = known
