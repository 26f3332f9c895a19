"""The local mailbox keeps what is sent to it by SMTP."""

from __future__ import annotations

import smtplib
import socket
import subprocess
import sys
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/mailbox.py"


def test_message_sent_by_smtp_becomes_a_file(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, SCRIPT, "serve", "--port", str(port), "--folder", tmp_path / "mail"])
    try:
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = "Votre facture est prête", "a@example.org", "b@example.org"
        message.set_content("Bonjour, voici votre facture.")
        message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="facture.pdf")
        for _ in range(100):
            try:
                client = smtplib.SMTP("127.0.0.1", port, timeout=5)
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        else:
            pytest.fail("the mailbox does not listen")
        with client:
            client.send_message(message, to_addrs=["b@example.org", "hidden/../c@example.org"])
        (path,) = (tmp_path / "mail").iterdir()
        assert path.name.endswith("-b@example.org.eml")
        kept = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert kept["Subject"] == "Votre facture est prête"
        assert kept["X-Envelope-To"] == "b@example.org, hidden/../c@example.org"
        assert [part.get_filename() for part in kept.iter_attachments()] == ["facture.pdf"]
        show = [sys.executable, str(SCRIPT), "last", "--folder", str(tmp_path / "mail")]
        shown = subprocess.run(show, capture_output=True, text=True, check=True).stdout
        assert "Subject: Votre facture est prête\n" in shown
        assert "Attachment: facture.pdf\n" in shown
        assert "Bonjour, voici votre facture." in shown
    finally:
        server.terminate()
        assert server.wait(10) == 0
