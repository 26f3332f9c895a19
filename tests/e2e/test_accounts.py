"""Signing in with a passkey, an app and recovery codes, in a real browser with a device of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from concierge import tenancy
from concierge.models import User
from tests.e2e.conftest import Screen, sign_in
from tests.world import PASSWORD, World

pytestmark = pytest.mark.browser

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """The telephone or computer that holds passkeys, as Chromium plays it."""

    def __init__(self, screen: Screen) -> None:
        self.tools = screen.page.context.new_cdp_session(screen.page)
        self.tools.send("WebAuthn.enable")
        self.id = self.tools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]

    def passkeys(self) -> list[dict[str, Any]]:
        """What it holds."""
        held: list[dict[str, Any]] = self.tools.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return held

    def refuses(self) -> None:
        """The finger is not recognised."""
        self.tools.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": False})


@pytest.fixture
def device(screen: Screen) -> Iterator[Device]:
    """A device with a finger print reader."""
    yield Device(screen)


@pytest.fixture
def dispatcher(live_world: World) -> User:
    """Somebody of the team who has not set up the second step yet, and whose address is proved."""
    user = live_world.users["dispatcher"]
    Authenticator.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def type_password(screen: Screen, user: User) -> None:
    page = screen.open("/compte/login/")
    page.locator("input[name=login]").fill(user.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form[action='/compte/login/'] button").click()


def show_it_is_me(screen: Screen) -> None:
    """The password once more, before the account is changed."""
    page = screen.page
    if "/reauthenticate/" not in page.url:
        return
    screen.check()
    screen.shot("account-is-it-you")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button").first.click()


def sign_out(screen: Screen) -> None:
    screen.page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)


@pytest.mark.promise("S12", "S23")
def test_a_passkey_is_made_and_signs_a_member_of_the_team_in(dispatcher: User, screen: Screen, device: Device) -> None:
    page = screen.page
    type_password(screen, dispatcher)
    page.wait_for_url("**/compte/2fa/")
    screen.check()
    screen.shot("account-two-steps-none")
    page.locator("a[href$='/webauthn/add/']").click()
    show_it_is_me(screen)
    page.wait_for_url("**/webauthn/add/")
    screen.check()
    screen.shot("account-passkey-new")
    page.locator("input[name=name]").fill("Téléphone d’Amélie")
    page.locator("form[data-passkey] button").click()
    page.wait_for_url("**/recovery-codes/")
    screen.check()
    screen.shot("account-recovery-codes")
    assert page.locator(".code-list li").count() == 10
    assert len(device.passkeys()) == 1
    made = Authenticator.objects.get(user=dispatcher, type="webauthn").wrap()
    assert (made.name, made.is_passwordless) == ("Téléphone d’Amélie", True)
    screen.open("/compte/2fa/webauthn/")
    screen.shot("account-passkeys")
    screen.open("/affectations/")
    sign_out(screen)
    page = screen.open("/compte/login/?next=/affectations/")
    screen.shot("account-sign-in")
    page.locator("form[data-passkey] button").click()
    page.wait_for_url(f"{screen.base}/affectations/")
    screen.check()


@pytest.mark.promise("S12")
def test_a_passkey_is_the_second_step_after_a_code(dispatcher: User, screen: Screen, device: Device) -> None:
    page = screen.page
    type_password(screen, dispatcher)
    page.wait_for_url("**/compte/2fa/")
    page.goto(f"{screen.base}/compte/2fa/webauthn/add/")
    show_it_is_me(screen)
    page.locator("form[data-passkey] button").click()
    page.wait_for_url("**/recovery-codes/")
    sign_out(screen)
    type_password(screen, dispatcher)
    page.wait_for_url("**/authenticate/")
    screen.check()
    screen.shot("account-second-step")
    page.goto(f"{screen.base}/affectations/")
    assert "/compte/login/" in page.url or "/authenticate/" in page.url
    page.goto(f"{screen.base}/compte/2fa/authenticate/")
    page.locator("form[data-passkey] button").click()
    page.wait_for_url(f"{screen.base}/affectations/")


@pytest.mark.promise("S12")
def test_a_device_that_refuses_is_told_kindly(dispatcher: User, screen: Screen, device: Device) -> None:
    page = screen.open("/compte/login/")
    page.locator("form[data-passkey] button").click()
    expect(page.locator("[data-passkey-said=cancelled]")).to_be_visible()
    screen.check()
    screen.shot("account-passkey-refused")
    device.refuses()
    page.locator("form[data-passkey] button").click()
    expect(page.locator("[data-passkey-said=cancelled]")).to_be_visible()
    assert "/compte/login/" in page.url


@pytest.mark.promise("S12")
def test_an_app_is_set_up_and_used_and_a_recovery_code_too(dispatcher: User, screen: Screen) -> None:
    page = screen.page
    type_password(screen, dispatcher)
    page.wait_for_url("**/compte/2fa/")
    page.locator("a[href$='/totp/activate/']").click()
    show_it_is_me(screen)
    page.wait_for_url("**/totp/activate/")
    screen.check()
    screen.shot("account-app-new")
    page.locator("input[name=code]").fill("000000")
    page.locator("main form button[type=submit]").last.click()
    expect(page.locator(".error-summary")).to_be_visible()
    screen.check()
    secret = page.locator("copy-link").get_attribute("text")
    assert secret
    page.locator("input[name=code]").fill(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url("**/recovery-codes/")
    code = page.locator(".code-list li").first.inner_text()
    screen.open("/compte/2fa/")
    screen.shot("account-two-steps")
    sign_out(screen)
    type_password(screen, dispatcher)
    page.wait_for_url("**/authenticate/")
    screen.check()
    assert page.locator("form[data-passkey]").count() == 0
    page.locator("input[name=code]").fill(code)
    page.locator("main form button").first.click()
    page.wait_for_url(f"{screen.base}/affectations/")
    for path, name in (("totp/deactivate/", "app-stop"), ("recovery-codes/generate/", "recovery-codes-new")):
        page.goto(f"{screen.base}/compte/2fa/{path}")
        show_it_is_me(screen)
        screen.check()
        screen.shot(f"account-{name}")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_account_page_is_whole_in_both_languages(
    live_world: World, screen: Screen, client: Client, language: str
) -> None:
    page, user = screen.page, live_world.users["dispatcher"]
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": screen.base}])
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    EmailAddress.objects.create(user=user, email="autre@example.fr", verified=True)
    credential = {"clientExtensionResults": {"credProps": {"rk": True}}}
    passkey = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Clé", "credential": credential})
    for path in ("login/", "signup/", "login/code/", "password/reset/", "password/reset/done/", "inactive/"):
        screen.open(f"/compte/{path}")
        assert page.locator("html").get_attribute("lang") == language
        assert "ourriel" not in page.content()
        screen.shot(f"account-{path.strip('/').replace('/', '-')}-{language}")
    screen.open("/compte/password/reset/key/3-too-old/")
    sign_in(screen, client, user)
    paths = ("2fa/", "2fa/webauthn/", "email/", "password/change/", "logout/", "2fa/reauthenticate/", "reauthenticate/")
    for path in paths:
        screen.open(f"/compte/{path}")
        assert "ourriel" not in page.content()
        screen.shot(f"account-{path.strip('/').replace('/', '-')}-{language}")
    page.goto(f"{screen.base}/compte/reauthenticate/?next=/compte/2fa/webauthn/keys/{passkey.pk}/edit/")
    show_it_is_me(screen)
    for path in (f"2fa/webauthn/keys/{passkey.pk}/edit/", f"2fa/webauthn/keys/{passkey.pk}/remove/"):
        screen.open(f"/compte/{path}")
        screen.shot(f"account-passkey-{path.split('/')[-2]}-{language}")


@pytest.mark.promise("S16")
def test_a_dead_tracking_link_offers_a_new_one(live_world: World, screen: Screen, client: Client) -> None:
    with tenancy.working_for(live_world.organisation):
        request = live_world.request(live_world.cobbler)
    old = f"/suivi/{request.tracking_token}/"
    sign_in(screen, client, live_world.users["dispatcher"])
    page = screen.open(f"/demandes/{request.public_id}/")
    page.locator("a[href$='/lien/']").click()
    screen.check()
    screen.shot("link-renew")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(f"{screen.base}/demandes/{request.public_id}/")
    sign_out(screen)
    assert page.goto(f"{screen.base}{old}").status == 410  # type: ignore[union-attr]  # it answered
    screen.check()
    screen.shot("link-over")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/nouveau-lien/")
    screen.check()
    screen.shot("link-sent")
    with tenancy.working_for(live_world.organisation):
        request.refresh_from_db()
    screen.open(f"/suivi/{request.tracking_token}/")


@pytest.mark.promise("S36")
def test_a_manager_makes_a_key_copies_it_and_ends_it(live_world: World, screen: Screen, client: Client) -> None:
    sign_in(screen, client, live_world.users["site_manager"])
    page = screen.open("/cles-api/")
    screen.shot("keys-none")
    page.locator("input[name=name]").fill("Intranet de la mairie")
    page.locator("input[value='requests:read']").check()
    page.locator("main form button[type=submit]").click()
    expect(page.locator("copy-link")).to_be_visible()
    key = page.locator("copy-link").get_attribute("text")
    screen.check()
    screen.shot("keys-new")
    page.locator("copy-link button").click()
    assert page.request.get(f"{screen.base}/api/v1/service-requests", headers={"Authorization": f"Bearer {key}"}).ok
    page.locator("main a[href$='/cles-api/']").last.click()
    screen.check()
    screen.shot("keys-list")
    page.locator("a[href$='/revoquer/']").click()
    screen.check()
    screen.shot("keys-revoke")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/cles-api/")
    expect(page.locator(".badge-cancelled")).to_be_visible()
    refused = page.request.get(f"{screen.base}/api/v1/service-requests", headers={"Authorization": f"Bearer {key}"})
    assert refused.status == 401
