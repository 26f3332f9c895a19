"""Pages and endpoints of invoices: who sees what, and what they can do there."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation
from pypdf import PdfReader

from billing import tasks
from billing.actions.invoices import credit_invoice, invoice_payer
from billing.models import Invoice, LegalEntity, StoredDocument
from bookings.models import ServiceRequest
from concierge import tenancy
from concierge.models import Event, Membership, Site, User
from tests.billing.conftest import finish, make_account, make_client, make_issuer
from tests.world import World, add_second_factor

UNDEFINED = b"UNDEFINED-TEMPLATE-VARIABLE"


@pytest.fixture(autouse=True)
def _english() -> Any:
    """Pages in English: the msgids."""
    with translation.override("en"):
        yield


@pytest.fixture
def visitor() -> Browser:
    """A visitor that asks for English."""
    return Browser(headers={"accept-language": "en"})


def as_(visitor: Browser, world: World, role: str) -> Browser:
    """The same visitor, signed in."""
    visitor.force_login(world.users[role])
    return visitor


def as_client(visitor: Browser, world: World) -> Browser:
    """Signed in as ``world.client``."""
    user = User.objects.create_user("camille@example.org", "un-mot-de-passe-long")
    world.client.user = user
    world.client.save(update_fields=["user"])
    visitor.force_login(user)
    return visitor


@pytest.fixture
def invoice(world: World, finished: ServiceRequest) -> Invoice:
    """An invoice of 36.00 with its PDF."""
    made = invoice_payer(world.client, until=timezone.now() + dt.timedelta(seconds=1), by=world.actor())
    tasks.render_document(world.organisation.pk, made.pk)
    made.refresh_from_db()
    return made


def page(name: str, *args: Any) -> str:
    """Address of a page of billing."""
    return reverse(f"billing:{name}", args=args)


def test_list_shows_totals_and_finds_by_name(visitor: Browser, world: World, invoice: Invoice) -> None:
    as_(visitor, world, "accountant")
    credit_invoice(invoice, reason="Un", quantities={invoice.lines.order_by("pk")[0].pk: Decimal(1)}, by=world.actor())

    answer = visitor.get(page("invoices"))
    assert answer.status_code == 200
    assert UNDEFINED not in answer.content
    assert answer.context["balance"] == Decimal("18.00")
    assert [i.kind for i in answer.context["page"]] == ["credit_note", "invoice"]

    found = visitor.get(page("invoices"), {"q": "roux", "kind": "invoice"})
    assert [i.number for i in found.context["page"]] == [invoice.number]
    assert UNDEFINED not in found.content
    nothing = visitor.get(page("invoices"), {"q": "personne"})
    assert "No invoice matches" in nothing.text
    absurd = visitor.get(page("invoices"), {"since": "hier", "page": "99999999"})
    assert (absurd.status_code, len(absurd.context["page"])) == (200, 2)


def test_empty_list_says_what_comes(visitor: Browser, world: World) -> None:
    assert "No invoice yet" in as_(visitor, world, "accountant").get(page("invoices")).text
    assert "once your request is finished" in as_client(visitor, world).get(page("invoices")).text


@pytest.mark.promise("S30")
def test_list_asks_the_same_number_of_queries_for_one_and_three(
    visitor: Browser, world: World, invoice: Invoice, django_assert_max_num_queries: Any
) -> None:
    as_(visitor, world, "accountant")
    counts = []
    for _more in range(2):
        with django_assert_max_num_queries(60) as captured:
            visitor.get(page("invoices"))
        counts.append(len(captured))
        for n in range(2):
            client = make_client(world, f"C{n}{len(counts)}")
            request = world.request()
            ServiceRequest.objects.filter(pk=request.pk).update(client=client)
            finish(world, request)
            invoice_payer(client, until=timezone.now() + dt.timedelta(seconds=1), by=world.actor())

    assert counts[0] == counts[1]


def test_document_page_and_download(visitor: Browser, world: World, invoice: Invoice) -> None:
    as_(visitor, world, "accountant")

    answer = visitor.get(page("invoice", invoice.public_id))
    assert UNDEFINED not in answer.content
    assert invoice.number in answer.text
    assert "36.00" in answer.text
    assert [item["title"] for item in answer.context["history"]] == ["Issued", "PDF prepared"]

    pdf = visitor.get(page("pdf", invoice.public_id))
    assert (pdf.status_code, pdf["Content-Type"]) == (200, "application/pdf")
    assert {"private", "no-store"} <= set(pdf["Cache-Control"].split(", "))
    assert pdf["Content-Disposition"] == f'inline; filename="{invoice.number}.pdf"'
    assert invoice.number in PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()


def test_pdf_that_is_not_ready_is_said(visitor: Browser, world: World, finished: ServiceRequest) -> None:
    made = invoice_payer(world.client, until=timezone.now() + dt.timedelta(seconds=1), by=world.actor())
    as_(visitor, world, "accountant")

    assert "being prepared" in visitor.get(page("invoice", made.public_id)).text
    answer = visitor.get(page("pdf", made.public_id))
    assert answer.status_code == 409
    assert "still being prepared" in answer.text


@pytest.mark.promise("S01", "S05")
def test_client_sees_only_their_own(visitor: Browser, world: World, invoice: Invoice) -> None:
    other = make_client(world)
    request = world.request()
    ServiceRequest.objects.filter(pk=request.pk).update(client=other)
    finish(world, request)
    foreign = invoice_payer(other, until=timezone.now() + dt.timedelta(seconds=1), by=world.actor())
    tasks.render_document(world.organisation.pk, foreign.pk)
    as_client(visitor, world)

    answer = visitor.get(page("invoices"))
    assert [i.number for i in answer.context["page"]] == [invoice.number]
    assert UNDEFINED not in answer.content
    assert visitor.get(page("invoice", invoice.public_id)).status_code == 200
    assert visitor.get(page("pdf", invoice.public_id)).status_code == 200
    for name in ("invoice", "pdf", "xml", "credit"):
        assert visitor.get(page(name, foreign.public_id)).status_code == 404
    assert visitor.get(page("credit", invoice.public_id)).status_code == 404
    assert visitor.get(page("to-invoice")).status_code == 404


@pytest.mark.promise("S05")
def test_lost_role_ends_the_download(visitor: Browser, world: World, invoice: Invoice) -> None:
    as_(visitor, world, "accountant")
    assert visitor.get(page("pdf", invoice.public_id)).status_code == 200

    Membership.objects.filter(user=world.users["accountant"]).delete()

    assert visitor.get(page("pdf", invoice.public_id)).status_code == 404


@pytest.mark.parametrize("role", ["concierge", "dispatcher", "supervisor", "social_adviser", "trainee", "provider"])
def test_other_roles_see_no_invoice(visitor: Browser, world: World, invoice: Invoice, role: str) -> None:
    as_(visitor, world, role)

    assert not visitor.get(page("invoices")).context["page"].object_list
    assert visitor.get(page("pdf", invoice.public_id)).status_code == 404
    assert visitor.post(page("invoice-all-now")).status_code == 404


def test_visitor_must_sign_in(visitor: Browser, world: World, invoice: Invoice) -> None:
    assert visitor.get(page("pdf", invoice.public_id)).status_code == 302


@pytest.mark.promise("S01")
def test_accountant_of_one_site_sees_its_invoices_only_and_issues_none(
    visitor: Browser, world: World, invoice: Invoice
) -> None:
    elsewhere = Site.objects.get(pk=world.site.pk)
    elsewhere.pk, elsewhere.slug, elsewhere.public_id = None, "ailleurs", uuid.uuid4()
    elsewhere.save(force_insert=True)
    user = User.objects.create_user("ailleurs@example.org", "un-mot-de-passe-long")
    Membership.objects.create(organisation=world.organisation, user=user, role="accountant", site=elsewhere)
    add_second_factor(user)
    visitor.force_login(user)

    assert not visitor.get(page("invoices")).context["page"].object_list
    assert visitor.get(page("invoice", invoice.public_id)).status_code == 404
    assert visitor.get(page("to-invoice")).status_code == 403


@pytest.mark.promise("S01")
def test_other_organisation_sees_nothing(visitor: Browser, world: World, other_world: World, invoice: Invoice) -> None:
    visitor.force_login(other_world.users["accountant"])

    answer = visitor.get(page("pdf", invoice.public_id), headers={"host": other_world.host})
    assert answer.status_code == 404
    answer = visitor.get(page("pdf", invoice.public_id))
    assert answer.status_code == 404


def test_to_invoice_lists_payers_and_invoices_one(visitor: Browser, world: World, finished: ServiceRequest) -> None:
    account = make_account(world)
    finish(world, world.request(payer_account=account))
    as_(visitor, world, "accountant")

    answer = visitor.get(page("to-invoice"))
    assert UNDEFINED not in answer.content
    assert [str(due.payer) for due, _refusal in answer.context["dues"]] == ["Camille Roux", "Moutarderie du Lac SAS"]

    made = visitor.post(page("invoice-now"), {"payer_kind": "account", "payer": str(account.public_id)})
    only = Invoice.objects.get()
    assert made.headers["Location"] == page("invoice", only.public_id)
    assert only.account == account
    again = visitor.post(page("invoice-now"), {"payer_kind": "account", "payer": str(account.public_id)}, follow=True)
    assert "There is nothing to invoice" in again.text


def owe(world: World, *names: str) -> None:
    """Checked work of these clients, on no invoice."""
    for name in names:
        request = world.request()
        ServiceRequest.objects.filter(pk=request.pk).update(client=make_client(world, name))
        finish(world, request)


def test_to_invoice_has_pages_and_a_search(
    visitor: Browser, world: World, finished: ServiceRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.views.invoices.PER_PAGE", 2)
    owe(world, "Dominique", "Claude", "Sacha")
    finish(world, world.request(payer_account=make_account(world)))
    as_(visitor, world, "accountant")

    def payers(**query: str) -> list[str]:
        answer = visitor.get(page("to-invoice"), query)
        assert UNDEFINED not in answer.content
        return [str(due.payer) for due, _refusal in answer.context["dues"]]

    pages = [payers(page=str(number)) for number in (1, 2, 3)]
    assert [len(names) for names in pages] == [2, 2, 1]
    assert len({*pages[0], *pages[1], *pages[2]}) == 5
    assert payers(q="claude") == ["Claude Lopez"]
    assert payers(q="lopez sacha") == ["Sacha Lopez"]
    assert payers(q="sacha@example.org") == ["Sacha Lopez"]
    assert payers(q="moutarderie") == ["Moutarderie du Lac SAS"]
    assert payers(q="personne") == []
    total = visitor.get(page("to-invoice"), {"q": "lopez"}).context["total"]
    assert (total, visitor.get(page("to-invoice")).context["total"]) == (Decimal(54), Decimal(108))


def test_to_invoice_costs_the_same_for_one_and_three(
    visitor: Browser, world: World, issuer: LegalEntity, django_assert_max_num_queries: Any
) -> None:
    as_(visitor, world, "accountant")
    spent = []
    for names in (["Dominique"], ["Claude", "Sacha"]):
        owe(world, *names)
        visitor.get(page("to-invoice"))
        with django_assert_max_num_queries(40) as captured:
            visitor.get(page("to-invoice"))
        spent.append(len(captured))
    assert spent[0] == spent[1]


def test_invoice_everyone_stops_at_a_number_and_shows_the_rest(
    visitor: Browser, world: World, finished: ServiceRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.views.invoices.AT_ONCE", 2)
    owe(world, "Dominique", "Claude")
    as_(visitor, world, "accountant")

    assert visitor.post(page("invoice-all-now")).headers["Location"] == page("to-invoice")
    assert Invoice.objects.count() == 2
    assert visitor.post(page("invoice-all-now")).headers["Location"] == page("invoices")
    assert Invoice.objects.count() == 3


def test_invoice_everyone_names_those_who_cannot_be(visitor: Browser, world: World, finished: ServiceRequest) -> None:
    account = make_account(world, siren="")
    finish(world, world.request(payer_account=account))
    as_(visitor, world, "accountant")

    answer = visitor.post(page("invoice-all-now"), follow=True)

    assert "1 invoice is issued." in answer.text
    assert "The SIREN of Moutarderie du Lac SAS is missing" in answer.text
    assert Invoice.objects.count() == 1


@pytest.mark.parametrize(
    "data", [{}, {"payer_kind": "x", "payer": "y"}, {"payer_kind": "client", "payer": str(uuid.uuid4())}]
)
def test_unknown_payer_is_not_found(visitor: Browser, world: World, data: dict[str, str]) -> None:
    assert as_(visitor, world, "accountant").post(page("invoice-now"), data).status_code == 404


def test_credit_from_the_page(visitor: Browser, world: World, invoice: Invoice) -> None:
    as_(visitor, world, "accountant")
    form = visitor.get(page("credit", invoice.public_id))
    assert UNDEFINED not in form.content
    assert 'name="line_1"' in form.text

    for bad in [{"reason": ""}, {"reason": "x", "line_1": "2"}, {"reason": "x", "line_1": "-1"}, {"reason": "x"}]:
        refused = visitor.post(page("credit", invoice.public_id), bad)
        assert refused.status_code == 422
        assert UNDEFINED not in refused.content
    assert Invoice.objects.filter(kind="credit_note").count() == 0

    done = visitor.post(page("credit", invoice.public_id), {"reason": "Chemise abîmée", "line_1": "1"}, follow=True)
    note = Invoice.objects.get(kind="credit_note")
    assert note.total_incl_vat == Decimal("18.00")
    assert f"Credit note {note.number} is issued." in done.text
    assert "Chemise abîmée" in done.text
    assert UNDEFINED not in done.content


def test_fragment_of_a_request_offers_the_invoice(visitor: Browser, world: World, finished: ServiceRequest) -> None:
    as_(visitor, world, "site_manager")

    answer = visitor.get(page("of-request", finished.public_id))
    assert UNDEFINED not in answer.content
    assert "Invoice now" in answer.text
    visitor.post(page("invoice-request-now", finished.public_id))
    answer = visitor.get(page("of-request", finished.public_id))
    assert Invoice.objects.get().number in answer.text
    assert "Invoice now" not in answer.text


def test_unfinished_request_cannot_be_invoiced_from_the_page(visitor: Browser, world: World) -> None:
    make_issuer(world)
    request = world.request()
    as_(visitor, world, "accountant")

    answer = visitor.post(page("invoice-request-now", request.public_id))
    assert answer.status_code == 409
    assert "This request is not finished" in answer.text


# --- API --------------------------------------------------------------------------------------------------------------


def api(world: World, path: str, *scopes: str, provider_id: int | None = None, **headers: str) -> Any:
    """One call with a fresh key."""
    key = world.api_key(*scopes, provider_id=provider_id)
    return Browser(headers={"authorization": f"Bearer {key}", **headers}).get(path)


def test_api_lists_and_reads(world: World, invoice: Invoice) -> None:
    listed = api(world, "/api/v1/invoices?kind=invoice", "invoices:read")
    assert listed.status_code == 200
    [row] = listed.json()["results"]
    assert (row["id"], row["number"], row["total_incl_vat"]) == (str(invoice.public_id), invoice.number, "36.00")

    read = api(world, f"/api/v1/invoices/{invoice.public_id}", "invoices:read").json()
    assert [line["description"] for line in read["lines"]] == ["Repassage", "Pose de talons"]
    assert read["vat"] == [{"category": "S", "rate": "20", "basis": "30.00", "amount": "6.00"}]
    assert (read["reference"], read["prices"], read["credits"]) == (invoice.snapshot["reference"], "gross", None)


def test_api_downloads_the_pdf(world: World, invoice: Invoice) -> None:
    for accept in ["application/pdf", "*/*"]:
        answer = api(world, f"/api/v1/invoices/{invoice.public_id}/pdf", "invoices:read", accept=accept)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF")


def test_api_downloads_the_file(world: World, invoice: Invoice) -> None:
    for accept in ["application/xml", "*/*"]:
        answer = api(world, f"/api/v1/invoices/{invoice.public_id}/xml", "invoices:read", accept=accept)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
        assert answer.content == bytes(StoredDocument.objects.get().xml)


def test_api_says_when_the_pdf_is_not_ready(world: World, finished: ServiceRequest) -> None:
    made = invoice_payer(world.client, until=timezone.now() + dt.timedelta(seconds=1), by=world.actor())

    answer = api(world, f"/api/v1/invoices/{made.public_id}/pdf", "invoices:read", accept="application/pdf")
    assert answer.status_code == 409
    assert (answer["Content-Type"], answer.json()["code"]) == ("application/problem+json", "document_not_ready")


@pytest.mark.promise("S01")
def test_api_keys_of_others_find_nothing(world: World, other_world: World, invoice: Invoice) -> None:
    for owner, provider_id in ((other_world, None), (world, 7)):
        with tenancy.working_for(owner.organisation):
            assert api(owner, "/api/v1/invoices", "invoices:read", provider_id=provider_id).json()["results"] == []
            for tail in ("", "/pdf", "/xml"):
                answer = api(
                    owner, f"/api/v1/invoices/{invoice.public_id}{tail}", "invoices:read", provider_id=provider_id
                )
                assert answer.status_code == 404
    assert api(world, "/api/v1/invoices", "offers:read").status_code == 403
    assert Browser().get("/api/v1/invoices").status_code == 401


# --- issuer -----------------------------------------------------------------------------------------------------------

ISSUER = {
    "name": "Sens Pratique",
    "street": "14 rue de la Liberté",
    "postcode": "21000",
    "city": "Dijon",
    "siren": "732 829 320",
    "vat_regime": "liable",
    "payment_days": "30",
}


def test_issuer_is_filled_in_then_changed(visitor: Browser, world: World) -> None:
    as_(visitor, world, "accountant")
    assert "The issuer is missing." in visitor.get(page("to-invoice")).text
    form = visitor.get(page("issuer"))
    assert UNDEFINED not in form.content

    assert visitor.post(page("issuer"), ISSUER).status_code == 302
    entity = LegalEntity.objects.get()
    assert (entity.siren, entity.organisation) == ("732829320", world.organisation)
    visitor.post(page("issuer"), {**ISSUER, "name": "Autre nom"})
    entity.refresh_from_db()
    assert entity.name == "Autre nom"
    assert Event.objects.filter(name__startswith="issuer.").count() == 2


@pytest.mark.parametrize(
    "bad",
    [
        {"siren": "123456789"},
        {"siren": ""},
        {"siret": "55210055400013"},
        {"vat_number": "FR00000000000"},
        {"iban": "FR7630006000011234567890188"},
        {"payment_days": "61"},
        {"name": ""},
    ],
)
def test_issuer_with_impossible_numbers_is_refused(visitor: Browser, world: World, bad: dict[str, str]) -> None:
    answer = as_(visitor, world, "accountant").post(page("issuer"), {**ISSUER, **bad})

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(bad)
    assert UNDEFINED not in answer.content
    assert not LegalEntity.objects.exists()
