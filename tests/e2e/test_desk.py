"""The concierge at the counter with a queue, by keyboard and scanner only, in a real browser."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from playwright.sync_api import expect

from bookings.models import Client, ServiceRequest
from bookings.rules.names import plain
from concierge import tenancy
from tests.bookings.conftest import MONDAY
from tests.e2e.conftest import Screen, sign_in
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
# A person of the queue takes less than a minute: two keys a second leave half of it for words. A machine types faster
# than people and shares its processors, so the keys are what counts, and the clock only catches what hangs.
SECONDS, KEYS = 120, 60


class Keys:
    """Hands on the keyboard: no mouse. Counts what is pressed, and times each person."""

    def __init__(self, screen: Screen) -> None:
        self.screen, self.page = screen, screen.page
        self.pressed, self.began = 0, time.monotonic()

    def press(self, *keys: str) -> None:
        self.page.wait_for_load_state("load")
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def write(self, text: str) -> None:
        self.page.wait_for_load_state("load")
        self.page.keyboard.type(text, delay=60)
        self.pressed += len(text)

    def scan(self, text: str) -> None:
        """A scanner is a keyboard that types fast and ends with Enter: one movement of the hand."""
        self.page.wait_for_load_state("load")
        self.page.keyboard.type(text, delay=2)
        self.page.keyboard.press("Enter")
        self.pressed += 1

    def next_person(self) -> None:
        """The one before took few keys and little time; the box has the focus again."""
        assert self.pressed <= KEYS, f"{self.pressed} keys"
        assert time.monotonic() - self.began < SECONDS
        expect(self.page.locator("#desk-q")).to_be_focused()
        self.pressed, self.began = 0, time.monotonic()


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    """The processors may be busy with something else."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def queue(live_world: World) -> Iterator[dict[str, ServiceRequest]]:
    """Monday at ten: a coat that is ready, one that is being cleaned, a request that waits for an answer."""
    with time_machine.travel(MONDAY + dt.timedelta(hours=2), tick=True), tenancy.working_for(live_world.organisation):
        yield {
            "ready": _of(live_world, "Amélie", "Ménard", status="fulfilled", verified=True),
            "under_way": _of(live_world, "Bruno", "Lefèvre", status="in_progress"),
            "waits": _of(live_world, "Chloé", "Garnier", status="awaiting_client"),
        }


def _of(world: World, first: str, last: str, *, status: str, verified: bool = False) -> ServiceRequest:
    client = Client.objects.create(
        organisation=world.organisation, first_name=first, last_name=last, email=f"{plain(last)}@example.fr"
    )
    request = world.request(world.cobbler, promised_start=MONDAY - dt.timedelta(days=3))
    done: dict[str, Any] = {"status": "verified", "performer_kind": "own_team", "performer_id": 1}
    request.work_orders.update(**done if verified else {"status": "ready"})
    ServiceRequest.objects.filter(pk=request.pk).update(
        client=client, contact_name=str(client), contact_email=client.email, status=status
    )
    return ServiceRequest.objects.get(pk=request.pk)


@pytest.mark.promise("domain R2", "R45")
def test_a_queue_at_the_counter(live_world: World, queue: dict[str, ServiceRequest], screen: Screen) -> None:
    sign_in(screen, Browser(), live_world.users["concierge"])
    page = screen.open("/guichet/")
    screen.shot("desk-empty")
    keys = Keys(screen)
    keys.next_person()

    # Amélie fetches her shoes: the scanner reads her receipt, Enter hands over.
    keys.scan(f"{screen.base}/suivi/{queue['ready'].tracking_token}/")
    expect(page.get_by_role("button", name="Remettre")).to_be_focused()
    screen.check()
    screen.shot("desk-ready")
    keys.press("Enter")
    expect(page.get_by_text("est remise à Amélie Ménard")).to_be_visible()
    screen.check()
    screen.shot("desk-served")
    keys.next_person()

    # Bruno asks where his shoes are: three letters, arrow, Enter.
    keys.write("lef")
    expect(page.get_by_role("option")).to_have_count(1)
    screen.check()
    screen.shot("desk-found")
    keys.press("ArrowDown", "Enter")
    expect(page.get_by_role("heading", name="Bruno Lefèvre")).to_be_visible()
    expect(page.locator(".desk-wait").first).to_be_visible()
    screen.check()
    screen.shot("desk-where")
    keys.press("/")
    keys.next_person()

    # Chloé's request waits for her own answer.
    keys.write("gar ch")
    expect(page.get_by_role("option")).to_have_count(1)
    keys.press("Enter")
    expect(page.get_by_text("Le client").first).to_be_visible()
    screen.shot("desk-waits")
    # The scanner works wherever the focus is.
    keys.scan(queue["under_way"].reference)
    expect(page.get_by_role("heading", name="Bruno Lefèvre")).to_be_visible()
    keys.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    screen.check()
    screen.shot("desk-keys")
    keys.press("Escape", "/")
    keys.next_person()

    _order_of_bruno(keys)
    _order_of_somebody_new(keys)
    _receipt(keys)


def _order_of_bruno(keys: Keys) -> None:
    screen, page = keys.screen, keys.page
    # Bruno is still there: he leaves five shirts as well. Three letters, N, "5 che", Enter, Enter, Enter.
    keys.write("lef")
    expect(page.get_by_role("option")).to_have_count(1)
    keys.press("ArrowDown", "Enter")
    expect(page.get_by_role("heading", name="Bruno Lefèvre")).to_be_visible()
    keys.press("n")
    expect(page.locator("#desk-quick")).to_be_focused()
    screen.check()
    keys.write("5 che")
    keys.press("Enter")
    expect(page.locator("#order-total").get_by_text("15,00").first).to_be_visible()
    screen.check()
    screen.shot("desk-order")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Confirmer", exact=True)).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_text("enregistrée pour Bruno Lefèvre")).to_be_visible()
    keys.next_person()
    made = ServiceRequest.objects.get(contact_name="Bruno Lefèvre", status="confirmed")
    assert str(made.total_incl_vat) == "15.00"


def _order_of_somebody_new(keys: Keys) -> None:
    screen, page = keys.screen, keys.page
    # Camile Roux is new, or is she? The list asks; she is somebody else, and leaves shoes.
    keys.write("camile roux")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Aucune personne trouvée")).to_be_visible()
    keys.press("Enter")
    expect(page.locator("#id_first_name")).to_have_value("Camile")
    expect(page.locator("#id_phone")).to_be_focused()
    keys.write("0699887766")
    expect(page.locator("#likely").get_by_text("Camille Roux")).to_be_visible()
    screen.check()
    screen.shot("desk-likely")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Est-ce l’une de ces personnes")).to_be_visible()
    keys.press("Tab", "Tab")
    expect(page.get_by_role("button", name="Non, c’est quelqu’un d’autre")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Camile Roux")).to_be_visible()
    keys.press("n")
    expect(page.locator("#desk-quick")).to_be_focused()
    keys.write("tal 1")
    keys.press("Enter", "Enter", "Enter")
    expect(page.get_by_text("enregistrée pour Camile Roux")).to_be_visible()
    keys.next_person()


def _receipt(keys: Keys) -> None:
    screen, page = keys.screen, keys.page
    # A receipt for the last one, as it is printed.
    keys.press("Escape", "i")
    expect(page.get_by_role("heading", name="Reçu")).to_be_visible()
    screen.check()
    screen.shot("desk-receipt")
    page.emulate_media(media="print")
    screen.shot("desk-receipt-printed")
    page.emulate_media(media="screen")
