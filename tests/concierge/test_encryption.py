"""What is encrypted by the keys of the settings, and how a key is changed (R8)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bookings.models import AccessNote
from concierge import encryption, tenancy
from concierge.models import Organisation
from tests.world import World

pytestmark = pytest.mark.promise("domain R8")
OLD, NEW = "an old key of at least forty characters ....", "a new key of at least forty characters ....."


def test_a_text_comes_back_and_is_never_the_same_twice() -> None:
    first, second = (encryption.encrypt("Digicode 47B12 – été") for _n in range(2))
    assert (encryption.decrypt(first), encryption.decrypt(second)) == ("Digicode 47B12 – été",) * 2
    assert (first != second, first.startswith(encryption.MARK), "47B12" in first) == (True, True, False)


@pytest.mark.parametrize("change", [lambda text: text[:-6] + "AAAA==", lambda text: "clear", lambda text: ""])
def test_what_was_changed_is_not_read(change: Any) -> None:
    with pytest.raises(encryption.Unreadable):
        encryption.decrypt(change(encryption.encrypt("47B12")))


def test_every_key_reads_and_the_first_writes(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    sealed = encryption.encrypt("47B12")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert encryption.decrypt(sealed) == "47B12"
    renewed = encryption.encrypt_again(sealed)
    settings.ENCRYPTION_KEYS = [NEW]
    assert encryption.decrypt(renewed) == "47B12"
    for lost in (encryption.decrypt, encryption.encrypt_again):
        with pytest.raises(encryption.Unreadable):
            lost(sealed)


def note(world: World, text: str) -> AccessNote:
    request = world.request()
    sealed = encryption.encrypt(text)
    return AccessNote.objects.create(organisation=world.organisation, request=request, sealed=sealed)


@pytest.mark.django_db
def test_a_key_is_changed_for_every_organisation(world: World, other_world: World, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    with tenancy.working_for(other_world.organisation):
        theirs = note(other_world, "Chez eux")
    mine = note(world, "Chez nous")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    said = io.StringIO()
    call_command("encrypt_again", stdout=said)
    assert said.getvalue().count("1 encrypted again, 0 unreadable") == Organisation.objects.count() == 2
    settings.ENCRYPTION_KEYS = [NEW]
    for home, row, text in ((other_world, theirs, "Chez eux"), (world, mine, "Chez nous")):
        with tenancy.working_for(home.organisation):
            assert AccessNote.objects.get(pk=row.pk).text == text


@pytest.mark.django_db
def test_a_key_that_is_missing_is_said(world: World, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    lost = note(world, "Perdu").sealed
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(CommandError, match="1 texts are read by none of ENCRYPTION_KEYS"):
        call_command("encrypt_again", stdout=io.StringIO())
    assert AccessNote.objects.get().sealed == lost
