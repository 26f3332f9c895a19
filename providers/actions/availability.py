"""When a provider answers."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.db import refuse_on
from concierge.errors import Invalid
from concierge.tenancy import Actor
from providers.actions.file_moves import lock_provider
from providers.models import Provider, ProviderHours
from providers.rules.hours import Opening


@transaction.atomic
def set_hours(provider: Provider, opening: Sequence[Opening], *, by: Actor) -> None:
    """Replace the hours in which a provider answers. Raises ``Invalid`` when they overlap or end before they begin."""
    locked = lock_provider(provider)
    locked.opening_hours.all().delete()
    rows = [
        ProviderHours(
            organisation_id=locked.organisation_id,
            provider=locked,
            weekday=one.weekday,
            opens=one.opens,
            closes=one.closes,
        )
        for one in opening
    ]
    if any(row.closes <= row.opens or not 0 <= row.weekday <= 6 for row in rows):
        raise Invalid(_("The closing time must be after the opening time."), field="opening_hours")
    overlap = Invalid(_("These hours overlap other hours of the same day."), field="opening_hours")
    with refuse_on("provider_hours_do_not_overlap", overlap):
        ProviderHours.objects.bulk_create(rows)
    events.record("provider.changed", locked, by=by, what="hours")
