"""The order of a regular request: as JSON, as rules understand it, and the services it names."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone

from bookings.actions.pricing import ORDER_MESSAGES, BadOrder
from bookings.enums import SupplementRule
from bookings.models import Recurrence, Service, Supplement
from bookings.rules import prices
from concierge.models import Site


def keep(wishes: Sequence[prices.Wish]) -> list[dict[str, object]]:
    """An order as JSON."""
    return [
        {
            "service": wish.service,
            "quantities": {key: f"{Decimal(count).normalize():f}" for key, count in wish.quantities.items() if count},
            "options": sorted(wish.options),
        }
        for wish in wishes
    ]


def _number(text: str) -> int | Decimal:
    """A count as a whole number, a weight as it is."""
    value = Decimal(text)
    return int(value) if value == int(value) else value


def wishes_of(found: Recurrence) -> list[prices.Wish]:
    """The order as rules understand it, with what counts today (``options_today``)."""
    named = options_today(found)
    return [
        prices.Wish(
            str(one["service"]),
            {key: _number(count) for key, count in one["quantities"].items()},
            frozenset(named.get(key, key) for key in one["options"]),
        )
        for one in found.wishes
    ]


def options_today(found: Recurrence) -> dict[str, str]:
    """By the key of a supplement that does not count today: the one of the same service and name that does, because its
    price was planned to change. What has no such heir keeps its key, and pricing refuses it."""
    keys = {str(key) for one in found.wishes for key in one["options"]}
    if not keys:
        return {}
    today = timezone.localdate(timezone=ZoneInfo(found.site.time_zone))
    chosen = Supplement.objects.filter(organisation_id=found.organisation_id, rule=SupplementRule.CHOSEN)
    old = [one for one in chosen.filter(public_id__in=keys).order_by("pk") if not one.counts_on(today)]
    if not old:
        return {}
    heirs = {
        (one.service_id, one.name): str(one.public_id)
        for one in chosen.filter(service__in={one.service_id for one in old}, is_active=True).order_by("pk")
        if one.counts_on(today)
    }
    named = {str(one.public_id): heirs.get((one.service_id, one.name)) for one in old}
    return {key: heir for key, heir in named.items() if heir is not None}


def services_of(site: Site, wishes: Sequence[prices.Wish]) -> list[Service]:
    """What is ordered, as far as the site offers it. Raises ``BadOrder`` (400)."""
    keys = {wish.service for wish in wishes}
    found = [service for service in Service.objects.offered_at(site) if str(service.public_id) in keys]
    if len(found) < len(keys) or not keys:
        raise BadOrder(ORDER_MESSAGES["unknown_service"], field="lines", reason="unknown_service")
    return found
