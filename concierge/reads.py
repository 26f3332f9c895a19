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
from django.db.models.expressions import Value

M = TypeVar("M", bound=models.Model)


class Given(Value):
    """A gap in a statement, by its name."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """A placeholder, and the gap itself where the parameter goes."""
        return "%s", [self]


class Reading(Generic[M]):
    """One statement of one table: ``Reading(lambda given: Site.objects.filter(**given), "slug").first(slug="dijon")``.

    ``write`` gets a ``Given`` for each name. Whole rows only: no ``select_related``, annotations or prefetching.
    """

    def __init__(self, write: Callable[[Mapping[str, Given]], models.QuerySet[M]], *names: str) -> None:
        self.write, self.names = write, names

    @cached_property
    def _written(self) -> tuple[str, Any, type[M], list[str], list[tuple[int, list[Any], Any]]]:
        """SQL, parameters with gaps, the model, its columns, and how values of some columns are converted."""
        queryset = self.write({name: Given(name) for name in self.names})
        query = queryset.query
        compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        columns = [expression for expression, _sql, _alias in compiler.select]
        converters = [(place, one[0], one[1]) for place, one in compiler.get_converters(columns).items()]
        return sql, parameters, queryset.model, [column.target.attname for column in columns], converters

    def all(self, **given: Any) -> list[M]:
        """The rows, read now."""
        sql, parameters, model, names, converters = self._written
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            cursor.execute(sql, [given[one.value] if isinstance(one, Given) else one for one in parameters])
            rows = cursor.fetchall()
        for place, functions, expression in converters:
            for number, row in enumerate(rows):
                value = row[place]
                for convert in functions:
                    value = convert(value, expression, connection)
                rows[number] = (*row[:place], value, *row[place + 1 :])
        return [model.from_db(DEFAULT_DB_ALIAS, names, row) for row in rows]

    def first(self, **given: Any) -> M | None:
        """The first row, if any. For a statement that finds one at most, or says which comes first."""
        return next(iter(self.all(**given)), None)


def know(thing: models.Model, relation: str, rows: Sequence[models.Model]) -> None:
    """The rows of a relation were just written: ``thing.relation.all()`` gives these, in the order of their model, and
    nobody reads them again."""
    known: models.QuerySet[Any] = getattr(thing, relation).all()
    in_order = list(rows)
    for name in reversed(known.model._meta.ordering):
        in_order.sort(key=attrgetter(name.removeprefix("-")), reverse=name.startswith("-"))
    known._result_cache = in_order
    thing.__dict__.setdefault("_prefetched_objects_cache", {})[relation] = known
