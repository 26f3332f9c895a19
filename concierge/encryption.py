"""Texts that nobody reads in the database, in its backups or in a dump: encrypted by keys that only the settings know.

``ENCRYPTION_KEYS``: the first encrypts, each of them decrypts. So a key is changed without a pause: put the new one
first, run ``manage.py encrypt_again``, take the old one out (docs/operations.md).
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

# How everything encrypted begins: a constraint asks for it, so that no clear text can be stored by mistake.
MARK = "gAAAA"
_registered: list[Callable[[], QuerySet[Any]]] = []


class Unreadable(Exception):
    """Encrypted by a key that is no longer in the settings, or changed since."""


def encrypt(text: str) -> str:
    """Never the same twice, and it cannot be changed unseen."""
    return _ring(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode("ascii")


def decrypt(sealed: str) -> str:
    """What was encrypted. Raises ``Unreadable``."""
    try:
        return _ring(tuple(settings.ENCRYPTION_KEYS)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


def encrypt_again(sealed: str) -> str:
    """The same text under the first key. Raises ``Unreadable``."""
    try:
        return _ring(tuple(settings.ENCRYPTION_KEYS)).rotate(sealed.encode()).decode("ascii")
    except InvalidToken:
        raise Unreadable from None


@cache
def _ring(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([_fernet(secret) for secret in secrets])


def _fernet(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"concierge.encryption").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def holds(rows: Callable[[], QuerySet[Any]]) -> Callable[[], QuerySet[Any]]:
    """Register rows of the current tenant whose column ``sealed`` is encrypted."""
    _registered.append(rows)
    return rows


def renew() -> tuple[int, int]:
    """Encrypt every registered row again; returns how many, and how many could not be read. Needs the tenant."""
    done = unreadable = 0
    for rows in _registered:
        for key in rows().order_by("pk").values_list("pk", flat=True).iterator():
            with transaction.atomic():
                row = rows().select_for_update(of=("self",), no_key=True).filter(pk=key).first()
                if row is None:
                    continue
                try:
                    row.sealed = encrypt_again(row.sealed)
                except Unreadable:
                    unreadable += 1
                    continue
                row.save(update_fields=["sealed"])
                done += 1
    return done, unreadable
