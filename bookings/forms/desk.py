"""Forms of the desk page: whom we look for, who is new, what they leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from bookings.actions.beneficiaries import Beneficiary
from bookings.actions.contacts import FIELDS
from bookings.forms.access import access_field
from bookings.forms.booking import ON_PHONE, DetailsForm, wishes_of
from bookings.models import Client, ClientAccount, Service
from bookings.rules.prices import WHOLE, Wish
from concierge.forms import KnownForm
from concierge.models import normalise_email


class NewPersonForm(forms.Form):
    """Somebody who is not known yet. ``create`` is the explicit choice, once likely people were shown."""

    first_name = forms.CharField(label=_("First name"), max_length=80)
    last_name = forms.CharField(label=_("Last name"), max_length=80)
    phone = PhoneNumberField(
        label=_("Phone"),
        required=False,
        region="FR",
        error_messages={"invalid": _("This phone number does not exist. Example: 06 12 34 56 78.")},
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("An e-mail address or a phone number is needed."),
        error_messages={"invalid": _("Please write a whole e-mail address, such as name@example.fr.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"

    def clean_email(self) -> str:
        """One spelling per mailbox."""
        return normalise_email(self.cleaned_data["email"])

    def clean_phone(self) -> str:
        """International form, or empty."""
        phone = self.cleaned_data["phone"]
        return phone.as_e164 if phone else ""

    def clean(self) -> dict[str, Any]:
        """At least one way to reach the person."""
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("email") and not cleaned.get("phone"):
            self.add_error("email", gettext("We need an e-mail address or a phone number to reach you."))
        return cleaned

    @property
    def typed(self) -> dict[str, str]:
        """What is there so far, right or not: for likely people while somebody still types."""
        known = getattr(self, "cleaned_data", {})
        name = f"{self.data.get('first_name', '')} {self.data.get('last_name', '')}".replace("\x00", "").strip()
        return {"name": name[:160], "phone": known.get("phone", ""), "email": known.get("email", "")}


class KnownPersonForm(KnownForm, NewPersonForm):
    """What is on file of somebody, to be corrected."""

    language = forms.ChoiceField(label=_("Language of our letters"), choices=[("fr", "Français"), ("en", "English")])
    street = forms.CharField(label=_("Number and street"), max_length=200, required=False)
    postcode = forms.RegexField(
        r"\A[0-9]{5}\Z",
        label=_("Postcode"),
        required=False,
        error_messages={"invalid": _("A French postcode has five digits.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    city = forms.CharField(label=_("Town"), max_length=100, required=False)

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        self.known = {name: str(getattr(client, name)) for name in FIELDS}
        self.known["phone"] = client.phone.as_e164 if client.phone else ""
        self.could_be_reached = bool(client.email or client.phone)
        kwargs["initial"] = {name: str(getattr(client, name)) for name in FIELDS}
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Whoever could be reached still can; somebody known without an address or a number stays so."""
        return super().clean() if self.could_be_reached else self.cleaned_data

    @property
    def changes(self) -> dict[str, str]:
        """What was typed anew."""
        return {name: value for name, value in super().changes.items() if value != self.known[name]}


def guessed(text: str) -> dict[str, str]:
    """What was looked for in vain, in the field where it belongs."""
    text = text.strip()[:80]
    if "@" in text:
        return {"email": text}
    if text and all(c.isdigit() or c in " +.()-/" for c in text):
        return {"phone": text}
    first, _space, last = text.partition(" ")
    return {"first_name": first.title(), "last_name": last.title()}


# The choice of somebody who is not in the list, and what is typed of them.
NEW = "new"
OTHER = ("other_first_name", "other_last_name", "other_phone")


class OrderForm(DetailsForm):
    """Everything a site offers on one page: how many of what, options, for whom, who pays, remarks; a time and an
    address when somebody comes. ``token`` names the form, so that sending it twice is one request."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    # The total that stood on the page, and of which order.
    total = forms.DecimalField(widget=forms.HiddenInput, required=False)
    total_of = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    starts_at = forms.ChoiceField(label=_("Date and time"), required=False)
    street = forms.CharField(label=_("Number and street"), max_length=200, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=5, required=False)
    city = forms.CharField(label=_("Town"), max_length=100, required=False)
    access_note = access_field()
    for_whom = forms.ChoiceField(label=_("For whom?"), required=False)
    other_first_name = forms.CharField(label=_("Their first name"), max_length=80, required=False)
    other_last_name = forms.CharField(label=_("Their last name"), max_length=80, required=False)
    other_phone = PhoneNumberField(
        label=_("Their phone"),
        required=False,
        region="FR",
        error_messages={"invalid": _("This phone number does not exist. Example: 06 12 34 56 78.")},
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    payer = forms.ChoiceField(label=_("Who pays?"), required=False)
    on_phone = forms.BooleanField(label=ON_PHONE, required=False)
    note = forms.CharField(
        label=_("Remarks on what is left"),
        max_length=500,
        required=False,
        help_text=_("A stain, a missing button, no care label: it stands on the receipt."),
    )

    def __init__(
        self,
        *args: Any,
        offered: Sequence[Service],
        accounts: Sequence[ClientAccount] = (),
        times: Sequence[tuple[str, str]] = (),
        client: Client | None = None,
        helped: Sequence[Client] = (),
        **kwargs: Any,
    ) -> None:
        none_yet = {str(service.public_id): {"quantities": {WHOLE: 0}} for service in offered}
        super().__init__(*args, chosen=offered, wishes=none_yet, label_suffix="", **kwargs)
        self.accounts, self.helped = accounts, helped
        choices: dict[str, list[tuple[Any, Any]]] = {
            "payer": [("", _("The client pays")), *((str(a.public_id), a.name) for a in accounts)],
            "for_whom": [
                ("", gettext("For %(name)s") % {"name": client} if client else ""),
                *((str(one.public_id), str(one)) for one in helped),
                (NEW, _("Somebody new")),
            ],
            "starts_at": [("", _("Choose a date and a time.")), *times],
        }
        for name, found in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.choices = found
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"

    def _add_measure(self, service: Service, known: Any) -> forms.BoundField:
        """Nothing typed is none."""
        found = super()._add_measure(service, None)
        field = self.fields[found.name]
        field.required, field.initial = False, None
        if isinstance(field, forms.TypedChoiceField):
            field.choices = [("", "–"), *field.choices]  # type: ignore[misc]  # pairs
        return found

    def clean(self) -> dict[str, Any]:
        """Something at least; the services left out are left alone."""
        cleaned = forms.Form.clean(self) or {}
        self._check_other(cleaned)
        if not self.errors and not self._asked():
            self.add_error(None, gettext("Choose at least one service."))
        return cleaned

    def _check_other(self, cleaned: dict[str, Any]) -> None:
        """Somebody new has a whole name; somebody known is chosen, not typed."""
        typed = [name for name in OTHER if cleaned.get(name)]
        chosen = cleaned.get("for_whom", "")
        if chosen not in {"", NEW} and typed:
            self.add_error("for_whom", gettext("Choose somebody known or type somebody new, not both."))
        elif chosen == NEW or typed:
            for name in ("other_first_name", "other_last_name"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, gettext("Tell us who it is for."))

    @property
    def beneficiary(self) -> Beneficiary | None:
        """For whom it is, when that is not the client: somebody they asked for before, or somebody new."""
        chosen = self.cleaned_data.get("for_whom", "")
        known = next((one for one in self.helped if str(one.public_id) == chosen), None)
        if known is not None:
            return Beneficiary(known.first_name, known.last_name, phone=str(known.phone), row=known)
        if not self.cleaned_data.get("other_last_name"):
            return None
        phone = self.cleaned_data["other_phone"]
        return Beneficiary(
            self.cleaned_data["other_first_name"],
            self.cleaned_data["other_last_name"],
            phone=phone.as_e164 if phone else "",
        )

    def _asked(self) -> list[dict[str, Any]]:
        return [group for group in self.groups if any(self.cleaned_data.get(item.name) for item in group["items"])]

    @property
    def order(self) -> list[Wish]:
        """What is asked, as rules understand it."""
        kept, self.groups = self.groups, self._asked()
        try:
            return wishes_of(self.wishes())
        finally:
            self.groups = kept

    @property
    def chosen_payer(self) -> ClientAccount | None:
        """The body that pays, when it is not the client."""
        chosen = self.cleaned_data.get("payer")
        return next((account for account in self.accounts if str(account.public_id) == chosen), None)
