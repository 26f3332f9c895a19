"""Browsers that are signed in without a form."""

from __future__ import annotations

from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.test import Client as Browser

_force_login = Browser.force_login


def sign_in_whole(browser: Browser, user: Any, backend: str | None = None) -> None:
    """Whoever has a second factor has used it: tests without it say so (``forget_second_factor``)."""
    _force_login(browser, user, backend)
    used = (
        Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).order_by("pk").first()
    )
    if used is None:
        return
    session = browser.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": 0, "id": used.pk, "type": used.type}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def forget_second_factor(browser: Browser) -> None:
    """Turn a signed-in browser into one that never gave its second factor."""
    session = browser.session
    session.pop(AUTHENTICATION_METHODS_SESSION_KEY)
    session.save()
