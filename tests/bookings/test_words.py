"""What people read: dates, stages, lateness, telephone numbers."""

from __future__ import annotations

import pytest
from django.utils import translation

from bookings.enums import Place
from bookings.models import RequestLine, Service
from bookings.views import words
from concierge.models import national_phone
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
        ("confirmed", Place.DESK, 1),
        ("in_progress", Place.DESK, 2),
        ("fulfilled", Place.HOME, 3),
        ("closed", Place.DESK, 5),
        ("closed", Place.HOME, 4),
        ("cancelled", Place.DESK, 0),
    ],
)
def test_the_stage_of_a_request(world: World, status: str, place: Place, stage: int) -> None:
    request = world.request(status=status)
    request.place = place
    assert words.stages(request)[1] == stage


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
