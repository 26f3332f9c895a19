"""Accounts that somebody else was in first, and sessions that are older than the second factor (S12, S14, S15)."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.test import Client as Browser
from django.utils import timezone

from concierge.actions import give_role
from concierge.enums import Role
from concierge.models import User
from tests.signing_in import forget_second_factor
from tests.world import PASSWORD, World, add_second_factor

OWNER, STRANGER = "owner@example.org", "stranger-was-here-1"
REAUTHENTICATE = "/compte/2fa/reauthenticate/"


def code_of_last_mail() -> str:
    found = re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[1]


def sign_up(browser: Browser, password: str = STRANGER) -> Any:
    return browser.post("/compte/signup/", {"email": OWNER, "password1": password})


def sign_in_by_code(browser: Browser, email: str = OWNER) -> Any:
    browser.post("/compte/login/code/", {"email": email})
    return browser.post("/compte/login/code/confirm/", {"code": code_of_last_mail()})


def sign_in(browser: Browser, email: str = OWNER, password: str = STRANGER) -> Any:
    return browser.post("/compte/login/", {"login": email, "password": password})


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/compte/2fa/").status_code == 200


def totp_now(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


# --- a stranger was here first ----------------------------------------


@pytest.mark.promise("S14")
def test_the_password_of_a_stranger_dies_when_the_owner_proves_the_address(world: World) -> None:
    stranger, owner = Browser(), Browser()
    assert sign_up(stranger).status_code == 302
    assert sign_in_by_code(owner).status_code == 302
    assert is_signed_in(owner)
    user = User.objects.get(email=OWNER)
    assert not user.has_usable_password()
    assert EmailAddress.objects.get(user=user).verified
    assert sign_in(Browser()).status_code == 200
    code = stranger.session["account_email_verification_code"]["code"]
    stranger.post("/compte/confirm-email/", {"code": code})
    assert not is_signed_in(stranger)


@pytest.mark.promise("S14", "S15")
def test_what_a_stranger_left_open_or_added_dies_too(world: World, client: Browser) -> None:
    stranger, owner = Browser(), Browser()
    sign_up(stranger)
    user = User.objects.get(email=OWNER)
    add_second_factor(user)
    client.force_login(user)
    assert is_signed_in(client)
    sign_in_by_code(owner)
    assert is_signed_in(owner)
    assert not is_signed_in(client)
    assert not Authenticator.objects.filter(user=user).exists()
    for address in ("/compte/confirm-email/", "/compte/login/", "/compte/login/code/confirm/"):
        stranger.get(address)
    assert not is_signed_in(stranger)


@pytest.mark.promise("S14")
def test_whoever_chose_the_password_and_proves_the_address_keeps_it(world: World, client: Browser) -> None:
    sign_up(client)
    assert client.post("/compte/confirm-email/", {"code": code_of_last_mail()}).status_code == 302
    assert is_signed_in(client)
    assert User.objects.get(email=OWNER).check_password(STRANGER)
    assert EmailAddress.objects.get(email=OWNER).verified


@pytest.mark.promise("S14")
def test_whoever_knows_the_password_and_proves_the_address_later_keeps_it(world: World) -> None:
    sign_up(Browser())
    later = Browser()
    mail.outbox.clear()
    cache.clear()  # one code every ten seconds
    assert sign_in(later).headers["Location"] == "/compte/confirm-email/"
    later.post("/compte/confirm-email/", {"code": code_of_last_mail()})
    assert is_signed_in(later)
    assert User.objects.get(email=OWNER).check_password(STRANGER)


@pytest.mark.promise("S14")
def test_a_proved_account_keeps_its_password_when_a_code_is_used(world: World) -> None:
    user = User.objects.create_user(OWNER, PASSWORD)
    EmailAddress.objects.create(user=user, email=OWNER, verified=True, primary=True)
    add_second_factor(user)
    browser = Browser()
    answer = sign_in_by_code(browser)
    assert answer.headers["Location"] == "/compte/2fa/authenticate/"
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert Authenticator.objects.filter(user=user).exists()


@pytest.mark.promise("S14")
def test_a_role_given_to_an_unproved_account_ends_all_that_was_there(world: World, client: Browser) -> None:
    sign_up(Browser())
    user = User.objects.get(email=OWNER)
    add_second_factor(user)
    client.force_login(user)
    give_role(OWNER, role=Role.DISPATCHER, organisation=world.organisation, by=world.actor())
    user.refresh_from_db()
    assert not user.has_usable_password()
    assert not Authenticator.objects.filter(user=user).exists()
    assert not is_signed_in(client)


# --- the second factor and the sessions ----------------------------------------


@pytest.mark.promise("S12")
def test_a_session_that_did_not_use_the_factor_is_asked_for_it(world: World, client: Browser) -> None:
    client.force_login(world.users["dispatcher"])
    assert client.get("/affectations/").status_code == 200
    forget_second_factor(client)
    answer = client.get("/affectations/?day=2026-11-23")
    assert answer.status_code == 302
    assert answer.headers["Location"] == REAUTHENTICATE + "?next=%2Faffectations%2F%3Fday%3D2026-11-23"
    assert client.post("/demandes/").headers["Location"].startswith(REAUTHENTICATE)
    secret = Authenticator.objects.get(user=world.users["dispatcher"], type="totp").wrap().instance.data["secret"]
    assert client.post(REAUTHENTICATE, {"code": "000000", "next": "/affectations/"}).status_code == 200
    assert client.get("/affectations/").status_code == 302
    typed = {"code": totp_now(secret), "next": "/affectations/"}
    assert client.post(REAUTHENTICATE, typed).headers["Location"] == "/affectations/"
    assert client.get("/affectations/").status_code == 200


@pytest.mark.promise("S12")
def test_the_password_typed_again_is_not_the_second_factor(world: World, client: Browser) -> None:
    client.force_login(world.users["dispatcher"])
    forget_second_factor(client)
    answer = client.post("/compte/reauthenticate/", {"password": PASSWORD})
    assert answer.headers["Location"] == REAUTHENTICATE
    assert client.get("/affectations/").status_code == 302
    assert client.get("/compte/2fa/webauthn/add/").headers["Location"].startswith(REAUTHENTICATE)


@pytest.mark.promise("S12")
def test_without_staff_roles_nobody_asks(world: World, client: Browser) -> None:
    client.force_login(world.users["trainee"])
    assert client.get("/mes-demandes/").status_code == 200


@pytest.mark.django_db(transaction=True)  # the library changes the factor when the transaction ends
@pytest.mark.promise("S12", "S15")
def test_setting_up_the_factor_ends_the_other_sessions(world: World) -> None:
    user = world.users["dispatcher"]
    Authenticator.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    here, elsewhere = Browser(), Browser()
    for browser in (here, elsewhere):
        assert sign_in(browser, user.email, PASSWORD).status_code == 302
        assert browser.get("/affectations/").headers["Location"] == "/compte/2fa/"
    here.post("/compte/reauthenticate/", {"password": PASSWORD})
    before = here.session.session_key
    secret = here.get("/compte/2fa/totp/activate/").context["form"].secret
    # A code is good for thirty seconds: time stands still, so that no slow machine reads it in the next ones.
    with time_machine.travel(timezone.now(), tick=False):
        answer = here.post("/compte/2fa/totp/activate/", {"code": totp_now(secret)})
    assert answer.status_code == 302, answer.context["form"].errors
    assert here.session.session_key != before
    assert here.get("/affectations/").status_code == 200
    assert not is_signed_in(elsewhere)


@pytest.mark.django_db(transaction=True)  # the library changes the factor when the transaction ends
@pytest.mark.promise("S12", "S15")
@pytest.mark.parametrize("verb", ["totp/deactivate", "recovery-codes/generate"])
def test_resetting_the_factor_ends_the_other_sessions(world: World, verb: str) -> None:
    user = world.users["dispatcher"]
    here, elsewhere = Browser(), Browser()
    for browser in (here, elsewhere):
        browser.force_login(user)
    here.post("/compte/reauthenticate/", {"password": PASSWORD})
    assert is_signed_in(elsewhere)
    assert here.post(f"/compte/2fa/{verb}/").status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)


def test_a_session_that_ended_elsewhere_leads_to_signing_in(world: World, client: Browser) -> None:
    """Reading requests may not write: the session is ended before they read."""
    user = world.users["dispatcher"]
    client.force_login(user)
    user.set_password("un-autre-mot-de-passe-long")
    user.save()
    answer = client.get("/demandes/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/compte/login/?next=/demandes/")
