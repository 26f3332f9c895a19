"""Forms of agreements. They parse; ``providers.rules.agreements`` decides."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from providers.enums import AgreementKind, Invoicing
from providers.models import ServiceAgreement
from providers.rules.agreement_text import MOST, PLACEHOLDERS
from providers.rules.agreements import Terms

NUMBER = {"inputmode": "decimal", "step": "0.01", "min": "0"}


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _hours() -> forms.NumberInput:
    return forms.NumberInput(attrs={"min": "0", "max": "720", "inputmode": "numeric"})


def _amount(label: Any, help_text: Any, **limits: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        help_text=help_text,
        required=False,
        min_value=0,
        decimal_places=2,
        widget=forms.NumberInput(attrs=NUMBER),
        **limits,
    )


class AgreementForm(forms.Form):
    """What is agreed for one service."""

    service = forms.ModelChoiceField(
        Service.objects.none(),
        label=_("Service"),
        to_field_name="public_id",
        error_messages={"required": _("Choose a service."), "invalid_choice": _("Choose one of these services.")},
    )
    kind = forms.ChoiceField(
        label=_("What the provider is paid"), choices=AgreementKind.choices, widget=forms.RadioSelect
    )
    purchase_price = _amount(_("Price per item, incl. VAT (€)"), _("Only with a price per item."), max_digits=8)
    commission_percent = _amount(
        _("Commission we keep (%)"), _("Only with a commission in %."), max_digits=4, max_value=Decimal("99.99")
    )
    commission_fixed = _amount(_("Commission we keep per job (€)"), _("Only with a fixed commission."), max_digits=8)
    invoicing = forms.ChoiceField(label=_("Who invoices whom"), choices=Invoicing.choices, widget=forms.RadioSelect)
    mandate_signed_on = forms.DateField(
        label=_("Mandate for self-billing signed on"),
        help_text=_("Only when we write the provider’s invoices."),
        required=False,
        widget=_day(),
    )
    vat_rate = forms.DecimalField(
        label=_("VAT rate of the provider (%)"),
        help_text=_("0 for a business that invoices without VAT (CGI art. 293 B)."),
        min_value=0,
        max_value=30,
        max_digits=4,
        decimal_places=2,
        initial=20,
        widget=forms.NumberInput(attrs=NUMBER),
    )
    notice_hours = forms.IntegerField(
        label=_("Minimum notice (hours)"),
        help_text=_("Work that begins sooner is not offered by itself; a person may still ask."),
        min_value=0,
        max_value=720,
        initial=0,
        widget=_hours(),
    )
    cancel_hours = forms.IntegerField(
        label=_("Work may be given back until (hours before)"),
        help_text=_("0: until it begins."),
        min_value=0,
        max_value=720,
        initial=0,
        widget=_hours(),
    )
    valid_from = forms.DateField(label=_("First day"), widget=_day())
    valid_to = forms.DateField(
        label=_("Last day"), help_text=_("Empty: until one of us ends it."), required=False, widget=_day()
    )

    text = forms.CharField(
        label=_("Text to sign"),
        help_text=format_lazy(
            _("What is agreed replaces these words in braces: {names}."),
            names=" ".join(f"{{{name}}}" for name in PLACEHOLDERS),
        ),
        max_length=MOST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 16}),
    )

    def __init__(self, *args: Any, services: QuerySet[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["service"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = services

    @property
    def terms(self) -> Terms:
        """What was typed, once it could be read."""
        return Terms(**{name: value for name, value in self.cleaned_data.items() if name not in {"service", "text"}})


class SignForm(forms.Form):
    """By whose name one side signs, and which text was on the screen."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        error_messages={"required": _("Please type your name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    seal = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)


class DeclineAgreementForm(forms.Form):
    """Why not."""

    comment = forms.CharField(
        label=_("What should be different?"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class EndForm(forms.Form):
    """When an agreement ends."""

    valid_to = forms.DateField(label=_("Last day"), widget=_day())


def terms_of(agreement: ServiceAgreement) -> dict[str, Any]:
    """A form's first values."""
    names = [name for name in AgreementForm.base_fields if name != "service"]
    return {"service": agreement.service.public_id, **{name: getattr(agreement, name) for name in names}}
