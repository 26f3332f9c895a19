"""Forms of people's accounts, those of the sign-in library in our words; of API keys and of the organisation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm as LibraryActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from concierge.enums import Scope
from concierge.models import Organisation

LABELS = {
    "email": _("E-mail"),
    "login": _("E-mail"),
    "password": _("Password"),
    "oldpassword": _("Your password now"),
    "password1": _("New password"),
    "password2": _("The new password again"),
    "remember": _("Stay signed in on this device"),
}


class InOurWords(forms.Form):
    """Labels of ours, one sentence on good passwords, and no label said twice inside its field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)
        if "password1" in self.fields:
            self.fields["password1"].help_text = _("Twelve characters or more. A short sentence is easy to remember.")


class LoginForm(InOurWords, account.LoginForm):  # type: ignore[misc]  # allauth ships no types
    """E-mail and password."""


class SignupForm(InOurWords, account.SignupForm):  # type: ignore[misc]  # as above
    """A client opens an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("Password")


class RequestLoginCodeForm(InOurWords, account.RequestLoginCodeForm):  # type: ignore[misc]  # as above
    """Where to send the sign-in code."""


class ConfirmCodeForm(InOurWords, account.ConfirmLoginCodeForm):  # type: ignore[misc]  # as above
    """The sign-in code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("The code of our e-mail")


class ConfirmEmailForm(InOurWords, account.ConfirmEmailVerificationCodeForm):  # type: ignore[misc]  # as above
    """The code that proves an address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("The code of our e-mail")


class AddEmailForm(InOurWords, account.AddEmailForm):  # type: ignore[misc]  # as above
    """One more address."""


class ChangePasswordForm(InOurWords, account.ChangePasswordForm):  # type: ignore[misc]  # as above
    """Another password."""


class SetPasswordForm(InOurWords, account.SetPasswordForm):  # type: ignore[misc]  # as above
    """A first password."""


class ResetPasswordForm(InOurWords, account.ResetPasswordForm):  # type: ignore[misc]  # as above
    """Where to send the link for a new password."""


class ResetPasswordKeyForm(InOurWords, account.ResetPasswordKeyForm):  # type: ignore[misc]  # as above
    """The new password behind that link."""


class ReauthenticateForm(InOurWords, account.ReauthenticateForm):  # type: ignore[misc]  # as above
    """The password once more."""


class SecondFactorForm(InOurWords, mfa.AuthenticateForm):  # type: ignore[misc]  # as above
    """The second step of signing in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        in_digits(self.fields["code"], _("The six digits of your app, or a recovery code"))


class SecondFactorAgainForm(InOurWords, mfa.ReauthenticateForm):  # type: ignore[misc]  # as above
    """The second step once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        in_digits(self.fields["code"], _("The six digits of your app, or a recovery code"))


class ActivateTOTPForm(InOurWords, LibraryActivateTOTPForm):  # type: ignore[misc]  # as above
    """The first six digits of a new app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        in_digits(self.fields["code"], _("The six digits that the app shows"))


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # as above
    """A passkey is always one that signs in by itself: it checks the person (finger, face, PIN) on the device."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"name": _("This device"), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of this passkey")
        self.fields["name"].help_text = _("So that you know it later: the telephone or the computer that holds it.")
        self.fields["name"].max_length = 80
        self.fields["name"].widget.attrs["maxlength"] = 80
        self.fields["passwordless"].widget = forms.HiddenInput()

    def clean_passwordless(self) -> bool:
        """Whatever was posted."""
        return True


class RenamePasskeyForm(EditWebAuthnForm):  # type: ignore[misc]  # as above
    """Another name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of this passkey")
        self.fields["name"].max_length = 80


class KeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(
        label=_("Name of the key"),
        max_length=80,
        help_text=_("The system that uses it, so that you know it later."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one of the rights listed.")},
    )

    def __init__(self, *args: Any, scopes: Iterable[Scope], chosen: Iterable[Scope] = (), **kwargs: Any) -> None:
        """``scopes`` are offered, ``chosen`` are ticked."""
        super().__init__(*args, **kwargs)
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
        field.choices = [(scope.value, scope.label) for scope in scopes]
        field.initial = [scope.value for scope in chosen]


class KnownForm(forms.BaseForm):
    """Something that is kept already, to be changed. The page says what it showed, so that a field that nobody touched
    is not set back to what somebody else has saved meanwhile. Where it does not say so, what is kept now counts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.show_hidden_initial = not self.is_bound or self.add_initial_prefix(name) in self.data

    @property
    def changes(self) -> dict[str, Any]:
        """What was typed anew."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class OrganisationForm(KnownForm, forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Who the organisation is."""

    phone = PhoneNumberField(label=_("Phone"), required=False, region="FR")

    class Meta:
        model = Organisation
        fields = ("name", "phone", "email", "sap_declared")

    def clean_phone(self) -> str:
        """As links take it."""
        number = self.cleaned_data["phone"]
        return number.as_e164 if number else ""


def in_digits(field: forms.Field, label: Any) -> None:
    """A field for digits: the telephone shows its number pad."""
    field.label = label
    field.widget.attrs["inputmode"] = "numeric"
