"""The one place where documents are drawn: data in, bytes of an accessible archival PDF out (Typst).

PDF/A-3a for keeping ten years and PDF/UA-1 for screen readers. The same data always give the same bytes: the timestamp
is an argument and no system font is used, so a job can render again and compare.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst
from anyascii import anyascii
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from fontTools.ttLib import TTFont

from concierge.errors import DomainError

LANGUAGES = ("fr", "en")
# The type of the site first, then wide coverage: Latin, Greek, Cyrillic, Devanagari; then Arabic. All under the OFL.
FONT_PACKAGES = ("fontpkg_atkinson_hyperlegible", "fontpkg_noto_sans", "fontpkg_noto_sans_arabic")
JOINERS = "\u200c\u200d"  # the only invisible characters that carry meaning in a name


class DocumentRenderFailed(DomainError):
    """The renderer refused or broke; nothing was stored, and trying again is right."""

    code = "document_render_failed"
    status = 503
    message = _("The document could not be prepared yet. We will try again.")


def render_pdf(
    template: str, data: Mapping[str, Any], *, language: str, timestamp: datetime, attached: bytes = b""
) -> bytes:
    """Compile a template of ``templates/documents`` in ``fr`` or ``en``; raises ``DocumentRenderFailed``.

    ``attached`` is the file, UTF-8, that the template hangs on its document: ``sys.inputs.attached``, empty if none.
    Texts travel as JSON values, never as Typst source. ``timestamp`` is cut to the second, as PDF counts it: the clock
    of whoever asks may be finer, and the renderer refuses what it cannot write.
    """
    if language not in LANGUAGES:
        raise DocumentRenderFailed(reason=f"no layout in {language}")
    root = _templates()
    values = json.dumps(_printable(data), ensure_ascii=False, sort_keys=True)
    try:
        pdf = typst.compile(
            root / template,
            root=root,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"data": values, "language": language, "attached": attached.decode()},
            pdf_standards=["a-3a", "ua-1"],
            timestamp=timestamp.replace(microsecond=0),
        )
    except (typst.TypstError, OSError, ValueError) as error:
        raise DocumentRenderFailed(reason=str(error)) from error
    return pdf


def _templates() -> Path:
    return Path(settings.BASE_DIR) / "templates" / "documents"


def _font_files() -> list[Path]:
    return [Path(str(files(package))) / "files" for package in FONT_PACKAGES]


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=_font_files())


@lru_cache(maxsize=1)
def _coverage() -> frozenset[int]:
    """Code points that one of the fonts can draw: PDF/A refuses a document with a missing glyph."""
    points: set[int] = set()
    for folder in _font_files():
        for path in folder.glob("*.ttf"):
            with TTFont(path, lazy=True) as font:
                points.update(font.getBestCmap())
    return frozenset(points)


def _printable(value: Any) -> Any:  # any JSON value
    """Return the JSON value with every text drawable.

    Control characters and direction overrides, which could disguise a name, are dropped; a character that no font has
    is written in Latin letters. What is stored keeps the original.
    """
    if isinstance(value, Mapping):
        return {key: _printable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_printable(one) for one in value]
    if isinstance(value, str):
        return "".join(_drawable(char) for char in unicodedata.normalize("NFC", value))
    return value


def _drawable(char: str) -> str:
    if char in JOINERS:
        return char
    if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return " " if char.isspace() else ""
    return char if ord(char) in _coverage() else anyascii(char)
