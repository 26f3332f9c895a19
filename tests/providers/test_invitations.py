"""A local business opens its own file by an invitation; the team says yes (domain.md R32, trust.md S14, S16, S17)."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from concierge import retention, tenancy
from concierge.errors import Conflict, Invalid
from concierge.models import Event, User
from notifications.actions.writing import write
from notifications.models import Message
from providers.actions import invitations
from providers.actions.businesses import change_provider, set_active
from providers.actions.documents import add_document
from providers.actions.invitations import (
    approve_provider,
    door_of,
    hand_in,
    invite_again,
    invite_provider,
    open_door,
    revoke_invitation,
    say_what,
    say_when,
    say_who,
)
from providers.actions.refusals import InvitationOver, SiretKnown
from providers.enums import DocumentKind
from providers.models import InvitationLink, Provider, ProviderInvitation
from tests.conftest import settle
from tests.forms import as_shown
from tests.providers.conftest import MONDAY, a_siret, add_provider, details
from tests.providers.test_pages import browser_of, page
from tests.providers.test_races import race
from tests.providers.uploading import a_pdf
from tests.world import World, build_world

pytestmark = pytest.mark.promise("domain R32")
WHO = {
    "name": "Au fil de Lise",
    "legal_name": "",
    "vat_number": "",
    "is_vat_exempt": "on",
    "contact_name": "Lise Barrault",
    "email": "lise@example.fr",
    "phone": "06 12 34 56 78",
    "street": "4 rue des Forges",
    "postcode": "21000",
    "city": "Dijon",
}


def invited(world: World, **given: Any) -> ProviderInvitation:
    chosen = {"name": "Au fil de Lise", "email": "lise@example.fr", **given}
    return invite_provider(world.organisation, **chosen, by=world.actor())


def at(invitation: ProviderInvitation, step: str = "") -> str:
    token, _code = door_of(invitation)
    return f"/invitation/{token}/{step}/" if step else f"/invitation/{token}/"


def let_in(invitation: ProviderInvitation) -> Browser:
    """A browser in which the four digits were typed."""
    browser = Browser()
    browser.post(at(invitation, "code"), {"code": door_of(invitation)[1]})
    return browser


def begun(world: World, invitation: ProviderInvitation, **changes: Any) -> Provider:
    given = vars(details(email="lise@example.fr", **changes))
    return say_who(invitation, given, by=world.actor())


def say_who_again(world: World, invitation: ProviderInvitation) -> Provider:
    """Another name for the file."""
    provider = Provider.objects.get(invitation=invitation)
    return say_who(invitation, {"name": "Lise et Cie", "siret": provider.siret}, by=world.actor())


def ready(world: World, invitation: ProviderInvitation) -> Provider:
    """Everything but the charter."""
    begun(world, invitation)
    say_when(invitation, {day: [] for day in range(7)}, radius_km=12, by=world.actor())
    return say_what(invitation, [world.cobbler], daily_capacity=3, by=world.actor())


# --- the story ------------------------------------------


@pytest.mark.promise("S14", "S16")
def test_from_the_invitation_to_the_first_yes(world: World) -> None:
    manager = browser_of(world.users["site_manager"])
    sent = manager.post(
        "/prestataires/invitations/nouvelle/", {"name": "Au fil de Lise", "email": "lise@example.fr", "language": "fr"}
    )
    invitation = ProviderInvitation.objects.get()
    assert sent["Location"] == f"/prestataires/invitations/{invitation.public_id}/"
    token, code = door_of(invitation)
    shown = page(manager.get(sent["Location"]))
    assert (f"/invitation/{token}/" in shown, code in shown) == (True, True)
    settle()
    letter = write(Message.objects.get(kind="provider_invitation.sent"))
    assert (f"/invitation/{token}/" in letter.text, code in letter.text) == (True, True)

    users, browser = User.objects.count(), Browser()
    assert "quatre chiffres" in page(browser.get(at(invitation)))
    assert browser.post(at(invitation, "code"), {"code": code}).status_code == 302
    typed = as_shown(browser.get(at(invitation)))
    assert (typed["name"], typed["email"]) == ("Au fil de Lise", "lise@example.fr")
    answer = browser.post(at(invitation, "qui"), {**WHO, "siret": a_siret()})
    assert answer["Location"] == at(invitation, "horaires")
    provider = Provider.objects.get()
    assert (provider.is_active, provider.is_to_check, provider.language) == (False, True, "fr")
    assert (provider.latitude, provider.longitude) == (None, None)
    hours = {**as_shown(browser.get(answer["Location"])), "day0": "9-12, 14-18", "radius_km": "12"}
    answer = browser.post(answer["Location"], hours)
    assert answer["Location"] == at(invitation, "services")
    what = {"services": [str(world.cobbler.public_id)], "daily_capacity": "3"}
    answer = browser.post(answer["Location"], what)
    assert answer["Location"] == at(invitation, "documents")
    body = page(browser.get(answer["Location"]))
    assert body.count("Manquant") == 2
    paper = {"kind": "insurance", "file": SimpleUploadedFile("a.pdf", a_pdf())}
    assert browser.post(answer["Location"], paper)["Location"] == answer["Location"]
    body = page(browser.get(answer["Location"]))
    assert (body.count("Manquant"), body.count("Annoncé")) == (1, 0)
    body = page(browser.get(at(invitation, "charte")))
    assert "Nous sommes assurés" in body
    assert browser.post(at(invitation, "charte"), {"name": "Lise Barrault"}).status_code == 422
    done = browser.post(at(invitation, "charte"), {"name": "Lise Barrault", "agree": "on"})
    assert done["Location"] == at(invitation)
    assert "nous examinons votre dossier" in page(browser.get(done["Location"]))
    invitation.refresh_from_db()
    assert (invitation.status, invitation.signed_by) == ("used", "Lise Barrault")
    assert "Nous sommes assurés" in invitation.charter

    _the_team_says_yes(world, manager, provider)
    assert User.objects.count() == users
    assert "vous travaillez avec nous" in page(browser.get(at(invitation)))


def _the_team_says_yes(world: World, manager: Browser, provider: Provider) -> None:
    file = page(manager.get(reverse("providers:provider", args=[provider.public_id])))
    assert ("Tout est remis" in file, world.cobbler.name in file, "n’avons pas trouvé son adresse" in file) == (
        True,
        True,
        True,
    )
    assert manager.post(reverse("providers:approve-provider", args=[provider.public_id])).status_code == 302
    provider.refresh_from_db()
    assert (provider.is_active, provider.is_to_check, provider.daily_capacity, provider.radius_km) == (
        True,
        False,
        3,
        12,
    )
    assert provider.charter_signed_on == MONDAY.date()
    settle()
    kinds = set(Message.objects.values_list("kind", flat=True))
    assert {"provider.handed_in", "provider.approved", "provider.document_sent"} <= kinds


# --- the link -------------------------------------------


@pytest.mark.promise("S16")
def test_looking_changes_nothing_and_another_browser_cannot_act(world: World) -> None:
    invitation = invited(world)
    events = Event.objects.count()
    stranger = Browser()
    for step in ("", "qui", "horaires", "services", "documents", "charte"):
        answer = stranger.get(at(invitation, step))
        assert answer["Referrer-Policy"] == "no-referrer"
        assert WHO["street"] not in page(answer)
    assert stranger.post(at(invitation, "qui"), {**WHO, "siret": a_siret()}).status_code == 403
    assert stranger.post(at(invitation, "pas-moi")).status_code == 403
    assert stranger.post(at(invitation, "code"), {"code": "abcd"}).status_code == 422
    assert (Event.objects.count(), Provider.objects.count()) == (events, 0)
    right, code = at(invitation, "code"), door_of(invitation)[1]
    for _try in range(5):
        wrong = f"{(int(code) + 1) % 10000:04d}"
        stranger.post(right, {"code": wrong})
    assert stranger.post(right, {"code": code}).status_code == 429
    assert door_of(invitation) == ("", "")


def test_a_link_ends_when_it_is_used_taken_back_replaced_or_old(world: World, monday: Any) -> None:
    old, by = invited(world), world.actor()
    first, browser = at(old), let_in(old)
    invite_again(old, by=by)
    assert browser.get(first).status_code == 410
    assert Browser().get(at(old)).status_code == 200
    revoke_invitation(old, by=by)
    revoke_invitation(old, by=by)
    assert door_of(old) == ("", "")
    with pytest.raises(InvitationOver):
        begun(world, old)
    used = invited(world, email="autre@example.fr")
    browser = let_in(used)
    ready(world, used)
    hand_in(used, charter="…", name="Lise", by=by)
    assert browser.post(at(used, "qui"), {**WHO, "siret": a_siret()}).status_code == 200
    assert Provider.objects.get().street == "3 rue Monge"
    ended = at(used)
    assert revoke_invitation(used, by=by).status == "used"
    assert browser.get(ended).status_code == 410
    waiting = invited(world, email="encore@example.fr")
    address = at(waiting)
    monday.move_to(MONDAY + dt.timedelta(days=31))
    assert Browser().get(address).status_code == 410
    assert door_of(waiting) == ("", "")


def test_it_is_not_me(world: World) -> None:
    invitation = invited(world)
    browser = let_in(invitation)
    assert "ne fonctionne plus" in page(browser.post(at(invitation, "pas-moi")))
    invitation.refresh_from_db()
    assert (invitation.status, invitation.links.get().reported_at is not None) == ("revoked", True)
    settle(world.organisation)
    letter = write(Message.objects.get(kind="provider_invitation.misdirected"))
    assert ("lise@example.fr" in letter.text, str(invitation.public_id) in letter.text) == (True, True)


@pytest.mark.promise("S03")
def test_a_link_opens_nothing_at_another_organisation(world: World, other_world: World) -> None:
    assert Browser(headers={"host": other_world.host}).get(at(invited(world))).status_code == 404


# --- what is wrong --------------------------------------


@pytest.mark.promise("S17")
def test_a_known_siret_says_nothing_of_its_file(world: World) -> None:
    known, invitation = add_provider(world), invited(world)
    browser = let_in(invitation)
    answer = browser.post(at(invitation, "qui"), {**WHO, "siret": known.siret})
    body = page(answer, 422)
    assert answer.context["form"].errors == {
        "siret": ["Nous aimerions regarder ce numéro avec vous\u00a0: appelez-nous."]
    }
    assert (known.name in body, as_shown(answer)["street"]) == (False, WHO["street"])
    known.refresh_from_db()
    assert (known.street, Provider.objects.count()) == ("3 rue Monge", 1)
    with pytest.raises(SiretKnown):
        begun(world, invitation, siret=known.siret)


def test_steps_come_in_order_and_wrong_ones_keep_what_was_typed(world: World) -> None:
    invitation, by = invited(world), world.actor()
    browser = let_in(invitation)
    assert browser.get(at(invitation, "services"))["Location"] == at(invitation)
    assert browser.post(at(invitation, "services"), {})["Location"] == at(invitation)
    for missing in (
        lambda: say_when(invitation, {}, radius_km=5, by=by),
        lambda: say_what(invitation, [world.cobbler], daily_capacity=5, by=by),
        lambda: hand_in(invitation, charter="…", name="Lise", by=by),
    ):
        with pytest.raises(Invalid):
            missing()
    wrong = browser.post(at(invitation, "qui"), {**WHO, "siret": "73282932000075", "postcode": "2100"})
    assert (wrong.status_code, set(wrong.context["form"].errors)) == (422, {"siret", "postcode"})
    begun(world, invitation)
    wrong = browser.post(at(invitation, "horaires"), {"day0": "18-9", "radius_km": "0"})
    assert set(wrong.context["form"].errors) == {"day0", "radius_km"}
    assert as_shown(wrong)["day0"] == "18-9"
    browser.post(at(invitation, "horaires"), {"day0": "9-18", "radius_km": "9"})
    wrong = browser.post(at(invitation, "services"), {"services": ["nonsense"], "daily_capacity": "0"})
    assert set(wrong.context["form"].errors) == {"services", "daily_capacity"}
    browser.post(at(invitation, "services"), {"services": [str(world.cobbler.public_id)], "daily_capacity": "2"})
    bad = {"kind": "insurance", "file": SimpleUploadedFile("a.pdf", b"MZ")}
    wrong = browser.post(at(invitation, "documents"), bad)
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["file"])
    with pytest.raises(Invalid):
        hand_in(invitation, charter="…", name=" ", by=by)


def test_whom_one_cannot_write_to_is_not_invited(world: World) -> None:
    invited(world)
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"email": "", "phone": ""}, Invalid, "email"),
        ({"phone": "12"}, Invalid, "phone"),
        ({"email": "nonsense"}, Invalid, "email"),
        ({"name": ""}, Invalid, "name"),
        ({}, Conflict, "email"),
        ({"email": "LISE@example.fr"}, Conflict, "email"),
    ]
    for given, kind, field in wrong:
        with pytest.raises(kind) as refused:
            invited(world, **given)
        assert getattr(refused.value, "field", "") == field
    assert ProviderInvitation.objects.count() == 1
    manager = browser_of(world.users["site_manager"])
    answer = manager.post(
        "/prestataires/invitations/nouvelle/", {"name": "A", "email": "lise@example.fr", "language": "fr"}
    )
    assert (answer.status_code, list(answer.context["form"].errors)) == (409, ["email"])
    assert as_shown(answer)["name"] == "A"


# --- the team -------------------------------------------


def test_only_who_manages_providers_invites_and_approves(world: World) -> None:
    invitation = invited(world)
    provider = begun(world, invitation)
    for role in ("dispatcher", "concierge", "trainee", "provider", "accountant"):
        reader = browser_of(world.users[role])
        for where in ("/prestataires/invitations/", "/prestataires/invitations/nouvelle/"):
            assert reader.get(where).status_code == 403
        assert reader.post(reverse("providers:approve-provider", args=[provider.public_id])).status_code == 403
    provider.refresh_from_db()
    assert provider.is_to_check
    manager = browser_of(world.users["site_manager"])
    listed = page(manager.get("/prestataires/"))
    assert "À vérifier" in listed
    assert "pas encore tout remis" in page(manager.get(reverse("providers:provider", args=[provider.public_id])))
    verb = reverse("providers:change-invitation", args=[invitation.public_id, "revoquer"])
    # While the steps can still be changed, nobody says yes to them.
    say_yes = reverse("providers:approve-provider", args=[provider.public_id])
    assert "Tout n’est pas encore remis" in page(manager.post(say_yes, follow=True))
    with pytest.raises(Conflict):
        set_active(provider, is_active=True, by=world.actor())
    assert manager.post(verb).status_code == 302
    assert manager.post(verb.replace("revoquer", "renvoyer")).status_code == 302
    assert say_who_again(world, invitation).is_to_check
    assert manager.post(verb).status_code == 302
    approve_provider(provider, by=world.actor())
    approve_provider(provider, by=world.actor())
    assert Event.objects.filter(name="provider.approved").count() == 1
    # Nor can anybody change them afterwards, by whatever link.
    assert manager.post(verb.replace("revoquer", "renvoyer")).status_code == 409
    with pytest.raises(InvitationOver):
        say_who_again(world, invitation)


def test_the_list_asks_as_much_for_three_as_for_one(world: World) -> None:
    manager = browser_of(world.users["site_manager"])

    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            page(manager.get("/prestataires/invitations/"))
        return len(asked)

    begun(world, invited(world))
    count()
    before = count()
    for number in range(2):
        begun(world, invited(world, email=f"{number}@example.fr"))
    assert count() == before


def test_who_never_signs_in_is_given_a_link_for_the_next_paper(world: World) -> None:
    invitation = invited(world)
    provider = ready(world, invitation)
    hand_in(invitation, charter="…", name="Lise Barrault", by=world.actor())
    approve_provider(provider, by=world.actor())
    first, expires = door_of(invitation), dt.date(2027, 3, 1)
    paper: dict[str, Any] = {"kind": DocumentKind.INSURANCE, "issued_on": dt.date(2026, 3, 1), "expires_on": expires}
    add_document(provider, **paper, by=world.actor())
    with time_machine.travel(MONDAY + dt.timedelta(days=20)):
        open_door(provider)
        assert door_of(invitation) == first
    with time_machine.travel(dt.datetime(2027, 1, 30, 9, tzinfo=dt.UTC)):
        settle()
        assert door_of(invitation) not in {first, ("", "")}
        letter = write(Message.objects.get(kind="provider.document_expiring"))
        assert all(part in letter.text for part in (at(invitation, "documents"), door_of(invitation)[1]))
    # Not by digits that were guessed at, nor by a link that an old address holds, nor by one that the team ended.
    for end in (lambda: _wrong_digits(invitation), lambda: _moves(provider, world), lambda: _ended(invitation, world)):
        before = door_of(invitation)
        end()
        assert door_of(invitation) == ("", "")
        open_door(provider)
        assert door_of(invitation) not in {before, ("", "")}
    stranger = add_provider(world)
    open_door(stranger)
    assert InvitationLink.objects.exclude(invitation=invitation).count() == 0


def _wrong_digits(invitation: ProviderInvitation) -> None:
    invitation.links.filter(revoked_at=None).update(code_tries=5)


def _moves(provider: Provider, world: World) -> None:
    change_provider(provider, {"email": "nouvelle@example.fr"}, by=world.actor())
    settle()


def _ended(invitation: ProviderInvitation, world: World) -> None:
    revoke_invitation(invitation, by=world.actor())
    invitation.refresh_from_db()
    assert invitation.status == "used"


@pytest.mark.promise("S16")
def test_who_comes_back_too_late_asks_for_a_new_link(world: World) -> None:
    invitation = invited(world)
    begun(world, invitation)
    old = at(invitation)
    with time_machine.travel(MONDAY + dt.timedelta(days=31)):
        body = page(Browser().get(old), 410)
        assert ("pas terminé" in body, f"{old}nouveau/" in body) == (True, True)
        assert "Regardez" in page(Browser().post(f"{old}nouveau/"))
        assert at(invitation) != old
        settle()
        letter = write(Message.objects.filter(kind="provider_invitation.sent").latest("pk"))
        assert at(invitation) in letter.text
        # It works once: what works needs no other.
        Browser().post(f"{old}nouveau/")
        assert invitation.links.count() == 2
        revoke_invitation(invitation, by=world.actor())
        Browser().post(f"{old}nouveau/")
        assert invitation.links.count() == 2


def test_the_welcome_says_what_is_still_missing(world: World) -> None:
    invitation = invited(world)
    provider = ready(world, invitation)
    hand_in(invitation, charter="…", name="Lise Barrault", by=world.actor())
    paper: dict[str, Any] = {"kind": DocumentKind.INSURANCE, "issued_on": dt.date(2026, 3, 1)}
    add_document(provider, **paper, expires_on=dt.date(2027, 3, 1), by=world.actor())
    approve_provider(provider, by=world.actor())
    settle()
    letter = write(Message.objects.get(kind="provider.approved"))
    assert ("Immatriculation" in letter.text, "Assurance" in letter.text) == (True, False)
    assert at(invitation, "documents") in letter.text


def test_a_number_is_invited_once_and_a_landline_is_called(world: World) -> None:
    manager = browser_of(world.users["site_manager"])
    given = {"name": "Au fil de Lise", "phone": "03 80 11 22 33", "language": "fr"}
    sent = manager.post("/prestataires/invitations/nouvelle/", given, follow=True)
    assert "appelez l’entreprise" in page(sent)
    assert "déjà une invitation" in page(manager.post("/prestataires/invitations/nouvelle/", given), 409)


# --- races ----------------------------------------------


@pytest.fixture
def world_of_threads(transactional_db: None) -> Iterator[World]:
    """A world that every thread can see."""
    made = build_world()
    with tenancy.working_for(made.organisation):
        yield made


def _twice(world: World) -> dict[str, int]:
    invitation = invited(world)
    return race(world, lambda: begun(world, invitation), lambda: begun(world, invitation))


@pytest.mark.promise("R02", "S14")
@pytest.mark.django_db(transaction=True)
def test_the_same_invitation_twice_makes_one_provider(world_of_threads: World) -> None:
    assert _twice(world_of_threads) == {"ok": 2}
    assert Provider.objects.count() == 1
    assert InvitationLink.objects.count() == 1


@pytest.mark.promise("R02")
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_it_makes_two(world_of_threads: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both have read “nobody yet” before either writes."""

    both = threading.Barrier(2, timeout=10)

    def read_only(invitation: ProviderInvitation, verb: str) -> ProviderInvitation:
        found = ProviderInvitation.objects.select_related("organisation", "provider").get(pk=invitation.pk)
        both.wait()
        return found

    monkeypatch.setattr(invitations, "_lock", read_only)
    assert _twice(world_of_threads) == {"ok": 2}
    assert Provider.objects.count() == 2


@pytest.mark.promise("P04")
def test_whoever_never_came_is_forgotten(world: World) -> None:
    never, came = invited(world), invited(world, email="autre@example.fr")
    begun(world, came)
    for days, left in ((89, [never, came]), (91, [came])):
        with time_machine.travel(timezone.now() + dt.timedelta(days=days)):
            retention.purge()
        assert list(ProviderInvitation.objects.order_by("pk")) == left
    assert not InvitationLink.objects.exclude(invitation=came).exists()
