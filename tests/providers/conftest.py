"""Cobblers for tests, a Monday morning, and one call that asks them."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from stdnum import luhn

from bookings.models import WorkOrder
from concierge import tenancy
from concierge.files import uploads
from concierge.tenancy import Actor
from providers.actions.agreements import agree_service
from providers.actions.availability import set_hours
from providers.actions.businesses import ProviderDetails, create_provider
from providers.actions.documents import add_document
from providers.actions.rounds import start_round
from providers.enums import DocumentKind
from providers.models import Offer, Provider
from providers.rules.hours import OFFICE_HOURS
from tests import kept
from tests.world import World

PARIS = ZoneInfo("Europe/Paris")
MONDAY = dt.datetime(2026, 11, 23, 10, 0, tzinfo=PARIS)

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def monday() -> Any:
    """It is Monday, 10 o'clock in Dijon, and time goes on."""
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


def a_siret() -> str:
    """The next valid SIRET: SIREN and whole number both pass their check digit."""
    siren = f"{70000000 + next(_numbers)}"
    siren += luhn.calc_check_digit(siren)
    establishment = f"{siren}0001"
    return establishment + luhn.calc_check_digit(establishment)


def details(**changes: Any) -> ProviderDetails:
    """A cobbler near the site, with everything right."""
    given: dict[str, Any] = {
        "name": f"Cordonnerie {next(_numbers):04d}",
        "siret": a_siret(),
        "street": "3 rue Monge",
        "postcode": "21000",
        "city": "Dijon",
        "latitude": Decimal("47.3220"),
        "longitude": Decimal("5.0360"),
        "email": f"atelier{next(_numbers)}@example.fr",
        "contact_name": "Sophie Aubert",
    }
    return ProviderDetails(**(given | changes))


def add_provider(world: World, *, price: str | None = "12.00", papers: bool = True, **changes: Any) -> Provider:
    """A provider that may be asked for heels: agreement, papers, office hours."""
    by = world.actor()
    today = dt.date(2026, 1, 1)
    provider = create_provider(world.organisation, details(**changes), by=by)
    set_hours(provider, OFFICE_HOURS, by=by)
    if price is not None:
        agree_service(provider, world.cobbler, purchase_price=Decimal(price), valid_from=today, by=by)
    if papers:
        for kind in (DocumentKind.INSURANCE, DocumentKind.REGISTRATION):
            add_document(provider, kind=kind, issued_on=today, expires_on=dt.date(2027, 1, 1), by=by)
    return provider


def acting_for(provider: Provider, kind: str = "link") -> Actor:
    """Somebody who acts for a provider."""
    return Actor(kind=kind, organisation=provider.organisation, label=provider.name, provider_id=provider.pk)


def _cobblers(world: World) -> list[Provider]:
    return [add_provider(world, latitude=Decimal("47.3271") + Decimal(n) / 100) for n in range(1, 5)]


def _heels(world: World) -> WorkOrder:
    return world.request(world.cobbler).work_orders.get()


def _offers(world: World, heels: WorkOrder) -> list[Offer]:
    start_round(heels, by=world.actor())
    return list(Offer.objects.with_need().order_by("pk"))


kept.layer("cobblers", lambda below: _cobblers(below["world"]), at=MONDAY)
kept.layer("heels", lambda below: _heels(below["world"]), at=MONDAY)
# A working day after ten o'clock sharp would end with this day; after a moment later, with the next.
kept.layer("offers", lambda below: _offers(below["world"], below["heels"]), at=MONDAY + dt.timedelta(milliseconds=1))


@pytest.fixture
def cobblers(world: World) -> list[Provider]:
    """Four cobblers at growing distance."""
    return kept.taken("cobblers") or _cobblers(world)


@pytest.fixture
def heels(world: World) -> WorkOrder:
    """A job for a cobbler that nobody was asked for yet."""
    return kept.taken("heels") or _heels(world)


@pytest.fixture
def offers(world: World, heels: WorkOrder, cobblers: list[Provider]) -> list[Offer]:
    """The first wave: three offers, best first."""
    return kept.taken("offers") or _offers(world, heels)


@pytest.fixture
def in_tenant(world: World) -> Callable[[], Any]:
    """Work for the organisation of the world, for code that runs after a page was asked for."""
    return lambda: tenancy.working_for(world.organisation)


@pytest.fixture
def both_doors_taken() -> Iterator[None]:
    """Two files are being opened already."""
    kept = [uploads._doors.acquire(blocking=False) for _place in range(2)]
    assert kept == [True, True]
    yield
    for _place in kept:
        uploads._doors.release()
