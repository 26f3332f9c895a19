"""A file once it was looked at and written anew."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

PDF, JPEG = "application/pdf", "image/jpeg"
EXTENSIONS = {PDF: "pdf", JPEG: "jpg"}


@dataclass(frozen=True)
class CleanFile:
    """Bytes that we wrote ourselves: a PDF without anything that acts, or a JPEG without what its camera noted."""

    content: bytes
    media_type: str
    pages: int

    @property
    def sha256(self) -> str:
        """What the bytes are known by."""
        return hashlib.sha256(self.content).hexdigest()
