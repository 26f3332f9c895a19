"""Where the price of a line comes from when it is not ours: what it costs, our margin, and whether it still holds.

Bookings do not know who gave a price. The app that does lends an identifier, and is asked again when a quote is sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.actions.sellers import seller_of
from bookings.models import Quote, QuoteLine, QuoteMargin, QuoteOption, Service, ServiceRequest
from bookings.rules import quotes as rules
from concierge import events
from concierge.errors import Invalid
from concierge.models import Organisation
from concierge.tenancy import Actor


@dataclass(frozen=True)
class Origin:
    """The identifier lent by the app that knows the price, what it costs us, and our margin on it in per cent."""

    source: uuid.UUID
    cost: Decimal
    margin_percent: Decimal


Guard = Callable[[Quote, Sequence[uuid.UUID]], None]
_guards: list[Guard] = []


def guard_sources(guard: Guard) -> None:
    """Have every quote that is sent or accepted pass a guard: a ``DomainError`` when a price no longer holds."""
    if guard not in _guards:
        _guards.append(guard)


def check_sources(quote: Quote, *, option: QuoteOption | None = None) -> None:
    """Ask the app that lent the prices (of one option only) whether they hold. In the transaction that sends or
    accepts, after the quote's lock."""
    lines = QuoteLine.objects.filter(option__quote=quote).order_by("option__position", "position")
    lines = lines.filter(option=option) if option is not None else lines
    sources = [source for source in dict.fromkeys(lines.values_list("source", flat=True)) if source is not None]
    for guard in _guards if sources else []:
        guard(quote, sources)


def recovers_vat(request: ServiceRequest) -> bool:
    """Whether whoever signs gets the VAT of purchases back: then a cost is counted without it."""
    return not seller_of(request.site).get("franchise")


def margin_for(service: Service) -> Decimal:
    """The margin of the service, else of the organisation, else nothing."""
    row = (
        QuoteMargin.objects.filter(organisation_id=service.organisation_id)
        .filter(Q(service=service) | Q(service=None))
        .order_by("service_id")  # PostgreSQL puts the general one (NULL) last
        .first()
    )
    return row.percent if row else Decimal(0)


def check_margin(percent: Decimal) -> Decimal:
    """A margin that a quote may carry. Raises ``Invalid`` (400)."""
    try:
        rules.with_margin(Decimal(1), percent)
    except rules.QuoteRefused as error:
        raise Invalid(_("A margin lies between 0 and 100 per cent."), field="margin") from error
    return percent


@transaction.atomic
def set_margin(organisation: Organisation, percent: Decimal, *, service: Service | None = None, by: Actor) -> None:
    """Keep a margin for one service, or for all that have none of their own. Raises ``Invalid`` (400)."""
    check_margin(percent)
    QuoteMargin.objects.update_or_create(organisation=organisation, service=service, defaults={"percent": percent})
    events.record(
        "quote_margin.set", organisation, by=by, percent=str(percent), service=service.code if service else ""
    )
