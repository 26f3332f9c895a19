"""Prices from a day on, and supplements of a service (R1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from bookings.actions.saving import save_valid
from bookings.enums import PriceMode
from bookings.models import DatedPrice, PriceItem, Service, ServiceOption, Supplement
from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, WrongState
from concierge.models import Organisation
from concierge.tenancy import Actor


@transaction.atomic
def set_price(
    service: Service,
    price: Decimal,
    *,
    valid_from: dt.date,
    today: dt.date,
    by: Actor,
    item: PriceItem | None = None,
    option: ServiceOption | None = None,
) -> DatedPrice:
    """The price of a service, or of one item or option of it, from a day on, until the next price that is known.

    Raises ``Invalid`` for a day that is over, or for a service that has no price of its own.
    """
    if valid_from < today:
        raise Invalid(
            _("A new price starts today or later: what was ordered before keeps its price."), field="valid_from"
        )
    if item is None and option is None and service.price_mode in {PriceMode.PER_ITEM, PriceMode.ON_QUOTE}:
        raise Invalid(_("This service has no price of its own: choose an item or an option."), field="thing")
    Service.objects.select_for_update(of=("self",), no_key=True).get(pk=service.pk)
    same = DatedPrice.objects.filter(service=service, item=item, option=option)
    later = same.filter(valid_from__gt=valid_from).order_by("valid_from").first()
    end = later.valid_from - dt.timedelta(days=1) if later else None
    row = same.filter(valid_from=valid_from).first()
    if row is None:
        same.on(valid_from).update(valid_to=valid_from - dt.timedelta(days=1))
        row = DatedPrice(
            organisation_id=service.organisation_id, service=service, item=item, option=option, valid_from=valid_from
        )
    row.unit_price, row.valid_to = price, end
    with refuse_on("dated_price_one_per_day", Conflict()):
        save_valid(row)
    events.record(
        "service.price_set",
        service,
        by=by,
        what=str(item or option or service),
        price=str(price),
        valid_from=str(valid_from),
    )
    return row


@transaction.atomic
def take_price_back(row: DatedPrice, *, today: dt.date, by: Actor) -> None:
    """Forget a price that has not begun; the one before it goes on instead. Raises ``WrongState`` once it counts."""
    Service.objects.select_for_update(of=("self",), no_key=True).get(pk=row.service_id)
    if row.valid_from <= today:
        raise WrongState(_("This price already counts. Set another one from a day on instead."))
    day_before = row.valid_from - dt.timedelta(days=1)
    same = DatedPrice.objects.filter(service=row.service_id, item=row.item_id, option=row.option_id)
    end, pk = row.valid_to, row.pk
    row.delete()
    same.filter(valid_to=day_before).exclude(pk=pk).update(valid_to=end)
    events.record("service.price_taken_back", row.service, by=by, valid_from=str(row.valid_from))


@transaction.atomic
def add_supplement(service: Service, *, by: Actor, **fields: Any) -> Supplement:
    """Something added to the price, by choice or by rule. Raises ``Invalid``, ``Conflict`` (409)."""
    Service.objects.select_for_update(of=("self",), no_key=True).get(pk=service.pk)
    with refuse_on("supplement_one_per_day", Conflict()):
        row = save_valid(Supplement(organisation_id=service.organisation_id, service=service, **fields))
    events.record("service.supplement_added", service, by=by, what=row.name)
    return row


@transaction.atomic
def new_service(organisation: Organisation, fields: Mapping[str, Any], *, by: Actor) -> Service:
    """One more service, at the end of its category; offered nowhere yet. Raises ``Invalid``."""
    last = Service.objects.filter(organisation=organisation).aggregate(last=Max("position"))["last"]
    row = save_valid(Service(organisation=organisation, position=min((last or 0) + 1, 32_000), **fields))
    events.record("service.added", row, by=by)
    return row
