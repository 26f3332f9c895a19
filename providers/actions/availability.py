"""When a provider answers, and when it is away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.tenancy import Actor
from providers.actions.file_moves import lock_provider
from providers.models import Provider, ProviderClosure, ProviderHours
from providers.models.availability import LONGEST_CLOSURE
from providers.rules.hours import Opening

# A closure ends within this time, and there are not more of them to come.
FARTHEST = dt.timedelta(days=730)
MOST_CLOSURES = 50


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


@transaction.atomic
def close_days(
    provider: Provider, *, first_on: dt.date, last_on: dt.date, reason: str = "", by: Actor
) -> ProviderClosure:
    """A provider is away, both days included: nothing is offered for these days, and no answer is due on them.

    What it was asked for these days is taken back by whoever hears of it, and asked of others; the work that it holds
    stays. Raises ``Invalid`` naming the field for days
    that are over, years away, or more than a year, and ``Conflict`` when another closure covers some of them.
    """
    locked = lock_provider(provider)
    today = today_of(locked.organisation)
    if last_on < first_on:
        raise Invalid(_("The last day cannot be before the first day."), field="last_on")
    if last_on < today:
        raise Invalid(_("These days are over."), field="last_on")
    if last_on > today + FARTHEST:
        raise Invalid(_("Choose days within the coming two years."), field="last_on")
    if last_on - first_on >= LONGEST_CLOSURE:
        raise Invalid(_("A closure lasts a year at most. To end the partnership, pause it."), field="last_on")
    if locked.closures.still_to_come(today).count() >= MOST_CLOSURES:
        raise Invalid(_("There are too many closures to come: remove one first."))
    closure = ProviderClosure(
        organisation_id=locked.organisation_id,
        provider=locked,
        first_on=first_on,
        last_on=last_on,
        reason=reason.strip()[:120],
    )
    taken = Conflict(_("Another closure already covers some of these days."), field="first_on")
    with refuse_on("provider_closures_do_not_overlap", taken):
        closure.save()
    _say(closure, "closure", by)
    return closure


@transaction.atomic
def reopen_days(closure: ProviderClosure, *, by: Actor) -> None:
    """A provider is there after all: a closure that has begun ends yesterday. Nothing happens a second time."""
    locked = lock_provider(closure.provider)
    found = locked.closures.filter(pk=closure.pk).first()
    today = today_of(locked.organisation)
    if found is None or found.last_on < today:
        return
    if found.first_on < today:
        found.last_on = today - dt.timedelta(days=1)
        found.save(update_fields=["last_on"])
    else:
        locked.closures.filter(pk=found.pk).delete()
    _say(closure, "reopened", by)


def _say(closure: ProviderClosure, what: str, by: Actor) -> None:
    first, last = closure.first_on.isoformat(), closure.last_on.isoformat()
    events.record("provider.changed", closure.provider, by=by, what=what, first_on=first, last_on=last)
