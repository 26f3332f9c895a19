"""Opens a file that somebody sent, in a process of its own, and writes it anew with only what a paper needs (S26).

``uploads`` runs this module as a script, without the environment of the product. It takes away its own memory and time
first, then reads the file, and answers with one line of JSON and the bytes of the new file. What kills it (a limit, a
fault of a decoder) is a refusal too: whoever waits for it says so.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

MEMORY, SECONDS = 800 * 1024 * 1024, 5
# What is read, what is written.
MOST_BYTES, MOST_RESULT = 8 * 1024 * 1024, 10 * 1024 * 1024
MOST_PIXELS, LONGEST_SIDE, MOST_PAGES = 40_000_000, 3_000, 30
# Of a PDF: its objects, what one of its streams unfolds to, and all of them.
MOST_OBJECTS, MOST_STREAM, MOST_UNFOLDED = 50_000, 130_000_000, 400_000_000
EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
KINDS = {b"%PDF-": "PDF", b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"RIFF": "WEBP"}
# What a page needs to be drawn; links, forms, thumbnails, scripts and attachments are none of it.
PAGE_KEYS = frozenset(
    {"/Type", "/Parent", "/Contents", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit", "/Group"}
)
# Not kept, wherever it stands; and what a stream says of files elsewhere.
LIVE = frozenset({"/AA", "/OpenAction", "/JavaScript", "/JS", "/Launch", "/XFA", "/Annots", "/RichMediaContent"}) | {
    "/EmbeddedFiles",
    "/EmbeddedFile",
    "/EF",
    "/AF",
    "/Metadata",
    "/PieceInfo",
}
ELSEWHERE = frozenset({"/F", "/FFilter", "/FDecodeParms", "/OPI", "/Ref"})
# Filters that make a stream longer: one of them per stream.
UNFOLDING = frozenset({"/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"})
CHUNK = 1024 * 1024


class Refused(Exception):
    """Not a file that is kept; its text is a code that ``uploads`` puts into words."""


def limit() -> None:
    """Little memory, little time; no file is written, no core dumped."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def kind_of(content: bytes) -> str:
    """What it is by its first bytes, whatever its name says; opens nothing. Raises ``Refused``."""
    if not content:
        raise Refused("empty")
    if len(content) > MOST_BYTES:
        raise Refused("too_big")
    if EICAR in content:
        raise Refused("dangerous")
    kind = next((name for start, name in KINDS.items() if content.startswith(start)), "")
    if not kind or (kind == "WEBP" and content[8:12] != b"WEBP"):
        raise Refused("unknown_type")
    return kind


def clean(content: bytes) -> tuple[bytes, str, int]:
    """The new file, its media type, its pages. Raises ``Refused``; what a reader stumbles over ends the process."""
    kind = kind_of(content)
    return _pdf(content) if kind == "PDF" else (_image(content, kind), "image/jpeg", 1)


def _image(content: bytes, kind: str) -> bytes:
    """Upright, on white, at most 3,000 pixels a side, without what the camera wrote about place and time."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as found:
            if found.width * found.height > MOST_PIXELS:
                raise Refused("too_many_pixels")
            # A photograph is read smaller at once.
            found.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            image: Image.Image = found
            image.load()
            turned = image.getexif().get(0x0112, 1)
            if image.mode.startswith("I"):
                image = image.point(lambda value: value * (1 / 256)).convert("L")
            elif "transparency" in image.info or image.mode in {"LA", "PA", "RGBA", "La", "RGBa"}:
                image = image.convert("RGBA")
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            if image.mode == "RGBA":
                paper = Image.new("RGB", image.size, "white")
                paper.paste(image, mask=image.getchannel("A"))
                image = paper
            image = image.convert("L" if image.mode in {"1", "L"} else "RGB")
            image.getexif()[0x0112] = turned
            image = ImageOps.exif_transpose(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused("too_many_pixels") from error
    image.info.clear()
    made = io.BytesIO()
    image.save(made, "JPEG", quality=85, optimize=True)
    return made.getvalue()


def _pdf(content: bytes) -> tuple[bytes, str, int]:
    """A new document of the same pages, drawn with what was filled in, and nothing else of the old one."""
    import pikepdf

    try:
        old = pikepdf.Pdf.open(io.BytesIO(content), attempt_recovery=False)
    except pikepdf.PasswordError as error:
        raise Refused("protected") from error
    with old, pikepdf.Pdf.new() as made:
        if old.is_encrypted:
            raise Refused("protected")
        if len(old.objects) > MOST_OBJECTS:
            raise Refused("too_complex")
        pages = len(old.pages)
        if not pages:
            raise Refused("unreadable")
        if pages > MOST_PAGES:
            raise Refused("too_long")
        _measure(old)
        # What was typed into a form, or stamped, becomes part of the page.
        old.flatten_annotations("all")
        for page in old.pages:
            for key in set(page.obj.keys()) - PAGE_KEYS:
                del page.obj[key]
        made.pages.extend(old.pages)
        _defuse(made)
        written = io.BytesIO()
        made.save(written, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    if len(written.getvalue()) > MOST_RESULT:
        raise Refused("too_big")
    return written.getvalue(), "application/pdf", pages


def _inside(pdf: Any) -> Iterator[Any]:
    """Every dictionary and stream, those inside of others too."""
    import pikepdf

    todo = list(pdf.objects)
    while todo:
        one = todo.pop()
        if isinstance(one, pikepdf.Array):
            todo.extend(child for child in one.as_list() if _is_box(child))
        elif isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
            yield one
            held = one.stream_dict if isinstance(one, pikepdf.Stream) else one
            todo.extend(child for child in held.as_dict().values() if _is_box(child))


def _is_box(value: Any) -> bool:
    """Whether it stands here itself: what is only pointed at is looked at where it stands."""
    import pikepdf

    return isinstance(value, pikepdf.Array | pikepdf.Dictionary) and not value.is_indirect


def _defuse(pdf: Any) -> None:
    import pikepdf

    for one in _inside(pdf):
        names = LIVE | ELSEWHERE if isinstance(one, pikepdf.Stream) else LIVE
        for key in set(one.keys()) & names:
            del one[key]


def _measure(pdf: Any) -> None:
    """Nobody who opens it later is to choke on what its streams unfold to, or on the pixels that they announce."""
    import pikepdf

    left = MOST_UNFOLDED
    for one in _inside(pdf):
        if not isinstance(one, pikepdf.Stream):
            continue
        width, height = one.get("/Width", 0), one.get("/Height", 0)
        if one.get("/Subtype") == "/Image" and int(width) * int(height) > MOST_PIXELS:
            raise Refused("too_many_pixels")
        filters: Any = one.get("/Filter", [])
        names = [str(name) for name in (filters if isinstance(filters, pikepdf.Array) else [filters])]
        if sum(name in UNFOLDING for name in names) > 1:
            raise Refused("too_complex")
        left -= _unfolded(one, names)
        if left < 0:
            raise Refused("too_complex")


def _unfolded(stream: Any, names: list[str]) -> int:
    """How long a stream is once its filters are undone, as far as they make it longer."""
    raw = stream.read_raw_bytes()
    if not any(name in UNFOLDING for name in names):
        return len(raw)
    if names[0] not in {"/FlateDecode", "/Fl"}:
        size = len(stream.read_bytes(_generalized()))
    else:
        size, reader = 0, zlib.decompressobj()
        part = reader.decompress(raw, CHUNK)
        while part and size <= MOST_STREAM:
            size += len(part)
            part = reader.decompress(reader.unconsumed_tail, CHUNK)
    if size > MOST_STREAM:
        raise Refused("too_complex")
    return size


def _generalized() -> Any:
    import pikepdf

    return pikepdf.StreamDecodeLevel.generalized


def main() -> int:
    """Read, judge, write."""
    limit()
    content = sys.stdin.buffer.read(MOST_BYTES + 1)
    try:
        made, media_type, pages = clean(content)
        said = {"media_type": media_type, "pages": pages}
    except Refused as refused:
        made, said = b"", {"refused": str(refused)}
    except MemoryError:
        made, said = b"", {"refused": "too_complex"}  # what else breaks ends the process: unreadable
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
