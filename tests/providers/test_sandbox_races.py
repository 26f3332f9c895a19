"""Two people who make the first test key of one provider, with real threads; the twin goes without the lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError

from concierge.models import Organisation
from providers.actions import sandbox
from providers.models import Provider
from tests.providers.test_races import Race, asked, race

__all__ = ["asked"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("S02")]


def make(asked: Race, faults: list[str]) -> Callable[[], None]:
    def run() -> None:
        try:
            sandbox.create_test_key(asked[2][0].provider, name="Clé", scopes=["offers:read"], by=asked[0].actor())
        except IntegrityError as error:
            faults.append(str(error))

    return run


def test_two_first_keys_open_one_sandbox(asked: Race) -> None:
    faults: list[str] = []
    assert race(asked[0], make(asked, faults), make(asked, faults)) == {"ok": 2}
    assert (faults, Organisation.objects.filter(sandbox_of=asked[0].organisation).count()) == ([], 1)
    assert len(sandbox.sandbox_keys(asked[2][0].provider)) == 2


def test_without_the_lock_one_of_them_fails(asked: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    both, faults, opening = threading.Barrier(2), list[str](), sandbox._open

    def together(provider: Provider) -> Any:
        both.wait(timeout=10)
        return opening(provider)

    monkeypatch.setattr(sandbox, "lock_provider", lambda provider: provider)
    monkeypatch.setattr(sandbox, "_open", together)
    race(asked[0], make(asked, faults), make(asked, faults))
    assert ["sandbox_provider_id" in fault for fault in faults] == [True]
    assert len(sandbox.sandbox_keys(asked[2][0].provider)) == 1
