"""What somebody sends is opened elsewhere and written anew, or refused with a sentence (trust.md S26)."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from concierge.errors import Unavailable
from concierge.files import cleaning, uploads
from concierge.files.uploads import BadFile, clean_bytes, clean_upload
from tests.providers.uploading import (
    a_pdf,
    alive,
    an_image,
    filled_in,
    from_camera,
    object_stream_bomb,
    unfolding,
)

pytestmark = pytest.mark.promise("S26")
AS_IT_IS = {"compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.none}
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def refusal_of(content: bytes) -> str:
    with pytest.raises(cleaning.Refused) as refused:
        cleaning.clean(content)
    return str(refused.value)


# --- what is kept -------------------------------------------


def test_a_photograph_is_upright_and_forgets_its_camera() -> None:
    made, media_type, pages = cleaning.clean(from_camera())
    assert (media_type, pages) == ("image/jpeg", 1)
    with Image.open(io.BytesIO(made)) as kept:
        assert (kept.size, dict(kept.getexif()), kept.format) == ((40, 60), {}, "JPEG")
    assert b"Sophie" not in made
    assert b"<script>" not in made


@pytest.mark.parametrize(
    ("given", "colour"),
    [
        (an_image("PNG", mode="RGBA", color=(0, 0, 0, 0)), (255, 255, 255)),
        (an_image("PNG", mode="P", color=0), (0, 0, 0)),
        (an_image("PNG", mode="I;16", color=65535), 255),
        (an_image("PNG", mode="1", color=1), 255),
        (an_image("WEBP", color=(255, 255, 255)), (255, 255, 255)),
        (an_image("JPEG", mode="CMYK", color=(0, 0, 0, 0)), (255, 255, 255)),
    ],
)
def test_every_kind_of_picture_becomes_a_jpeg_on_white(given: bytes, colour: Any) -> None:
    made, media_type, _pages = cleaning.clean(given)
    assert media_type == "image/jpeg"
    with Image.open(io.BytesIO(made)) as kept:
        assert kept.getpixel((5, 5)) == colour


def test_a_large_picture_is_made_smaller() -> None:
    made, _type, _pages = cleaning.clean(an_image("JPEG", size=(6000, 3000)))
    with Image.open(io.BytesIO(made)) as kept:
        assert kept.size == (3000, 1500)


def test_a_pdf_keeps_its_pages_and_nothing_that_acts() -> None:
    made, media_type, pages = cleaning.clean(a_pdf(3, alive))
    assert (media_type, pages) == ("application/pdf", 3)
    with pikepdf.open(io.BytesIO(made)) as kept:
        assert (len(kept.pages), set(kept.Root.keys()), len(kept.attachments)) == (3, {"/Type", "/Pages"}, 0)
        assert set(kept.pages[0].obj.keys()) <= cleaning.PAGE_KEYS
        # A name of the page's own, which looks like one of those that act, stays.
        drawn = kept.pages[0].obj["/Resources"]["/XObject"]["/F"]
        assert drawn.read_bytes() == b"0 0 1 1 re f"
        assert "/OPI" not in drawn
        kept.save(plain := io.BytesIO(), compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    for word in (b"JavaScript", b"alert", b"Launch", b"cmd.exe", b"MZ attached", b"xfa", b"evil", b"Sophie", b"passwd"):
        assert word not in plain.getvalue()


def test_what_was_typed_into_a_form_stays_readable() -> None:
    made, _type, _pages = cleaning.clean(a_pdf(1, filled_in))
    with pikepdf.open(io.BytesIO(made)) as kept:
        assert "/Annots" not in kept.pages[0].obj
        assert any(b"0 0 77 7 re f" in one.read_bytes() for one in kept.objects if isinstance(one, pikepdf.Stream))


# --- what is refused ----------------------------------------


# Made when their turn comes: some are large.
REFUSED: list[tuple[str, Callable[[], bytes]]] = [
    ("empty", bytes),
    ("too_big", lambda: bytes(8 * 1024 * 1024 + 1)),
    ("unknown_type", lambda: b"<!doctype html><script>alert(1)</script>"),
    ("unknown_type", lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    ("unknown_type", lambda: b"GIF89a/*" + b"\x00" * 40 + b"*/=1;alert(1)"),
    ("unknown_type", lambda: b"PK\x03\x04" + bytes(40)),
    ("unknown_type", lambda: b"MZ" + bytes(40)),
    ("unknown_type", lambda: b"RIFF\x00\x00\x00\x00WAVEfmt "),
    ("dangerous", lambda: EICAR),
    ("dangerous", lambda: b"%PDF-1.7\n" + EICAR),
    ("too_long", lambda: a_pdf(31)),
    ("protected", lambda: a_pdf(encryption=pikepdf.Encryption(owner="a", user="b"))),
    ("protected", lambda: a_pdf(encryption=pikepdf.Encryption(owner="a", user=""))),
    ("too_complex", lambda: a_pdf(1, unfolding(20_000_000, times=2), **AS_IT_IS)),
    ("too_complex", lambda: a_pdf(1, unfolding(140_000_000))),
    ("too_many_pixels", lambda: an_image("PNG", size=(8000, 5001), mode="1")),
    ("too_many_pixels", lambda: an_image("PNG", size=(20000, 20000), mode="1")),
]


@pytest.mark.parametrize(("reason", "content"), REFUSED)
def test_what_is_not_a_paper_is_refused(reason: str, content: Callable[[], bytes]) -> None:
    assert refusal_of(content()) == reason


def test_a_pdf_of_too_many_objects_or_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def image(made: pikepdf.Pdf) -> None:
        shown = made.make_stream(b"", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=9000, Height=9000)
        made.pages[0].obj["/Resources"] = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=shown))

    assert refusal_of(a_pdf(1, image)) == "too_many_pixels"
    monkeypatch.setattr(cleaning, "MOST_OBJECTS", 4)
    assert refusal_of(a_pdf(3)) == "too_complex"


def damaged() -> list[bytes]:
    picture, paper = an_image("PNG", size=(300, 300), color=(9, 8, 7)), a_pdf(2)
    return [
        from_camera()[:300],
        picture[: len(picture) // 2],
        b"\xff\xd8\xff" + bytes(200),
        paper[:-40],
        paper[:200],
        b"%PDF-1.7\n" + b"[" * 50_000,
        b"%PDF-1.7",
    ]


@pytest.mark.parametrize("number", range(7))
def test_a_damaged_file_is_a_sentence_never_a_fault(number: int) -> None:
    with pytest.raises(BadFile) as refused:
        clean_bytes(damaged()[number])
    assert (refused.value.details, refused.value.field, refused.value.status) == ({"reason": "unreadable"}, "file", 422)


def test_a_bomb_ends_its_own_process_only() -> None:
    with pytest.raises(BadFile) as refused:
        clean_bytes(object_stream_bomb(500_000_000))
    assert refused.value.details["reason"] in {"too_complex", "unreadable"}


def test_whatever_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PATIENCE", 0.01)
    with pytest.raises(BadFile) as refused:
        clean_bytes(a_pdf())
    assert refused.value.details == {"reason": "unreadable"}


def test_a_third_at_once_waits_a_moment_and_is_told(both_doors_taken: None) -> None:
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        clean_bytes(a_pdf())
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a.php.pdf", "x" * 300 + ".pdf", "\u202egpj.exe", "papier\x00.pdf"]
)
def test_its_name_means_nothing(name: str) -> None:
    made = clean_upload(SimpleUploadedFile(name, a_pdf(2), content_type="text/html"))
    assert (made.media_type, made.pages, made.content[:5]) == ("application/pdf", 2, b"%PDF-")


def test_a_huge_upload_is_not_even_read() -> None:
    class Huge(SimpleUploadedFile):
        def read(self, num_bytes: int | None = None) -> bytes:
            raise AssertionError

    given = Huge("a.pdf", b"%PDF-")
    given.size = 100 * 2**30
    with pytest.raises(BadFile) as refused:
        clean_upload(given)
    assert refused.value.details == {"reason": "too_big"}


def test_the_process_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    class Done:
        returncode, stdout = 0, b'{"media_type": "image/jpeg", "pages": 1}\nmade'

    def run(command: list[str], **given: Any) -> Done:
        seen.update(given)
        return Done()

    monkeypatch.setattr("subprocess.run", run)
    assert clean_bytes(an_image("PNG")).content == b"made"
    assert (seen["env"], seen["cwd"]) == ({}, "/")
