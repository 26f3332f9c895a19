"""When a provider answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    if not all(0 <= one.weekday <= 6 for one in opening):
        raise Invalid(_("This day does not exist."), field="opening_hours")
    change_hours(provider, {day: [one for one in opening if one.weekday == day] for day in range(7)}, by=by)


@transaction.atomic
def change_hours(provider: Provider, days: Mapping[int, Sequence[Opening]], *, by: Actor) -> None:
    """Replace the hours of some weekdays; the others stay as somebody else may have set them meanwhile.

    Raises ``Invalid`` when they overlap or end before they begin.
    """
    locked = lock_provider(provider)
    locked.opening_hours.filter(weekday__in=days).delete()
    rows = [
        ProviderHours(
            organisation_id=locked.organisation_id,
            provider=locked,
            weekday=weekday,
            opens=one.opens,
            closes=one.closes,
        )
        for weekday, opening in days.items()
        for one in opening
    ]
    if any(row.closes <= row.opens for row in rows):
        raise Invalid(_("The closing time must be after the opening time."), field="opening_hours")
    overlap = Invalid(_("These hours overlap other hours of the same day."), field="opening_hours")
    with refuse_on("provider_hours_do_not_overlap", overlap):
        ProviderHours.objects.bulk_create(rows)
    if days:
        events.record("provider.changed", locked, by=by, what="hours", days=sorted(days))
