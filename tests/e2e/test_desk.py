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
# A person of the queue takes less than a minute, and few keys: a machine types faster than people.
SECONDS, KEYS = 60, 60


class Keys:
    """Hands on the keyboard: no mouse. Counts what is pressed, and times each person: what hands and pages take, not
    what our own looking costs (axe, screenshots)."""

    def __init__(self, screen: Screen) -> None:
        self.screen, self.page = screen, screen.page
        self.took: dict[str, float] = {}
        self.next_is()

    def next_is(self) -> None:
        """The box has the focus; somebody steps up."""
        expect(self.page.locator("#desk-q")).to_be_focused()
        self.pressed, self.looked, self.began = 0, 0.0, time.monotonic()

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

    def look(self, name: str) -> None:
        """What the concierge sees: checked and kept, outside the clock."""
        begun = time.monotonic()
        self.screen.check()
        self.screen.shot(name)
        self.looked += time.monotonic() - begun

    def served(self, who: str) -> None:
        """This one took few keys and less than a minute; the next one steps up."""
        self.took[who] = time.monotonic() - self.began - self.looked
        assert self.took[who] < SECONDS, self.took
        assert self.pressed <= KEYS, f"{who}: {self.pressed} keys"
        self.next_is()


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    """The processors may be busy with something else."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def queue(live_world: World) -> Iterator[dict[str, ServiceRequest]]:
    """Monday at ten: a coat that is ready, two that are being cleaned, a request that waits for an answer."""
    with time_machine.travel(MONDAY + dt.timedelta(hours=2), tick=True), tenancy.working_for(live_world.organisation):
        yield {
            "ready": _of(live_world, "Amélie", "Ménard", status="fulfilled", verified=True),
            "under_way": _of(live_world, "Bruno", "Lefèvre", status="in_progress"),
            "waits": _of(live_world, "Chloé", "Garnier", status="awaiting_client"),
            "for_somebody": _of(live_world, "Denis", "Morin", status="in_progress"),
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
@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_a_queue_at_the_counter(live_world: World, queue: dict[str, ServiceRequest], screen: Screen) -> None:
    sign_in(screen, Browser(), live_world.users["concierge"])
    screen.open("/guichet/")
    screen.shot("desk-empty")
    keys = Keys(screen)
    _amelie_fetches(keys, f"{screen.base}/suivi/{queue['ready'].tracking_token}/")
    _bruno_asks_and_leaves_shirts(keys)
    _chloe_asks(keys, queue["under_way"].reference)
    _somebody_new(keys)
    _denis_for_his_mother(keys)
    assert list(keys.took) == ["Amélie", "Bruno", "Chloé", "Camile", "Denis, pour sa mère"]
    _receipt(keys)


def _amelie_fetches(keys: Keys, scanned: str) -> None:
    """Her shoes: the scanner reads her receipt, Enter hands over."""
    page = keys.page
    keys.scan(scanned)
    expect(page.get_by_role("button", name="Remettre")).to_be_focused()
    keys.look("desk-ready")
    keys.press("Enter")
    expect(page.get_by_text("est remise à Amélie Ménard")).to_be_visible()
    keys.look("desk-served")
    keys.served("Amélie")


def _bruno_asks_and_leaves_shirts(keys: Keys) -> None:
    """Where are his shoes? Three letters, arrow, Enter. He leaves five shirts too: N, "5 che", three times Enter."""
    page = keys.page
    keys.write("lef")
    expect(page.get_by_role("option")).to_have_count(1)
    keys.look("desk-found")
    keys.press("ArrowDown", "Enter")
    expect(page.get_by_role("heading", name="Bruno Lefèvre")).to_be_visible()
    expect(page.locator(".desk-wait").first).to_be_visible()
    keys.look("desk-where")
    keys.press("n")
    expect(page.locator("#desk-quick")).to_be_focused()
    keys.write("5 che")
    keys.press("Enter")
    expect(page.locator("#order-total").get_by_text("15,00").first).to_be_visible()
    keys.look("desk-order")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Confirmer", exact=True)).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_text("enregistrée pour Bruno Lefèvre")).to_be_visible()
    keys.served("Bruno")
    made = ServiceRequest.objects.get(contact_name="Bruno Lefèvre", status="confirmed")
    assert str(made.total_incl_vat) == "15.00"


def _chloe_asks(keys: Keys, scanned: str) -> None:
    """Her request waits for her own answer. The scanner works wherever the focus is."""
    page = keys.page
    keys.write("gar ch")
    expect(page.get_by_role("option")).to_have_count(1)
    keys.press("Enter")
    expect(page.get_by_text("Le client").first).to_be_visible()
    keys.look("desk-waits")
    keys.scan(scanned)
    expect(page.get_by_role("heading", name="Bruno Lefèvre")).to_be_visible()
    keys.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    keys.look("desk-keys")
    keys.press("Escape", "/")
    keys.served("Chloé")


def _somebody_new(keys: Keys) -> None:
    """Camile Roux is new, or is she? The list asks; she is somebody else, and leaves shoes."""
    page = keys.page
    keys.write("camile roux")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Aucune personne trouvée")).to_be_visible()
    keys.press("Enter")
    expect(page.locator("#id_first_name")).to_have_value("Camile")
    expect(page.locator("#id_phone")).to_be_focused()
    keys.write("0699887766")
    expect(page.locator("#likely").get_by_text("Camille Roux")).to_be_visible()
    keys.look("desk-likely")
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
    keys.served("Camile")


def _denis_for_his_mother(keys: Keys) -> None:
    """Two shirts of his mother, whom we do not know yet: "pour", her name, Enter."""
    page = keys.page
    keys.write("mor de")
    expect(page.get_by_role("option")).to_have_count(1)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Denis Morin")).to_be_visible()
    keys.press("n")
    expect(page.locator("#desk-quick")).to_be_focused()
    keys.write("2 che")
    keys.press("Enter")
    keys.write("pour")
    keys.press("Enter")
    expect(page.locator("#id_for_whom")).to_be_focused()
    keys.write("q")  # as in "Quelqu’un de nouveau"
    keys.press("Enter")
    expect(page.locator("#id_other_first_name")).to_be_focused()
    keys.write("Odette")
    keys.press("Enter")
    keys.write("Morin")
    keys.press("Enter", "Enter")
    expect(page.locator("#desk-quick")).to_be_focused()
    keys.look("desk-for-somebody")
    keys.press("Enter", "Enter")
    expect(page.get_by_text("enregistrée pour Denis Morin")).to_be_visible()
    keys.served("Denis, pour sa mère")
    made = ServiceRequest.objects.get(contact_name="Denis Morin", status="confirmed")
    assert made.beneficiary_name == "Odette Morin"


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
