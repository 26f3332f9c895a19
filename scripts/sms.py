#!/usr/bin/env python3
"""The SMS of the running system: read the newest, answer it as its reader would.

sms.py last                   show the newest SMS (folder SMS_DIR)
sms.py reply "OUI 4821"       answer it: signed, to the page where a gateway tells of SMS that came in
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path


def newest() -> str:
    """The newest SMS; empty when there is none."""
    paths = sorted(Path(os.environ["SMS_DIR"]).glob("*.txt"))
    return paths[-1].read_text(encoding="utf-8") if paths else ""


def reply(text: str) -> str:
    """Answer the newest SMS; returns what the system said."""
    sender = newest().partition("\n")[0].removeprefix("To: ")
    house, _equals, secret = os.environ["SMS_INBOUND_KEYS"].split(",")[0].partition("=")
    body = json.dumps({"from": sender, "text": text}).encode()
    identity, now = uuid.uuid4().hex, int(time.time())
    signature = hmac.new(secret.encode(), f"{identity}.{now}.".encode() + body, hashlib.sha256).digest()
    address = f"{os.environ['BASE_URL']}/sms/entrants/{house.partition('/')[2]}/"
    headers = {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(now),
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=10) as answer:
            return f"{sender}: {text} → {answer.status}"
    except urllib.error.HTTPError as error:
        return f"{sender}: {text} → {error.code}"


if __name__ == "__main__":
    verb, text = sys.argv[1], " ".join(sys.argv[2:])
    print((reply(text) if verb == "reply" else newest()) or "No SMS yet.")
