"""What a reason does to a plan."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """What a reason does: forbid, ask the dispatcher to accept it, inform, or speak for the person."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"
    FOR = "for"
