#!/usr/bin/env python3
"""A local mailbox: takes every message by SMTP on the loopback and keeps it as an .eml file. Nothing is passed on.

mailbox.py serve --folder FOLDER --port PORT
mailbox.py last --folder FOLDER               show the newest message
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """Handler of aiosmtpd: one file for each message, complete or absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Store the message, with the real recipients in X-Envelope-To, and say so in one line."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        recipients = ", ".join(envelope.rcpt_tos)
        first = re.sub(r"[^A-Za-z0-9@._-]", "_", envelope.rcpt_tos[0])[:60]
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{first}"
        unfinished = self.folder / f"{name}.part"
        unfinished.write_bytes(f"X-Envelope-To: {recipients}\r\n".encode() + content)
        unfinished.rename(self.folder / f"{name}.eml")
        subject = message_from_bytes(content, policy=policy.default)["Subject"]
        print(f"to {recipients}: {subject}", flush=True)
        return "250 Message accepted for delivery"


async def serve(port: int, folder: Path) -> None:
    """Listen on 127.0.0.1 until SIGTERM or SIGINT. Raises OSError when the port is taken."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    handler = Mailbox(folder)
    server = await loop.create_server(lambda: SMTP(handler, enable_SMTPUTF8=True, ident="mailbox"), "127.0.0.1", port)
    await stop.wait()
    server.close()


def newest(folder: Path) -> str:
    """The newest message as a person reads it: who, what, the text, the names of the attachments."""
    paths = sorted(folder.glob("*.eml"))
    if not paths:
        return "No mail yet."
    message = message_from_bytes(paths[-1].read_bytes(), policy=policy.default)
    body = message.get_body(("plain", "html"))
    lines = [f"{name}: {message[name]}" for name in ("From", "To", "Subject", "Date")]
    lines += [f"Attachment: {part.get_filename()}" for part in message.iter_attachments()]
    return "\n".join([*lines, f"File: {paths[-1]}", "", str(body.get_content()) if body else ""])


def main() -> None:
    """Read the options and serve, or show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("serve", "last"):
        verbs.add_parser(verb).add_argument("--folder", type=Path, required=True)
    verbs.choices["serve"].add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    if options.verb == "last":
        print(newest(options.folder))
    else:
        asyncio.run(serve(options.port, options.folder))


if __name__ == "__main__":
    main()
