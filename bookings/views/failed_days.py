"""Days of regular requests that could not be booked: the team's turn, until somebody mends or settles them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from bookings import perms
from bookings.actions.day_reasons import reason_words
from bookings.models import Occurrence
from bookings.views.series_words import advice_on
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import moment_words

# Shown at once, the soonest first; the list of regular requests has them all.
MOST_SHOWN = 20


def troubled_for(actor: Actor, site: Site | None = None) -> QuerySet[Occurrence]:
    """Those at the desks where somebody works, or at one of them."""
    own = actor.site_ids(*perms.DESK)
    found = Occurrence.objects.visible_to(actor).troubled()
    if own is not None:
        found = found.filter(recurrence__site_id__in=own)
    return found.filter(recurrence__site=site) if site is not None else found


def shown(actor: Actor, site: Site | None) -> dict[str, Any]:
    """The first of them as a page shows them, and whether there are more."""
    found = troubled_for(actor, site).select_related("recurrence__site", "recurrence__client__merged_into")
    ones = list(found.order_by("due_on", "pk")[: MOST_SHOWN + 1])
    now = timezone.now()
    return {
        "rows": [
            {
                "one": one,
                "series": one.recurrence,
                "client": one.recurrence.client.kept_as,
                "when": moment_words(one.starts_at, one.recurrence.site),
                "is_over": one.starts_at <= now,
                "reason": reason_words(one),
                "advice": advice_on(one),
            }
            for one in ones[:MOST_SHOWN]
        ],
        "is_cut": len(ones) > MOST_SHOWN,
    }
