"""Where SMS leave (docs/operations.md, "SMS"): ``SMS_GATEWAY`` names which, nothing means that none are sent.

``http``: one POST of JSON to ``SMS_URL``, as most services take it or a line of configuration of theirs turns it into.
``file``: into a folder, for whoever tries the product out. ``memory``: for tests.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Protocol

import httpx
import structlog
from django.conf import settings

from notifications.actions.writing import Letter
from notifications.gateways.failures import Delayed, Refused, ServerDown
from notifications.models import Message

log = structlog.get_logger(__name__)

MOST_SECONDS = 10.0
# About this message, not about us: it is never taken.
NOT_TAKEN = frozenset({400, 404, 410, 413, 415, 422})


class SmsGateway(Protocol):
    """One way to hand an SMS over."""

    def send(self, *, to: str, text: str, reference: str) -> None:
        """Hand over one message; ``reference`` is the same at every attempt. Raises ``Refused``, ``Delayed`` or
        ``ServerDown``."""


class FileSms:
    """One file per message, complete or absent."""

    def send(self, *, to: str, text: str, reference: str) -> None:
        folder = Path(settings.SMS_DIR)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S-%f}-{re.sub(r'[^0-9+]', '', to)}"
        unfinished = folder / f"{name}.part"
        unfinished.write_text(f"To: {to}\n\n{text}\n", encoding="utf-8")
        unfinished.rename(folder / f"{name}.txt")


class MemorySms:
    """Tests read what was sent."""

    sent: ClassVar[list[tuple[str, str]]] = []

    def send(self, *, to: str, text: str, reference: str) -> None:
        self.sent.append((to, text))


class HttpSms:
    """``{"to", "from", "text", "reference"}`` to ``SMS_URL`` with ``SMS_TOKEN``; any 2xx means taken."""

    transport: ClassVar[httpx.BaseTransport | None] = None

    def send(self, *, to: str, text: str, reference: str) -> None:
        status = self._post({"to": to, "from": settings.SMS_SENDER, "text": text, "reference": reference})
        if 200 <= status < 300:
            return
        if status in NOT_TAKEN:
            raise Refused(f"answered {status}")
        if status in {408, 409, 425, 429}:
            raise Delayed(f"answered {status}")
        # 401 and 403 are about us: somebody who runs this has to act, nothing is lost meanwhile.
        raise ServerDown(f"answered {status}")

    def _post(self, said: dict[str, str]) -> int:
        """No redirects, nothing from the environment; of the answer only its status is read."""
        headers = {"Authorization": f"Bearer {settings.SMS_TOKEN}", "Idempotency-Key": said["reference"]}
        try:
            with (
                httpx.Client(
                    timeout=MOST_SECONDS, follow_redirects=False, trust_env=False, transport=self.transport
                ) as client,
                client.stream("POST", settings.SMS_URL, json=said, headers=headers) as answer,
            ):
                return answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServerDown(type(error).__name__) from error


GATEWAYS: dict[str, Callable[[], SmsGateway]] = {"file": FileSms, "memory": MemorySms, "http": HttpSms}


class SmsSender:
    """What hands over messages; an installation that sends no SMS any more delays what still waits."""

    def deliver(self, message: Message, letter: Letter) -> None:
        """Hand one message over. Raises ``Refused``, ``Delayed`` or ``ServerDown``."""
        made = GATEWAYS.get(settings.SMS_GATEWAY)
        if made is None:
            raise ServerDown("no gateway for SMS is set up")
        made().send(to=message.address, text=letter.text.strip(), reference=str(message.public_id))
