"""The order of a regular request: as JSON, as rules understand it, and the services it names."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bookings.actions.pricing import ORDER_MESSAGES, BadOrder
from bookings.models import Recurrence, Service
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
    """The order as rules understand it."""
    return [
        prices.Wish(
            str(one["service"]),
            {key: _number(count) for key, count in one["quantities"].items()},
            frozenset(one["options"]),
        )
        for one in found.wishes
    ]


def services_of(site: Site, wishes: Sequence[prices.Wish]) -> list[Service]:
    """What is ordered, as far as the site offers it. Raises ``BadOrder`` (400)."""
    keys = {wish.service for wish in wishes}
    found = [service for service in Service.objects.offered_at(site) if str(service.public_id) in keys]
    if len(found) < len(keys) or not keys:
        raise BadOrder(ORDER_MESSAGES["unknown_service"], field="lines", reason="unknown_service")
    return found
