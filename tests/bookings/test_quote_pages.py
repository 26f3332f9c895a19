"""Asking, writing and answering by the pages, as a browser without JavaScript does it."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from bookings.actions.quote_answers import accept_quote
from bookings.actions.quotes import draft_quote, save_quote, send_quote, withdraw_quote
from bookings.models import Quote, QuoteDocument, ServiceRequest
from bookings.tasks import render_pending_quotes, render_quote
from concierge import documents
from concierge.models import Event
from tests.bookings.conftest import at
from tests.bookings.quoting import asked, sent, service_of, two_options, yes
from tests.bookings.test_booking_pages import HOME, Path, shown
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
ADDRESS = {"street": "3 rue Verte", "postcode": "21000", "city": "Dijon"}


@pytest.fixture
def path(world: World, client: Browser) -> Path:
    return Path(world, client)


@pytest.fixture
def desk(world: World, client: Browser) -> Browser:
    client.force_login(world.users["concierge"])
    return client


def link(quote: Quote, verb: str = "") -> str:
    return f"/suivi/{quote.request.tracking_token}/devis/{verb}"


def what(page: str) -> str:
    found = re.search(r'name="(what-[0-9a-f]+)"', page)
    assert found
    return found.group(1)


# --- asking ----------------------------------------


def test_the_path_of_somebody_who_asks_for_a_quote(world: World, path: Path) -> None:
    repair = service_of(world)
    assert "sur devis" in shown(path.get())
    assert path.services(repair).headers["Location"] == f"{HOME}besoin/"
    page = shown(path.get("besoin/"))
    name = what(page)
    assert path.post("besoin/", **{name: " "}).status_code == 422
    days = {name.replace("what", "from"): "2026-12-01", name.replace("what", "until"): "2026-12-09"}
    kept = shown(
        path.post("besoin/", **{name: "Deux étagères", **days, name.replace("what", "until"): "2026-11-01"}), 422
    )
    assert "Deux étagères" in kept
    assert path.post("besoin/", **{name: "Deux étagères", **days}).headers["Location"] == f"{HOME}coordonnees/"
    assert path.contact().status_code == 422
    assert path.contact(**ADDRESS).headers["Location"] == f"{HOME}code/"
    assert path.code().headers["Location"] == f"{HOME}demander/"
    page = shown(path.get("demander/"))
    assert "Deux étagères" in page
    key = re.search(r'name="hold" value="([^"]+)"', page)
    assert key
    answer = path.post("demander/", hold=key.group(1))
    again = path.post("demander/", hold=key.group(1))
    request = ServiceRequest.objects.get()
    assert answer.headers["Location"] == again.headers["Location"] == f"/suivi/{request.tracking_token}/confirmation/"
    assert (request.status, request.street, request.wishes.get().wanted_until) == (
        "submitted",
        "3 rue Verte",
        dt.date(2026, 12, 9),
    )
    assert request.reference in shown(path.browser.get(answer.headers["Location"]))
    assert "Deux étagères" in shown(path.browser.get(f"/suivi/{request.tracking_token}/"))


@pytest.mark.parametrize("step", ["details/", "creneau/", "verification/", "coordonnees/", "demander/"])
def test_pages_of_the_other_path_lead_back(world: World, path: Path, step: str) -> None:
    path.services(service_of(world))
    for answer in (path.get(step), path.post(step)):
        assert (answer.status_code, answer.headers["Location"]) == (302, f"{HOME}besoin/")


def test_pages_of_quotes_lead_back_for_priced_services(path: Path) -> None:
    path.services()
    for step in ("besoin/", "demander/"):
        assert path.get(step).headers["Location"] == f"{HOME}details/"


def test_a_mixed_order_is_refused_at_the_field(world: World, path: Path) -> None:
    page = shown(path.services(service_of(world), world.cobbler), 422)
    assert "deux demandes" in page


def test_another_key_is_refused(world: World, path: Path) -> None:
    path.services(service_of(world))
    path.post("besoin/", **{what(shown(path.get("besoin/"))): "Une porte"})
    path.contact(**ADDRESS)
    path.code()
    assert path.post("demander/", hold="6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11").status_code == 422
    assert path.post("demander/", hold="nonsense").status_code == 422
    assert ServiceRequest.objects.count() == 0


# --- writing ----------------------------------------


def typed(page: str, **changes: str) -> dict[str, str]:
    """Every field of the editor as a browser would send it."""
    form = page[page.index('name="edits"') :]
    data = dict(re.findall(r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', form))
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        data[name] = chosen.group(1) if chosen else ""
    edits = re.search(r'name="edits" value="(\d+)"', page)
    assert edits
    return {**data, "edits": edits.group(1), **changes}


LINE = {
    "o0-l0-description": "Pose de deux étagères",
    "o0-l0-quantity": "2,5",
    "o0-l0-unit": "h",
    "o0-l0-unit_price": "40",
}


def test_a_quote_is_written_looked_at_and_sent(world: World, desk: Browser) -> None:
    request = asked(world)
    page = shown(desk.get(f"/demandes/{request.public_id}/"))
    assert "Deux étagères à poser" in page
    assert f"/demandes/{request.public_id}/devis/" in page
    editor = desk.post(f"/demandes/{request.public_id}/devis/").headers["Location"]
    page = shown(desk.get(editor))
    data = typed(page, **LINE)
    page = shown(desk.post(editor, {**data, "do": "add-line:0"}))
    assert 'value="Pose de deux étagères"' in page
    data = typed(page, **{"o0-l1-description": "Déplacement", "o0-l1-unit_price": "15", "o0-l1-kind": "travel"})
    page = shown(desk.post(editor, {**data, "do": "copy-option:0"}))
    data = typed(page, **{"o0-title": "Pose seule", "o1-title": "Pose et bois", "o1-l0-unit_price": "80"})
    page = shown(desk.post(editor, {**data, "do": "up:1:1"}))
    assert re.findall(r'name="o1-l\d-description" value="([^"]+)"', page) == ["Déplacement", "Pose de deux étagères"]
    assert Quote.objects.get().options.count() == 0
    answer = desk.post(editor, {**typed(page), "do": "preview"})
    quote = Quote.objects.get()
    assert answer.headers["Location"] == f"/devis/{quote.public_id}/"
    preview = shown(desk.get(f"/devis/{quote.public_id}/"))
    assert "115,00" in preview
    assert "215,00" in preview
    quote.refresh_from_db()
    sent_page = shown(desk.post(f"/devis/{quote.public_id}/envoyer/", {"edits": quote.edits}, follow=True))
    quote.refresh_from_db()
    assert (quote.status, quote.totals, quote.number in sent_page) == ("sent", ["115.00", "215.00"], True)
    assert "D2026-000001" in shown(desk.get("/devis/"))


@pytest.mark.promise("S08")
def test_nonsense_in_the_editor_is_kept_and_named(world: World, desk: Browser) -> None:
    quote = draft_quote(asked(world), by=world.actor())
    editor = f"/devis/{quote.public_id}/modifier/"
    data = typed(shown(desk.get(editor)), **LINE)
    for name, nonsense in (
        ("o0-l0-quantity", "-1"),
        ("o0-l0-quantity", "NaN"),
        ("o0-l0-unit_price", "1e308"),
        ("o0-l0-unit_price", "0,001"),
        ("o0-l0-vat_code", "gratuit"),
        ("o0-l0-kind", "gift"),
        ("head-valid_until", "hier"),
        ("head-fee", "-5"),
        ("head-starts_on", "2026-12-01"),
    ):
        page = shown(desk.post(editor, {**data, name: nonsense, "do": "save"}), 422)
        assert "Pose de deux étagères" in page
    for press in ("drop-line:9:9", "up:0:0", "explode", "add-line:-1", "add-line:99999", "drop-option:0", "down:0:0"):
        assert 'value="Pose de deux étagères"' in shown(desk.post(editor, {**data, "do": press}))
    assert shown(desk.post(editor, {"do": "save"}), 422)
    assert Quote.objects.get().options.count() == 0


@pytest.mark.promise("R44")
def test_the_second_of_two_editors_loses_nothing(world: World, desk: Browser) -> None:
    quote = draft_quote(asked(world), by=world.actor())
    editor = f"/devis/{quote.public_id}/modifier/"
    mine = typed(shown(desk.get(editor)), **LINE, **{"head-intro": "la mienne"})
    save_quote(quote, two_options(intro="la leur"), by=world.actor())
    page = shown(desk.post(editor, {**mine, "do": "save"}), 409)
    assert 'value="Pose de deux étagères"' in page
    assert Quote.objects.get().intro == "la leur"
    assert desk.post(editor, {**typed(page), "head-intro": "la mienne", "do": "save"}).status_code == 302
    assert Quote.objects.get().intro == "la mienne"


def test_what_was_sent_has_no_editor(world: World, desk: Browser) -> None:
    quote = sent(world)
    answer = desk.get(f"/devis/{quote.public_id}/modifier/")
    assert answer.headers["Location"] == f"/devis/{quote.public_id}/"
    assert "jamais" in shown(desk.post(f"/devis/{quote.public_id}/jeter/"), 409)
    assert desk.post(f"/devis/{quote.public_id}/nonsense/").status_code == 404
    shown(desk.post(f"/devis/{quote.public_id}/retirer/", {"reason": "erreur"}, follow=True))
    assert Quote.objects.get().status == "withdrawn"


def test_a_draft_that_is_not_ready_says_why(world: World, desk: Browser) -> None:
    quote = draft_quote(asked(world), by=world.actor())
    page = shown(desk.post(f"/devis/{quote.public_id}/envoyer/", {"edits": quote.edits}), 422)
    assert "ligne" in page
    shown(desk.post(f"/devis/{quote.public_id}/jeter/", follow=True))
    assert Quote.objects.count() == 0


def test_the_appointment_is_set_afterwards(world: World, desk: Browser) -> None:
    quote = sent(world)
    accept_quote(quote, yes(quote), by=world.actor())
    address = f"/demandes/{quote.request.public_id}/rendez-vous/"
    assert address in shown(desk.get(f"/demandes/{quote.request.public_id}/"))
    shown(desk.get(address))
    assert desk.post(address, {"on": "2026-11-01", "time": "09:00"}).status_code == 400
    assert desk.post(address, {"on": "demain", "time": "tôt"}).status_code == 422
    assert desk.post(address, {"on": "2026-11-27", "time": "14:00"}).status_code == 302
    assert quote.request.work_orders.get().promised_start == at(27, 14)


@pytest.mark.parametrize("count", [1, 3])
def test_lists_read_flat(world: World, desk: Browser, count: int) -> None:
    for number in range(count):
        sent(world, asked(world, email=f"c{number}@example.fr"))
    desk.get("/devis/")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        shown(desk.get("/devis/"))
    assert len(queries) == 17


def test_the_list_is_empty_then_filtered(world: World, desk: Browser) -> None:
    assert "Aucun devis" in shown(desk.get("/devis/"))
    first = sent(world)
    second = sent(world, asked(world, email="b@example.fr", last_name="Petit"))
    withdraw_quote(second, by=world.actor())

    def found(**query: str) -> set[str]:
        page = shown(desk.get("/devis/", query))
        return {quote.number for quote in (first, second) if quote.number in page}

    both = {first.number, second.number}
    assert found() == found(state="nonsense") == found(page="99") == both
    assert found(state="sent") == {first.number}
    assert found(q="petit") == {second.number}
    assert found(q=first.number.lower()) == {first.number}
    assert found(q=second.request.reference) == {second.number}
    assert found(q="x' OR 1=1 --%_") == set()
    assert found(site=str(world.site.public_id)) == both


# --- answering ----------------------------------------


@pytest.mark.promise("S16", "DR10")
def test_looking_changes_nothing_and_accepting_takes_a_name(world: World, client: Browser) -> None:
    quote = sent(world)
    before = Event.objects.count()
    for _look in range(3):
        page = shown(client.get(link(quote)))
    assert client.head(link(quote)).status_code == 200
    assert client.get(link(quote, "accepter/")).status_code == 405
    assert Event.objects.count() == before
    assert quote.seal in page
    option = str(quote.options.order_by("position")[1].public_id)
    data = {"seal": quote.seal, "option": option}
    for careless in (
        {},
        data,
        {**data, "name": " "},
        {**data, "name": "x" * 400},
        {**data, "name": "I", "option": "?"},
    ):
        assert client.post(link(quote, "accepter/"), careless).status_code in {400, 422}
    answer = client.post(link(quote, "accepter/"), {**data, "name": "Inès Garnier"}, REMOTE_ADDR="203.0.113.9")
    again = client.post(link(quote, "accepter/"), {**data, "name": "Inès Garnier"})
    assert (answer.status_code, again.status_code) == (302, 302)
    quote.refresh_from_db()
    assert (quote.status, quote.answer_ip, quote.answer_channel) == ("accepted", "203.0.113.9", "link")
    assert "Accepté par Inès Garnier" in shown(client.get(link(quote)))


def test_an_answer_to_an_old_version_says_what_changed(world: World, client: Browser) -> None:
    old = sent(world)
    changed = two_options(duration="un jour")
    new = sent(world, old.request, changed)
    option = str(old.options.order_by("position")[0].public_id)
    posted = {"name": "Inès Garnier", "seal": old.seal, "option": str(new.options.order_by("position")[0].public_id)}
    page = shown(client.post(link(old, "accepter/"), posted), 409)
    assert "durée" in page.lower()
    assert client.post(link(old, "accepter/"), {**posted, "option": option}).status_code == 400
    new.refresh_from_db()
    assert new.status == "sent"


def test_a_change_is_asked_for_by_the_link(world: World, client: Browser) -> None:
    quote = sent(world)
    assert client.post(link(quote, "modifier/"), {"text": " "}).status_code == 422
    page = shown(client.post(link(quote, "modifier/"), {"text": "<b>Du hêtre</b>"}, follow=True))
    assert "nouvelle version" in page
    client.force_login(world.users["concierge"])
    staff = shown(client.get(f"/devis/{quote.public_id}/"))
    assert "&lt;b&gt;Du hêtre&lt;/b&gt;" in staff
    assert "<b>Du hêtre" not in staff


def test_declining_then_answering_again_is_refused(world: World, client: Browser) -> None:
    quote = sent(world)
    shown(client.post(link(quote, "refuser/"), {"reason": "Trop cher"}, follow=True))
    assert client.post(link(quote, "modifier/"), {"text": "Finalement"}).status_code == 409
    posted = {"name": "Inès", "seal": quote.seal, "option": str(quote.options.order_by("position")[0].public_id)}
    assert client.post(link(quote, "accepter/"), posted).status_code == 409


@pytest.mark.promise("R33")
def test_too_late_says_what_to_do(world: World, client: Browser, monday: Any) -> None:
    quote = sent(world)
    posted = {"name": "Inès", "seal": quote.seal, "option": str(quote.options.order_by("position")[0].public_id)}
    assert client.post(link(quote, "renouveler/")).status_code == 409
    monday.shift(dt.timedelta(days=60))
    page = shown(client.post(link(quote, "accepter/"), posted), 409)
    assert "renouveler/" in page
    settle(world.organisation)
    assert "renouveler/" in shown(client.get(link(quote)))
    for _press in range(2):
        assert client.post(link(quote, "renouveler/")).status_code == 302
    page = shown(client.get(link(quote)))
    assert "renouveler/" not in page
    draft = Quote.objects.get(status="draft")
    send_quote(draft, by=world.actor())
    assert draft.seal == ""
    assert "accepter/" in shown(client.get(link(quote)))


def test_a_link_without_a_quote_or_that_is_over(world: World, client: Browser) -> None:
    request = asked(world)
    for verb in ("", "pdf/"):
        assert client.get(f"/suivi/{request.tracking_token}/devis/{verb}").status_code == 404
    assert client.get("/suivi/nonsense/devis/").status_code == 404
    quote = sent(world, request)
    assert client.get(link(quote, "pdf/")).status_code == 409
    ServiceRequest.objects.filter(pk=request.pk).update(tracking_version=2)
    for verb in ("accepter/", "refuser/", "modifier/", "renouveler/"):
        assert client.post(link(quote, verb)).status_code == 410
    assert client.get(link(quote)).status_code == 410


# --- the document ----------------------------------------


def text_of(document: QuoteDocument) -> str:
    reader = PdfReader(io.BytesIO(bytes(document.content)))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


@pytest.mark.promise("domain R5", "S22")
def test_the_pdf_says_what_the_law_wants(world: World, client: Browser) -> None:
    draft = two_options(starts_at=at(26, 9), intro='#panic("x") <script>alert(1)</script>')
    quote = sent(world, draft=draft)
    settle(world.organisation)
    render_pending_quotes()
    document = quote.documents.get()
    text = text_of(document)
    for words in (
        "Devis",
        "D2026-000001",
        "Inès Garnier",
        "3 rue Verte",
        "Sens Pratique",
        "Valable jusqu’au 23/12/2026",
        "Pose de deux étagères",
        "2,5",
        "Total HT",
        "Total TTC",
        "dont frais de déplacement",
        "une demi-journée",
        "26/11/2026",
        "Devis reçu avant l’exécution des travaux. Bon pour accord.",
        "Ce devis est gratuit.",
        '#panic("x") <script>alert(1)</script>',
    ):
        assert words in text, words
    answer = client.get(link(quote, "pdf/"))
    assert (answer.status_code, answer.headers["Content-Disposition"]) == (200, 'inline; filename="D2026-000001.pdf"')
    assert answer.content == bytes(document.content)
    accept_quote(quote, yes(quote, 1), by=world.actor())
    for waiting in QuoteDocument.objects.filter(sha256="").order_by("pk"):
        render_quote(world.organisation.pk, waiting.pk)
    accepted = quote.documents.get(is_acceptance=True)
    assert "Accepté en ligne par Inès Garnier, le 23/11/2026 à 08:0" in text_of(accepted)
    assert quote.seal in text_of(accepted)
    assert client.get(link(quote, "pdf/")).content == bytes(accepted.content)
    document.refresh_from_db()
    assert bytes(document.content) == bytes(quote.documents.get(is_acceptance=False).content)


def test_a_drawing_that_fails_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch, monday: Any) -> None:
    quote = sent(world)
    with monkeypatch.context() as broken:
        broken.setattr(documents, "_drawable", lambda char: "\u0378")
        render_pending_quotes()
    document = quote.documents.get()
    assert (document.sha256, document.attempts, bool(document.last_error)) == ("", 1, True)
    monday.shift(dt.timedelta(minutes=5))
    render_pending_quotes()
    document.refresh_from_db()
    assert (len(document.sha256), document.last_error) == (64, "")
