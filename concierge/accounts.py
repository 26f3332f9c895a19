"""Accounts of people: how allauth behaves here."""

from __future__ import annotations

from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from concierge.actions import end_sessions, forget_the_unproved
from concierge.errors import Unavailable
from concierge.models import User, normalise_email
from concierge.visitors import plain

# Sentences of libraries that our French says otherwise: our catalogue comes before theirs.
OURS = (gettext_noop("Email"), gettext_noop("Enter a valid email address."))

# In the session that opened an account and chose its password: which account.
OPENED = "account_opened_here"


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

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Remember in this session who chose the password: proving the address from here keeps it."""
        saved: User = super().save_user(request, user, form, commit=commit)
        request.session[OPENED] = saved.pk
        return saved

    def login(self, request: HttpRequest, user: User) -> None:
        """Open the session on the row as it is now: proving the address may have changed it a moment ago."""
        user.refresh_from_db()
        super().login(request, user)

    def get_client_ip(self, request: HttpRequest) -> str:
        """As every other limit counts; the library itself counts IPv6 by network."""
        address: str = super().get_client_ip(request)
        return str(plain(address) or address)

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """A session that never gave the second factor gives it now; the password alone is not enough (S12)."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if is_mfa_enabled(user) and not used_second_factor(self.request):
            return [method for method in methods if method["id"] != "reauthenticate"]
        return methods

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Codes live for minutes, so they leave at once and are not queued; a dead mail server is said kindly."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError) as error:
            raise Unavailable(_("The e-mail could not be sent. Please try again in a minute.")) from error


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # as above
    """What devices and apps show when they keep a second factor: the organisation's own name."""

    def get_totp_issuer(self) -> str:
        """The heading in the app of codes."""
        return organisation_name()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The owner of a passkey: bound to the host name, shown by the organisation's name."""
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return {**entity, "name": organisation_name()}


def organisation_name() -> str:
    """Of the request being answered."""
    return str(context.request.organisation.name)


def used_second_factor(request: HttpRequest) -> bool:
    """Whether a second factor was given in this very session, at sign-in, later or by setting it up (S12)."""
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def second_factor_page(user: User) -> str:
    """Where a signed-in person gives the second factor: the six digits, or the passkey when there is no app."""
    by_code = is_mfa_enabled(user, [Authenticator.Type.TOTP])
    return reverse("mfa_reauthenticate" if by_code else "mfa_reauthenticate_webauthn")


@receiver(email_confirmed)
def forget_who_was_here_first(request: HttpRequest, email_address: EmailAddress, **_said: Any) -> None:
    """The first proof of an account's address ends what was in it, unless it comes with the account's password (S14).

    Anybody may open an account with somebody else's address and a password of theirs; when the owner then signs in by
    an e-mailed code, that password must not have become valid.
    """
    user = email_address.user
    proved = EmailAddress.objects.filter(user=user, verified=True).exclude(pk=email_address.pk)
    if proved.exists() or request.user == user or _knows_password(request, user):
        return
    told = user.has_usable_password()
    forget_the_unproved(user)
    if told:
        messages.info(
            request,
            _("The password chosen before this address was confirmed no longer works. You can choose a new one."),
        )


def _knows_password(request: HttpRequest, user: User) -> bool:
    if request.session.get(OPENED) == user.pk:
        return True
    return any(record["method"] == "password" for record in get_authentication_records(request, user))


@receiver([authenticator_added, authenticator_removed, authenticator_reset])
def end_the_other_sessions(
    request: HttpRequest, user: User, authenticator: Authenticator, signal: Any, **_said: Any
) -> None:
    """A changed second factor ends every session of the person but this one, which gets a new key (S12, S15)."""
    end_sessions(user)
    update_session_auth_hash(request, user)
    if signal is authenticator_added and authenticator.type != Authenticator.Type.RECOVERY_CODES:
        # It was just used to set it up.
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)
