"""Files that somebody sends: never opened in this process, never kept as they came (S26, ADR 19)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore

from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from concierge.errors import Invalid, Unavailable
from concierge.files import EXTENSIONS, CleanFile
from concierge.files.cleaning import MOST_BYTES, Refused, kind_of

# From one network, or of one key or provider: opening a file costs seconds.
MOST_UPLOADS, WINDOW = 40, 600
SCRIPT = Path(__file__).with_name("cleaning.py")
# On the clock of the wall; the process has five seconds of its own.
PATIENCE = 10.0
# Each may take more memory than a web server: two at a time in one process. The others wait a moment and are then told,
# so that they do not keep the threads from everybody else.
AT_THE_DOOR = 0.5
_doors = BoundedSemaphore(2)


class BadFile(Invalid):
    """The file itself is not one that we keep."""

    code = "bad_file"
    status = 422


WORDS: dict[str, Promise] = {
    "empty": _("This file is empty."),
    "too_big": _("This file is too big: at most 8 MB."),
    "unknown_type": _("We take PDF files and photographs (JPEG, PNG, WebP). This file is something else."),
    "too_many_pixels": _("This image is too large: at most 40 million pixels."),
    "too_long": _("This PDF is too long: at most 30 pages."),
    "protected": _("This PDF is protected by a password. Send us one that opens without it."),
    "dangerous": _("This file looks dangerous: we do not take it."),
    "too_complex": _("This file is too complicated to open. Print it into a new PDF, or photograph it."),
    "unreadable": _("This file cannot be read: it may be damaged. Print it into a new PDF, or photograph it."),
}


def clean_upload(given: UploadedFile[bytes]) -> CleanFile:
    """The file of a form, as it is kept. Its name is not looked at. Raises ``BadFile`` at ``file``."""
    if given.size is not None and given.size > MOST_BYTES:
        raise _bad("too_big")
    return clean_bytes(given.read(MOST_BYTES + 1))


def clean_bytes(content: bytes) -> CleanFile:
    """Have a file opened and written anew by a process that may break. Raises ``BadFile`` and ``Unavailable``."""
    try:
        kind_of(content)
    except Refused as refused:
        raise _bad(str(refused)) from refused
    if not _doors.acquire(timeout=AT_THE_DOOR):
        raise Unavailable(_("Many files arrive at this moment. Please send yours again in a minute."), field="file")
    try:
        answer = _run(content)
    finally:
        _doors.release()
    head, _newline, made = answer.partition(b"\n")
    try:
        said = json.loads(head)
    except ValueError:
        said = {}  # it was killed, or broke
    if said.get("media_type") not in EXTENSIONS:
        raise _bad(str(said.get("refused", "unreadable")))
    return CleanFile(made, said["media_type"], said["pages"])


def _run(content: bytes) -> bytes:
    """What the process says; nothing when it was too slow. It inherits no secret: its environment is empty."""
    command = [sys.executable, "-I", str(SCRIPT)]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; what was sent is only its input
            command, input=content, capture_output=True, timeout=PATIENCE, env={}, cwd="/", check=False
        )
    except subprocess.TimeoutExpired:
        return b""
    return done.stdout if done.returncode == 0 else b""


def _bad(reason: str) -> BadFile:
    return BadFile(WORDS[reason], field="file", reason=reason)
