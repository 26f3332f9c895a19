"""Fields that several shapes share."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers


class Euros(serializers.DecimalField):
    """An amount in euros, as text with two decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=10, decimal_places=2, **kwargs)


class Count(serializers.IntegerField):
    """A whole number, written as one: no text, no fraction, no true or false."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


UUID_PATH = OpenApiTypes.UUID
