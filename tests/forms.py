"""What a browser would send of a form that a page shows."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class _Fields(HTMLParser):
    """Names and values of every input, list and text box, as they stand."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._list = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An input that is not ticked sends nothing."""
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        is_tick = given.get("type") in {"checkbox", "radio"}
        if tag == "input" and name and ("checked" in given or not is_tick):
            self.found[name] = given.get("value", "on" if is_tick else "")
        elif tag == "select":
            self._list = name
        elif tag == "option" and self._list and ("selected" in given or self._list not in self.found):
            self.found[self._list] = given["value"]
        elif tag == "textarea":
            self._text, self.found[name] = name, ""

    def handle_endtag(self, tag: str) -> None:
        """A list and a text box end."""
        if tag == "select":
            self._list = ""
        elif tag == "textarea":
            self._text = ""

    def handle_data(self, data: str) -> None:
        """The text of a box; the line that a browser drops after its tag is dropped."""
        if self._text:
            self.found[self._text] += data.removeprefix("\n").removeprefix("\r\n")


def as_shown(answer: Any) -> dict[str, str]:
    """Everything that the page would send, were it sent as it is."""
    fields = _Fields()
    fields.feed(answer.content.decode())
    return fields.found
