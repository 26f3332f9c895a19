"""What a constraint says can be said: Django fills in its message, so that a bare percent sign would be a 500."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db.models import BaseConstraint
from django.utils import translation

CONSTRAINTS: list[BaseConstraint] = [
    constraint
    for model in apps.get_models()
    if not model.__module__.startswith(("django", "allauth"))
    for constraint in model._meta.constraints
]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_message_can_be_said(language: str) -> None:
    unsaid = []
    with translation.override(language):
        for constraint in CONSTRAINTS:
            try:
                constraint.get_violation_error_message()
            except (ValueError, TypeError, KeyError) as error:
                unsaid.append((constraint.name, str(error)))
    assert (unsaid, len(CONSTRAINTS) > 200) == ([], True)
