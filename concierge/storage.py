"""Static files in production: hashed by whitenoise, except what Vite has hashed already."""

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise ships no types
    """Leaves Vite's names alone: its chunks import each other by the names Vite gave them."""

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        """The name with a content hash; Vite's own files keep theirs."""
        if name.startswith("vite/"):
            return name
        hashed: str = super().hashed_name(name, content, filename)
        return hashed
