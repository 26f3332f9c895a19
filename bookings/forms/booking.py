"""Forms of the booking pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from bookings.actions.guards import place_of
from bookings.actions.quote_requests import is_on_quote
from bookings.enums import PriceMode, SupplementRule
from bookings.forms.access import access_field
from bookings.models import ClientAccount, Service
from bookings.rules.prices import BRACKET_MINUTES, WHOLE, Wish
from concierge.errors import DomainError
from concierge.models import normalise_email
from concierge.words import duration_words, euros, quantity_words


class ServicesForm(forms.Form):
    """Which services."""

    services = forms.MultipleChoiceField(
        label=_("Services"),
        error_messages={
            "required": _("Choose at least one service."),
            "invalid_choice": _("One of the services is not offered here any more. Please choose again."),
        },
    )

    def __init__(self, *args: Any, offered: Sequence[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = offered
        field = self.fields["services"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
        field.choices = [(str(one.public_id), one.label) for one in offered]

    def clean_services(self) -> list[str]:
        """In catalogue order, and all at one place."""
        wanted = set(self.cleaned_data["services"])
        chosen = [service for service in self.offered if str(service.public_id) in wanted]
        try:
            is_on_quote(chosen)
            place_of(chosen)
        except DomainError as error:
            raise forms.ValidationError(str(error.message), code=error.code) from error
        return [str(service.public_id) for service in chosen]


class CountField(forms.IntegerField):
    """A whole number; nothing typed is none."""

    def to_python(self, value: Any) -> int:
        number = super().to_python(value)
        return 0 if number is None else number


class MeasureField(forms.DecimalField):
    """How much, in steps of the service: a comma or a point before the decimals, as people write them."""

    def __init__(self, *, unit: str, step: Decimal, **kwargs: Any) -> None:
        super().__init__(max_digits=8, decimal_places=3, **kwargs)
        self.unit, self.step = unit, step

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace(",", ".") if isinstance(value, str) else value)

    def validate(self, value: Any) -> None:
        """A whole number of steps."""
        super().validate(value)
        if value is not None and value % self.step:
            step = quantity_words(self.step, self.unit)
            raise forms.ValidationError(gettext("A quantity is a multiple of %(step)s.") % {"step": step}, code="step")


# Half hours offered in a list: a whole day at most.
MOST_HALF_HOURS = 16


def quantity_names(service: Service) -> str:
    """How the names of the fields begin that say how many of a service."""
    return f"q-{service.public_id.hex[:12]}-"


class DetailsForm(forms.Form):
    """How many of what, and which options, for each chosen service."""

    def __init__(self, *args: Any, chosen: Sequence[Service], wishes: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.chosen = chosen
        self.groups: list[dict[str, Any]] = []
        for service in chosen:
            known = wishes.get(str(service.public_id), {})
            self.groups.append(
                {
                    "service": service,
                    "items": self._add_items(service, known.get("quantities", {})),
                    "options": self._add_options(service, known.get("options", [])),
                    "supplements": [one for one in service.supplements_on() if one.when_words],
                }
            )

    def _add_items(self, service: Service, known: dict[str, Any]) -> list[forms.BoundField]:
        if service.price_mode in {PriceMode.PER_UNIT, PriceMode.PER_HALF_HOUR}:
            return [self._add_measure(service, known.get(WHOLE))]
        if service.price_mode == PriceMode.FIXED:
            rows = [(WHOLE, service.label, service.unit_price or Decimal(0), 1)]
        else:
            rows = [(str(i.public_id), i.label, i.unit_price, 0) for i in service.price_items.all() if i.is_active]
        names = []
        for key, label, price, usual in rows:
            name = f"{quantity_names(service)}{key.replace('-', '')[:12]}"
            self.fields[name] = CountField(
                label=f"{label} · {euros(price)}",
                min_value=0,
                max_value=service.max_quantity,
                initial=known.get(key, usual),
                widget=forms.NumberInput(
                    attrs={
                        "data-quantity": "",
                        "data-less": gettext("One less") + f" – {label}",
                        "data-more": gettext("One more") + f" – {label}",
                        "inputmode": "numeric",
                    }
                ),
            )
            self.fields[name].widget.key = key
            names.append(name)
        return [self[name] for name in names]

    def _add_measure(self, service: Service, known: Any) -> forms.BoundField:
        """How much of a price per unit, or how many half hours."""
        name = quantity_names(service)
        price = euros(service.unit_price or Decimal(0))
        least, most = service.smallest_quantity, service.max_quantity
        if service.price_mode == PriceMode.PER_HALF_HOUR:
            counts = range(int(least), min(most, max(MOST_HALF_HOURS, int(least))) + 1)
            self.fields[name] = forms.TypedChoiceField(
                label=gettext("%(service)s · %(price)s per started half hour")
                % {"service": service.label, "price": price},
                choices=[(count, duration_words(count * BRACKET_MINUTES)) for count in counts],
                coerce=int,
                initial=known or int(least),
            )
        else:
            self.fields[name] = MeasureField(
                label=f"{service.label} · {price} / {service.unit}",
                unit=service.unit,
                step=service.quantity_step,
                min_value=least,
                max_value=most,
                initial=known,
                help_text=gettext("In %(unit)s, from %(least)s, in steps of %(step)s.")
                % {
                    "unit": service.unit,
                    "least": quantity_words(least, service.unit),
                    "step": quantity_words(service.quantity_step, service.unit),
                },
                widget=forms.NumberInput(
                    attrs={"inputmode": "decimal", "step": f"{service.quantity_step.normalize():f}", "class": "measure"}
                ),
            )
        self.fields[name].widget.key = WHOLE
        return self[name]

    def _add_options(self, service: Service, known: list[str]) -> list[forms.BoundField]:
        names = []
        for option in service.options.all():
            if option.is_active:
                name = f"o-{option.public_id.hex}"
                self.fields[name] = forms.BooleanField(
                    label=f"{option.label} · + {euros(option.unit_price)}",
                    required=False,
                    initial=str(option.public_id) in known,
                )
                self.fields[name].widget.key = str(option.public_id)
                names.append(name)
        for one in service.supplements_on():
            if one.rule == SupplementRule.CHOSEN:
                name = f"o-{one.public_id.hex}"
                self.fields[name] = forms.BooleanField(
                    label=f"{one.label} · {one.price_words}", required=False, initial=str(one.public_id) in known
                )
                self.fields[name].widget.key = str(one.public_id)
                names.append(name)
        return [self[name] for name in names]

    def clean(self) -> dict[str, Any]:
        """Something of every chosen service."""
        cleaned = super().clean() or {}
        for group in self.groups:
            fields = group["items"]
            if not any(field.name in self.errors for field in fields) and not any(
                cleaned.get(field.name) for field in fields
            ):
                self.add_error(
                    fields[0].name if fields else None, gettext("Say how many for each service that you chose.")
                )
        return cleaned

    def wishes(self) -> dict[str, Any]:
        """What was asked, as kept in the draft."""
        asked = {}
        for group in self.groups:
            found = {f.field.widget.key: self.cleaned_data.get(f.name) or 0 for f in group["items"]}
            quantities = {key: str(many) if isinstance(many, Decimal) else many for key, many in found.items()}
            options = [f.field.widget.key for f in group["options"] if self.cleaned_data.get(f.name)]
            asked[str(group["service"].public_id)] = {"quantities": quantities, "options": options}
        return asked


def wishes_of(asked: dict[str, Any]) -> list[Wish]:
    """What a draft keeps, as rules understand it: decimals are kept as text."""
    return [
        Wish(
            key,
            {item: Decimal(many) if isinstance(many, str) else many for item, many in wish["quantities"].items()},
            frozenset(wish["options"]),
        )
        for key, wish in asked.items()
    ]


class SlotForm(forms.Form):
    """Which slot: its start in UTC."""

    slot = forms.CharField(
        label=_("Date and time"), max_length=40, error_messages={"required": _("Choose a date and a time.")}
    )

    def clean_slot(self) -> dt.datetime:
        """An aware moment."""
        try:
            moment = dt.datetime.fromisoformat(self.cleaned_data["slot"])
            if moment.tzinfo is not None:
                return moment.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            pass
        raise forms.ValidationError(_("Choose a date and a time."), code="invalid")


# Said by the desk of whoever asks.
ON_PHONE = _("They are on the phone")


class ContactForm(forms.Form):
    """Who you are and how to reach you; the address when somebody comes."""

    first_name = forms.CharField(
        label=_("First name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label=_("Last name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("We send the confirmation and the news of your request there."),
        error_messages={"invalid": _("Please write a whole e-mail address, such as name@example.fr.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = PhoneNumberField(
        label=_("Phone"),
        required=False,
        region="FR",
        help_text=_("Only if something is unclear."),
        error_messages={"invalid": _("This phone number does not exist. Example: 06 12 34 56 78.")},
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    street = forms.CharField(
        label=_("Number and street"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "street-address"})
    )
    postcode = forms.RegexField(
        r"\A[0-9]{5}\Z",
        label=_("Postcode"),
        error_messages={"invalid": _("A French postcode has five digits.")},
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "inputmode": "numeric"}),
    )
    city = forms.CharField(
        label=_("Town"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "address-level2"})
    )
    access_note = access_field()
    note = forms.CharField(
        label=_("A word for us"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A stain, a button to keep…"),
    )

    def __init__(
        self,
        *args: Any,
        asks_address: bool,
        for_others: bool,
        knows_who: bool = False,
        is_visit: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.knows_who = knows_who
        if not asks_address:
            for name in ("street", "postcode", "city"):
                del self.fields[name]
        if not is_visit:
            del self.fields["access_note"]
        if knows_who:
            for name in ("first_name", "last_name", "email"):
                del self.fields[name]
            self.fields["phone"].help_text = _("Of the person, for whoever does the work.")
        else:
            self.fields["email"].required = not for_others
        if for_others:
            self.fields["on_phone"] = forms.BooleanField(label=ON_PHONE, required=False)
            if not knows_who:
                self.fields["phone"].help_text = _("An e-mail address or a phone number is needed.")

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
        if not self.errors and not self.knows_who and not cleaned.get("email") and not cleaned.get("phone"):
            self.add_error("email", gettext("We need an e-mail address or a phone number to reach you."))
        return cleaned


class CodeForm(forms.Form):
    """The six digits that were mailed."""

    code = forms.CharField(
        label=_("Six-digit code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PayerForm(forms.Form):
    """Who pays. The hold names the form, so that sending it twice is one request."""

    hold = forms.UUIDField(widget=forms.HiddenInput)
    payer = forms.ChoiceField(label=_("Who pays?"), required=False)

    def __init__(self, *args: Any, accounts: Sequence[ClientAccount], for_others: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["payer"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        self.accounts = accounts
        nobody_else = _("The client pays") if for_others else _("I pay myself")
        field.choices = [("", nobody_else), *((str(a.public_id), a.name) for a in accounts)]


class ReviewForm(PayerForm):
    """The last page of a booking: at the total that was read, once or every time."""

    total = forms.DecimalField(widget=forms.HiddenInput, required=False)
    every_time = forms.BooleanField(required=False)

    def __init__(self, *args: Any, every_time: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["every_time"].label = every_time
        if not every_time:
            del self.fields["every_time"]

    def clean(self) -> dict[str, Any]:
        """Nobody says yes to a price that was not shown."""
        cleaned = super().clean() or {}
        if cleaned.get("total") is None:
            self.errors.pop("total", None)
            raise forms.ValidationError(gettext("Please read the price once more, then confirm."), code="no_total")
        return cleaned
