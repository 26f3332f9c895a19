"""What an order costs today at a site: the catalogue as rules understand it, refusals as sentences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.enums import (
    PriceMode,
)
from bookings.models import (
    Service,
)
from bookings.models.catalogue import offered_services, vat_rate_on
from bookings.rules import prices
from concierge.errors import DomainError, Invalid
from concierge.models import Site


class BadOrder(Invalid):
    """The order cannot be priced: unknown service, item or option, or a quantity that makes no sense."""

    code = "bad_order"


class PriceMissing(DomainError):
    """The catalogue has no VAT rate for today: a mistake of ours, not of the client."""

    code, status = "price_missing", 409
    message = _("The price of this service is not known today. Please call us.")


ORDER_MESSAGES = {
    "empty": _("Choose at least one service."),
    "unknown_service": _("One of the services is not offered here any more. Please choose again."),
    "service_twice": _("The same service is there twice."),
    "unknown_item": _("One of the items is not in our price list any more. Please choose again."),
    "unknown_option": _("One of the options does not exist any more. Please choose again."),
    "bad_quantity": _("A quantity is a whole number, zero or more."),
    "nothing_of_service": _("Say how many for each service that you chose."),
}


def tariffs_of(site: Site, day: dt.date, *, services: Collection[Service] | None = None) -> dict[str, prices.Tariff]:
    """Price list of a site on a day, by public id of the service. Raises ``PriceMissing`` without a VAT rate."""
    found = {}
    rates: dict[str, Decimal] = {}
    for service in offered_services(site.pk) if services is None else services:
        if service.vat_code not in rates:
            rate = vat_rate_on(site.organisation_id, service.vat_code, day)
            if rate is None:
                raise PriceMissing
            rates[service.vat_code] = rate.rate
        found[str(service.public_id)] = _tariff(service, rates[service.vat_code])
    return found


def _tariff(service: Service, rate: Decimal) -> prices.Tariff:
    if service.price_mode == PriceMode.FIXED and service.unit_price is not None:
        items = {prices.WHOLE: prices.Price(prices.WHOLE, service.name, service.unit_price)}
    else:
        items = {
            str(item.public_id): prices.Price(str(item.public_id), f"{service.name} – {item.name}", item.unit_price)
            for item in service.price_items.all()
            if item.is_active
        }
    options = {
        str(option.public_id): prices.Price(str(option.public_id), f"{service.name} – {option.name}", option.unit_price)
        for option in service.options.all()
        if option.is_active
    }
    return prices.Tariff(str(service.public_id), items, options, service.vat_code, rate, service.max_quantity)


def price_order(tariffs: Mapping[str, prices.Tariff], wishes: Sequence[prices.Wish]) -> list[prices.PricedLine]:
    """Priced lines, or ``BadOrder`` (400) with a sentence for people and a ``reason`` for machines."""
    try:
        return prices.price_lines(tariffs, wishes)
    except prices.Unpriceable as error:
        message: str | Promise | None = ORDER_MESSAGES.get(error.code)
        if error.code == "too_many":
            message = gettext("At most %(limit)d per order for this service. For more, please call us.") % error.details
        raise BadOrder(message, field="lines", reason=error.code, where=error.where) from error
