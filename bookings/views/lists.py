"""What lists of people and accounts share."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest
from django.utils.http import urlencode


def typed_search(request: HttpRequest) -> str:
    """What was typed in the box of a list."""
    return request.GET.get("q", "").replace("\x00", "").strip()[:80]


def beside(page: Page[Any], number: str = "page", /, **kept: str) -> dict[str, str]:
    """``previous`` and ``next`` for ``<c-pagination>``; what was looked for stays in the address.
    ``number``: what the number of the page is called there."""
    asked = {name: value for name, value in kept.items() if value}
    previous = page.previous_page_number() if page.has_previous() else 0
    following = page.next_page_number() if page.has_next() else 0
    return {
        "previous": f"?{urlencode({**asked, number: str(previous)})}" if previous else "",
        "next": f"?{urlencode({**asked, number: str(following)})}" if following else "",
    }
