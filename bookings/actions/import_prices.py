"""Prices from a day on, many at once: what ``tariffs.set_price`` does for one, in few statements."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from bookings.models import DatedPrice, PriceItem, Service, ServiceOption
from bookings.rules import imports as rules

BATCH = 500
# Service, item, option.
Thing = tuple[int, int | None, int | None]


def write_prices(lines: Sequence[rules.Line], services: Mapping[str, Service]) -> None:
    """Each price counts from its day until the next that is known. The services are locked by the caller."""
    if not lines:
        return
    mine = [services[code] for code in sorted({line.service for line in lines})]
    things = _things(mine)
    chains: dict[Thing, list[DatedPrice]] = defaultdict(list)
    for row in DatedPrice.objects.filter(service__in=mine).order_by("valid_from", "pk"):
        chains[row.service_id, row.item_id, row.option_id].append(row)
    touched: dict[int, DatedPrice] = {}
    for line in lines:
        thing = things[line.kind, line.service, line.name]
        for row in _insert(chains[thing], thing, services[line.service].organisation_id, line):
            touched[id(row)] = row
    # Prices that end earlier first: no two count on one day at any moment (dated_price_one_per_day).
    DatedPrice.objects.bulk_update(
        [row for row in touched.values() if row.pk], ["unit_price", "valid_to"], batch_size=BATCH
    )
    DatedPrice.objects.bulk_create([row for row in touched.values() if not row.pk], batch_size=BATCH)


def _things(services: Sequence[Service]) -> dict[tuple[str, str, str], Thing]:
    found: dict[tuple[str, str, str], Thing] = {
        (rules.PRICE, service.code, ""): (service.pk, None, None) for service in services
    }
    models: tuple[tuple[str, Any], ...] = ((rules.PRICE, PriceItem), (rules.OPTION_PRICE, ServiceOption))
    for kind, model in models:
        for row in model.objects.filter(service__in=services).select_related("service"):
            ids = (row.pk, None) if model is PriceItem else (None, row.pk)
            found[kind, row.service.code, row.name] = (row.service_id, *ids)
    return found


def _insert(chain: list[DatedPrice], thing: Thing, organisation_id: int, line: rules.Line) -> list[DatedPrice]:
    """The new or changed row, and the one that ends before it. ``chain`` stays in the order of days."""
    day = line.day
    assert day is not None  # noqa: S101 - a line without its day is wrong and not written
    later = next((row for row in chain if row.valid_from > day), None)
    row = next((row for row in chain if row.valid_from == day), None)
    changed = []
    if row is None:
        for before in chain:
            if before.valid_from < day and (before.valid_to is None or before.valid_to >= day):
                before.valid_to = day - dt.timedelta(days=1)
                changed.append(before)
        service, item, option = thing
        row = DatedPrice(
            organisation_id=organisation_id, service_id=service, item_id=item, option_id=option, valid_from=day
        )
        chain.append(row)
        chain.sort(key=lambda one: one.valid_from)
    row.unit_price = line.fields["unit_price"]
    row.valid_to = later.valid_from - dt.timedelta(days=1) if later else None
    return [row, *changed]
