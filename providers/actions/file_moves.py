"""What the verbs on a provider's file share: its lock, and what its rows must be."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from concierge.errors import Invalid
from concierge.models import TenantModel
from providers.models import Provider


def lock_provider(provider: Provider) -> Provider:
    """Re-read a provider under its row lock."""
    return Provider.objects.select_for_update(of=("self",), no_key=True).get(pk=provider.pk)


def check_row(row: TenantModel) -> None:
    """Field validators and check constraints as ``Invalid``, before PostgreSQL has to say it."""
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
        for constraint in row._meta.constraints:
            if type(constraint).__name__ == "CheckConstraint":
                constraint.validate(type(row), row)
    except ValidationError as error:
        field, messages = next(iter(getattr(error, "message_dict", {"": error.messages}).items()))
        raise Invalid(messages[0], field=None if field in {"", "__all__"} else field) from error
