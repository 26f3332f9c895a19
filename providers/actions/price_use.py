"""From a provider's price to a line of the client's quote, and whether that price still holds when it is sent."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.actions.quote_moves import lock_request
from bookings.actions.quote_origins import margin_for
from bookings.actions.quote_prices import LentPrice, use_lent_price
from bookings.models import Quote
from concierge import events
from concierge.tenancy import Actor
from concierge.words import date_words
from providers.actions.refusals import PriceGone
from providers.enums import PriceRequestStatus
from providers.models import PriceRequest


def lent(asked: PriceRequest) -> LentPrice:
    """A price as bookings take it. Raises ``PriceGone`` (409) before there is one."""
    amounts = asked.amounts
    if amounts is None or asked.vat_rate is None:
        raise PriceGone(current_status=asked.status)
    last_day = None if asked.status == PriceRequestStatus.CHOSEN else asked.valid_until
    return LentPrice(asked.public_id, asked.service, *amounts, asked.vat_rate, last_day)


@transaction.atomic
def use_price(asked: PriceRequest, *, margin: Decimal | None = None, option: int | None = 0, by: Actor) -> Quote:
    """“Use this price”: a line of the draft with the cost and our margin (that of the service when none is named).

    The line remembers whose price it is. Raises ``PriceGone`` (409), ``Invalid`` (400), ``WrongState`` (409).
    """
    lock_request(asked.request)
    hold_prices([asked.public_id])
    fresh = PriceRequest.objects.with_need().get(pk=asked.pk)
    if not fresh.holds_on(_today(fresh)):
        raise PriceGone(_gone_words(fresh), current_status=fresh.status)
    percent = margin_for(fresh.service) if margin is None else margin
    quote = use_lent_price(fresh.request, lent(fresh), margin=percent, option=option, by=by)
    events.record(
        "price_request.used",
        fresh,
        by=by,
        request_id=fresh.request.public_id,
        price_request=fresh.reference,
        provider=str(fresh.provider.public_id),
    )
    return quote


def refuse_gone_prices(quote: Quote, sources: Sequence[uuid.UUID]) -> None:
    """Every price that a quote counts on still holds, as long as the quote is valid. Raises ``PriceGone`` (409).

    The rows are held until the quote is sent or accepted: nobody takes a price back in between.
    """
    hold_prices(sources)
    fresh = PriceRequest.objects.filter(public_id__in=sources).with_need().order_by("pk")
    for asked in fresh:
        if not asked.holds_on(_today(asked)):
            raise PriceGone(_gone_words(asked), field="options")
        last_day = lent(asked).valid_until
        if last_day is not None and last_day < quote.valid_until:
            raise PriceGone(
                _("The price of %(name)s holds until %(day)s only: let the quote end by then, or ask them again.")
                % {"name": asked.provider.name, "day": date_words(last_day, "j F Y")},
                field="valid_until",
            )


def hold_prices(sources: Sequence[uuid.UUID]) -> None:
    """Nobody answers, takes back or withdraws these before this transaction ends; those who only read go on."""
    rows = "SELECT id FROM providers_pricerequest WHERE public_id = ANY(%s) ORDER BY id FOR SHARE"
    with connection.cursor() as cursor:
        cursor.execute(rows, [list(sources)])


def _today(asked: PriceRequest) -> dt.date:
    return timezone.localdate(timezone=ZoneInfo(asked.request.site.time_zone))


def _gone_words(asked: PriceRequest) -> str:
    return _("The price of %(name)s no longer holds: take its line out, or ask them again.") % {
        "name": asked.provider.name
    }
