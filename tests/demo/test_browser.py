"""The person who plays the story: patient with a restarting server, strict with a refusal."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from demo import browser
from demo.browser import Api, Browser, Page, StoryBroken

BUTTON = '<form method="post" action="/shoes/hand-over/"><button>Hand over</button></form>'
LOST = httpx.ReadError("the server was killed")


class Desk:
    """A page with one button that works once, behind a server that loses answers."""

    def __init__(self, *answers: int | Exception, works: bool = True) -> None:
        self.answers, self.works = list(answers), works
        self.presses, self.is_done = 0, False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, text="handed over" if self.is_done else BUTTON)
        self.presses += 1
        answer = self.answers.pop(0)
        if self.works:
            self.is_done = True
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, text="a refusal" if answer >= 400 else "handed over")

    def press(self) -> Page:
        person = Browser("http://desk.localhost")
        person.http = httpx.Client(base_url=person.base, transport=httpx.MockTransport(self))
        return person.press("/shoes/", lambda page: page.form("hand-over"), done=lambda page: not page.has("hand-over"))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "PATIENCE", 0.05)
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.mark.promise("R07")
@pytest.mark.parametrize("answer", [LOST, 503], ids=["cut off", "restarting"])
def test_a_lost_answer_to_a_press_that_worked_is_not_pressed_again(answer: int | Exception) -> None:
    desk = Desk(answer)
    assert desk.press().text == "handed over"
    assert desk.presses == 1


@pytest.mark.promise("R07")
def test_a_lost_press_is_pressed_again() -> None:
    desk = Desk(LOST, 200, works=False)
    assert desk.press().text == "handed over"
    assert desk.presses == 2


@pytest.mark.parametrize("answers", [(409,), (500,), (LOST, *[409] * 100_000)], ids=["409", "500", "lost, then 409"])
def test_a_refusal_is_never_taken_for_success(answers: tuple[int | Exception, ...]) -> None:
    with pytest.raises(StoryBroken, match="a refusal"):
        Desk(*answers, works=False).press()


@pytest.mark.promise("R03")
def test_a_call_still_under_way_is_asked_again_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    answers: list[Callable[[], httpx.Response]] = [
        lambda: httpx.Response(409, json={"code": "request_in_progress"}),
        lambda: httpx.Response(200, json={"status": "accepted"}),
    ]

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Idempotency-Key"])
        return answers.pop(0)()

    monkeypatch.setattr(browser, "PATIENCE", 5.0)
    api = Api("http://desk.localhost", "cs.key")
    api.http = httpx.Client(base_url="http://desk.localhost/api/v1/", transport=httpx.MockTransport(serve))
    assert api.call("POST", "offers/1/accept", key="once", body={}) == {"status": "accepted"}
    assert seen == ["once", "once"]


def test_hidden_fields_of_one_name_are_all_sent() -> None:
    form = Page(
        httpx.Response(
            200,
            request=httpx.Request("GET", "http://desk.localhost/"),
            text='<form method="post"><input type="hidden" name="accept" value="notice">'
            '<input type="hidden" name="accept" value="breaks"><input name="name" value="Amina"></form>',
        )
    ).form()
    assert form.fields == {"accept": ["notice", "breaks"], "name": ["Amina"]}
