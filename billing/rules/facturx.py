"""Tell readers that a PDF carries the file of its invoice: the four ``fx:`` properties of Factur-X in its XMP metadata.

Typst attaches the file but writes no metadata of ours. They are added by an incremental update (ISO 32000-1, 7.5.6):
the bytes of the renderer stay as they are, a second version of one object and a second cross-reference follow. The
packet keeps its single ``rdf:RDF``, where strict readers look.
"""

from __future__ import annotations

import re

FILE_NAME = "factur-x.xml"
PROPERTIES = {
    "DocumentType": "INVOICE",
    "DocumentFileName": FILE_NAME,
    "Version": "1.0",
    "ConformanceLevel": "EN 16931",
}
NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
MEANINGS = {
    "DocumentFileName": "The name of the embedded XML document",
    "DocumentType": "The type of the hybrid document in capital letters, e.g. INVOICE or ORDER",
    "Version": "The actual version of the standard applying to the embedded XML document",
    "ConformanceLevel": "The conformance level of the embedded XML document",
}

TRAILER = re.compile(rb"trailer\s*<<(?P<entries>.*)>>\s*startxref\s+(?P<previous>[0-9]+)\s+%%EOF\s*\Z", re.DOTALL)
METADATA = re.compile(rb"/Metadata ([0-9]+) 0 R")
PACKET = re.compile(
    rb"<</Length [0-9]+/Type/Metadata/Subtype/XML>>\s*stream\r?\n(?P<packet>.*?)\r?\nendstream", re.DOTALL
)
SCHEMAS, LAST = b"</rdf:Bag></pdfaExtension:schemas>", b"</rdf:Description></rdf:RDF>"


class UnexpectedPdf(ValueError):
    """The renderer wrote its PDF in another way than this update knows."""


def describe_file(pdf: bytes) -> bytes:
    """Return the PDF with the Factur-X properties of its attachment; raises ``UnexpectedPdf``."""
    trailer, named = TRAILER.search(pdf, max(len(pdf) - 2048, 0)), METADATA.findall(pdf)
    if trailer is None or not named:
        raise UnexpectedPdf("no plain trailer or no metadata")
    number = named[-1]
    begins = pdf.rfind(b"\n%s 0 obj" % number)
    packet = PACKET.search(pdf, begins)
    if begins < 0 or packet is None or packet["packet"].count(SCHEMAS) != 1 or packet["packet"].count(LAST) != 1:
        raise UnexpectedPdf("no packet of metadata with one list of extension schemas")
    content = packet["packet"].replace(SCHEMAS, _schema() + SCHEMAS).replace(LAST, _properties() + LAST)
    body = b"%s 0 obj\n<</Length %d/Type/Metadata/Subtype/XML>>\nstream\n%s\nendstream\nendobj\n" % (
        number,
        len(content),
        content,
    )
    update = b"xref\n%s 1\n%010d 00000 n \ntrailer\n<<%s/Prev %s>>\nstartxref\n%d\n%%%%EOF\n" % (
        number,
        len(pdf),
        trailer["entries"],
        trailer["previous"],
        len(pdf) + len(body),
    )
    return pdf + body + update


def _schema() -> bytes:
    """The extension schema, without which PDF/A knows no property of that name (ISO 19005-3, 6.6.2.3.3)."""
    properties = "".join(
        f'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>'
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{meaning}</pdfaProperty:description></rdf:li>"
        for name, meaning in MEANINGS.items()
    )
    return (
        '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    ).encode()


def _properties() -> bytes:
    said = "".join(f'<fx:{name} xmlns:fx="{NAMESPACE}">{value}</fx:{name}>' for name, value in PROPERTIES.items())
    return said.encode()
