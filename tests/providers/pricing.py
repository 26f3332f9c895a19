"""Helpers of the tests about price requests: a request on quote, carpenters, a question, an answer."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone

from bookings.models import ServiceRequest
from providers.actions.prices import PriceAnswer, Question, answer_price, ask_for_prices
from providers.models import PriceRequest, Provider
from tests.bookings.quoting import asked, service_of
from tests.providers.conftest import acting_for, add_provider
from tests.world import World

NEED = "Deux étagères à poser dans un salon, mur en placoplâtre."


def question(**changes: Any) -> Question:
    """Two shelves, within two days."""
    given: dict[str, Any] = {"need": NEED, "due_at": timezone.now() + dt.timedelta(days=2), **changes}
    return Question(**given)


def an_answer(**changes: Any) -> PriceAnswer:
    """150 € without VAT, 180 € with it."""
    today = timezone.localdate()
    given: dict[str, Any] = {
        "price": Decimal("150.00"),
        "includes_vat": False,
        "vat_rate": Decimal("20.00"),
        "earliest_on": today + dt.timedelta(days=7),
        "valid_until": today + dt.timedelta(days=20),
        "comment": "Fixations comprises.",
        **changes,
    }
    return PriceAnswer(**given)


def carpenters(world: World, count: int = 2) -> list[Provider]:
    """Local businesses that may be asked."""
    return [add_provider(world, price=None, name=f"Menuiserie {n}") for n in range(1, count + 1)]


def asked_for_prices(
    world: World, providers: list[Provider] | None = None, request: ServiceRequest | None = None, **changes: Any
) -> list[PriceRequest]:
    """The same question to some of them."""
    found = ask_for_prices(
        request or asked(world),
        service_of(world),
        providers or carpenters(world),
        question(**changes),
        by=world.actor("concierge"),
    )
    return list(PriceRequest.objects.with_need().filter(pk__in=[one.pk for one in found]).order_by("pk"))


def priced(world: World, one: PriceRequest | None = None, **changes: Any) -> PriceRequest:
    """A question with its price."""
    one = one or asked_for_prices(world, carpenters(world, 1))[0]
    answer_price(one, an_answer(**changes), by=acting_for(one.provider))
    return PriceRequest.objects.with_need().get(pk=one.pk)
