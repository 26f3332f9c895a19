"""Helpers of the tests about quotes: a service on quote, a request for one, a draft with two options."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from bookings.actions.quote_answers import Acceptance
from bookings.actions.quote_requests import Wanted, ask_for_quote
from bookings.actions.quotes import LineDraft, OptionDraft, QuoteDraft, draft_quote, save_quote, send_quote
from bookings.enums import Execution, Place, PriceMode
from bookings.models import Quote, Service, ServiceAtSite, ServiceRequest
from tests.bookings.conftest import details
from tests.world import World

HOME = {"street": "3 rue Verte", "postcode": "21000", "city": "Dijon"}


def service_on_quote(world: World, code: str = "petits-travaux", **changes: Any) -> Service:
    """Small repairs at home, done by a local business, priced on quote."""
    given: dict[str, Any] = {
        "name": "Petits travaux",
        "name_en": "Small repairs",
        "pictogram": "repair",
        "execution": Execution.PROVIDER,
        "place": Place.HOME,
        "duration_minutes": 120,
        **changes,
    }
    service = Service.objects.create(
        organisation=world.organisation,
        category=world.cobbler.category,
        code=code,
        price_mode=PriceMode.ON_QUOTE,
        position=5,
        **given,
    )
    ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=service)
    return service


def asked(world: World, *services: Service, by: Any = None, **changes: Any) -> ServiceRequest:
    """Somebody asks for a quote."""
    wanted = [Wanted(service, "Deux étagères à poser dans le salon") for service in services or [service_of(world)]]
    return ask_for_quote(
        world.site, client=details(**{**HOME, **changes}), wanted=wanted, by=by or world.actor("concierge")
    )


def service_of(world: World) -> Service:
    """The one service on quote of a world, made when it is first needed."""
    return Service.objects.filter(code="petits-travaux").first() or service_on_quote(world)


def two_options(starts_at: dt.datetime | None = None, **changes: Any) -> QuoteDraft:
    """Option A: 2.5 hours and travel, 115 €. Option B: the same with oak, 205 €."""
    work = LineDraft("Pose de deux étagères", Decimal("2.5"), Decimal("40.00"), unit="h")
    travel = LineDraft("Déplacement", Decimal(1), Decimal("15.00"), kind="travel")
    oak = LineDraft("Étagères en chêne", Decimal(2), Decimal("45.00"), kind="supply")
    given: dict[str, Any] = {
        "options": [OptionDraft([work, travel], "Pose seule"), OptionDraft([work, oak, travel], "Pose et bois")],
        "duration": "une demi-journée",
        "starts_at": starts_at,
        **changes,
    }
    return QuoteDraft(**given)


def sent(world: World, request: ServiceRequest | None = None, draft: QuoteDraft | None = None) -> Quote:
    """A quote that waits for the client."""
    by = world.actor("concierge")
    quote = draft_quote(request or asked(world), by=by)
    return send_quote(save_quote(quote, draft or two_options(), by=by), by=by)


def yes(quote: Quote, rank: int = 0, **changes: Any) -> Acceptance:
    """What somebody posts who accepts."""
    given: dict[str, Any] = {
        "name": "Inès Garnier",
        "seal": quote.seal,
        "option": quote.options.order_by("position")[rank].public_id,
        "ip": "203.0.113.7",
        **changes,
    }
    return Acceptance(**given)
