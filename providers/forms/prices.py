"""Forms of price requests: whom to ask, a price, a no, and the margin on it. They parse; actions decide."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from bookings.rules.slots import instant
from concierge.models import Site
from concierge.words import percent
from providers.enums import DeclineReason
from providers.models import Provider
from providers.rules.prices import MOST_PRICE, VAT_RATES

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
# An answer is due at the end of the working day.
DUE_AT = dt.time(18)


class AskPricesForm(forms.Form):
    """Whom to ask, what they read, until when. The desk looks for others by name or town when there are many."""

    looks_for_more = False

    search = forms.CharField(
        label=_("Find a business by its name or town"),
        max_length=80,
        required=False,
        widget=forms.SearchInput(attrs={"autocomplete": "off"}),
    )
    providers = forms.ModelMultipleChoiceField(
        Provider.objects.none(),
        label=_("Whom do you ask?"),
        to_field_name="public_id",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one provider."),
            "invalid_choice": _("This provider can no longer be asked."),
            "invalid_pk_value": _("This provider can no longer be asked."),
        },
    )
    need = forms.CharField(
        label=_("What they read"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("In your words. They also read the town. Name neither the client nor the street."),
        error_messages={"required": _("Say what is to be done, without naming the client.")},
    )
    wanted_on = forms.DateField(label=_("Day wished for"), required=False, widget=DAY)
    due_on = forms.DateField(
        label=_("Answer by"),
        widget=DAY,
        help_text=_("Until six in the evening."),
        error_messages={"required": _("Say until when they may answer.")},
    )

    def __init__(self, *args: Any, providers: QuerySet[Provider], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["providers"]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101 - declared above
        field.queryset = providers

    def due_at(self, site: Site) -> dt.datetime:
        """The end of the working day at the site."""
        zone = ZoneInfo(site.time_zone)
        day: dt.date = self.cleaned_data["due_on"]
        return instant(day, DUE_AT, zone) or dt.datetime.combine(day, DUE_AT, zone)


class PriceForm(forms.Form):
    """A price for the whole work. It is shown without and with VAT before it leaves."""

    price = forms.DecimalField(
        label=_("Your price for the whole work (€)"),
        min_value=Decimal("0.01"),
        max_value=MOST_PRICE,
        decimal_places=2,
        localize=True,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={"required": _("Type your price."), "invalid": _("Type a price, like 150 or 149,90.")},
    )
    includes_vat = forms.ChoiceField(
        label=_("Is VAT in this price?"),
        choices=[("no", _("No: price excl. VAT (HT)")), ("yes", _("Yes: price incl. VAT (TTC)"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whether VAT is in your price.")},
    )
    vat_rate = forms.ChoiceField(label=_("VAT rate"))
    earliest_on = forms.DateField(
        label=_("The first day on which you could come"),
        widget=DAY,
        error_messages={"required": _("Give the first day on which you could do it.")},
    )
    valid_until = forms.DateField(
        label=_("Your price holds until"),
        widget=DAY,
        error_messages={"required": _("Say until when your price holds.")},
    )
    comment = forms.CharField(
        label=_("A word for us"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["vat_rate"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [
            (str(rate), percent(rate) if rate else _("I charge no VAT (article 293 B of the CGI)"))
            for rate in VAT_RATES
        ]


class NoPriceForm(forms.Form):
    """Why not, and a word if one likes."""

    reason = forms.ChoiceField(
        label=_("Why not this time?"),
        choices=[one for one in DeclineReason.choices if one[0] != DeclineReason.PRICE],
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose a reason.")},
    )
    comment = forms.CharField(label=_("A word for us"), max_length=500, required=False)


KEEP = [
    ("", _("this time only")),
    ("service", _("always for this service")),
    ("all", _("always, for services without their own")),
]


class UsePriceForm(forms.Form):
    """The margin on a price, where its line goes, and whether the margin is kept."""

    margin = forms.DecimalField(
        label=_("Our margin (%)"),
        min_value=0,
        max_value=100,
        decimal_places=2,
        localize=True,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "size": "6"}),
    )
    option = forms.ChoiceField(label=_("Into"), required=False)
    keep = forms.ChoiceField(label=_("This margin applies"), choices=KEEP, required=False)

    def __init__(self, *args: Any, options: list[tuple[str, str]], may_keep: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["option"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = options
        if not may_keep:
            del self.fields["keep"]

    @property
    def rank(self) -> int | None:
        """The rank of the option chosen; ``None`` for another one."""
        value = self.cleaned_data["option"]
        return None if value == "new" else int(value or 0)
