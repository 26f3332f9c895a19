"""Booked by weight or number as announced, and then weighed or counted (R1)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.actions.measuring import NotMeasured, PriceAgreed, measurable, measure, state_quantities
from bookings.actions.pricing import PriceChanged, tariffs_of
from bookings.actions.quote_answers import accept_quote
from bookings.actions.repricing import AlreadyMeasured, reprice
from bookings.actions.requests import cancel_request
from bookings.actions.work_orders import book_work_order, complete_work_order, start_work_order, verify_work_order
from bookings.enums import PerformerKind, PriceMode
from bookings.models import PriceItem, RequestLine, Service, ServiceRequest, Supplement
from bookings.rules.prices import WHOLE, Wish
from bookings.views.orders_ahead import asked_of
from concierge.errors import Conflict, Invalid
from concierge.models import Event
from notifications.actions.letters import NotNeeded
from notifications.actions.writing import write
from notifications.models import Message
from tests.bookings import test_booking_pages
from tests.bookings.conftest import MONDAY, wish_heels
from tests.bookings.quoting import sent, yes
from tests.bookings.test_api import REQUESTS, Api, problem
from tests.bookings.test_price_modes import offer
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday"), pytest.mark.promise("domain R1")]
KILOS, SHIRTS, HANGER, HEELS = range(4)


@pytest.fixture
def linen(world: World) -> Service:
    """3,20 € a kilogram, in half kilograms, one at least; ten per cent more when it is urgent, 2 € for scent."""
    service = offer(
        world,
        "linge",
        PriceMode.PER_UNIT,
        "3.20",
        unit="kg",
        quantity_step=Decimal("0.5"),
        smallest_quantity=Decimal(1),
        max_quantity=20,
    )
    for name, price in (("Express", {"percent": Decimal(10)}), ("Parfum", {"amount": Decimal(2)})):
        Supplement.objects.create(organisation=world.organisation, service=service, name=name, **price)
    return service


@pytest.fixture
def request_(world: World, book: Any, linen: Service) -> ServiceRequest:
    """About 3 kg (urgent, scented), five shirts on hangers, one pair of heels: 9.60 + 0.96 + 2 + 15 + 1.50 + 18."""
    chosen = frozenset(str(one.public_id) for one in linen.supplements.all())
    kilos = Wish(str(linen.public_id), {WHOLE: Decimal(3)}, chosen)
    hanger = str(world.ironing.options.get().public_id)
    shirts = Wish(str(world.ironing.public_id), {str(world.shirt.public_id): 5}, frozenset({hanger}))
    made: ServiceRequest = book(kilos, shirts, wish_heels(world))
    return made


def place(request: ServiceRequest, description: str) -> int:
    return int(request.lines.get(description=description).position)


def kilos(request: ServiceRequest) -> int:
    return place(request, "Linge")


def lines(request: ServiceRequest) -> dict[str, tuple[str, str]]:
    rows = request.lines.order_by("position").values_list("description", "quantity", "total_incl_vat")
    return {name: (f"{quantity.normalize():f}", str(total)) for name, quantity, total in rows}


AS_ORDERED = {
    "Repassage – Chemise": ("5", "15.00"),
    "Repassage – Sur cintre": ("1", "1.50"),
    "Pose de talons": ("1", "18.00"),
    "Linge": ("3", "9.60"),
    "Linge – Express": ("1", "0.96"),
    "Linge – Parfum": ("1", "2.00"),
}


def plain(text: str) -> str:
    """With ordinary spaces: which one stands where is for the words of the project."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def shown(answer: Any, status: int = 200) -> str:
    return plain(test_booking_pages.shown(answer, status))


def desk(world: World, role: str = "concierge") -> Browser:
    browser = Browser(headers={"Accept-Language": "fr"})
    browser.force_login(world.users[role])
    return browser


def test_what_was_weighed_and_counted_costs_the_prices_of_the_order(
    world: World, request_: ServiceRequest, linen: Service
) -> None:
    assert (lines(request_), request_.total_incl_vat) == (AS_ORDERED, Decimal("47.06"))
    # What the catalogue says since does not matter.
    Service.objects.filter(pk=linen.pk).update(unit_price="9.99")
    PriceItem.objects.update(unit_price="9.99")
    Supplement.objects.filter(percent__isnull=False).update(percent=Decimal(99))
    stated = {kilos(request_): Decimal("3.4"), place(request_, "Repassage – Chemise"): Decimal(4)}
    changed = state_quantities(request_, stated, by=world.actor())
    assert lines(request_) == {
        **AS_ORDERED,
        "Repassage – Chemise": ("4", "12.00"),
        "Linge": ("3.4", "10.88"),
        "Linge – Express": ("1", "1.09"),
    }
    assert changed.total_incl_vat == sum(one.total_incl_vat for one in RequestLine.objects.all()) == Decimal("45.47")
    line = request_.lines.get(description="Linge")
    assert (line.ordered_quantity, line.measured_quantity, line.is_estimate) == (Decimal(3), Decimal("3.4"), False)
    order = request_.work_orders.get(service=linen)
    assert (order.quantity, order.version) == (Decimal("3.4"), 2)
    told = Event.objects.get(name="service_request.measured").data
    assert (told["old_total"], told["new_total"], told["announced_total"], told["is_above"]) == (
        "47.06",
        "45.47",
        "47.06",
        False,
    )
    assert ["Linge", "3", "kg", "3.20"] in told["old_lines"]
    assert ["Linge", "3.4", "kg", "3.20"] in told["new_lines"]


def test_a_second_look_remembers_what_was_announced(world: World, request_: ServiceRequest) -> None:
    for quantity in ("5", "4", "4.25"):
        state_quantities(request_, {kilos(request_): Decimal(quantity)}, by=world.actor())
    line = request_.lines.get(description="Linge")
    assert (line.ordered_quantity, line.measured_quantity) == (Decimal(3), Decimal("4.25"))
    told = Event.objects.filter(name="service_request.measured").order_by("pk")
    assert [one.data["is_above"] for one in told] == [True, False, True]


def test_less_than_the_least_is_charged_as_the_least(world: World, request_: ServiceRequest) -> None:
    state_quantities(request_, {kilos(request_): Decimal("0.6")}, by=world.actor())
    line = request_.lines.get(description="Linge")
    assert (line.quantity, line.measured_quantity, line.total_incl_vat) == (
        Decimal(1),
        Decimal("0.6"),
        Decimal("3.20"),
    )
    page = shown(desk(world).get(f"/demandes/{request_.public_id}/"))
    assert "pesé : 0,6 kg (le minimum, 1 kg, est compté)" in page


def test_a_least_that_was_raised_since_does_not_count(world: World, request_: ServiceRequest, linen: Service) -> None:
    Service.objects.filter(pk=linen.pk).update(smallest_quantity="10")
    state_quantities(request_, {kilos(request_): Decimal(2)}, by=world.actor())
    assert lines(request_)["Linge"] == ("3", "9.60")


@pytest.mark.parametrize(
    ("description", "quantity", "reason"),
    [
        ("Linge", "0", "nothing"),
        ("Linge", "-1", "bad_quantity"),
        ("Linge", "NaN", "bad_quantity"),
        ("Linge", "Infinity", "bad_quantity"),
        ("Linge", "3.4001", "bad_quantity"),
        ("Linge", "20.001", "too_many"),
        ("Linge", "1e30", "too_many"),
        ("Repassage – Chemise", "4.5", "bad_quantity"),
        ("Repassage – Chemise", "31", "too_many"),
        ("Pose de talons", "0", "nothing"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    world: World, request_: ServiceRequest, description: str, quantity: str, reason: str
) -> None:
    position = place(request_, description)
    with pytest.raises(Invalid) as refusal:
        state_quantities(request_, {position: Decimal(quantity)}, by=world.actor())
    assert (refusal.value.field, refusal.value.details["reason"]) == (f"lines.{position}", reason)
    assert (lines(request_), Event.objects.filter(name="service_request.measured").count()) == (AS_ORDERED, 0)


def test_options_supplements_and_unknown_lines_are_not_stated(world: World, request_: ServiceRequest) -> None:
    hanger, express = place(request_, "Repassage – Sur cintre"), place(request_, "Linge – Express")
    assert {hanger, express}.isdisjoint(line.position for line in measurable(request_))
    for stated in ({}, {hanger: Decimal(2)}, {express: Decimal(2)}, {99: Decimal(1)}):
        with pytest.raises(Invalid):
            measure(request_, stated)


def done(world: World, request: ServiceRequest, *, verified: bool = True) -> None:
    """All its work is done, by our own team."""
    by = world.actor("site_manager")
    for order in request.work_orders.order_by("pk"):
        held = book_work_order(
            order, performer_kind=PerformerKind.OWN_TEAM, performer_id=1, performer_label="L’équipe", by=by
        )
        complete_work_order(start_work_order(held, by=by), by=by)
        if verified:
            verify_work_order(held, by=by)


def test_in_the_workshop_until_the_work_is_checked(world: World, request_: ServiceRequest) -> None:
    done(world, request_, verified=False)
    state_quantities(request_, {kilos(request_): Decimal(4)}, by=world.actor("supervisor"))
    request_.refresh_from_db()
    for order in request_.work_orders.order_by("pk"):
        verify_work_order(order, by=world.actor("site_manager"))
    request_.refresh_from_db()
    with pytest.raises(NotMeasured):
        state_quantities(request_, {kilos(request_): Decimal(5)}, by=world.actor())
    assert lines(request_)["Linge"] == ("4", "12.80")


@pytest.mark.parametrize("status", ["submitted", "fulfilled", "closed", "cancelled", "declined", "expired"])
def test_what_is_not_under_way_keeps_its_quantities(world: World, request_: ServiceRequest, status: str) -> None:
    ServiceRequest.objects.filter(pk=request_.pk).update(status=status)
    with pytest.raises(NotMeasured):
        state_quantities(request_, {kilos(request_): Decimal(4)}, by=world.actor())
    assert lines(request_) == AS_ORDERED


def test_of_one_work_that_is_checked_nothing_is_stated_any_more(world: World, request_: ServiceRequest) -> None:
    request_.work_orders.filter(service=world.cobbler).update(status="cancelled")
    with pytest.raises(Invalid):
        state_quantities(request_, {place(request_, "Pose de talons"): Decimal(2)}, by=world.actor())
    state_quantities(request_, {kilos(request_): Decimal(4)}, by=world.actor())


def test_what_a_quote_says_is_changed_by_an_amendment_only(world: World) -> None:
    quote = sent(world)
    accept_quote(quote, yes(quote), by=world.actor("concierge"))
    with pytest.raises(PriceAgreed):
        state_quantities(quote.request, {0: Decimal(3)}, by=world.actor())
    page = shown(desk(world).get(f"/demandes/{quote.request.public_id}/quantites/"), 409)
    assert "seul un avenant le change" in page
    assert not quote.request.lines.filter(is_estimate=True).exists()


def test_what_was_weighed_is_not_given_the_price_of_the_day(world: World, request_: ServiceRequest) -> None:
    state_quantities(request_, {kilos(request_): Decimal("3.4")}, by=world.actor())
    with pytest.raises(AlreadyMeasured):
        reprice(request_)


def test_what_is_repeated_is_what_was_announced(world: World, request_: ServiceRequest, linen: Service) -> None:
    state_quantities(request_, {kilos(request_): Decimal("3.4")}, by=world.actor())
    asked = asked_of(request_, tariffs_of(world.site, MONDAY.date(), services=[linen]))
    assert asked[str(linen.public_id)]["quantities"] == {WHOLE: 3}


def test_whoever_read_another_version_or_total_is_told(world: World, request_: ServiceRequest) -> None:
    stated = {kilos(request_): Decimal(4)}
    with pytest.raises(Conflict):
        state_quantities(request_, stated, by=world.actor(), version=request_.version - 1)
    with pytest.raises(PriceChanged):
        state_quantities(request_, stated, by=world.actor(), total_seen=Decimal(1))
    assert lines(request_) == AS_ORDERED


# --- pages ------------------------------------------


def test_the_desk_types_reads_both_prices_and_says_yes(world: World, request_: ServiceRequest) -> None:
    browser, address = desk(world), f"/demandes/{request_.public_id}/quantites/"
    assert address in shown(browser.get(f"/demandes/{request_.public_id}/"))
    field = f"q-{kilos(request_)}"
    page = shown(browser.get(address))
    assert ("Linge (kg)" in page, "Annoncé : 3 kg." in page) == (True, True)
    page = shown(browser.post(address, {field: "3,4"}))
    assert [text in page for text in ("9,60", "10,88", "1,09", "48,47", "plus cher qu’annoncé")] == [
        True,
        True,
        True,
        True,
        False,
    ]
    assert lines(request_) == AS_ORDERED
    sent_back = {field: "3.4", "confirm": "1", "version": request_.version, "total": "48.47"}
    assert browser.post(address, sent_back).status_code == 302
    assert lines(request_)["Linge"] == ("3.4", "10.88")
    assert "Annoncé : 3 kg. Constaté : 3,4 kg." in shown(browser.get(address))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0", "Rien du tout ?"),
        ("-2", "Une quantité est supérieure à zéro"),
        ("3,4001", "Une quantité est un multiple de 0,001 kg"),
        ("trois", "Saisissez un nombre"),
        ("21", "Au plus 20 kg par demande"),
    ],
)
def test_what_was_typed_wrong_is_said_at_the_field(
    world: World, request_: ServiceRequest, typed: str, said: str
) -> None:
    address, field = f"/demandes/{request_.public_id}/quantites/", f"q-{kilos(request_)}"
    page = shown(desk(world).post(address, {field: typed, "confirm": "1"}), 422)
    assert (said in page, f'value="{typed}"' in page) == (True, True)
    assert "une ligne au moins" in shown(desk(world).post(address, {}), 422)
    assert lines(request_) == AS_ORDERED


def test_somebody_else_was_first_and_both_prices_are_shown_again(world: World, request_: ServiceRequest) -> None:
    address, field = f"/demandes/{request_.public_id}/quantites/", f"q-{kilos(request_)}"
    state_quantities(request_, {kilos(request_): Decimal(5)}, by=world.actor())
    typed = {field: "4", "confirm": "1", "version": request_.version, "total": "50.58"}
    page = shown(desk(world).post(address, typed), 409)
    assert ("12,80" in page, "16,00" in page) == (True, True)
    assert lines(request_)["Linge"] == ("5", "16.00")


@pytest.mark.promise("S01")
def test_only_the_desk_and_the_workshop_state_quantities(world: World, request_: ServiceRequest) -> None:
    address, typed = f"/demandes/{request_.public_id}/quantites/", {f"q-{kilos(request_)}": "4"}
    yes = {**typed, "confirm": "1", "version": request_.version, "total": "46.74"}
    for role in ("accountant", "trainee", "social_adviser"):
        assert desk(world, role).post(address, yes).status_code == 403
    assert lines(request_) == AS_ORDERED
    total = re.search(r'name="total" value="([^"]+)"', shown(desk(world, "supervisor").post(address, typed)))
    assert total is not None
    assert desk(world, "supervisor").post(address, {**yes, "total": total[1]}).status_code == 302
    assert lines(request_)["Linge"] == ("4", "12.80")


# --- what the client reads ------------------------------


def test_the_client_reads_an_estimate_and_then_what_was_weighed(world: World, request_: ServiceRequest) -> None:
    browser = Browser(headers={"Accept-Language": "fr"})
    address = f"/suivi/{request_.tracking_token}/"
    page = shown(browser.get(address))
    assert [text in page for text in ("environ 3 kg × 3,20", "Total TTC estimé")] == [True, True]
    assert "environ 5" not in page
    receipt = shown(desk(world).get(f"/guichet/{world.site.slug}/demande/{request_.public_id}/recu/"))
    assert [text in receipt for text in ("environ 3 kg", "Total TTC estimé")] == [True, True]
    settle(world.organisation)
    letter = write(Message.objects.get(kind="service_request.confirmed"))
    assert "Total estimé, TVA comprise" in plain(letter.text)
    state_quantities(request_, {kilos(request_): Decimal("3.4")}, by=world.actor())
    page = shown(browser.get(address))
    assert [text in page for text in ("pesé : 3,4 kg", "3,4 kg × 3,20", "estimé")] == [True, True, False]
    assert "Nous avons pesé ou compté ce que vous avez apporté" in page


def test_the_client_is_told_when_it_is_dearer_and_not_when_it_is_cheaper(
    world: World, request_: ServiceRequest
) -> None:
    state_quantities(request_, {kilos(request_): Decimal("2.5")}, by=world.actor())
    settle(world.organisation)
    assert Message.objects.filter(kind="service_request.measured").count() == 0
    state_quantities(request_, {kilos(request_): Decimal("3.4")}, by=world.actor())
    settle(world.organisation)
    message = Message.objects.get(kind="service_request.measured")
    assert message.address == "ines.garnier@example.fr"
    letter = write(message)
    assert "3,4 kg au lieu de 3 kg, à 3,20" in plain(letter.text)
    assert "48,47" in plain(letter.text)


def test_a_request_that_was_cancelled_since_tells_nothing(world: World, request_: ServiceRequest) -> None:
    state_quantities(request_, {kilos(request_): Decimal("3.4")}, by=world.actor())
    settle(world.organisation)
    cancel_request(request_, by=world.actor())
    with pytest.raises(NotNeeded):
        write(Message.objects.get(kind="service_request.measured"))


# --- by the API -----------------------------------------


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.api_key())


def test_the_organisations_systems_state_quantities(world: World, api: Api, request_: ServiceRequest) -> None:
    address = f"{REQUESTS}/{request_.public_id}"
    seen = api.get(address)
    position = kilos(request_)
    line = next(one for one in seen.json()["lines"] if one["position"] == position)
    assert (line["is_estimate"], line["ordered_quantity"], line["measured_quantity"]) == (True, None, None)
    body = {"lines": [{"position": position, "quantity": "3.400"}]}
    answer = api.post(f"{address}/quantities", body, key="k1", **{"If-Match": seen.headers["ETag"]})
    assert (answer.status_code, answer.json()["total_incl_vat"]) == (200, "48.47")
    line = next(one for one in answer.json()["lines"] if one["position"] == position)
    assert (line["is_estimate"], line["ordered_quantity"], line["measured_quantity"]) == (False, 3, "3.400")
    assert answer.headers["ETag"] == '"3"'
    again = api.post(f"{address}/quantities", body, key="k1", **{"If-Match": seen.headers["ETag"]})
    assert (again.json(), Event.objects.filter(name="service_request.measured").count()) == (answer.json(), 1)
    problem(api.post(f"{address}/quantities", body, **{"If-Match": seen.headers["ETag"]}), 412, "stale_version")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({}, "required"),
        ({"lines": []}, "empty"),
        ({"lines": [{"position": 0}]}, "required"),
        ({"lines": [{"position": -1, "quantity": 1}]}, "min_value"),
        ({"lines": [{"position": 99, "quantity": 1}]}, "invalid"),
        ({"lines": [{"position": 0, "quantity": 3.4}]}, "invalid"),
        ({"lines": [{"position": 0, "quantity": "3.4001"}]}, "invalid"),
        ({"lines": [{"position": 0, "quantity": True}]}, "invalid"),
        ({"lines": [{"position": 0, "quantity": 0}]}, "invalid"),
        ({"lines": [{"position": 0, "quantity": -1}]}, "invalid"),
        ({"lines": [{"position": 0, "quantity": "501"}]}, "invalid"),
        ({"lines": [{"position": 0, "quantity": 1}, {"position": 0, "quantity": 2}]}, "invalid"),
    ],
)
def test_a_wrong_body_is_refused(api: Api, request_: ServiceRequest, wrong: Any, code: str) -> None:
    problem(api.post(f"{REQUESTS}/{request_.public_id}/quantities", wrong), 400, code)
    assert lines(request_) == AS_ORDERED


def test_others_do_not_find_it(world: World, request_: ServiceRequest) -> None:
    body = {"lines": [{"position": 0, "quantity": 1}]}
    reader = Api(world.api_key("requests:read"))
    problem(reader.post(f"{REQUESTS}/{request_.public_id}/quantities", body), 403, "permission_denied")
    assert lines(request_) == AS_ORDERED
