"""A build shows on a running development server; production reads its manifest once."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest
from django.conf import settings
from django_vite.core.asset_loader import DjangoViteAppClient, DjangoViteConfig
from django_vite.core.exceptions import DjangoViteAssetNotFoundError

from concierge.storage import FreshVite

MOMENTS = itertools.count(1)


def build(manifest: Path, name: str) -> None:
    """What Vite does: the manifest is written anew, later than before."""
    manifest.write_text(json.dumps({"src/main.js": {"file": name}}))
    moment = next(MOMENTS)
    os.utime(manifest, ns=(moment, moment))


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    found = tmp_path / "manifest.json"
    build(found, "main.one.js")
    return found


def client(kind: type[DjangoViteAppClient], manifest: Path) -> DjangoViteAppClient:
    return kind(DjangoViteConfig(manifest_path=manifest, static_url_prefix="vite"))


def test_a_running_server_shows_the_new_build(manifest: Path) -> None:
    fresh = client(FreshVite, manifest)
    assert "main.one.js" in fresh.generate_vite_asset("src/main.js")
    build(manifest, "main.two.js")
    assert "main.two.js" in fresh.generate_vite_asset("src/main.js")


def test_a_build_under_way_does_not_disturb(manifest: Path) -> None:
    fresh = client(FreshVite, manifest)
    fresh.generate_vite_asset("src/main.js")
    manifest.write_text('{"src/main.js": {"fi')
    assert "main.one.js" in fresh.generate_vite_asset("src/main.js")
    manifest.unlink()
    assert "main.one.js" in fresh.generate_vite_asset("src/main.js")
    build(manifest, "main.two.js")
    assert "main.two.js" in fresh.generate_vite_asset("src/main.js")


def test_a_server_that_started_before_the_first_build_finds_it(tmp_path: Path) -> None:
    fresh = client(FreshVite, tmp_path / "manifest.json")
    with pytest.raises(DjangoViteAssetNotFoundError):
        fresh.generate_vite_asset("src/main.js")
    build(tmp_path / "manifest.json", "main.one.js")
    assert "main.one.js" in fresh.generate_vite_asset("src/main.js")


def test_the_stock_client_keeps_the_old_one(manifest: Path) -> None:
    """The twin: without it the page names a file that is gone."""
    stock = client(DjangoViteAppClient, manifest)
    build(manifest, "main.two.js")
    assert "main.one.js" in stock.generate_vite_asset("src/main.js")


def test_only_development_looks_again() -> None:
    assert "app_client_class" not in settings.DJANGO_VITE["default"]
    folder = Path(settings.BASE_DIR) / "concierge/settings"
    assert "concierge.storage.FreshVite" in (folder / "dev.py").read_text()
    assert "FreshVite" not in (folder / "prod.py").read_text()
