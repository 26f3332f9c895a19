"""A router on this machine that answers as an OSRM and as a Valhalla do, or as a test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache

# What it says of every way, unless a test says otherwise: metres and seconds.
WAY = (4_240.0, 610.0)


@dataclass
class Router:
    """What it answers, and what it was asked."""

    url: str = ""
    ways: list[tuple[float | None, float | None]] = field(default_factory=list)
    answer: Any = None
    status: int = 200
    wait: float = 0
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def said(self, many: int) -> list[tuple[float | None, float | None]]:
        """Of so many ways."""
        return (self.ways or [WAY] * many)[:many]


def _osrm(router: Router, path: str, query: dict[str, list[str]]) -> Any:
    """``/table/v1/{profile}/{lon,lat;…}``, to the first place."""
    _empty, table, version, profile, places = path.split("/")
    assert (table, version, query["destinations"]) == ("table", "v1", ["0"])
    assert query["annotations"] == ["duration,distance"]
    sources = [int(one) for one in query["sources"][0].split(";")]
    assert sources == list(range(1, len(places.split(";"))))
    router.asked.append((profile, places.split(";")))
    said = router.said(len(sources))
    return {"code": "Ok", "distances": [[far] for far, _long in said], "durations": [[long] for _far, long in said]}


def _valhalla(router: Router, body: dict[str, Any]) -> Any:
    """``/sources_to_targets``: kilometres, and seconds."""
    router.asked.append((body["costing"], body))
    assert (len(body["targets"]), body["units"]) == (1, "kilometers")
    cells = [
        [{"distance": None if far is None else far / 1000, "time": long, "from_index": n, "to_index": 0}]
        for n, (far, long) in enumerate(router.said(len(body["sources"])))
    ]
    return {"sources_to_targets": cells, "units": "kilometers"}


def _handler(router: Router) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            self._say(_osrm(router, address.path, parse_qs(address.query)))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/sources_to_targets"
            self._say(_valhalla(router, body))

        def _say(self, answer: Any) -> None:
            time.sleep(router.wait)
            said = answer if router.answer is None else router.answer
            raw = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(router.status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # whoever asked did not wait
                self.close_connection = True

        def log_message(self, *args: Any) -> None:
            """Nothing on the screen."""

    return Handler


@pytest.fixture
def router(settings: Any) -> Iterator[Router]:
    """It runs, and the installation asks it as an OSRM; nothing is remembered of other tests."""
    cache.clear()
    made = Router()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    made.url = settings.ROUTER_URL = f"http://127.0.0.1:{server.server_port}"
    settings.ROUTER_KIND = "osrm"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
    cache.clear()
