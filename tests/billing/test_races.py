"""Many issue at once: no gap, no double, whatever fails in between. Each race has a twin without its guard."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from billing.actions import invoices
from billing.actions.invoices import CreditAboveInvoice, NothingToInvoice, credit_invoice, invoice_payer
from billing.models import Invoice, LegalEntity, issuers
from bookings.actions.merging import merge_clients
from bookings.models import Client, ServiceRequest
from concierge import tenancy
from concierge.db import retryable
from concierge.errors import DomainError, WrongState
from tests.billing.conftest import finish, make_client, make_issuer
from tests.world import World, build_world

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


class Boom(Exception):
    """A crash in the middle of a transaction."""


@pytest.fixture
def shop() -> Iterator[World]:
    """A committed world that can invoice."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        make_issuer(world)
        yield world


def at_once(world: World, calls: list[Callable[[], object]]) -> list[object]:
    """Run every call in its own thread, all released together; returns results and refusals."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        try:
            gate.wait(timeout=20)
            with tenancy.working_for(world.organisation), retryable():
                return call()
        except (DomainError, Boom) as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def soon() -> dt.datetime:
    """After everything that was checked so far."""
    return timezone.now() + dt.timedelta(minutes=1)


def issue_some(world: World, clients: list[Client], *, crash: float) -> None:
    """Each thread invoices its own clients; a share of the transactions dies after taking a number."""

    def work(mine: list[Client]) -> None:
        for client in mine:
            try:
                with transaction.atomic():
                    invoice_payer(client, until=soon(), by=world.actor())
                    if random.random() < crash:
                        raise Boom
            except (Boom, NothingToInvoice):
                continue

    parts = [clients[n::THREADS] for n in range(THREADS)]
    at_once(world, [lambda part=part: work(part) for part in parts])  # type: ignore[misc]  # a default binds the loop


def ranks() -> list[int]:
    """Numbers taken so far, in order."""
    return sorted(Invoice.objects.order_by("pk").values_list("sequence", flat=True))


def clients_with_work(world: World, count: int) -> list[Client]:
    """So many clients, each with one checked request."""
    made = []
    for n in range(count):
        client = make_client(world, f"Client{n}")
        request = world.request()
        request.client = client
        request.save(update_fields=["client"])
        finish(world, request)
        made.append(client)
    return made


@pytest.mark.promise("R28")
def test_numbers_have_no_gap_under_concurrency_and_rollbacks(shop: World) -> None:
    clients = clients_with_work(shop, 40)

    issue_some(shop, clients, crash=0.4)
    issue_some(shop, clients, crash=0.0)  # those that died come again

    assert ranks() == list(range(1, 41))
    dates = Invoice.objects.order_by("sequence").values_list("issued_on", flat=True)
    assert list(dates) == sorted(dates)


def test_twin_a_sequence_leaves_gaps(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same run on a PostgreSQL sequence: rollbacks eat numbers. This is why the counter is a locked row."""
    clients = clients_with_work(shop, 24)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("CREATE SEQUENCE IF NOT EXISTS twin_numbers")
        cursor.execute("GRANT USAGE ON SEQUENCE twin_numbers TO concierge_app")
        cursor.execute("SET ROLE concierge_app")
    taken = issuers.next_number

    def from_sequence(entity: LegalEntity, kind: str, *, on: dt.date) -> tuple[int, int, dt.date]:
        series_id, _number, issued_on = taken(entity, kind, on=on)
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('twin_numbers')")
            return series_id, cursor.fetchone()[0], issued_on

    monkeypatch.setattr(invoices, "next_number", from_sequence)
    issue_some(shop, clients, crash=0.5)
    issue_some(shop, clients, crash=0.0)

    assert len(ranks()) == 24
    assert ranks() != list(range(1, 25))
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("DROP SEQUENCE twin_numbers")
        cursor.execute("SET ROLE concierge_app")


def test_twin_reading_the_maximum_collides(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the row lock two transactions read the same maximum: the unique constraint catches it as a failure."""
    clients = clients_with_work(shop, 2)
    entity = LegalEntity.objects.get()
    series_id, _number, _day = issuers.next_number(entity, "invoice", on=timezone.localdate())
    both_read = threading.Barrier(2)
    numbers = []

    def unlocked(entity: LegalEntity, kind: str, *, on: dt.date) -> tuple[int, int, dt.date]:
        number = Invoice.objects.count() + 1
        both_read.wait(timeout=20)
        numbers.append(number)
        return series_id, number, on

    monkeypatch.setattr(invoices, "next_number", unlocked)
    at_once_with_errors(shop, clients)

    assert numbers == [1, 1]
    assert Invoice.objects.count() == 1


def at_once_with_errors(world: World, clients: list[Client]) -> None:
    """As ``at_once``, for the twin whose database errors are the point."""

    def work(client: Client) -> object:
        from django.db import IntegrityError

        try:
            return invoice_payer(client, until=soon(), by=world.actor())
        except IntegrityError as error:
            raise Boom from error

    at_once(world, [lambda client=client: work(client) for client in clients])  # type: ignore[misc]  # as above


@pytest.mark.promise("R28")
def test_night_job_running_four_times_at_once_bills_once(shop: World) -> None:
    for _n in range(3):
        finish(shop, shop.request())

    results = at_once(shop, [lambda: invoice_payer(shop.client, until=soon(), by=shop.actor())] * 4)

    assert sorted(type(r).__name__ for r in results) == ["Invoice"] + ["NothingToInvoice"] * 3
    assert Invoice.objects.get().lines.count() == 3


def test_twin_without_the_payer_lock_the_constraint_still_stands(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock both runs see the same work; the one-to-one constraint lets a single invoice through."""
    finish(shop, shop.request())
    seen = threading.Barrier(2)

    def unlocked(payer: Client) -> Client:
        return payer

    original = invoices._issue

    def together(*args: object, **kwargs: object) -> Invoice:
        seen.wait(timeout=20)
        return original(*args, **kwargs)  # type: ignore[arg-type]  # passes everything on

    monkeypatch.setattr(invoices, "_locked", unlocked)
    monkeypatch.setattr(invoices, "_issue", together)
    at_once_with_errors(shop, [shop.client, shop.client])

    assert Invoice.objects.count() == 1
    assert ranks() == [1]


@pytest.mark.promise("R30", "S51")
def test_two_credits_at_once_never_exceed_the_invoice(shop: World) -> None:
    finish(shop, shop.request())
    invoice = invoice_payer(shop.client, until=soon(), by=shop.actor())

    results = at_once(shop, [lambda: credit_invoice(invoice, reason="Double", by=shop.actor())] * 4)

    assert [type(r) for r in results].count(Invoice) == 1
    assert all(isinstance(r, (Invoice, WrongState)) for r in results)
    assert Invoice.objects.balance() == Decimal(0)


def test_twin_without_the_invoice_lock_the_trigger_refuses(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    finish(shop, shop.request())
    invoice = invoice_payer(shop.client, until=soon(), by=shop.actor())
    fresh = {"left": invoices.left_to_credit(invoice)}
    monkeypatch.setattr(invoices, "left_to_credit", lambda _invoice: fresh["left"])
    monkeypatch.setattr(invoices, "creditable", lambda *_args: Decimal(1000))
    credit_invoice(invoice, reason="Un", by=shop.actor())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_invoice SET status = 'issued' WHERE id = %s", [invoice.pk])

    with pytest.raises(CreditAboveInvoice):
        credit_invoice(invoice, reason="Deux", by=shop.actor())
    assert Invoice.objects.filter(kind="credit_note").count() == 1


def test_no_invoice_without_work(shop: World) -> None:
    with pytest.raises(NothingToInvoice):
        invoice_payer(shop.client, until=soon(), by=shop.actor())


def test_one_invoice_whichever_record_of_a_merged_person_is_invoiced(shop: World) -> None:
    other = make_client(shop)
    for client in (shop.client, other):
        request = finish(shop, shop.request(shop.cobbler))
        ServiceRequest.objects.filter(pk=request.pk).update(client=client)
    merge_clients(shop.client, other, by=shop.actor())
    calls: list[Callable[[], object]] = [
        partial(invoice_payer, client, until=soon(), by=shop.actor()) for client in (shop.client, other) * 4
    ]
    results = at_once(shop, calls)
    assert [type(one) for one in results if not isinstance(one, Invoice)] == [NothingToInvoice] * 7
    assert (Invoice.objects.get().client, Invoice.objects.get().lines.count()) == (shop.client, 2)
