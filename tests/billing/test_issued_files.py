"""The files of what is issued: valid through the product, offered on the page, refused before issue."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from typing import Any

import pikepdf
import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation

from billing import tasks
from billing.actions.content import FileRefused
from billing.actions.invoices import credit_invoice, invoice_payer
from billing.enums import VatRegime
from billing.models import Invoice, LegalEntity, Series, StoredDocument
from billing.rules.cii import invoice_xml
from bookings.models import ServiceRequest
from tests.billing.conftest import finish, make_account
from tests.billing.validators import refusals
from tests.world import World


@pytest.fixture(autouse=True)
def _english() -> Any:
    """Pages in English: the msgids."""
    with translation.override("en"):
        yield


@pytest.fixture
def visitor() -> Browser:
    """A visitor that asks for English."""
    return Browser(headers={"accept-language": "en"})


@pytest.fixture
def invoice(world: World, finished: ServiceRequest) -> Invoice:
    """An invoice of 36.00 with its PDF."""
    made = invoice_payer(world.client, until=soon(), by=world.actor())
    tasks.render_document(world.organisation.pk, made.pk)
    return made


def issued_before_files(made: Invoice, **buyer: str) -> None:
    """As an earlier version issued it, whatever it then said of the buyer."""
    old = {**made.snapshot, "layout": 1, "buyer": {**made.snapshot["buyer"], **buyer}}
    del old["einvoice"], old["buyer"]["email"]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE billing_invoice SET snapshot = %s WHERE id = %s", [json.dumps(old), made.pk])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        cursor.execute("SET LOCAL ROLE concierge_app")
    made.refresh_from_db()


def soon() -> dt.datetime:
    """After everything that was checked so far."""
    return timezone.now() + dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"siren": "552100555"}, "Le SIREN 552100555 de Moutarderie du Lac SAS n’existe pas"),
        ({"vat_number": "FR00552100554"}, "Le numéro de TVA FR00552100554 de Moutarderie du Lac SAS n’existe pas"),
        ({"city": ""}, "Il manque l’adresse de Moutarderie du Lac SAS"),
    ],
)
def test_what_platforms_would_refuse_is_not_issued_and_says_why(
    world: World, issuer: LegalEntity, change: dict[str, str], words: str
) -> None:
    account = make_account(world)
    type(account).objects.filter(pk=account.pk).update(**change)
    finish(world, world.request(payer_account=account))

    with translation.override("fr"), pytest.raises(FileRefused) as refusal:
        invoice_payer(account, until=soon(), by=world.actor())

    assert words in str(refusal.value.message)
    assert (refusal.value.code, refusal.value.status) == ("file_refused", 409)
    assert not Series.objects.exists()


@pytest.mark.parametrize("regime", VatRegime)
def test_what_is_issued_passes_the_official_validators(
    world: World, finished: ServiceRequest, issuer: LegalEntity, regime: VatRegime
) -> None:
    """Through the product: a consumer, a company, and a credit note of each."""
    LegalEntity.objects.update(vat_regime=regime)
    account = make_account(world)
    finish(world, world.request(payer_account=account))
    made = [invoice_payer(payer, until=soon(), by=world.actor()) for payer in (world.client, account)]
    made += [credit_invoice(one, reason="Repris & rendu", by=world.actor()) for one in made]

    assert {one.number: refusals(invoice_xml(one.snapshot)) for one in made} == {one.number: [] for one in made}


def test_an_exempt_association_says_so_to_machines(world: World, issuer: LegalEntity) -> None:
    request = world.request()
    request.lines.update(vat_rate=0)
    finish(world, request)

    invoice = invoice_payer(world.client, until=soon(), by=world.actor())

    assert [row["vatex"] for row in invoice.snapshot["vat"]] == ["VATEX-FR-CGI261-7"]
    assert refusals(invoice_xml(invoice.snapshot)) == []


def test_the_file_is_kept_as_it_is_inside_the_pdf(invoice: Invoice) -> None:
    kept = StoredDocument.objects.get()
    with pikepdf.open(io.BytesIO(bytes(kept.content))) as pdf:
        inside = pdf.attachments["factur-x.xml"].get_file().read_bytes()

    assert bytes(kept.xml) == inside
    assert kept.xml_sha256 == hashlib.sha256(inside).hexdigest()
    assert refusals(inside) == []


def test_the_accountant_saves_the_file_from_the_page(visitor: Browser, world: World, invoice: Invoice) -> None:
    visitor.force_login(world.users["accountant"])

    address = reverse("billing:xml", args=[invoice.public_id])
    assert f'href="{address}"' in visitor.get(reverse("billing:invoice", args=[invoice.public_id])).text
    answer = visitor.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
    assert answer["Content-Disposition"] == f'attachment; filename="{invoice.number}.xml"'
    assert refusals(answer.content) == []


def test_a_document_of_before_the_files_offers_none(visitor: Browser, world: World, finished: ServiceRequest) -> None:
    made = invoice_payer(world.client, until=soon(), by=world.actor())
    issued_before_files(made)
    tasks.render_document(world.organisation.pk, made.pk)
    visitor.force_login(world.users["accountant"])

    assert (
        reverse("billing:xml", args=[made.public_id])
        not in visitor.get(reverse("billing:invoice", args=[made.public_id])).text
    )
    assert visitor.get(reverse("billing:xml", args=[made.public_id])).status_code == 404
    assert visitor.get(reverse("billing:pdf", args=[made.public_id])).status_code == 200


def test_what_would_be_refused_is_told_where_one_invoices(visitor: Browser, world: World, issuer: LegalEntity) -> None:
    account = make_account(world, siren="552100555")
    finish(world, world.request(payer_account=account))
    visitor.force_login(world.users["accountant"])

    answer = visitor.post(
        reverse("billing:invoice-now"), {"payer_kind": "account", "payer": account.public_id}, follow=True
    )
    assert "The SIREN 552100555 of Moutarderie du Lac SAS does not exist" in answer.text
    assert not Invoice.objects.exists()


def test_what_blocks_a_payer_is_read_before_anybody_invoices(
    visitor: Browser, world: World, issuer: LegalEntity
) -> None:
    account = make_account(world, siren="")
    finish(world, world.request(payer_account=account))
    finish(world, world.request())
    visitor.force_login(world.users["accountant"])

    page = visitor.get(reverse("billing:to-invoice"))
    told = {str(due.payer): bool(refusal) for due, refusal in page.context["dues"]}
    assert told == {"Camille Roux": False, "Moutarderie du Lac SAS": True}
    assert "The SIREN of Moutarderie du Lac SAS is missing" in page.text
    assert "cannot be sent" not in page.text  # it follows from the SIREN, and is not said besides
    assert page.text.count(f'name="payer" value="{account.public_id}"') == 0
    assert page.text.count(f'name="payer" value="{world.client.public_id}"') == 1
    assert "Nothing can be invoiced yet." not in page.text


def test_what_blocks_the_issuer_is_read_there_too(visitor: Browser, world: World, finished: ServiceRequest) -> None:
    LegalEntity.objects.update(vat_number="FR00732829320")
    visitor.force_login(world.users["accountant"])

    page = visitor.get(reverse("billing:to-invoice"))
    assert "Nothing can be invoiced yet." in page.text
    assert "The VAT number FR00732829320 of the issuer does not exist" in page.text
    LegalEntity.objects.update(vat_regime=VatRegime.FRANCHISE)  # then documents bear none
    assert "Nothing can be invoiced yet." not in visitor.get(reverse("billing:to-invoice")).text


def test_what_was_issued_before_the_files_can_be_credited(world: World, issuer: LegalEntity) -> None:
    account = make_account(world)
    finish(world, world.request(payer_account=account))
    finish(world, world.request())
    company, person = (invoice_payer(payer, until=soon(), by=world.actor()) for payer in (account, world.client))
    issued_before_files(company, siren="552100555", vat_number="FR1")
    issued_before_files(person)

    for old in (company, person):
        note = credit_invoice(old, reason="Erreur", by=world.actor())
        assert refusals(invoice_xml(note.snapshot)) == []
        assert note.snapshot["buyer"]["name"] == old.snapshot["buyer"]["name"]
