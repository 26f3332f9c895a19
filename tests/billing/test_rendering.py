"""The PDF after issue: kept once, failure visible, found again by the sweep."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from billing import tasks
from billing.actions.documents import mark_sent, store_pdf
from billing.actions.invoices import invoice_payer
from billing.gateways import DocumentRenderFailed, render_invoice_pdf
from billing.models import Invoice, StoredDocument
from bookings.models import ServiceRequest
from concierge import tenancy
from concierge.models import Event
from tests.billing.conftest import finish, make_account
from tests.conftest import settle
from tests.world import World

Sent = list[tuple[str, tuple[Any, ...]]]


@pytest.fixture
def invoice(world: World, finished: ServiceRequest) -> Invoice:
    """A fresh invoice without PDF."""
    return invoice_payer(world.client, until=timezone.now() + dt.timedelta(seconds=1), by=world.actor())


def test_issue_asks_a_worker_to_draw(
    world: World, invoice: Invoice, sent_tasks: Sent, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        settle(world.organisation)

    assert ("billing.render_document", (world.organisation.pk, invoice.pk)) in sent_tasks


def test_document_is_drawn_kept_and_announced_once(world: World, invoice: Invoice) -> None:
    for _twice in range(2):
        tasks.render_document(world.organisation.pk, invoice.pk)

    kept = StoredDocument.objects.get()
    invoice.refresh_from_db()
    assert bytes(kept.content).startswith(b"%PDF-1.7")
    assert kept.sha256 == hashlib.sha256(bytes(kept.content)).hexdigest()
    assert kept.size == len(kept.content)
    assert invoice.render_status == "ready"
    assert Event.objects.filter(name="invoice.rendered", subject_id=invoice.public_id).count() == 1


def test_drawing_again_gives_the_kept_bytes(world: World, invoice: Invoice) -> None:
    tasks.render_document(world.organisation.pk, invoice.pk)
    again = render_invoice_pdf(Invoice.objects.get(pk=invoice.pk).snapshot, language=invoice.language)

    assert hashlib.sha256(again).hexdigest() == StoredDocument.objects.get().sha256


def test_first_bytes_stay(world: World, invoice: Invoice) -> None:
    first = store_pdf(invoice, b"one", by=world.actor())

    assert store_pdf(invoice, b"two", by=world.actor()) == first


def test_broken_renderer_is_shown_and_tried_again(
    world: World, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> bytes:
        raise DocumentRenderFailed(reason="the press is on fire")

    with monkeypatch.context() as patch:
        patch.setattr(tasks, "render_invoice_pdf", broken)
        tasks.render_document(world.organisation.pk, invoice.pk)
        tasks.render_document(world.organisation.pk, invoice.pk)
    invoice.refresh_from_db()

    assert (invoice.render_status, invoice.render_attempts) == ("failed", 2)
    assert invoice.render_error == "the press is on fire"
    assert invoice.render_next_at > timezone.now()
    assert Invoice.objects.get().number == invoice.number

    tasks.render_pending_documents()
    invoice.refresh_from_db()
    assert invoice.render_status == "failed"  # not before its time

    with time_machine.travel(timezone.now() + dt.timedelta(hours=2)):
        tasks.render_pending_documents()
    invoice.refresh_from_db()
    assert (invoice.render_status, invoice.render_error) == ("ready", "")


@pytest.mark.promise("R18")
@pytest.mark.parametrize("fault", [KeyError("seller"), MemoryError()])
def test_a_document_that_breaks_the_renderer_holds_nobody_up(
    world: World, invoice: Invoice, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    account = make_account(world)
    finish(world, world.request(payer_account=account))
    other = invoice_payer(account, until=timezone.now() + dt.timedelta(seconds=1), by=world.actor())

    def draw(snapshot: Any, *, language: str) -> bytes:
        if snapshot["number"] == invoice.number:
            raise fault
        return b"%PDF-"

    monkeypatch.setattr(tasks, "render_invoice_pdf", draw)
    for minutes in (1, 2):
        with time_machine.travel(timezone.now() + dt.timedelta(minutes=minutes)), contextlib.suppress(MemoryError):
            tasks.render_pending_documents()

    assert [kept.invoice_id for kept in StoredDocument.objects.order_by("pk")] == [other.pk]


def test_sweep_finds_a_document_whose_wake_up_call_was_lost(world: World, invoice: Invoice) -> None:
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=1)):
        tasks.render_pending_documents()

    assert StoredDocument.objects.count() == 1


def test_sent_counts_once(world: World, invoice: Invoice) -> None:
    moment = timezone.now()
    mark_sent(invoice, at=moment)
    mark_sent(invoice, at=moment + dt.timedelta(days=1))

    invoice.refresh_from_db()
    assert invoice.sent_at == moment


def test_night_makes_one_task_per_payer(world: World, finished: ServiceRequest, sent_tasks: Sent) -> None:
    account = make_account(world)
    finish(world, world.request(payer_account=account))

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=1)):
        tasks.invoice_everyone()

    calls = {args[:3] for name, args in sent_tasks if name == "billing.invoice_payer"}
    assert calls == {
        (world.organisation.pk, "client", world.client.pk),
        (world.organisation.pk, "account", account.pk),
    }


@pytest.mark.promise("R09")
def test_payer_task_run_twice_bills_once(world: World, finished: ServiceRequest) -> None:
    until = (timezone.now() + dt.timedelta(seconds=1)).isoformat()
    for _twice in range(2):
        tasks.invoice_one_payer(world.organisation.pk, "client", world.client.pk, until)

    assert Invoice.objects.count() == 1


def test_payer_that_cannot_be_invoiced_stays_due(world: World, finished: ServiceRequest) -> None:
    account = make_account(world, siren="")
    finish(world, world.request(payer_account=account))

    tasks.invoice_one_payer(world.organisation.pk, "account", account.pk, timezone.now().isoformat())

    with tenancy.working_for(world.organisation):
        assert not Invoice.objects.exists()
