"""What the verbs on a provider's file share: its lock, and what its rows must be."""

from __future__ import annotations

from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, ValidationError
from django.db.models import CheckConstraint

from concierge.db import first_broken
from concierge.errors import Invalid
from concierge.models import TenantModel
from providers.models import Provider


def lock_provider(provider: Provider) -> Provider:
    """Re-read a provider under its row lock."""
    return Provider.objects.select_for_update(of=("self",), no_key=True).get(pk=provider.pk)


def check_row(row: TenantModel) -> None:
    """Field validators and check constraints as ``Invalid`` at the field, before PostgreSQL has to say it.

    The ``violation_error_code`` of a constraint names its field.
    """
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid(messages[0], field=None if field == NON_FIELD_ERRORS else field) from error
    if broken := first_broken(row):
        raise Invalid(str(broken.get_violation_error_message()), field=_field_of(row, broken))


def _field_of(row: TenantModel, broken: CheckConstraint) -> str | None:
    try:
        return row._meta.get_field(str(broken.violation_error_code)).name
    except FieldDoesNotExist:
        return None
