"""Every page, opened by somebody who may: both sizes, axe, no sideways scroll, no undefined variable."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.e2e.conftest import SIZES, Screen, sign_in
from tests.scene import Scene, build_scene
from tests.test_matrix import PAGE_ACTORS, address, is_api, names, table
from tests.world import World

pytestmark = pytest.mark.browser

# Whoever sees most of a page comes first.
ACTORS = ("site_manager", "supervisor", "accountant", *PAGE_ACTORS)
SHARES = 5


def first_who_may(answers: dict[str, str]) -> str:
    """Somebody of our own organisation whom the page answers, or ``""``."""
    return next((actor for actor in ACTORS if answers.get(actor) == "200" and actor != "elsewhere"), "")


def routes_to_see() -> list[tuple[str, str]]:
    """Routes that answer a page, each with its reader; grouped by reader, for a session is opened once."""
    found = [
        (first_who_may(answers), name)
        for (name, method), answers in table().items()
        if method == "GET" and name in names() and not is_api(name)
    ]
    return sorted((actor, name) for actor, name in found if actor)


def problems_of(screen: Screen, path: str) -> list[str]:
    """What is wrong with a page, at both sizes."""
    page, found = screen.page, []
    answer = page.request.get(screen.base + path)
    if "<html" not in answer.text()[:2000]:
        return []
    # The server has made the page once: the browser gets that one.
    page.route(re.compile(re.escape(answer.url) + "$"), lambda route: route.fulfill(response=answer), times=1)
    page.goto(answer.url)
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)  # type: ignore[arg-type]  # two integers
        screen.size = size
        try:
            screen.check()
        except AssertionError as error:
            found.append(str(error).splitlines()[0][:600])
    return found


# Some seventy pages: a busy machine needs more than the two minutes of a test.
@pytest.mark.timeout(400)
@pytest.mark.promise("domain R45")
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_every_page_is_whole_and_accessible(live_world: World, screen: Screen, share: int) -> None:
    scene: Scene = build_scene(live_world)
    users = {**live_world.users, "client": scene.own_client, "other_client": scene.other_client}
    problems: list[str] = []
    before = ""
    for actor, name in routes_to_see()[share::SHARES]:
        if actor != before:
            screen.page.context.clear_cookies()
            if actor != "anonymous":
                sign_in(screen, Client(), users[actor])
            before = actor
        problems += problems_of(screen, address(name, scene))
    assert problems == []
