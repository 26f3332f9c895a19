"""Files as people send them: honest ones, and others."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image


def a_pdf(pages: int = 1, change: Callable[[pikepdf.Pdf], Any] | None = None, **saved: Any) -> bytes:
    """A PDF of some pages with a line on each."""
    made = pikepdf.Pdf.new()
    for number in range(pages):
        made.add_blank_page(page_size=(595, 842))
        made.pages[-1].obj["/Contents"] = made.make_stream(b"0 0 %d 10 re f" % (number + 1))
    if change is not None:
        change(made)
    written = io.BytesIO()
    made.save(written, **saved)
    return written.getvalue()


def an_image(kind: str, size: tuple[int, int] = (60, 40), mode: str = "RGB", color: Any = 0, **saved: Any) -> bytes:
    """A picture of one colour."""
    written = io.BytesIO()
    Image.new(mode, size, color).save(written, kind, **saved)
    return written.getvalue()


def from_camera() -> bytes:
    """A photograph held upright, which says where it was taken."""
    picture = Image.new("RGB", (60, 40), "red")
    exif = picture.getexif()
    exif[0x0112] = 6
    exif[0x010F] = "Camera of Sophie"
    exif.get_ifd(0x8825)[2] = (47.0, 19.0, 20.0)
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=exif)
    return written.getvalue() + b"<script>alert(1)</script>"


def alive(made: pikepdf.Pdf) -> None:
    """Everything that a PDF can do by itself."""
    script = Dictionary(S=Name.JavaScript, JS="app.alert(1)")
    made.Root["/OpenAction"] = script
    made.Root["/AA"] = Dictionary(WC=script)
    made.Root["/Names"] = Dictionary(JavaScript=Dictionary(Names=Array(["a", script])))
    made.Root["/AcroForm"] = Dictionary(XFA=made.make_stream(b"<xfa/>"), Fields=Array([]))
    made.attachments["tool.exe"] = b"MZ attached"
    page = made.pages[0].obj
    page["/AA"] = Dictionary(O=Dictionary(S=Name.Launch, F="cmd.exe"))
    page["/Metadata"] = made.make_stream(b"Sophie at home")
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]))
    link["/A"] = Dictionary(S=Name.URI, URI="https://example.org/evil")
    page["/Annots"] = Array([link])
    outside = made.make_stream(b"0 0 1 1 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
    outside["/OPI"] = Dictionary(F="/etc/passwd")
    page["/Resources"] = Dictionary(XObject=Dictionary(F=outside))


def filled_in(made: pikepdf.Pdf) -> None:
    """A field with what somebody typed into it."""
    look = made.make_stream(b"0 0 77 7 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 90, 9]))
    field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T="who", Rect=Array([9, 9, 99, 18]), F=4)
    field["/AP"] = Dictionary(N=look)
    kept = made.make_indirect(field)
    made.pages[0].obj["/Annots"] = Array([kept])
    made.Root["/AcroForm"] = Dictionary(Fields=Array([kept]))


def unfolding(size: int, times: int = 1) -> Callable[[pikepdf.Pdf], None]:
    """A stream of zeros, folded once or again and again."""

    def change(made: pikepdf.Pdf) -> None:
        content = bytes(size)
        for _time in range(times):
            content = zlib.compress(content, 9)
        names = Array([Name.FlateDecode] * times)
        made.pages[0].obj["/Contents"] = pikepdf.Stream(made, content, Filter=names)

    return change


def object_stream_bomb(size: int) -> bytes:
    """A PDF whose table of objects cannot be read without unfolding a huge one."""
    folder = zlib.compressobj(1)
    parts = [b"1 0 [", *[b" " * 1_000_000] * (size // 1_000_000), b"]"]
    packed = b"".join([*map(folder.compress, parts), folder.flush()])
    out, places = b"%PDF-1.5\n", {}
    bodies = {
        2: b"<</Type/ObjStm/N 1/First 4/Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(packed), packed),
        3: b"<</Type/Catalog/Pages 4 0 R/X 1 0 R>>",
        4: b"<</Type/Pages/Count 1/Kids[5 0 R]>>",
        5: b"<</Type/Page/Parent 4 0 R/MediaBox[0 0 9 9]>>",
    }
    for number, body in bodies.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    rows = [(0, 0, 65535), (2, 2, 0), *((1, places[number], 0) for number in bodies), (1, len(out), 0)]
    table = b"".join(bytes([kind]) + where.to_bytes(4) + more.to_bytes(2) for kind, where, more in rows)
    head = b"<</Type/XRef/Size 7/W[1 4 2]/Root 3 0 R/Length %d>>stream\n%b\nendstream" % (len(table), table)
    return out + b"6 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF" % (head, len(out))
