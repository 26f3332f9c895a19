"""Setting a desk up: categories, VAT, services and prices, where they are offered, hours, served towns, payers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from stdnum.fr import siren as siren_number

from bookings.actions import lanes
from bookings.actions.saving import save_valid
from bookings.enums import AccountKind, AreaKind, Place
from bookings.models import (
    ClientAccount,
    OpeningHours,
    PriceItem,
    ServedArea,
    Service,
    ServiceAtSite,
    ServiceCategory,
    ServiceOption,
    SlotRule,
)
from concierge import events
from concierge.errors import Invalid
from concierge.models import Organisation, Site
from concierge.tenancy import Actor


@transaction.atomic
def add_category(
    organisation: Organisation, *, by: Actor, code: str, name: str, name_en: str = "", pictogram: str, position: int = 0
) -> ServiceCategory:
    """A label of the catalogue (domain.md 1.2)."""
    category = save_valid(
        ServiceCategory(
            organisation=organisation, code=code, name=name, name_en=name_en, pictogram=pictogram, position=position
        )
    )
    events.record("category.added", category, by=by)
    return category


@transaction.atomic
def edit_category(category: ServiceCategory, changes: Mapping[str, Any], *, by: Actor) -> ServiceCategory:
    """Change how a label reads and where it stands; its code stays, files name it. Raises ``Invalid`` (400)."""
    locked = ServiceCategory.objects.select_for_update(of=("self",), no_key=True).get(pk=category.pk)
    changed = sorted(name for name, value in changes.items() if getattr(locked, name) != value)
    for name in changed:
        setattr(locked, name, changes[name])
    if changed:
        save_valid(locked)
        events.record("category.changed", locked, by=by, changed=changed)
    return locked


@transaction.atomic
def add_service(
    category: ServiceCategory,
    *,
    by: Actor,
    items: Iterable[tuple[str, str, Decimal]] = (),
    options: Iterable[tuple[str, str, Decimal]] = (),
    **fields: Any,
) -> Service:
    """A service with its price grid and options, each ``(name, English name, price incl. VAT in euros)``."""
    service = save_valid(Service(organisation_id=category.organisation_id, category=category, **fields))
    for model, rows in ((PriceItem, items), (ServiceOption, options)):
        for position, (name, name_en, price) in enumerate(rows):
            save_valid(
                model(
                    organisation_id=category.organisation_id,
                    service=service,
                    name=name,
                    name_en=name_en,
                    unit_price=price,
                    position=position,
                )
            )
    events.record("service.added", service, by=by)
    return service


@transaction.atomic
def offer_service_at(site: Site, service: Service, *, by: Actor, **terms: Any) -> ServiceAtSite:
    """Offer a service at a site; ``terms``: lead time, cut-off, most orders a day. Again: changes the terms."""
    row, _made = ServiceAtSite.objects.update_or_create(
        organisation_id=site.organisation_id, site=site, service=service, defaults={"is_offered": True, **terms}
    )
    events.record("service.offered", service, by=by, site=site.slug, terms=sorted(terms))
    return row


@transaction.atomic
def set_opening(site: Site, hours: Iterable[tuple[int, dt.time, dt.time]], *, by: Actor) -> None:
    """Replace the week of a site: ``(weekday from Monday = 0, opens, closes)`` in its own time."""
    OpeningHours.objects.filter(site=site).delete()
    for weekday, opens, closes in hours:
        save_valid(
            OpeningHours(organisation_id=site.organisation_id, site=site, weekday=weekday, opens=opens, closes=closes)
        )
    events.record("site.changed", site, by=by, what="hours")


@transaction.atomic
def set_slots(
    site: Site,
    *,
    place: Place,
    minutes: int,
    capacity: int,
    by: Actor,
    step: int | None = None,
    travel: int = 0,
) -> SlotRule:
    """How times are offered at the desk or for home visits: how long one takes, how often one begins (``step``: after
    the other when left out), how many at the same time, how long the way to the next visit is (``travel``).

    What is booked stays; from the visits ahead on, as much of the way is kept as the next one leaves.
    """
    rule, _made = SlotRule.objects.update_or_create(
        organisation_id=site.organisation_id,
        site=site,
        place=place,
        defaults={"slot_minutes": minutes, "step_minutes": step, "capacity": capacity, "travel_minutes": travel},
    )
    if place == Place.HOME:
        lanes.keep_the_way(site, travel, now=timezone.now())
    events.record("site.changed", site, by=by, what=f"slots:{place}")
    return rule


@transaction.atomic
def serve_postcodes(site: Site, postcodes: Iterable[str], *, by: Actor) -> None:
    """Replace the list of postcodes to which somebody is sent."""
    ServedArea.objects.filter(site=site, kind=AreaKind.COMMUNE).delete()
    for postcode in postcodes:
        save_valid(ServedArea(organisation_id=site.organisation_id, site=site, postcode=postcode))
    events.record("site.changed", site, by=by, what="postcodes")


@transaction.atomic
def open_client_account(
    organisation: Organisation, *, name: str, by: Actor, kind: AccountKind = AccountKind.COMPANY, **fields: Any
) -> ClientAccount:
    """A body that pays for its people. Raises ``Invalid`` on a SIREN whose check digit is wrong."""
    siren = fields.get("siren", "")
    if siren and not siren_number.is_valid(siren):
        raise Invalid(_("This SIREN does not exist: check its nine digits."), field="siren")
    account = save_valid(ClientAccount(organisation=organisation, name=name, kind=kind, **fields))
    events.record("client_account.opened", account, by=by)
    return account
