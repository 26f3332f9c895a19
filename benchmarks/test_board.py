"""The dispatch board of 60 people and 600 visits: server time of the page and of a drag, and its statements."""

from __future__ import annotations

import statistics
from contextlib import closing

import pytest
from django.test import Client as Browser

from benchmarks.measuring import ROUNDS, gate, note, quote, timed
from benchmarks.serving import Call, Server, Visitor
from benchmarks.teams import open_team
from tests.signing_in import sign_in_whole

CALLS = 10


@pytest.mark.parametrize("size", [(60, 600)])
def test_the_board(server: Server, no_worker: None, size: tuple[int, int]) -> None:
    people, visits = size
    world, day = open_team("board", people=people, visits=visits)
    browser = Browser(SERVER_NAME=world.host)
    sign_in_whole(browser, world.users["dispatcher"])
    headers = {"Host": world.host, "Cookie": f"sessionid={browser.cookies['sessionid'].value}"}
    page = Call("GET", f"/affectations/?day={day}", headers=headers)
    cpu: list[float] = []
    wall: list[float] = []

    def visit() -> None:
        with closing(Visitor(server.port)) as visitor, timed(server.pid) as span:
            answers = [visitor.call(page) for _n in range(CALLS)]
        assert {answer.status for answer in answers} == {200}
        assert answers[0].body.count(b"work-card-waiting") >= visits
        cpu.append(1000 * span.cpu_seconds / CALLS)
        wall.append(statistics.median(answer.milliseconds for answer in answers))

    visit()
    cpu.clear()
    wall.clear()
    for _round in range(ROUNDS):
        visit()
    note("P8", f"the board of {people} people and {visits} visits: p50 {quote(wall)} ms")
    gate("P8", "CPU ms of the board", cpu, most=150, key="board_cpu_ms")
