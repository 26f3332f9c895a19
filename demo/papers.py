"""A paper as a provider would send it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pikepdf
from pikepdf import Dictionary, Name

from concierge.files import PDF, CleanFile

LINES = (
    "ATTESTATION D'ASSURANCE",
    "Responsabilit\\351 civile professionnelle",
    "Document de d\\351monstration, sans valeur.",
)


def a_paper(lines: Sequence[str] = LINES) -> CleanFile:
    """One page that exists nowhere else: an insurance, unless told."""
    made = pikepdf.Pdf.new()
    made.add_blank_page(page_size=(595, 842))
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    page = made.pages[0].obj
    page["/Resources"] = Dictionary(Font=Dictionary(F1=made.make_indirect(font)))
    said = "\n".join(f"({line}) Tj 0 -32 Td" for line in lines)
    page["/Contents"] = made.make_stream(f"BT /F1 18 Tf 72 740 Td\n{said}\nET".encode())
    written = io.BytesIO()
    made.save(written)
    return CleanFile(written.getvalue(), PDF, 1)
