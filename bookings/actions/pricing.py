"""What an order costs today at a site: the catalogue as rules understand it, refusals as sentences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.enums import Place, PriceMode, SupplementRule
from bookings.models import DatedPrice, Service, Supplement
from bookings.models.areas import spot_of
from bookings.models.calendar import public_holidays
from bookings.models.catalogue import vat_rate_on
from bookings.rules import prices, supplements
from bookings.rules.areas import distance_km
from concierge.editions import kept
from concierge.errors import Conflict, DomainError, Invalid, worded
from concierge.models import Site
from concierge.words import HALF_HOUR, euros, quantity_words


class BadOrder(Invalid):
    """The order cannot be priced: unknown service, item or option, or a quantity that makes no sense."""

    code = "bad_order"


class PriceChanged(Conflict):
    """The total is another one than somebody read before saying yes."""

    code = "price_changed"

    def __init__(self, *, seen: Decimal, total: Decimal) -> None:
        message = gettext("The price has changed while you were here: %(old)s before, %(new)s now.") % {
            "old": euros(seen),
            "new": euros(total),
        }
        super().__init__(message, seen=str(seen), total=str(total))


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
    "on_quote": _("This service has no fixed price: we make you a quote. Please call us."),
    "nothing_of_service": _("Say how many for each service that you chose."),
}


def tariffs_of(site: Site, day: dt.date, *, services: Collection[Service] | None = None) -> dict[str, prices.Tariff]:
    """Price list of a site on a day, by public id of the service. Raises ``PriceMissing`` without a VAT rate."""
    known = _price_list(site.organisation_id, site.pk, day)
    asked = offered_on(site.pk, day) if services is None else services
    strange = [service for service in asked if service.pk not in known]
    tariffs = known | _tariffs(site.organisation_id, on_day(strange, day), day) if strange else known
    found = {str(service.public_id): tariffs[service.pk] for service in asked}
    if None in found.values():
        raise PriceMissing
    return {key: tariff for key, tariff in found.items() if tariff is not None}


@kept
def offered_on(site_id: int, day: dt.date) -> tuple[Service, ...]:
    """What a site offers, with the prices of a day, in catalogue order. Shared by all threads: to be read only."""
    return tuple(on_day(Service.objects.offered_at(site_id), day))


@kept
def _price_list(organisation_id: int, site_id: int, day: dt.date) -> dict[int, prices.Tariff | None]:
    return _tariffs(organisation_id, offered_on(site_id, day), day)


def _tariffs(organisation_id: int, services: Iterable[Service], day: dt.date) -> dict[int, prices.Tariff | None]:
    """Tariffs by primary key of services that bear the prices of the day; ``None`` where no VAT rate is known."""
    found: dict[int, prices.Tariff | None] = {}
    for service in services:
        rate = vat_rate_on(organisation_id, service.vat_code, day)
        found[service.pk] = None if rate is None else _tariff(service, rate.rate, day)
    return found


def on_day(services: Iterable[Service], day: dt.date) -> list[Service]:
    """The same services with the prices that count on a day written on them and on their items and options: to be read
    and priced, never to be saved."""
    found = list(services)
    dated = {
        (one.service_id, one.item_id, one.option_id): one.unit_price
        for one in DatedPrice.objects.filter(service__in=found).on(day)
    }
    for service in found:
        service.priced_on = day  # type: ignore[attr-defined]  # read by ``supplements_on``
        _put_price(service, dated.get((service.pk, None, None)))
        for item in service.price_items.all():
            _put_price(item, dated.get((service.pk, item.pk, None)))
        for option in service.options.all():
            _put_price(option, dated.get((service.pk, None, option.pk)))
    return found


def _put_price(thing: Any, price: Decimal | None) -> None:
    """Today's price, or the one of the catalogue again when the thing was read on another day before."""
    thing.usual_price = getattr(thing, "usual_price", thing.unit_price)
    thing.unit_price = thing.usual_price if price is None else price


def _tariff(service: Service, rate: Decimal, day: dt.date) -> prices.Tariff:
    if service.unit_price is not None:
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
    return prices.Tariff(
        str(service.public_id),
        items,
        options,
        service.vat_code,
        rate,
        service.max_quantity,
        is_on_quote=service.price_mode == PriceMode.ON_QUOTE,
        supplements={str(one.public_id): as_rule(service, one) for one in service.supplements_on(day)},
        **_counting(service),
    )


def as_rule(service: Service, one: Supplement) -> supplements.Supplement:
    """A supplement as rules understand it."""
    return supplements.Supplement(
        key=str(one.public_id),
        label=f"{service.name} – {one.name}",
        rule=one.rule,
        amount=one.amount,
        percent=one.percent,
        after=one.after,
        beyond_km=one.beyond_km,
    )


def circumstances(
    site: Site, starts_at: dt.datetime | None = None, *, latitude: object = None, longitude: object = None
) -> supplements.Circumstances:
    """What is known of an appointment: its day and time at the site, and how far away it is."""
    local = starts_at.astimezone(ZoneInfo(site.time_zone)) if starts_at is not None else None
    here, there = spot_of(site.latitude, site.longitude), spot_of(latitude, longitude)
    return supplements.Circumstances(
        weekday=local.weekday() if local else None,
        is_holiday=local is not None and local.date() in public_holidays(site, local.date(), local.date()),
        time=local.time() if local else None,
        distance_km=distance_km(here, there) if here and there else None,
    )


def by_distance(
    services: Iterable[Service], wishes: Iterable[prices.Wish] | None = None, *, day: dt.date | None = None
) -> list[Supplement]:
    """What is added far away to services done at the client's place, of those wished. Where no coordinates are known,
    it is told beside the price, and not in it. ``day``: of the order, where the prices of none were put on the
    services."""
    wanted = None if wishes is None else {wish.service for wish in wishes}
    return [
        one
        for service in services
        if service.place == Place.HOME and (wanted is None or str(service.public_id) in wanted)
        for one in service.supplements_on(day)
        if one.rule == SupplementRule.BEYOND
    ]


def _counting(service: Service) -> dict[str, Any]:
    """How quantities of a service are counted."""
    if service.price_mode == PriceMode.PER_HALF_HOUR:
        return {"unit": HALF_HOUR, "smallest": service.smallest_quantity}
    if service.price_mode == PriceMode.PER_UNIT:
        return {"unit": service.unit, "step": service.quantity_step, "smallest": service.smallest_quantity}
    return {}


def price_order(
    tariffs: Mapping[str, prices.Tariff],
    wishes: Sequence[prices.Wish],
    known: supplements.Circumstances = supplements.NOTHING_KNOWN,
) -> list[prices.PricedLine]:
    """Priced lines, or ``BadOrder`` (400) with a sentence for people and a ``reason`` for machines."""
    try:
        return prices.price_lines(tariffs, wishes, known)
    except prices.Unpriceable as error:
        raise BadOrder(_order_words(error), field="lines", reason=error.code, where=error.where) from error


@worded
def _order_words(error: prices.Unpriceable) -> str:
    if error.code == "too_many":
        return gettext("At most %(limit)d per order for this service. For more, please call us.") % error.details
    if error.code == "too_little":
        least = quantity_words(Decimal(error.details["limit"]), str(error.details["unit"]))
        return gettext("At least %(least)s per order for this service.") % {"least": least}
    if error.code == "bad_quantity" and error.details["step"] != prices.ONE:
        step = quantity_words(Decimal(error.details["step"]), str(error.details["unit"]))
        return gettext("A quantity is a multiple of %(step)s.") % {"step": step}
    return str(ORDER_MESSAGES.get(error.code, BadOrder.message))


def keep_word(total: Decimal, total_seen: Decimal | None) -> None:
    """Whoever read a total before saying yes pays that one. Raises ``PriceChanged``."""
    if total_seen is not None and total != total_seen:
        raise PriceChanged(seen=total_seen, total=total)
