"""The file inside the PDF, as a reader of Factur-X looks for it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
import pytest

from billing import gateways
from billing.gateways import DocumentRenderFailed, render_invoice_pdf
from billing.rules.cii import invoice_xml
from billing.rules.facturx import NAMESPACE, UnexpectedPdf, describe_file
from tests.billing.documents import COMPANY, LINES, snapshot

CONTENT = snapshot(buyer=COMPANY)


def opened(content: dict[str, object] = CONTENT) -> pikepdf.Pdf:
    """The PDF of a document; keep it as long as what is read from it."""
    return pikepdf.open(io.BytesIO(render_invoice_pdf(content, language="fr")))


def test_the_pdf_carries_the_very_bytes_of_the_file() -> None:
    pdf = opened()

    assert list(pdf.attachments) == ["factur-x.xml"]
    found = pdf.attachments["factur-x.xml"]
    assert found.get_file().read_bytes() == invoice_xml(CONTENT)
    assert found.get_file().mime_type == "text/xml"
    assert found.relationship == pikepdf.Name.Alternative
    assert [one.objgen for one in pdf.Root.AF] == [found.obj.objgen]


def test_the_metadata_say_which_profile_in_one_packet() -> None:
    pdf = opened()
    raw = pdf.Root.Metadata.read_bytes().decode()
    with pdf.open_metadata() as metadata:
        said = {name: metadata[f"{{{NAMESPACE}}}{name}"] for name in ("DocumentType", "DocumentFileName", "Version")}
        level = metadata[f"{{{NAMESPACE}}}ConformanceLevel"]
        archive = metadata.pdfa_status

    assert said == {"DocumentType": "INVOICE", "DocumentFileName": "factur-x.xml", "Version": "1.0"}
    assert (level, archive) == ("EN 16931", "3A")
    assert raw.count("<rdf:RDF") == 1
    assert raw.count(f"<pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI>") == 1
    for name in (*said, "ConformanceLevel"):
        assert raw.count(f"<pdfaProperty:name>{name}</pdfaProperty:name>") == 1


def test_the_update_leaves_every_other_byte_and_the_syntax_sound() -> None:
    pdf = render_invoice_pdf(CONTENT, language="fr")
    first = pdf.index(b"%%EOF")

    assert pdf.count(b"%%EOF") == 2
    assert pdf[first:].count(b"/Type/Metadata") == 1
    with opened() as read:
        assert read.check_pdf_syntax() == []
        assert not read.is_encrypted


def test_a_long_document_carries_its_file_too() -> None:
    content = snapshot(buyer=COMPANY, lines=LINES * 60)
    pdf = opened(content)

    assert pdf.attachments["factur-x.xml"].get_file().read_bytes() == invoice_xml(content)


def test_a_document_of_before_the_files_is_a_pdf_alone() -> None:
    old = {**CONTENT, "layout": 1}
    del old["einvoice"]
    pdf = opened(old)

    assert list(pdf.attachments) == []
    assert render_invoice_pdf(old, language="fr").count(b"%%EOF") == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda pdf: b"",
        lambda pdf: b"%PDF-1.7\n",
        lambda pdf: pdf + b"more",
        lambda pdf: pdf.replace(b"</pdfaExtension:schemas>", b"</pdfaExtension:schemata>"),
    ],
)
def test_a_pdf_of_another_make_is_not_guessed_at(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(UnexpectedPdf):
        describe_file(change(render_invoice_pdf(CONTENT, language="fr")))


def test_a_renderer_of_another_make_is_tried_again_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "render_pdf", lambda *_args, **_kwargs: b"%PDF-2.0")

    with pytest.raises(DocumentRenderFailed):
        render_invoice_pdf(CONTENT, language="fr")
