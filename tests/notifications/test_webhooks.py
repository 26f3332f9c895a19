"""Systems are told what happened: signed, thin, again until taken, and never inside our network (R20, S18, S20)."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from bookings.models import WorkOrder
from concierge import http, tenancy
from concierge.api.keys import new_key
from concierge.enums import Scope
from concierge.errors import DomainError
from concierge.models import ApiClient, Event
from concierge.signatures import is_signed, key_of
from concierge.tenancy import Actor
from notifications import tasks
from notifications.actions import webhooks
from notifications.handlers import webhooks as handlers
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.rules.webhooks import FOR_PROVIDERS, TYPES, WAITS, wait_after
from providers.actions.offers import accept_offer
from providers.actions.rounds import start_round
from providers.models import ChannelState, Offer, Provider
from tests.conftest import settle
from tests.providers.conftest import acting_for, add_provider, heels, monday
from tests.providers.test_races import race
from tests.world import World, build_world

__all__ = ["heels", "monday"]
pytestmark = pytest.mark.django_db
SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four bytes!").decode()


@dataclass
class Receiver:
    """A real server on loopback, that answers as it is told."""

    address: str = ""
    answers: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


def answer(status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def say(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return say


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """Loopback is allowed by a setting that only tests have."""
    settings.OUTBOUND_LOOPBACK = True
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            (found.answers.pop(0) if found.answers else answer(204))(self)

        def log_message(self, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.address = f"http://127.0.0.1:{server.server_port}/hooks?of=us"
    yield found
    server.shutdown()
    server.server_close()


def system_of(world: World, provider: Provider | None = None) -> Actor:
    """A system with a key: of a provider, or of the organisation."""
    _key, prefix, digest = new_key(world.organisation)
    client = ApiClient.objects.create(
        organisation=world.organisation,
        name="system",
        prefix=prefix,
        secret_hash=digest,
        scopes=[Scope.WEBHOOKS_WRITE],
        provider_id=provider.pk if provider else None,
    )
    return Actor(
        kind="api", organisation=world.organisation, api_client=client, provider_id=client.provider_id, channel="api"
    )


def endpoint(world: World, url: str, *types: str, provider: Provider | None = None) -> WebhookEndpoint:
    wanted = types or ("offer.sent", "offer.accepted", "work_order.booked")
    return webhooks.create_endpoint(url=url, types=wanted, secret=SECRET, by=system_of(world, provider))


def deliver(world: World) -> None:
    settle(world.organisation)
    for found in WebhookEndpoint.objects.order_by("pk"):
        tasks.deliver_webhooks(world.organisation.pk, found.pk)


def due_now() -> None:
    WebhookDelivery.objects.update(next_at=timezone.now())


# --- news -------------------------------------------------------------------------------------------------------------


@pytest.mark.promise("domain R31", "S20")
def test_a_provider_hears_of_its_own_thin_and_signed(world: World, heels: WorkOrder, receiver: Receiver) -> None:
    mine, theirs = add_provider(world), add_provider(world)
    found = endpoint(world, receiver.address, provider=mine)
    start_round(heels, by=world.actor())
    deliver(world)
    offer = Offer.objects.get(provider=mine)
    [(headers, body)] = receiver.got
    delivery = WebhookDelivery.objects.get()
    told = Event.objects.get(name="offer.sent", subject_id=offer.public_id)
    assert json.loads(body) == {
        "id": str(delivery.public_id),
        "type": "offer.sent",
        "time": told.act_at.isoformat().replace("+00:00", "Z"),
        "category": "waiting",
        "link": f"http://localhost:8000/api/v1/offers/{offer.public_id}",
    }
    assert headers["webhook-id"] == str(delivery.public_id)
    assert is_signed(
        [key_of(SECRET)],
        message_id=headers["webhook-id"],
        timestamp=headers["webhook-timestamp"],
        signatures=headers["webhook-signature"],
        body=body,
        now=time.time(),
    )
    assert (delivery.status, delivery.http_status, delivery.attempts) == ("sent", 204, 1)
    accept_offer(Offer.objects.with_need().get(provider=theirs), by=acting_for(theirs))
    deliver(world)
    assert (len(receiver.got), found.deliveries.count()) == (1, 1)


def test_the_organisation_hears_of_everything_it_chose_once(world: World, heels: WorkOrder, receiver: Receiver) -> None:
    [provider, *_others] = [add_provider(world) for _n in range(2)]
    endpoint(world, receiver.address)
    start_round(heels, by=world.actor())
    accept_offer(Offer.objects.with_need().get(provider=provider), by=acting_for(provider))
    deliver(world)
    told = [json.loads(body)["type"] for _headers, body in receiver.got]
    assert sorted(told) == ["offer.accepted", "offer.sent", "offer.sent", "work_order.booked"]
    news = Event.objects.get(name="offer.accepted")
    assert webhooks.queue_news(WebhookEndpoint.objects.get(), news) is None
    assert not any(world.client.last_name in body.decode() for _headers, body in receiver.got)


# --- answers ----------------------------------------------------------------------------------------------------------


def test_when_it_is_tried_again() -> None:
    assert [wait_after(attempts) for attempts in (1, 9, 10)] == [WAITS[0], WAITS[8], None]
    assert dt.timedelta(hours=75) < sum(WAITS, dt.timedelta()) < dt.timedelta(hours=76)
    assert wait_after(1, "120") == dt.timedelta(seconds=120)
    assert (wait_after(1, "9999999"), wait_after(1, "soon"), wait_after(2, "1")) == (
        dt.timedelta(hours=24),
        WAITS[0],
        WAITS[1],
    )
    assert all(name.startswith(("offer.", "work_order.")) for name in FOR_PROVIDERS) and set(FOR_PROVIDERS) < set(TYPES)


@pytest.mark.promise("R20")
@pytest.mark.parametrize(
    ("said", "status", "wait"),
    [
        (answer(500), 500, 5),
        (answer(302, Location="http://127.0.0.1:1/"), 302, 5),
        (answer(429, Retry_After="600"), 429, 600),
        (answer(404), 404, 5),
        (lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n"), None, 5),
        (lambda handler: handler.connection.close(), None, 5),
    ],
    ids=["500", "redirect", "429", "404", "no http", "reset"],
)
def test_what_is_not_taken_is_tried_again(
    world: World, receiver: Receiver, said: Any, status: int | None, wait: int
) -> None:
    endpoint(world, receiver.address)
    webhooks.try_endpoint(WebhookEndpoint.objects.get(), by=world.actor())
    receiver.answers.append(said)
    before = timezone.now()
    deliver(world)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.http_status, delivery.attempts) == ("queued", status, 1)
    assert wait <= (delivery.next_at - before).total_seconds() < wait + 20
    due_now()
    deliver(world)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, len(receiver.got)) == ("sent", 2, 2)
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]


@pytest.mark.promise("R20")
@pytest.mark.parametrize("why", ["gone", "failing"])
def test_410_and_75_hours_in_vain_disable_with_notice(
    world: World, receiver: Receiver, heels: WorkOrder, why: str
) -> None:
    provider = add_provider(world)
    found = endpoint(world, receiver.address, provider=provider)
    for _time in range(2):
        webhooks.try_endpoint(found, by=world.actor())
    if why == "failing":
        failing_for(found, hours=75.1)
    receiver.answers.append(answer(410 if why == "gone" else 500))
    deliver(world)
    found.refresh_from_db()
    assert (found.disabled_why, found.disabled_at is not None) == (why, True)
    assert list(found.deliveries.values_list("status", flat=True)) == ["dead", "dead"]
    settle(world.organisation)
    tasks.send_due(world.organisation.pk)
    assert [one.to for one in mail.outbox] == [[provider.email]]
    assert receiver.address not in mail.outbox[0].body and SECRET not in mail.outbox[0].body
    for verb in (lambda: webhooks.try_endpoint(found, by=world.actor()), lambda: _replay(found, world)):
        with pytest.raises(DomainError) as refused:
            verb()
        assert refused.value.code == "endpoint_disabled"
    start_round(heels, by=world.actor())
    deliver(world)
    assert len(receiver.got) == 1


def _replay(found: WebhookEndpoint, world: World) -> None:
    webhooks.replay_delivery(found.deliveries.order_by("pk")[0], by=world.actor())


def failing_for(found: WebhookEndpoint, *, hours: float, failures: int = 9) -> None:
    """It has taken nothing since then."""
    since = timezone.now() - dt.timedelta(hours=hours)
    target = str(found.public_id)
    ChannelState.objects.create(
        organisation=found.organisation, channel="webhook", target=target, failures=failures, failing_since=since
    )


@pytest.mark.promise("R20")
def test_an_endpoint_with_steady_news_is_disabled_too(world: World, receiver: Receiver) -> None:
    """No single call was tried for 75 hours; the endpoint took nothing for so long, tests and all."""
    found = endpoint(world, receiver.address)
    failing_for(found, hours=75.1)
    for _time in range(3):
        webhooks.try_endpoint(found, by=world.actor())
    receiver.answers.append(answer(500))
    deliver(world)
    found.refresh_from_db()
    assert (found.disabled_why, set(found.deliveries.values_list("status", flat=True))) == ("failing", {"dead"})
    assert len(receiver.got) == 1


@pytest.mark.promise("R20")
def test_one_call_that_is_never_taken_among_others_dies_alone(world: World, receiver: Receiver) -> None:
    found = endpoint(world, receiver.address)
    failing_for(found, hours=80, failures=2)
    poison = webhooks.try_endpoint(found, by=world.actor())
    WebhookDelivery.objects.filter(pk=poison.pk).update(attempts=len(WAITS))
    receiver.answers.append(answer(500))
    deliver(world)
    poison.refresh_from_db()
    found.refresh_from_db()
    assert (poison.status, poison.attempts, found.disabled_at) == ("dead", len(WAITS) + 1, None)
    assert ChannelState.objects.get().failures == 0


@pytest.mark.promise("R20")
def test_whoever_trickles_is_cut_off(receiver: Receiver) -> None:
    """A byte now and then keeps no socket's time limit: there is one for all of it."""

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 200:
            try:
                handler.wfile.write(bytes([letter]))
            except OSError:
                return
            time.sleep(0.05)

    receiver.answers.append(trickle)
    began = time.monotonic()
    with pytest.raises(http.NoAnswer):
        http.post(receiver.address, b"{}", {}, seconds=0.6)
    assert time.monotonic() - began < 1.5


def test_the_body_of_an_answer_is_not_read(receiver: Receiver) -> None:
    def flood(handler: BaseHTTPRequestHandler) -> None:
        answer(200, Content_Length="1000000000000")(handler)
        try:
            for _block in range(200):
                handler.wfile.write(b"x" * 1_000_000)
        except OSError:
            return

    receiver.answers.append(flood)
    assert http.post(receiver.address, b"{}", {}, seconds=5) == http.Answer(200)


# --- where to ---------------------------------------------------------------------------------------------------------


@pytest.mark.promise("S18", "DR9")
@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("2002:808:808::1", True),
        ("64:ff9b::808:808", False),
        *(
            (address, False)
            for address in ("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0")
        ),
        *(
            (address, False)
            for address in ("169.254.169.254", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1")
        ),
        *(
            (address, False)
            for address in ("::1", "::", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1", "::ffff:8.8.8.8")
        ),
        *((address, False) for address in ("::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::1")),
    ],
)
def test_which_addresses_are_public(address: str, is_public: bool) -> None:
    assert http.is_public(ipaddress.ip_address(address)) == is_public


@pytest.mark.promise("S18")
@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/",
        "ftp://a.example/",
        "https://user:secret@a.example/",
        "https://@a.example/",
        "https://a.example:22/",
        "https://a.example:99999/",
        "https://a.example/#x",
        "https://a example/",
        "https://é.example/",
        "https:///x",
        "https://[::1",
        "https:\\\\a.example",
        "//a.example",
        "",
        "https://a.example/" + "x" * 500,
    ],
)
def test_addresses_that_are_not_called(url: str) -> None:
    with pytest.raises(http.BadAddress):
        http.check_address(url)


@pytest.mark.promise("S18")
@pytest.mark.parametrize(
    "found",
    [["127.0.0.1"], ["10.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:169.254.169.254"], ["64:ff9b::a00:1"], []],
)
def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    """All addresses of a name count, looked up once: nothing is connected to."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [(0, 0, 0, "", (one, 443)) for one in found])
    monkeypatch.setattr(http, "_connect", lambda *args: pytest.fail("connected"))
    with pytest.raises(http.BadAddress):
        http.post("https://rebinding.example/", b"{}", {})


@pytest.mark.promise("S18")
def test_the_address_that_was_looked_at_is_the_one_called(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def look_up(*args: Any, **kwargs: Any) -> list[Any]:
        asked.append(args[0])
        return [(0, 0, 0, "", ("93.184.216.34" if len(asked) == 1 else "127.0.0.1", 443))]

    called: list[str] = []

    def connect(address: Any, port: int, until: float) -> socket.socket:
        called.append(f"{address}:{port}")
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(http, "_connect", connect)
    with pytest.raises(http.NoAnswer):
        http.post("https://rebinding.example/", b"{}", {})
    assert (asked, called) == (["rebinding.example"], ["93.184.216.34:443"])


def test_an_address_inside_is_never_called(world: World, receiver: Receiver, settings: Any) -> None:
    endpoint(world, receiver.address)
    webhooks.try_endpoint(WebhookEndpoint.objects.get(), by=world.actor())
    settings.OUTBOUND_LOOPBACK = False
    deliver(world)
    assert (receiver.got, WebhookDelivery.objects.get().http_status) == ([], None)


# --- endpoints --------------------------------------------------------------------------------------------------------


@pytest.mark.promise("S20")
def test_the_secret_is_kept_encrypted(world: World, receiver: Receiver) -> None:
    found = endpoint(world, receiver.address)
    assert found.sealed.startswith("gAAAA") and SECRET not in found.sealed
    assert SECRET not in str(list(Event.objects.values_list("data", flat=True)))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"secret": "short"}, "invalid"),
        ({"secret": "whsec_" + base64.b64encode(b"x" * 23).decode()}, "invalid"),
        ({"secret": "whsec_é"}, "invalid"),
        ({"types": []}, "invalid"),
        ({"types": ["offer.sent", "invoice.issued"]}, "invalid"),
    ],
)
def test_what_is_no_endpoint(world: World, given: dict[str, Any], code: str) -> None:
    by = system_of(world, add_provider(world))
    with pytest.raises(DomainError) as refused:
        webhooks.create_endpoint(
            **({"url": "https://a.example/", "types": ["offer.sent"], "secret": SECRET} | given), by=by
        )
    assert (refused.value.code, WebhookEndpoint.objects.count()) == (code, 0)


@pytest.mark.promise("S20")
def test_five_endpoints_and_five_tests(world: World, receiver: Receiver) -> None:
    by = system_of(world)
    for number in range(5):
        webhooks.create_endpoint(url=f"{receiver.address}&n={number}", types=["offer.sent"], secret=SECRET, by=by)
    with pytest.raises(webhooks.TooManyEndpoints):
        webhooks.create_endpoint(url=receiver.address, types=["offer.sent"], secret=SECRET, by=by)
    found = WebhookEndpoint.objects.latest("pk")
    webhooks.disable_endpoint(WebhookEndpoint.objects.order_by("pk")[0], by=by)
    webhooks.create_endpoint(url=receiver.address, types=["offer.sent"], secret=SECRET, by=by)
    for _time in range(5):
        webhooks.try_endpoint(found, by=by)
    # Another endpoint is no other owner, and neither is one that was made anew.
    other = WebhookEndpoint.objects.active().exclude(pk=found.pk).latest("pk")
    webhooks.disable_endpoint(found, by=by)
    again = webhooks.create_endpoint(url=receiver.address, types=["offer.sent"], secret=SECRET, by=by)
    for one in (other, again):
        with pytest.raises(webhooks.TestedTooOften):
            webhooks.try_endpoint(one, by=by)
    provider = endpoint(world, receiver.address, provider=add_provider(world))
    webhooks.try_endpoint(provider, by=by)


@pytest.mark.promise("R20")
def test_a_slow_endpoint_delays_nobody(world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each endpoint has a task of its own: whoever hangs holds only its own news."""
    slow, quick = (endpoint(world, f"{receiver.address}&of={name}") for name in ("slow", "quick"))
    for found in (slow, quick):
        webhooks.try_endpoint(found, by=world.actor())
    poked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks, "poke", lambda task, *args: poked.append(args))
    tasks.deliver_due_webhooks()
    assert sorted(poked) == [(world.organisation.pk, slow.pk), (world.organisation.pk, quick.pk)]
    assert webhooks.claim_delivery(slow.pk) is not None  # it hangs in somebody's hands
    with tenancy.working_for(world.organisation):
        tasks.deliver_webhooks(world.organisation.pk, quick.pk)
    assert [one.status for one in WebhookDelivery.objects.order_by("pk")] == ["queued", "sent"]


@pytest.mark.promise("R20")
def test_an_endpoint_is_called_by_one_at_a_time(
    world: World, receiver: Receiver, heels: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Much news for one that is slow: one sender, nobody else is woken for it, and a lost one is replaced in time."""
    found = endpoint(world, receiver.address)
    for _time in range(3):
        webhooks.try_endpoint(found, by=world.actor())
    delivery = webhooks.claim_delivery(found.pk)
    assert delivery is not None and webhooks.claim_delivery(found.pk) is None
    poked: list[tuple[Any, ...]] = []
    for module in (tasks, handlers):
        monkeypatch.setattr(module, "poke", lambda task, *args: poked.append(args))
    tasks.deliver_due_webhooks()
    with tenancy.working_for(world.organisation):
        add_provider(world)
        start_round(heels, by=world.actor())
        settle(world.organisation)
        assert (found.deliveries.filter(type="offer.sent", event__isnull=False).count(), poked) == (1, [])
        assert webhooks.note_answer(delivery, 204)
        following = webhooks.claim_delivery(found.pk)
        assert following is not None and following.pk != delivery.pk
        WebhookEndpoint.objects.update(busy_until=timezone.now())
        assert webhooks.claim_delivery(found.pk) is not None


@pytest.mark.promise("R20")
@pytest.mark.django_db(transaction=True)
def test_two_senders_of_one_endpoint_at_once() -> None:
    """Three calls are due: whoever comes second at the same moment gets none of them."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        found = endpoint(world, "https://a.example/")
        for _time in range(3):
            webhooks.try_endpoint(found, by=world.actor())
        claimed: list[bool] = []

        def claim() -> None:
            claimed.append(webhooks.claim_delivery(found.pk) is not None)

        race(world, claim, claim)
        assert sorted(claimed) == [False, True]


def test_an_endpoint_that_fails_again_and_again_rests(world: World, receiver: Receiver) -> None:
    """Five failures in a row, and nothing is tried there for two minutes; a replay is tried at once."""
    found = endpoint(world, receiver.address)
    for _time in range(5):
        webhooks.try_endpoint(found, by=world.actor())
    receiver.answers.extend([answer(500)] * 5)
    for _time in range(7):
        due_now()
        deliver(world)
    assert len(receiver.got) == 5
    WebhookDelivery.objects.filter(pk=WebhookDelivery.objects.latest("pk").pk).update(status="dead")
    webhooks.replay_delivery(WebhookDelivery.objects.latest("pk"), by=world.actor())
    due_now()
    deliver(world)
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"sent"}
