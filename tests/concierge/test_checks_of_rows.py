"""Check constraints before the write: one statement for all of a row's, the same answer as one for each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import CheckConstraint, Model
from django.test.utils import CaptureQueriesContext

from bookings.models import PriceItem, Service, ServiceRequest
from concierge.db import first_broken
from concierge.models import Site
from tests.scene import build_scene
from tests.world import World


def one_by_one(row: Model) -> CheckConstraint | None:
    """What Django says, with a statement for each constraint."""
    for constraint in row._meta.constraints:
        if isinstance(constraint, CheckConstraint):
            try:
                constraint.validate(type(row), row)
            except ValidationError:
                return constraint
    return None


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (Site, {"latitude": Decimal(91)}),
        (Service, {"duration_minutes": 0}),
        (Service, {"unit_price": Decimal(-1)}),
        (Service, {"price_mode": "fixed", "unit_price": None}),
        (PriceItem, {"unit_price": Decimal("-0.01")}),
        (ServiceRequest, {"status": "100 %"}),
        (ServiceRequest, {}),
    ],
)
def test_the_first_broken_constraint_is_the_one_that_django_finds(
    world: World, model: type[Model], changes: dict[str, Any]
) -> None:
    world.request()
    row = model._default_manager.order_by("pk")[0]
    for name, value in changes.items():
        setattr(row, name, value)
    expected = one_by_one(row)
    assert (expected is None) == (not changes)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert first_broken(row) == expected
    assert len(asked) == 1


def test_defaults_of_the_database_count_as_they_would_be_written(world: World) -> None:
    row = Service(organisation=world.organisation, category=world.ironing.category, code="x", name="X")
    assert first_broken(row) == one_by_one(row)


def test_every_row_of_the_scene_keeps_its_constraints(world: World) -> None:
    """Every kind of column passes through the statement as PostgreSQL stores it."""
    from django.apps import apps

    build_scene(world)
    seen = set()
    for model in apps.get_models():
        if any(isinstance(one, CheckConstraint) for one in model._meta.constraints):
            for row in model._default_manager.order_by("pk")[:3]:
                assert first_broken(row) is None, repr(row)
                seen.add(model)
    assert len(seen) > 40
