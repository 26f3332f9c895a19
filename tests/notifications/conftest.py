"""A real mail server on loopback that can be rude, and messages to send to it."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import transaction
from django.utils import timezone

from bookings.models import ServiceRequest
from concierge import events
from notifications.actions.queue import Reader, queue_message
from notifications.enums import Kind, RecipientKind
from notifications.models import Message
from tests.world import World


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Letterbox:
    """What arrived, and how the server answers: ``answers`` gives a recipient its reply lines, one per attempt."""

    received: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    data_answers: list[str] = field(default_factory=list)
    pause: float = 0.0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        waiting = self.answers.get(address)
        if waiting:
            return waiting.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.pause:
            await asyncio.sleep(self.pause)
        if self.data_answers:
            return self.data_answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(email.message_from_bytes(content, policy=email.policy.default))
        return "250 taken"

    def of(self, message: Message) -> list[EmailMessage]:
        """The copies of one message."""
        return [mail for mail in self.received if mail["Message-ID"] == message.message_id]


@dataclass
class MailServer:
    """A server that can go away and come back on the same port."""

    port: int
    box: Letterbox
    controller: Controller | None = None

    def start(self) -> None:
        """Listen."""
        self.controller = Controller(self.box, hostname="127.0.0.1", port=self.port, ready_timeout=10)
        self.controller.start()

    def stop(self) -> None:
        """Stop listening; open conversations end."""
        if self.controller is not None:
            with contextlib.suppress(asyncio.CancelledError):
                self.controller.stop(no_assert=True)
            self.controller = None


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    """The product's own SMTP backend speaks to this server; a call may take two seconds."""
    server = MailServer(free_port(), Letterbox())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 2
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # the server would write every address it hears
    server.start()
    yield server
    server.stop()


@pytest.fixture
def box(mail_server: MailServer) -> Letterbox:
    """What the server received."""
    return mail_server.box


def queue_confirmation(world: World, request: ServiceRequest | None = None, **reader: Any) -> Message:
    """A queued message “your request is confirmed”."""
    request = request or world.request(world.ironing, world.cobbler)
    with_defaults = {"address": world.client.email, "name": "Camille Roux", "language": "en"} | reader
    with transaction.atomic():
        event = events.record("service_request.confirmed", request, by=world.actor(), request_id=request.public_id)
        message = queue_message(
            Kind.REQUEST_CONFIRMED, Reader(RecipientKind.CLIENT, **with_defaults), event=event, site=request.site
        )
    assert message is not None
    return message


@pytest.fixture
def queued(world: World) -> Message:
    """One message waiting to leave."""
    return queue_confirmation(world)


def due_now(*found: Message) -> None:
    """The waiting time of these messages is over."""
    Message.objects.filter(pk__in=[message.pk for message in found]).update(next_at=timezone.now())
