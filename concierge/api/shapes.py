"""Serializers without the cost of making one: reading a body and showing a row leave nothing behind in them.

DRF copies every declared field for each instance, nested ones too. One instance of a class does for all calls.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from rest_framework import serializers

Shape = type[serializers.Serializer[Any]]


@cache
def _shared(shape: Shape, **context: Any) -> serializers.Serializer[Any]:
    return shape(context=context)


def read(shape: Shape, data: Any) -> dict[str, Any]:
    """What a body says, validated. Raises ``ValidationError`` (400) as ``is_valid(raise_exception=True)`` does."""
    if data is None:
        shape(data=data).is_valid(raise_exception=True)
    found: dict[str, Any] = _shared(shape).run_validation(data)
    return found


def show(shape: Shape, thing: Any, **context: Any) -> dict[str, Any]:
    """A row as callers see it; ``context`` is that of the shape, few and plain values."""
    shown: dict[str, Any] = _shared(shape, **context).to_representation(thing)
    return shown
