"""What people read: dates, stages, lateness, telephone numbers."""

from __future__ import annotations

import pytest
from django.utils import translation

from bookings.enums import Place
from bookings.models import RequestLine, Service
from bookings.models.waiting import waiting_of
from bookings.views import waits, words
from concierge.models import Event, national_phone
from tests.bookings.conftest import at
from tests.world import World


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("+33380000000", "03 80 00 00 00"), ("0380000000", "03 80 00 00 00"), ("3117", "3117"), ("", "")],
)
def test_a_telephone_number_is_written_as_people_do(stored: str, shown: str) -> None:
    assert national_phone(stored) == shown


@pytest.mark.parametrize(
    ("status", "place", "stage"),
    [
        ("submitted", Place.DESK, 1),
        ("awaiting_client", Place.DESK, 1),
        ("confirmed", Place.DESK, 2),
        ("in_progress", Place.DESK, 3),
        ("fulfilled", Place.HOME, 4),
        ("closed", Place.DESK, 6),
        ("closed", Place.HOME, 5),
        ("cancelled", Place.DESK, 0),
    ],
)
def test_the_stage_of_a_request(world: World, status: str, place: Place, stage: int) -> None:
    request = world.request(status=status)
    request.place = place
    waiting = waiting_of([request], now=at(23, 9))[request.pk]
    assert waits.path(request, waiting)[1] == stage


@pytest.mark.parametrize(
    ("outcome", "sentence", "stage"),
    [
        (["verified", "failed"], "Part of your request could not be done. We will contact you.", 4),
        (["failed", "failed"], "We could not do what you asked for. We will contact you.", 0),
        (["failed", "cancelled"], "We could not do what you asked for. We will contact you.", 0),
    ],
)
def test_what_came_to_nothing_is_not_said_to_be_done(
    world: World, outcome: list[str], sentence: str, stage: int
) -> None:
    request = world.request(world.ironing, world.cobbler, status="partially_fulfilled")
    orders = list(request.work_orders.all())
    for order, status in zip(orders, outcome, strict=True):
        order.status = status
    told = [Event(name="service_request.partially_fulfilled", act_at=at(20, 10))]
    with translation.override("en"):
        assert words.headline(request, orders) == sentence
        waiting = waiting_of([request], now=at(23, 9))[request.pk]
        assert waits.path(request, waiting, is_void=words.came_to_nothing(request, orders))[1] == stage
        assert [line.title for line in words.history(request, orders, told)] == ["Part of your request is done"] * bool(
            stage
        )
        request.status = "closed"
        assert words.headline(request, orders) == ("All done. Thank you!" if stage else "This request is closed.")


def test_late_work_is_said_to_be_late(world: World) -> None:
    request = world.request(status="in_progress", promised_start=at(20, 10))
    with translation.override("fr"):
        assert "Prêt au plus tard" in words.next_date(request, at(21, 10))
        assert "du retard" in words.next_date(request, at(24, 10))


def test_a_line_under_the_name_of_its_service_does_not_repeat_it() -> None:
    service = Service(name="Repassage")
    assert RequestLine(description="Repassage – Chemise").within(service) == "Chemise"
    assert RequestLine(description="Repassage").within(service) == "Repassage"
    assert RequestLine(description="Ancien nom – Chemise").within(service) == "Ancien nom – Chemise"
