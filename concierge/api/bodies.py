"""JSON bodies within limits."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.parsers import BaseParser, JSONParser

MAX_DEPTH = 32
MAX_BODY = 256 * 1024


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _depth_over(value: Any, limit: int) -> bool:
    level = [value]
    for _level in range(limit):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


class StrictJSONParser(JSONParser):
    """JSON within limits: 256 KiB, 32 levels, no NaN, no duplicate keys, UTF-8 without NUL, not compressed (S28)."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        request = (parser_context or {}).get("request")
        encoding = request.headers.get("Content-Encoding", "identity") if request is not None else "identity"
        if encoding.lower() != "identity":
            raise exceptions.UnsupportedMediaType(encoding)
        raw = stream.read(MAX_BODY + 1)
        if len(raw) > MAX_BODY:
            raise PayloadTooLarge
        try:
            value = json.loads(raw.decode(), object_pairs_hook=_no_duplicates, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError(_("The body is not valid JSON.")) from error
        if _depth_over(value, MAX_DEPTH):
            raise exceptions.ParseError(_("The body is nested too deeply."))
        if b"\\u0000" in raw or b"\x00" in raw or b"\\ud" in raw.lower():
            _refuse_odd_text(value)
        return value


def _refuse_odd_text(value: Any) -> None:
    """NUL and lone surrogates cannot be stored in PostgreSQL."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            todo.extend(item.keys())
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
        elif isinstance(item, str) and ("\x00" in item or any(0xD800 <= ord(c) <= 0xDFFF for c in item)):
            raise exceptions.ParseError(_("The body holds characters that cannot be stored."))


class PayloadTooLarge(exceptions.APIException):
    """The body is larger than any legitimate call needs."""

    status_code = 413
    default_code = "payload_too_large"
    default_detail = _("The body is too large.")


def file_parsers(most: int, *media_types: str) -> list[type[BaseParser]]:
    """Take a file as the whole body, whatever it says of itself: up to ``most`` bytes, not compressed."""

    class FileParser(BaseParser):
        def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
            request = (parser_context or {}).get("request")
            encoding = request.headers.get("Content-Encoding", "identity") if request is not None else "identity"
            if encoding.lower() != "identity":
                raise exceptions.UnsupportedMediaType(encoding)
            raw = stream.read(most + 1)
            if len(raw) > most:
                raise PayloadTooLarge
            return raw

    return [type("FileParser", (FileParser,), {"media_type": one}) for one in media_types]
