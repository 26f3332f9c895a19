"""Accounts of people: how allauth behaves here."""

from __future__ import annotations

from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from concierge.errors import Unavailable
from concierge.models import normalise_email


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """One spelling per mailbox; mails rendered by our own templates."""

    def clean_email(self, email: str) -> str:
        """NFKC and casefold before uniqueness is asked (S14)."""
        return normalise_email(super().clean_email(email))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Clients may open an account themselves; roles are only ever given by staff."""
        return True

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Normalise the e-mail typed at sign-in, so that case never locks anyone out."""
        if credentials.get("email"):
            credentials["email"] = normalise_email(credentials["email"])
        return super().authenticate(request, **credentials)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Codes live for minutes, so they leave at once and are not queued; a dead mail server is said kindly."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError) as error:
            raise Unavailable(_("The e-mail could not be sent. Please try again in a minute.")) from error
