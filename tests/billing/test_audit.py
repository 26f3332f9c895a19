"""The auditor is silent when all is well, and names what an owner of the database tampered with (R29)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from billing import tasks
from billing.actions.audit import faults
from billing.actions.invoices import credit_invoice, invoice_payer
from billing.models import Invoice
from bookings.models import ServiceRequest
from tests.billing.conftest import finish
from tests.world import World


@pytest.fixture
def three(world: World, finished: ServiceRequest) -> list[Invoice]:
    """Two invoices and a credit note, with their PDFs."""
    made = []
    for _n in range(2):
        made.append(invoice_payer(world.client, until=timezone.now() + dt.timedelta(seconds=1), by=world.actor()))
        finish(world, world.request())
    made.append(credit_invoice(made[0], reason="Erreur", by=world.actor()))
    for invoice in made:
        tasks.render_document(world.organisation.pk, invoice.pk)
    return made


def test_nothing_to_say_when_all_is_well(
    world: World, three: list[Invoice], capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(faults(world.organisation.pk)) == []
    call_command("verify_invoices")
    assert "All documents are as they were issued." in capsys.readouterr().out


@pytest.mark.promise("R29", "S49")
@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (
            "UPDATE billing_invoice SET snapshot = jsonb_set(snapshot, '{buyer,name}', '\"X\"') WHERE id = {id}",
            "content",
        ),
        ("UPDATE billing_invoice SET total_vat = 0, total_incl_vat = total_excl_vat WHERE id = {id}", "columns"),
        ("UPDATE billing_invoiceline SET amount = 1 WHERE invoice_id = {id}", "lines do not add up"),
        ("UPDATE billing_storeddocument SET content = 'other' WHERE invoice_id = {id}", "kept PDF"),
        ("UPDATE billing_storeddocument SET xml = 'other' WHERE invoice_id = {id}", "kept file"),
        ("UPDATE billing_storeddocument SET xml = '', xml_sha256 = '' WHERE invoice_id = {id}", "kept file"),
        ("UPDATE billing_invoice SET issued_on = issued_on + 400 WHERE id = {id}", "dates go backwards"),
        (
            "DELETE FROM billing_storeddocument WHERE invoice_id = {tail}; "
            "DELETE FROM billing_invoiceline WHERE invoice_id = {tail}; DELETE FROM billing_invoice WHERE id = {tail}",
            "number 2 is missing",
        ),
    ],
)
def test_tampering_as_owner_without_triggers_is_named(
    world: World, three: list[Invoice], tamper: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(tamper.replace("{id}", str(three[0].pk)).replace("{tail}", str(three[1].pk)))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        cursor.execute("SET LOCAL ROLE concierge_app")

    first = next(iter(faults(world.organisation.pk)))
    assert said in first
    with pytest.raises(CommandError):
        call_command("verify_invoices")
    assert said in capsys.readouterr().out
