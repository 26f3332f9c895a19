"""Accounts of people: how allauth behaves here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from concierge.models import normalise_email


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] - allauth ships no types
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
