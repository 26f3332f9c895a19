"""A person with a browser, over HTTP: keeps cookies, fills in the forms that the pages really contain, tries again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

# A restart of the web server takes seconds; a real person would reload for about this long.
PATIENCE = 90.0
LATER = (502, 503, 504)


class StoryBroken(Exception):
    """A step of the story did not happen; the message says which and what was seen instead."""


@dataclass
class FormOnPage:
    """One ``<form>`` of a page with what it would send untouched."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    # Everything that may be chosen, whether it is chosen or not: radio buttons, check boxes, options.
    choices: dict[str, list[str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[FormOnPage] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(FormOnPage(given.get("action", ""), given.get("method", "get").lower()))
        elif self.forms and tag in {"input", "select", "textarea", "option", "button"}:
            self._control(tag, given, self.forms[-1])

    def _control(self, tag: str, given: dict[str, str], form: FormOnPage) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "select":
            self._select = name
        elif tag == "option":
            form.choices.setdefault(self._select, []).append(value)
            if "selected" in given:
                form.fields[self._select] = [value]
        elif tag == "button":
            if name:
                form.choices.setdefault(name, []).append(value)
        elif given.get("type") in {"radio", "checkbox"}:
            form.choices.setdefault(name, []).append(value or "on")
            if "checked" in given:
                form.fields.setdefault(name, []).append(value or "on")
        elif given.get("type") == "hidden":
            form.fields.setdefault(name, []).append(value)
        elif name:
            form.fields[name] = [value]


class Page:
    """An answer with its forms."""

    def __init__(self, response: httpx.Response) -> None:
        self.response, self.text, self.url = response, response.text, str(response.url)
        parser = _Forms()
        parser.feed(self.text)
        self.forms = parser.forms

    def form(self, action_part: str = "", *, has: str = "") -> FormOnPage:
        """The first posting form whose action contains a text and which has a control of that name."""
        for form in self.forms:
            if form.method != "post" or action_part not in (form.action or self.url):
                continue
            if not has or has in form.fields or has in form.choices:
                return form
        raise StoryBroken(f"no form “{action_part or has}” on {self.url} (status {self.response.status_code})")

    def has(self, action_part: str) -> bool:
        """Whether a posting form goes to an address with this part."""
        return any(form.method == "post" and action_part in (form.action or self.url) for form in self.forms)

    def find(self, pattern: str) -> str:
        """First match of a pattern in the page. Raises ``StoryBroken``."""
        found = re.search(pattern, self.text)
        if found is None:
            raise StoryBroken(f"“{pattern}” is not on {self.url}")
        return found.group(1)


class Browser:
    """One person's session."""

    def __init__(self, base: str, language: str = "fr") -> None:
        self.base = base
        self.http = httpx.Client(
            base_url=base, follow_redirects=True, timeout=20, headers={"Accept-Language": language}, trust_env=False
        )

    def get(self, path: str) -> Page:
        """Open an address; a server that is restarting is tried again."""
        return Page(self._patiently("GET", path))

    def send(self, page: Page, form: FormOnPage, expect: tuple[int, ...] = (200,), /, **values: Any) -> Page:
        """Send a form of a page as a browser would, with these values filled in (lists for several ticks).

        It is sent again while no answer comes: for forms that may safely be sent twice. For the others, ``press``.
        """
        target, options = _filled(page, form, values)
        return _expected(self._patiently("POST", target, **options), expect)

    def attempt(self, page: Page, form: FormOnPage, expect: tuple[int, ...] = (200,), /, **values: Any) -> Page | None:
        """Send a form once; ``None`` when no answer came, and the page has to be opened anew."""
        target, options = _filled(page, form, values)
        response, _problem = self._once("POST", target, **options)
        if response is None:
            time.sleep(1)
            return None
        return _expected(response, expect)

    def press(
        self, address: str, button: Callable[[Page], FormOnPage], done: Callable[[Page], bool], **values: Any
    ) -> Page:
        """Open a page and send a form that works once.

        Whoever gets no answer does what a person would: reloads, looks whether it happened (``done``), and presses
        again only if it did not. The same after a refusal that follows a lost answer: the lost press may have ended
        meanwhile. An answer to the first press is taken as it is.
        """
        until, lost = time.monotonic() + PATIENCE, False
        while True:
            page = self.get(address)
            if lost and done(page):
                return page
            target, options = _filled(page, button(page), values)
            response, problem = self._once("POST", target, **options)
            if response is not None and not (lost and response.status_code >= 400 and time.monotonic() < until):
                return _expected(response, (200,))
            if time.monotonic() > until:
                raise StoryBroken(f"POST {target}: {problem} for {PATIENCE:.0f} s")
            lost = True
            time.sleep(1)

    def _once(self, method: str, address: str, **options: Any) -> tuple[httpx.Response | None, str]:
        """The answer, or what kept it from coming."""
        try:
            response = self.http.request(method, address, **options)
        except httpx.TransportError as error:
            return None, type(error).__name__
        return (None if response.status_code in LATER else response), f"status {response.status_code}"

    def _patiently(self, method: str, address: str, **options: Any) -> httpx.Response:
        until = time.monotonic() + PATIENCE
        while True:
            response, problem = self._once(method, address, **options)
            if response is not None:
                return response
            if time.monotonic() > until:
                raise StoryBroken(f"{method} {address}: {problem} for {PATIENCE:.0f} s")
            time.sleep(1)


def _filled(page: Page, form: FormOnPage, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Where a form goes and what with."""
    given = {name: value if isinstance(value, list) else [str(value)] for name, value in values.items()}
    target = urljoin(page.url, form.action) if form.action else page.url
    return target, {"data": {**form.fields, **given}, "headers": {"Referer": page.url}}


def _expected(response: httpx.Response, expect: tuple[int, ...]) -> Page:
    if response.status_code not in expect:
        raise StoryBroken(f"{response.url} answered {response.status_code}: {_plain(response.text)[:600]}")
    return Page(response)


class Api:
    """A system with a key. Every unsafe call has its own Idempotency-Key, kept when the call is tried again (R04)."""

    def __init__(self, base: str, key: str) -> None:
        self.http = httpx.Client(
            base_url=f"{base}/api/v1/", timeout=20, headers={"Authorization": f"Bearer {key}"}, trust_env=False
        )

    def call(self, method: str, path: str, *, key: str = "", body: Any = None, expect: tuple[int, ...] = (200,)) -> Any:
        """Call and return the JSON answer. Raises ``StoryBroken`` on another status than expected."""
        until = time.monotonic() + PATIENCE
        headers = {"Idempotency-Key": key} if key else {}
        while True:
            try:
                response = self.http.request(method, path, json=body, headers=headers)
                if response.status_code not in LATER and not _is_under_way(response):
                    break
            except httpx.TransportError:
                pass
            if time.monotonic() > until:
                raise StoryBroken(f"{method} {path}: no answer for {PATIENCE:.0f} s")
            time.sleep(1)
        if response.status_code not in expect:
            raise StoryBroken(f"{method} {path} answered {response.status_code}: {response.text[:300]}")
        return response.json() if response.content else None


def _is_under_way(response: httpx.Response) -> bool:
    """The call whose answer was lost has not ended yet: the answer is to ask again (docs/api.md)."""
    return response.status_code == 409 and response.json().get("code") == "request_in_progress"


def _plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<main")[2] or html).split())
