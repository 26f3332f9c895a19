"""Every way of pricing, from the order to its lines (R1): pages, API, actions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from billing.actions.invoices import _line
from billing.models import LegalEntity
from bookings.enums import PriceMode
from bookings.models import RequestLine, Service, ServiceAtSite, ServiceRequest
from bookings.rules.prices import WHOLE, Wish
from tests.bookings.conftest import at
from tests.bookings.test_api import REQUESTS, Api, booking, problem, rows
from tests.bookings.test_booking_pages import HOME, Path
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.api_key())


@pytest.fixture
def path(world: World, client: Any) -> Path:
    return Path(world, client)


def offer(world: World, code: str, mode: PriceMode, price: str | None = None, **fields: Any) -> Service:
    """One more service of the site."""
    service = Service(
        organisation=world.organisation,
        category=world.ironing.category,
        code=code,
        name=code.title(),
        price_mode=mode,
        unit_price=None if price is None else Decimal(price),
        execution="own_team",
        duration_minutes=60,
        **fields,
    )
    service.full_clean()
    service.save()
    ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=service)
    return service


def linen(world: World) -> Service:
    return offer(
        world,
        "linge",
        PriceMode.PER_UNIT,
        "3.29",
        unit="kg",
        quantity_step=Decimal("0.050"),
        smallest_quantity=Decimal(1),
    )


@pytest.mark.promise("domain R1")
def test_a_weight_is_booked_as_text_and_read_as_text(world: World, api: Api) -> None:
    service = linen(world)
    shown = next(
        s for s in api.get("/api/v1/services", site=world.site.public_id).json()["results"] if s["code"] == "linge"
    )
    assert (shown["price_mode"], shown["unit_price"], shown["unit"]) == ("per_unit", "3.29", "kg")
    assert (shown["quantity_step"], shown["smallest_quantity"]) == ("0.050", "1.000")
    answer = api.post(REQUESTS, booking(world, lines=[{"service": str(service.public_id), "quantity": "2.350"}]))
    body = answer.json()
    assert answer.status_code == 201, body
    (line,) = body["lines"]
    assert (line["quantity"], line["unit"], line["total_incl_vat"]) == ("2.350", "kg", "7.73")
    assert body["total_incl_vat"] == "7.73"
    order = ServiceRequest.objects.get().work_orders.get()
    assert (order.quantity, order.unit, order.duration_minutes) == (Decimal("2.350"), "kg", 60)


@pytest.mark.promise("domain R1")
def test_started_half_hours_are_booked_by_the_minute(world: World, api: Api) -> None:
    service = offer(world, "bricolage", PriceMode.PER_HALF_HOUR, "14.00")
    line = {"service": str(service.public_id), "minutes": 75}
    body = api.post(REQUESTS, booking(world, lines=[line])).json()
    (shown,) = body["lines"]
    assert (shown["quantity"], shown["unit"], shown["total_incl_vat"]) == (3, "30 min", "42.00")
    assert ServiceRequest.objects.get().work_orders.get().duration_minutes == 90
    problem(api.post(REQUESTS, booking(world, lines=[{**line, "quantity": 3}])), 400, "bad_order")


@pytest.mark.promise("domain R1")
def test_what_is_on_quote_is_asked_for_and_not_sold(world: World, api: Api, path: Path) -> None:
    service = offer(world, "jardin", PriceMode.ON_QUOTE)
    before = rows()
    body = problem(
        api.post(REQUESTS, booking(world, lines=[{"service": str(service.public_id), "quantity": 1}])), 400, "bad_order"
    )
    assert (body["reason"], rows()) == ("on_quote", before)
    assert "sur devis" in path.get().content.decode()
    assert path.services(service).headers["Location"] == f"{HOME}besoin/"


@pytest.mark.promise("S08")
@pytest.mark.parametrize(
    "quantity",
    [
        "2.34",
        "0.95",
        "0",
        "-1",
        "1e2",
        "NaN",
        "Infinity",
        "２",
        "2,35",
        "2.3501",
        "999999",
        " 2",
        "",
        2.35,
        True,
        None,
        501,
    ],
)
def test_a_weight_that_makes_no_sense_is_refused(world: World, api: Api, quantity: Any) -> None:
    service = linen(world)
    before = rows()
    answer = api.post(REQUESTS, booking(world, lines=[{"service": str(service.public_id), "quantity": quantity}]))
    assert (answer.status_code, rows()) == (400, before)


@pytest.mark.promise("domain R1")
def test_a_client_types_a_weight_with_a_comma(world: World, path: Path) -> None:
    service = linen(world)
    half_hours = offer(world, "aide", PriceMode.PER_HALF_HOUR, "12.00")
    assert path.services(service, half_hours).status_code == 302
    weight, hours = (f"q-{s.public_id.hex[:12]}-" for s in (service, half_hours))
    for typed, said in (
        ("2,34", "Une quantité est un multiple de 0,05\xa0kg."),
        ("0,5", "Assurez-vous que cette valeur est supérieure ou égale à 1"),
        ("41", "Assurez-vous que cette valeur est inférieure ou égale à 30."),
        ("deux", "Saisissez un nombre."),
    ):
        wrong = path.post("details/", **{weight: typed, hours: "3"})
        page = wrong.content.decode()
        assert (wrong.status_code, said in page, f'value="{typed}"' in page) == (422, True, True), page
    assert path.post("details/", **{weight: "2,35", hours: "99"}).status_code == 422
    assert path.post("details/", **{weight: "2,35", hours: "3"}).status_code == 302
    again = path.get("details/").content.decode()
    assert ('value="2.35"' in again, '<option value="3" selected>' in again) == (True, True)


@pytest.mark.promise("domain R1")
def test_the_database_refuses_a_total_that_does_not_add_up(world: World, book: Any) -> None:
    request = book(Wish(str(linen(world).public_id), {WHOLE: Decimal("2.350")}), starts_at=at(24, 10))
    line = request.lines.get()
    assert (line.quantity, line.total_incl_vat) == (Decimal("2.350"), Decimal("7.73"))
    for total in (Decimal("7.72"), Decimal("7.74")):
        with pytest.raises(IntegrityError, match="request_line_total_adds_up"), transaction.atomic():
            RequestLine.objects.filter(pk=line.pk).update(total_incl_vat=total)
    with pytest.raises(IntegrityError, match="request_line_quantity_is_plausible"), transaction.atomic():
        RequestLine.objects.filter(pk=line.pk).update(quantity=0, total_incl_vat=F("quantity") * 0)


def test_the_invoice_names_the_unit(world: World, book: Any) -> None:
    request = book(Wish(str(linen(world).public_id), {WHOLE: Decimal("2.350")}))
    line = _line(request.lines.get(), LegalEntity(), at(24, 10).date())
    assert (line.quantity, line.unit, line.amount) == (Decimal("2.350"), "kg", Decimal("7.73"))
