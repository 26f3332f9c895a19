"""The PDF as a reader, an archivist, a screen reader and an attacker meet it."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from billing.gateways import DocumentRenderFailed, render_invoice_pdf
from billing.rules.money import Line
from billing.rules.snapshot import Snapshot
from concierge import documents
from tests.billing.documents import COMPANY, CONSUMER, LINES, SELLER, snapshot

D = Decimal
SPACE = re.compile(r"\s+")


def text_of(content: Snapshot, language: str = "fr") -> str:
    """Every printed word, white space reduced to one plain space."""
    reader = PdfReader(io.BytesIO(render_invoice_pdf(content, language=language)))
    return SPACE.sub(" ", " ".join(page.extract_text() for page in reader.pages))


def squeezed(text: str) -> str:
    """Text without any white space: where a long name was broken over lines."""
    return SPACE.sub("", text)


def test_business_invoice_carries_every_mandatory_mention() -> None:
    text = text_of(snapshot(buyer=COMPANY, purchase_order="PO-88", vat_on_debits=True))

    for words in [
        "Facture",
        "N° F2026-000042",
        "Date d’émission 23/11/2026",
        "du 16/11/2026 au 20/11/2026",
        "Date d’échéance 23/12/2026",
        "La Conciergerie des Ducs",
        "SARL au capital de 12 000 €",
        "14 rue de la Liberté",
        "SIRET 732 829 320 00074",
        "RCS Dijon 732 829 320",
        "N° TVA FR44732829320",
        "Moutarderie du Lac SAS",
        "8 avenue du Lac 21200 Beaune",
        "SIREN 552 100 554",
        "N° TVA FR96552100554",
        "Bon de commande PO-88",
        "Prestation de services",
        "Repassage, panier de 5 kg",
        "Prix unitaire HT",
        "38,50 €",
        "20 % 86,50 € 17,30 €",
        "5,5 % 6,30 € 0,35 €",
        "Total HT 92,80 €",
        "Total TVA 17,65 €",
        "Total TTC 110,45 €",
        "Net à payer 110,45 €",
        "FR76 3000 6000 0112 3456 7890 189",
        "Option pour le paiement de la taxe d’après les débits.",
        "Pénalités de retard : trois fois le taux d’intérêt légal",
        "Indemnité forfaitaire pour frais de recouvrement en cas de retard : 40 €",
        "Pas d’escompte pour paiement anticipé.",
        "1 / 1",
    ]:
        assert words in text


def test_consumer_note_has_no_penalty() -> None:
    text = text_of(snapshot())

    assert "Prix unitaire TTC" in text
    assert "Total HT 78,05 €" in text
    assert "Total TTC 92,80 €" in text
    for forbidden in ["énalité", "40 €", "indemnité", "SIREN 552"]:
        assert forbidden not in text


def test_franchise_says_so_and_shows_no_rate() -> None:
    line = Line(description="Repassage", quantity=D(1), unit_price=D(24), vat_rate=D(0), vat_category="E")
    text = text_of(snapshot(lines=[line], franchise=True, seller=replace(SELLER, vat_number="")))

    assert "TVA non applicable, art. 293 B du CGI." in text
    assert "Exonéré 24,00 € 0,00 €" in text
    assert "N° TVA" not in text


def test_credit_note_names_the_invoice() -> None:
    text = text_of(
        snapshot(
            kind="credit_note",
            number="A2026-000003",
            credits_number="F2026-000042",
            credits_issued_on=date(2026, 11, 1),
            reason="Reprise à nos frais",
        )
    )

    assert "Avoir" in text
    assert "F2026-000042 du 01/11/2026" in text
    assert "Motif Reprise à nos frais" in text
    assert "Net à votre crédit 92,80 €" in text
    assert "IBAN" not in text


def test_paid_invoice_asks_for_nothing() -> None:
    text = text_of(snapshot(paid=D("92.80")))

    assert "ACQUITTÉE" in text
    assert "Déjà réglé 92,80 €" in text
    assert "Net à payer 0,00 €" in text
    assert "IBAN" not in text


def test_english_document() -> None:
    text = text_of(snapshot(buyer=COMPANY), "en")

    for words in ["Invoice", "Issue date 23/11/2026", "Amount due €110.45", "Fixed compensation for recovery costs"]:
        assert words in text


def test_unknown_language_is_refused() -> None:
    with pytest.raises(DocumentRenderFailed):
        render_invoice_pdf(snapshot(), language="../fr")


def test_pdf_claims_archive_and_accessibility() -> None:
    reader = PdfReader(io.BytesIO(render_invoice_pdf(snapshot(), language="fr")))
    root: Any = reader.trailer["/Root"]
    xmp = root["/Metadata"].get_data().decode()

    assert re.search(r"pdfaid:part>3<.*pdfaid:conformance>A<", xmp, re.DOTALL)
    assert "pdfuaid:part>1<" in xmp
    assert root["/Lang"] == "fr"
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a pypdf boolean object, not a bool
    assert reader.metadata is not None
    assert reader.metadata.title == "Facture F2026-000042"
    assert "/OutputIntents" in root
    assert set(root["/Names"]) == {"/EmbeddedFiles"}  # the file, and no script


def test_every_font_is_embedded() -> None:
    reader = PdfReader(io.BytesIO(render_invoice_pdf(snapshot(), language="fr")))

    resources: list[Any] = [page["/Resources"] for page in reader.pages]
    fonts = [font.get_object() for one in resources for font in one["/Font"].values()]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
def test_qpdf_finds_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "invoice.pdf"
    path.write_bytes(render_invoice_pdf(snapshot(buyer=COMPANY), language="fr"))

    subprocess.run(["qpdf", "--check", path], check=True, capture_output=True, timeout=30)


def test_same_snapshot_same_bytes() -> None:
    first = render_invoice_pdf(snapshot(), language="fr")
    documents._fonts.cache_clear()

    assert render_invoice_pdf(snapshot(), language="fr") == first
    assert render_invoice_pdf(snapshot(number="F2026-000043"), language="fr") != first


@pytest.mark.promise("S22", "S24")
@pytest.mark.parametrize(
    "name",
    [
        '#import "/etc/passwd"',
        '#read("/etc/passwd")',
        "*gras* _italique_ `code`",
        "$x^2$ @ref <label> = titre",
        "</script><b>x</b>",
        '"; #panic("x") //',
        "\\u{41} {{7*7}} {% x %}",
        "- liste + 1. /terme: x",
    ],
)
def test_markup_in_a_name_is_printed_as_it_is(name: str) -> None:
    buyer = replace(CONSUMER, name=name)
    line = replace(LINES[0], description=name)

    text = squeezed(text_of(snapshot(buyer=buyer, lines=[line], reference=name)))

    assert text.count(squeezed(name)) == 3


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Дмитрий Иванов", "Дмитрий Иванов"),
        ("Ελένη", "Ελένη"),
        ("Nguyễn Thị Ánh", "Nguyễn Thị Ánh"),
        ("Łukasz Ďurič", "Łukasz Ďurič"),
        ("e\u0301toile", "étoile"),
        ("王小明", "WangXiaoMing"),
        ("Ana 😀", "Ana :grinning:"),
        ("gentil\u202etnahcem", "gentiltnahcem"),
        ("a\x00b\x1bc\ud800d", "abcd"),
        ("a\u2028b\tc", "a b c"),
    ],
)
def test_every_script_is_drawn_or_written_in_latin_letters(name: str, printed: str) -> None:
    assert squeezed(printed) in squeezed(text_of(snapshot(buyer=replace(CONSUMER, name=name))))


@pytest.mark.parametrize("name", ["محمد بن علي", "अनिता शर्मा", "שרה כהן", "ნინო", "สมชาย"])
def test_other_scripts_never_stop_a_document(name: str) -> None:
    assert text_of(snapshot(buyer=replace(CONSUMER, name=name)))


@pytest.mark.parametrize("name", ["Anne-Sophie " * 25, "x" * 300, "W" * 300])
def test_long_name_stays_on_the_page(name: str) -> None:
    content = snapshot(buyer=replace(CONSUMER, name=name), lines=[replace(LINES[0], description=name)])
    reader = PdfReader(io.BytesIO(render_invoice_pdf(content, language="fr")))
    width = float(reader.pages[0].mediabox.width)
    rightmost = 0.0

    def visit(text: str, _cm: object, tm: list[float], _font: object, _size: float) -> None:
        nonlocal rightmost
        if text.strip():
            rightmost = max(rightmost, tm[4])

    printed = " ".join(page.extract_text(visitor_text=visit) for page in reader.pages)

    assert squeezed(printed).count(squeezed(name)) >= 1
    assert rightmost < width - 40


def test_two_hundred_lines_repeat_the_header_on_every_page() -> None:
    lines = [replace(LINES[0], description=f"Ligne numéro {i}") for i in range(1, 201)]
    reader = PdfReader(io.BytesIO(render_invoice_pdf(snapshot(lines=lines), language="fr")))
    pages = [SPACE.sub(" ", page.extract_text()) for page in reader.pages]

    assert len(pages) > 5
    for number, page in enumerate(pages, start=1):
        assert f"{number} / {len(pages)}" in page
        assert ("Désignation" in page) == ("Ligne numéro" in page)
        assert "\u200b" not in page
    everything = " ".join(pages)
    assert all(f"Ligne numéro {i} " in everything for i in range(1, 201))
    assert "Total TTC 9 600,00 €" in pages[-1]
    assert all("Facture F2026-000042 · La Conciergerie des Ducs (suite)" in page for page in pages[1:])


def test_renderer_that_breaks_is_a_domain_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_templates", lambda: Path("/nowhere"))

    with pytest.raises(DocumentRenderFailed) as caught:
        render_invoice_pdf(snapshot(), language="fr")

    assert (caught.value.code, caught.value.status) == ("document_render_failed", 503)


def test_no_snapshot_text_reaches_the_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is for people and logs: no name of a client in it (S39)."""
    monkeypatch.setattr(documents, "_drawable", lambda char: char)

    with pytest.raises(DocumentRenderFailed) as caught:
        render_invoice_pdf(snapshot(buyer=replace(CONSUMER, name="王小明")), language="fr")

    assert "王" not in str(caught.value)


def test_payment_box_is_left_out_when_there_is_nothing_to_say() -> None:
    silent = snapshot(buyer=COMPANY, seller=replace(SELLER, iban="", bic=""))
    silent["payment_terms"] = {"fr": "", "en": ""}

    assert "règlement" in text_of(snapshot(buyer=COMPANY)).lower()
    assert "règlement" not in text_of(silent).lower()


def test_company_reads_the_net_prices_its_total_is_made_of() -> None:
    text = text_of(snapshot(buyer=COMPANY))

    assert "Prix unitaire HT" in text
    assert "Montant HT" in text
