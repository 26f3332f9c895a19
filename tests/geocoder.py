"""A geocoder on this machine, which answers whatever a test says."""

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

NEAR = (47.32, 5.05)
FAR = (47.5, 5.09)


def feature(spot: tuple[Any, Any] = NEAR, **about: Any) -> dict[str, Any]:
    """One address as the Géoplateforme says it."""
    said = {"score": 0.97, "postcode": "21300", "city": "Chenôve", "type": "housenumber", **about}
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [spot[1], spot[0]]}, "properties": said}


def collection(*features: Any) -> dict[str, Any]:
    """An answer with these."""
    return {"type": "FeatureCollection", "features": list(features)}


@dataclass
class Geocoder:
    """What it answers, and what it was asked."""

    url: str = ""
    answer: Any = field(default_factory=lambda: collection(feature()))
    status: int = 200
    wait: float = 0
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def finds(self, *features: Any) -> None:
        """From now on it answers these."""
        self.answer = collection(*features)


def _handler(geocoder: Geocoder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            geocoder.asked.append({name: values[0] for name, values in query.items()})
            geocoder.heard.append(f"{self.requestline}\n{self.headers}")
            time.sleep(geocoder.wait)
            raw = geocoder.answer if isinstance(geocoder.answer, bytes) else json.dumps(geocoder.answer).encode()
            self.send_response(geocoder.status)
            for name, value in {"Content-Length": str(len(raw)), **geocoder.headers}.items():
                self.send_header(name, value)
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
def geocoder(settings: Any) -> Iterator[Geocoder]:
    """It runs, and the installation asks it; nothing is remembered of other tests."""
    cache.clear()
    made = Geocoder()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    made.url = settings.GEOCODER_URL = f"http://127.0.0.1:{server.server_port}/search"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
