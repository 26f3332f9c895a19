"""Coordinates that were found of an address, as a session keeps them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpRequest

from bookings.actions.beneficiaries import Beneficiary
from bookings.actions.clients import ClientDetails
from bookings.gateways.geocoder import Where, located
from concierge.errors import TooManyAttempts
from concierge.visitors import not_too_many

SPOT = ("latitude", "longitude")
UNKNOWN = dict.fromkeys(SPOT, "")
# Addresses that one network may have looked up in ten minutes: a whole company sits behind one.
MOST_LOOKED_UP, WINDOW = 60, 600


def located_for(request: HttpRequest, where: Where) -> Where:
    """With coordinates, when they can be found; of one network only so many addresses are looked up at once."""
    try:
        not_too_many(request, "addresses", most=MOST_LOOKED_UP, seconds=WINDOW)
    except TooManyAttempts:
        return where
    return located(where)


def spot_of(kept: dict[str, Any]) -> dict[str, Any]:
    """Read again, as details take them."""
    return {name: Decimal(kept[name]) if kept.get(name) else None for name in SPOT}


def kept_spot(where: ClientDetails | Beneficiary) -> dict[str, str]:
    """Written as text; empty when nobody knows."""
    found = {name: getattr(where, name) for name in SPOT}
    return {name: "" if value is None else str(value) for name, value in found.items()}
