"""Saving a row that a person described: what is wrong with it becomes a sentence at its field."""

from __future__ import annotations

from typing import TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from concierge.errors import Invalid

Row = TypeVar("Row", bound=models.Model)


def save_valid(row: Row) -> Row:
    """Validate fields and constraints, then save. Raises ``Invalid`` naming the first field at fault."""
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid(messages[0], field=None if field == NON_FIELD_ERRORS else field) from error
    row.save()
    return row
