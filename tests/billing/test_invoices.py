"""Issuing: who, what, how much, and what the database refuses."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from billing.actions.content import InvoicingNotReady, seal_of
from billing.actions.invoices import (
    NothingToInvoice,
    WorkUnfinished,
    credit_invoice,
    invoice_payer,
    invoice_request,
    left_to_credit,
)
from billing.enums import VatRegime
from billing.models import Invoice, InvoiceLine, LegalEntity, LegalText, Series, StoredDocument
from billing.models.billable import dues_of, owing
from bookings.actions.work_orders import fail_work_order
from bookings.models import ServiceRequest, VatRate, WorkOrder
from concierge.errors import Conflict, Invalid, WrongState
from concierge.models import Event
from tests.billing.conftest import finish, make_account, make_issuer
from tests.world import World

D = Decimal


def soon() -> dt.datetime:
    """After everything that was checked so far."""
    return timezone.now() + dt.timedelta(seconds=1)


def test_invoice_freezes_parties_prices_and_totals(world: World, finished: ServiceRequest) -> None:
    invoice = invoice_payer(world.client, until=soon(), by=world.actor())

    year = timezone.localdate().year
    assert invoice.number == f"F{year}-000001"
    assert (invoice.total_excl_vat, invoice.total_vat, invoice.total_incl_vat) == (D("30.00"), D("6.00"), D("36.00"))
    assert invoice.buyer_name == "Camille Roux"
    assert invoice.snapshot["seller"]["siren"] == "732829320"
    assert invoice.snapshot["reference"] == finished.reference
    assert [row["description"] for row in invoice.snapshot["lines"]] == ["Repassage", "Pose de talons"]
    assert invoice.snapshot["mentions"] == []
    assert invoice.snapshot_sha256 == seal_of(invoice.snapshot)
    assert list(invoice.lines.values_list("net", "amount")) == [(D("15.00"), D("18.00"))] * 2
    event = Event.objects.get(name="invoice.issued")
    assert (event.subject_id, event.request_id) == (invoice.public_id, finished.public_id)


def test_later_changes_do_not_reach_the_invoice(world: World, finished: ServiceRequest, issuer: LegalEntity) -> None:
    invoice = invoice_payer(world.client, until=soon(), by=world.actor())
    world.client.last_name = "Autrement"
    world.client.save()
    LegalEntity.objects.update(name="Autre nom")

    again = Invoice.objects.get(pk=invoice.pk)
    assert again.snapshot["buyer"]["name"] == "Camille Roux"
    assert again.snapshot["seller"]["name"] == world.organisation.name
    assert again.snapshot_sha256 == seal_of(again.snapshot)


def test_what_was_booked_is_billed_whatever_the_catalogue_says_now(world: World, finished: ServiceRequest) -> None:
    world.cobbler.unit_price, world.cobbler.name, world.cobbler.vat_code = D("99.00"), "Autre nom", "reduced"
    world.cobbler.save()
    VatRate.objects.update(rate=D("10.00"))

    invoice = invoice_payer(world.client, until=soon(), by=world.actor())
    assert (invoice.total_vat, invoice.total_incl_vat) == (D("6.00"), D("36.00"))
    assert [row["description"] for row in invoice.snapshot["lines"]] == ["Repassage", "Pose de talons"]


def test_nothing_is_billed_twice(world: World, finished: ServiceRequest) -> None:
    invoice_payer(world.client, until=soon(), by=world.actor())

    with pytest.raises(NothingToInvoice):
        invoice_payer(world.client, until=soon(), by=world.actor())
    assert Series.objects.get().last_number == 1


def test_database_refuses_a_second_invoice_line_for_the_same_work(world: World, finished: ServiceRequest) -> None:
    invoice = invoice_payer(world.client, until=soon(), by=world.actor())
    line = invoice.lines.order_by("position")[0]
    line.pk, line.position = None, 99

    with pytest.raises(IntegrityError), transaction.atomic():
        line.save(force_insert=True)


def test_one_invoice_gathers_every_finished_request_of_a_payer(world: World, issuer: LegalEntity) -> None:
    for _n in range(3):
        finish(world, world.request())
    world.request()  # not finished

    invoice = invoice_payer(world.client, until=soon(), by=world.actor())

    assert invoice.lines.count() == 3
    assert invoice.snapshot["reference"] == ""


def test_work_checked_after_the_limit_waits(world: World, finished: ServiceRequest) -> None:
    with pytest.raises(NothingToInvoice):
        invoice_payer(world.client, until=timezone.now() - dt.timedelta(hours=1), by=world.actor())


def test_account_pays_for_its_people_and_client_for_the_rest(world: World, issuer: LegalEntity) -> None:
    account = make_account(world)
    finish(world, world.request(payer_account=account))
    finish(world, world.request())

    dues = dues_of(owing(world.organisation.pk, until=soon()))
    owed = {str(due.payer): (due.payer_kind, due.lines, due.total) for due in dues}
    assert owed == {
        "Moutarderie du Lac SAS": ("account", 1, D("18.00")),
        "Camille Roux": ("client", 1, D("18.00")),
    }
    company = invoice_payer(account, until=soon(), by=world.actor())
    person = invoice_payer(world.client, until=soon(), by=world.actor())

    assert (company.account, company.client, person.client) == (account, None, world.client)
    assert company.snapshot["shown"] == "net"
    assert [row["code"] for row in company.snapshot["mentions"]] == [
        "late_penalties",
        "recovery_costs",
        "early_payment_discount",
    ]
    assert company.total_incl_vat == person.total_incl_vat == D("18.00")
    assert [company.sequence, person.sequence] == [1, 2]


def test_company_without_siren_is_refused_and_takes_no_number(world: World, issuer: LegalEntity) -> None:
    account = make_account(world, siren="")
    finish(world, world.request(payer_account=account))

    with pytest.raises(InvoicingNotReady):
        invoice_payer(account, until=soon(), by=world.actor())
    assert not Invoice.objects.exists()
    assert not Series.objects.exists()


def test_organisation_without_issuer_is_told(world: World) -> None:
    finish(world, world.request())

    with pytest.raises(InvoicingNotReady) as refusal:
        invoice_payer(world.client, until=soon(), by=world.actor())
    assert refusal.value.status == 409


def test_missing_legal_text_stops_the_invoice(world: World, issuer: LegalEntity) -> None:
    account = make_account(world)
    finish(world, world.request(payer_account=account))
    LegalText.objects.filter(code="recovery_costs").update(valid_to=dt.date(2020, 1, 1))

    with pytest.raises(InvoicingNotReady):
        invoice_payer(account, until=soon(), by=world.actor())
    assert not Series.objects.exists()


def test_unfinished_request_is_refused(world: World, issuer: LegalEntity) -> None:
    request = world.request(world.ironing, world.cobbler)
    WorkOrder.objects.filter(request=request, service=world.ironing).update(
        status="verified", performer_kind="own_team", performer_id=1, verified_at=timezone.now()
    )

    with pytest.raises(WorkUnfinished) as refusal:
        invoice_request(request, by=world.actor())
    assert (refusal.value.code, refusal.value.status) == ("work_unfinished", 409)
    assert not Invoice.objects.exists()


def test_half_a_request_is_not_billed_and_what_failed_is_not_waited_for(world: World, issuer: LegalEntity) -> None:
    request = world.request(world.ironing, world.cobbler)
    now = timezone.now()
    WorkOrder.objects.filter(request=request, service=world.ironing).update(
        status="verified",
        performer_kind="own_team",
        performer_id=1,
        started_at=now,
        completed_at=now,
        verified_at=now,
    )
    with pytest.raises(NothingToInvoice):
        invoice_payer(world.client, until=soon(), by=world.actor())
    assert not owing(world.organisation.pk, until=soon()).exists()
    fail_work_order(WorkOrder.objects.get(service=world.cobbler), reason="nobody", by=world.actor())
    invoice = invoice_payer(world.client, until=soon(), by=world.actor())
    assert [row["description"] for row in invoice.snapshot["lines"]] == ["Repassage"]


def test_request_invoiced_now(world: World, finished: ServiceRequest) -> None:
    finish(world, world.request())

    invoice = invoice_request(finished, by=world.actor())

    assert invoice.snapshot["reference"] == finished.reference
    assert invoice.lines.count() == 2


def test_franchise_prints_its_sentence_and_no_vat(world: World, finished: ServiceRequest, issuer: LegalEntity) -> None:
    LegalEntity.objects.update(vat_regime=VatRegime.FRANCHISE)

    invoice = invoice_payer(world.client, until=soon(), by=world.actor())

    assert (invoice.total_vat, invoice.total_incl_vat) == (D("0.00"), D("36.00"))
    assert [row["code"] for row in invoice.snapshot["mentions"]] == ["vat_franchise"]


@pytest.mark.promise("R28")
def test_series_starts_again_each_year_and_dates_never_go_back(world: World, issuer: LegalEntity) -> None:
    made = []
    for moment in ["2026-12-31 22:30Z", "2026-12-31 23:30Z", "2027-03-10 10:00Z", "2027-03-09 10:00Z"]:
        with time_machine.travel(moment, tick=False):
            finish(world, world.request())
            made.append(invoice_payer(world.client, until=soon(), by=world.actor()))

    assert [(i.number, i.issued_on.isoformat()) for i in made] == [
        ("F2026-000001", "2026-12-31"),
        ("F2027-000001", "2027-01-01"),
        ("F2027-000002", "2027-03-10"),
        ("F2027-000003", "2027-03-10"),
    ]


def test_each_organisation_has_its_own_series(world: World, other_world: World, finished: ServiceRequest) -> None:
    from concierge import tenancy

    mine = invoice_payer(world.client, until=soon(), by=world.actor())
    with tenancy.working_for(other_world.organisation):
        make_issuer(other_world)
        finish(other_world, other_world.request())
        theirs = invoice_payer(other_world.client, until=soon(), by=other_world.actor())

    assert mine.number == theirs.number


# --- credit notes -----------------------------------------------------------------------------------------------------


def test_whole_credit_note(world: World, finished: ServiceRequest) -> None:
    invoice = invoice_payer(world.client, until=soon(), by=world.actor())

    note = credit_invoice(invoice, reason="Erreur de client", by=world.actor())

    invoice.refresh_from_db()
    assert note.number.startswith("A")
    assert (note.credits, note.total_incl_vat, note.sequence) == (invoice, D("36.00"), 1)
    assert note.snapshot["credits"]["number"] == invoice.number
    assert note.snapshot["reason"] == "Erreur de client"
    assert invoice.status == "credited"
    assert left_to_credit(invoice) == {}
    with pytest.raises(WrongState):
        credit_invoice(invoice, reason="Encore", by=world.actor())
    with pytest.raises(WrongState):
        credit_invoice(note, reason="Un avoir sur un avoir", by=world.actor())


@pytest.mark.promise("R30")
def test_credit_by_quantity_until_nothing_is_left(world: World, issuer: LegalEntity) -> None:
    request = world.request()
    request.lines.update(quantity=3, unit_price_incl_vat=D("6.00"))
    finish(world, request)
    invoice = invoice_payer(world.client, until=soon(), by=world.actor())
    line = invoice.lines.get()

    first = credit_invoice(invoice, reason="Une chemise", by=world.actor(), quantities={line.pk: D(1)})
    invoice.refresh_from_db()
    assert (first.total_incl_vat, invoice.status) == (D("6.00"), "partly_credited")
    with pytest.raises(Invalid):
        credit_invoice(invoice, reason="Trop", by=world.actor(), quantities={line.pk: D(3)})
    second = credit_invoice(invoice, reason="Le reste", by=world.actor())
    invoice.refresh_from_db()

    assert (second.total_incl_vat, invoice.status) == (D("12.00"), "credited")
    assert Invoice.objects.balance() == 0


@pytest.mark.parametrize("quantity", [D(-1), D(2), D("NaN")])
def test_impossible_credit_quantity(world: World, finished: ServiceRequest, quantity: Decimal) -> None:
    invoice = invoice_payer(world.client, until=soon(), by=world.actor())
    line = invoice.lines.order_by("pk")[0]

    with pytest.raises(Invalid):
        credit_invoice(invoice, reason="x", by=world.actor(), quantities={line.pk: quantity})


def test_credit_needs_a_reason_and_lines_of_this_invoice(world: World, finished: ServiceRequest) -> None:
    invoice = invoice_payer(world.client, until=soon(), by=world.actor())

    with pytest.raises(Invalid):
        credit_invoice(invoice, reason="  ", by=world.actor())
    with pytest.raises(Invalid):
        credit_invoice(invoice, reason="x", by=world.actor(), quantities={0: D(1)})
    with pytest.raises(Invalid):
        credit_invoice(invoice, reason="x", by=world.actor(), quantities={})


@pytest.mark.promise("R30")
def test_database_refuses_credits_above_the_invoice(world: World, finished: ServiceRequest) -> None:
    """Whatever the code does: a credit note inserted behind the action's back is refused."""
    invoice = invoice_payer(world.client, until=soon(), by=world.actor())
    note = credit_invoice(invoice, reason="Tout", by=world.actor())
    note.pk, note.public_id = None, uuid.uuid4()
    note.sequence, note.number = 2, "A2026-000002"

    with pytest.raises(IntegrityError, match="above the invoice"), transaction.atomic():
        note.save(force_insert=True)


CHANGES = [
    "UPDATE billing_invoice SET total_vat = 0, total_excl_vat = total_incl_vat",
    "UPDATE billing_invoice SET snapshot = '{}'",
    "UPDATE billing_invoice SET number = 'F1'",
    "UPDATE billing_invoice SET issued_on = '2020-01-01'",
    "UPDATE billing_invoiceline SET amount = 0",
    "UPDATE billing_storeddocument SET content = ''",
    "DELETE FROM billing_invoiceline",
    "DELETE FROM billing_storeddocument",
    "DELETE FROM billing_invoice",
    "TRUNCATE billing_invoice CASCADE",
    "TRUNCATE billing_invoiceline CASCADE",
    "TRUNCATE billing_storeddocument",
]


def sealed(world: World) -> Invoice:
    """An issued invoice with its PDF kept."""
    from billing.actions.documents import store_pdf

    invoice = invoice_payer(world.client, until=soon(), by=world.actor())
    store_pdf(invoice, b"%PDF", by=world.actor())
    return invoice


@pytest.mark.promise("R29", "S49")
@pytest.mark.parametrize("statement", CHANGES)
def test_application_has_no_right_to_change_a_sealed_row(
    world: World, finished: ServiceRequest, statement: str
) -> None:
    sealed(world)

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.promise("R29")
@pytest.mark.parametrize("statement", CHANGES)
def test_even_the_owner_is_refused_by_triggers(world: World, finished: ServiceRequest, statement: str) -> None:
    sealed(world)

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="an issued document is never changed"), transaction.atomic():
            cursor.execute(statement)
        cursor.execute("SET LOCAL ROLE concierge_app")


def test_runtime_role_may_note_the_life_of_a_document(world: World, finished: ServiceRequest) -> None:
    invoice = sealed(world)

    assert Invoice.objects.filter(pk=invoice.pk).update(sent_at=timezone.now()) == 1
    assert StoredDocument.objects.get().size == 4


def test_set_up_twice_or_with_a_false_siren_is_refused(world: World, issuer: LegalEntity) -> None:
    with pytest.raises(Conflict):
        make_issuer(world)
    from billing.actions.issuers import set_up_issuer

    with pytest.raises(Invalid):
        set_up_issuer(by=world.actor(), name="x", street="x", postcode="21000", city="Dijon", siren="123456789")


def test_lines_add_up_to_the_document(world: World, finished: ServiceRequest) -> None:
    """I7 of the auditor."""
    sealed(world)

    for invoice in Invoice.objects.order_by("pk"):
        lines = InvoiceLine.objects.filter(invoice=invoice)
        assert sum(line.net for line in lines) == invoice.total_excl_vat
        assert sum(line.amount for line in lines) == invoice.total_incl_vat


@pytest.mark.promise("R28")
def test_chosen_date_is_never_after_today_nor_before_the_series(world: World, issuer: LegalEntity) -> None:
    """For history brought in by actions: the series stays in the order of its dates."""
    today = dt.date(2026, 11, 23)
    made = []
    with time_machine.travel("2026-11-23 10:00Z"):
        for days in [-3, -2, -5, 400]:
            finish(world, world.request())
            day = today + dt.timedelta(days=days)
            made.append(invoice_payer(world.client, until=soon(), by=world.actor(), on=day).issued_on)

    assert made == [today + dt.timedelta(days=n) for n in (-3, -2, -2, 0)]
