"""Forms of the invoice pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.actions.legal_texts import Wording
from billing.enums import DocumentKind
from billing.models import InvoiceLine, LegalEntity


class InvoiceFilters(forms.Form):
    """What the list shows. Unknown or absurd values show everything and say so."""

    q = forms.CharField(label=_("Number or name"), required=False, max_length=80)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("All")), *DocumentKind.choices])
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class PayerFilters(forms.Form):
    """Which payers the list "To invoice" shows."""

    q = forms.CharField(label=_("Name or e-mail"), required=False, max_length=80)


class PayerForm(forms.Form):
    """Which payer to invoice now."""

    payer_kind = forms.ChoiceField(choices=[("client", "client"), ("account", "account")])
    payer = forms.UUIDField()


class CreditForm(forms.Form):
    """Why, and how much of each line. Lines are named by their position on the invoice."""

    reason = forms.CharField(
        label=_("Why?"), max_length=200, help_text=_("In a few words; it is printed on the credit note.")
    )

    def __init__(self, *args: Any, left: dict[int, tuple[InvoiceLine, Decimal]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lines = {f"line_{line.position}": pk for pk, (line, _quantity) in left.items()}
        for line, quantity in left.values():
            self.fields[f"line_{line.position}"] = forms.DecimalField(
                label=line.description,
                min_value=0,
                max_value=quantity,
                decimal_places=4,
                initial=quantity.normalize(),
                required=False,
                localize=False,
                widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
            )

    def quantities(self) -> dict[int, Decimal]:
        """Invoice line id → quantity to credit; empty fields mean none."""
        return {pk: self.cleaned_data.get(name) or Decimal(0) for name, pk in self._lines.items()}


class CompactField(forms.CharField):
    """A number that people type with spaces, kept without them, in capitals."""

    def to_python(self, value: Any) -> str:
        """Take the spaces away before the length is checked."""
        return "".join((super().to_python(value) or "").split()).upper()

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """No ``maxlength`` in the browser: it would count the spaces."""
        return {}


class IssuerForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Everything that documents say of the issuer."""

    siren = CompactField(label=_("SIREN"), max_length=9, help_text=_("Nine digits."))
    siret = CompactField(label=_("SIRET"), max_length=14, required=False, help_text=_("Fourteen digits."))
    vat_number = CompactField(label=_("Intra-EU VAT number"), max_length=14, required=False)
    iban = CompactField(label=_("IBAN"), max_length=34, required=False)
    bic = CompactField(label=_("BIC"), max_length=11, required=False)
    payment_days = forms.IntegerField(
        label=_("Days to pay"), min_value=0, max_value=60, initial=30, help_text=_("At most 60 days (C. com. L441-10).")
    )

    class Meta:
        model = LegalEntity
        fields = (
            "name",
            "legal_form",
            "capital",
            "street",
            "postcode",
            "city",
            "siren",
            "siret",
            "rcs",
            "vat_number",
            "vat_regime",
            "vat_on_debits",
            "email",
            "phone",
            "website",
            "iban",
            "bic",
            "payment_days",
            "payment_terms_fr",
            "payment_terms_en",
        )


class LegalTextForm(forms.Form):
    """What documents say from a day on."""

    since = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), localize=False
    )
    text_fr = forms.CharField(
        label=_("What it says in French"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    text_en = forms.CharField(
        label=_("What it says in English"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    law_ref = forms.CharField(label=_("Legal reference"), max_length=120, required=False)
    vatex = forms.CharField(
        label=_("Code of the reason (VATEX)"),
        max_length=30,
        required=False,
        help_text=_("As platforms know it, like VATEX-FR-FRANCHISE."),
    )

    def __init__(self, *args: Any, has_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_code:
            del self.fields["vatex"]

    def wording(self) -> Wording:
        """What was typed."""
        return Wording(**{name: value for name, value in self.cleaned_data.items() if name != "since"})


class TextBackForm(forms.Form):
    """Which wording to take back: the one that begins on this day."""

    since = forms.DateField()
