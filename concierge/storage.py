"""Static files: hashed by whitenoise in production, except what Vite has hashed already; fresh in development."""

from typing import Any

from django_vite.core.asset_loader import DjangoViteAppClient, ManifestClient
from django_vite.core.exceptions import DjangoViteManifestError
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise ships no types
    """Leaves Vite's names alone: its chunks import each other by the names Vite gave them."""

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        """The name with a content hash; Vite's own files keep theirs."""
        if name.startswith("vite/"):
            return name
        hashed: str = super().hashed_name(name, content, filename)
        return hashed


class FreshManifest(ManifestClient):  # type: ignore[misc]  # django-vite ships no types
    """Read again when a build has replaced it, so that a running server shows what was built last."""

    _read_at = 0

    def get(self, path: str) -> Any:
        """The entry of this source file. While a build is half done, the one before it."""
        try:
            changed = self.manifest_path.stat().st_mtime_ns
            if changed != self._read_at:
                self._entries, self.legacy_polyfills_entry = self._parse_manifest()
                self._read_at = changed
        except (FileNotFoundError, DjangoViteManifestError):
            pass
        return super().get(path)


class FreshVite(DjangoViteAppClient):  # type: ignore[misc]  # django-vite ships no types
    """For development. In production the manifest belongs to the image and is read once."""

    ManifestClient = FreshManifest
