"""P4: the page of the booking path that shows two months of slots, against a page that shows nothing."""

from __future__ import annotations

import re
import statistics
from contextlib import closing

from django.test import Client as Browser

from benchmarks.measuring import alternate, gate, note, quote, ratios, timed
from benchmarks.places import open_desk
from benchmarks.serving import Call, Server, Visitor

CALLS = 40


def test_page_with_slots(server: Server, no_worker: None) -> None:
    desk = open_desk("p4", slots=1, keys=1)
    world = desk.world
    browser, base = Browser(SERVER_NAME=world.host), f"/reserver/{world.site.slug}"
    browser.post(f"{base}/", {"services": [str(world.ironing.public_id)]})
    names = re.findall(r'name="(q-[^"]+)"', browser.get(f"{base}/details/").content.decode())
    answer = browser.post(f"{base}/details/", dict.fromkeys(names, "2"))
    assert answer.status_code == 302, answer.content[-2000:]
    headers = {"Host": world.host, "Cookie": f"sessionid={browser.cookies['sessionid'].value}"}
    page, trivial = Call("GET", answer["Location"], headers=headers), Call("GET", "/healthz")
    cpu: list[float] = []

    def visit(call: Call) -> float:
        with closing(Visitor(server.port)) as visitor, timed(server.pid) as span:
            answers = [visitor.call(call) for _n in range(CALLS)]
        assert {answer.status for answer in answers} == {200}
        assert (b'type="radio"' in answers[0].body) == (call is page)
        if call is page:
            cpu.append(1000 * span.cpu_seconds / CALLS)
        return statistics.median(answer.milliseconds for answer in answers)

    visit(page)
    cpu.clear()
    found = alternate({"page": lambda: visit(page), "trivial": lambda: visit(trivial)})
    note("P4", f"p50 {quote(found['page'])} ms, of a trivial page {quote(found['trivial'])} ms")
    note("P4", f"ratio of the two {quote(ratios(found['page'], found['trivial']))}")
    gate("P4", "CPU ms per page", cpu, most=50)
