"""Forms of orders ahead."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.enums import HolidayRule, NoShowPolicy, Place, RunStatus
from bookings.forms.people import phone_field
from bookings.models import PreOrderPlan, Producer, Service
from concierge.models import Site

PRODUCER = ("producer", "producer_email", "producer_phone", "producer_address")
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

WEEKDAY_CHOICES = [(number, str(name).capitalize()) for number, name in WEEKDAYS.items()]


def clock() -> forms.TimeInput:
    """Hours and minutes."""
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class RunForm(forms.Form):
    """Which hand-out."""

    run = forms.UUIDField(
        label=_("Hand-out"),
        error_messages={"required": _("Choose a hand-out."), "invalid": _("Choose a hand-out.")},
    )


class RunFilters(forms.Form):
    """Filters of the team's list. Nonsense filters nothing."""

    site = forms.ModelChoiceField(Site.objects.none(), label=_("Site"), required=False, to_field_name="public_id")
    status = forms.ChoiceField(label=_("State"), required=False)

    def __init__(self, *args: Any, sites: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site, status = self.fields["site"], self.fields["status"]
        assert isinstance(site, forms.ModelChoiceField)  # noqa: S101 - declared above
        assert isinstance(status, forms.ChoiceField)  # noqa: S101 - declared above
        site.queryset, site.empty_label = sites, _("All sites")
        status.choices = [("", _("Coming")), *RunStatus.choices]


class PlanTerms(forms.Form):
    """When orders close and are handed out, how many, and what becomes of what nobody fetches."""

    handout_weekday = forms.TypedChoiceField(label=_("Handed out on"), coerce=int, choices=WEEKDAY_CHOICES, initial=3)
    handout_opens = forms.TimeField(label=pgettext_lazy("hour", "From"), widget=clock())
    handout_closes = forms.TimeField(label=pgettext_lazy("hour", "To"), widget=clock())
    cut_off_weekday = forms.TypedChoiceField(label=_("Orders close on"), coerce=int, choices=WEEKDAY_CHOICES, initial=1)
    cut_off_time = forms.TimeField(label=_("At"), widget=clock())
    every_weeks = forms.IntegerField(label=_("Every how many weeks"), min_value=1, max_value=8, initial=1)
    ends_on = forms.DateField(label=_("Last possible day"), required=False, widget=DAY)
    holiday_rule = forms.ChoiceField(
        label=_("When the site is closed that day"), choices=HolidayRule.choices, initial=HolidayRule.BEFORE
    )
    capacity = forms.IntegerField(label=_("Most pieces a hand-out"), min_value=1, max_value=2000, initial=50)
    no_show_policy = forms.ChoiceField(
        label=_("What nobody fetched is"), choices=NoShowPolicy.choices, initial=NoShowPolicy.CHARGED
    )
    grace_minutes = forms.IntegerField(label=_("Minutes waited after the end"), min_value=0, max_value=240, initial=30)


class PlanForm(PlanTerms):
    """A new order-ahead plan."""

    site = forms.ModelChoiceField(Site.objects.none(), label=_("Site"), to_field_name="public_id")
    service = forms.ModelChoiceField(
        Service.objects.none(),
        label=_("Service"),
        to_field_name="public_id",
        help_text=_("From now on this service is ordered ahead at this site, without an appointment."),
    )
    producer = forms.CharField(label=_("Producer"), max_length=160)
    producer_email = forms.EmailField(
        label=_("E-mail of the producer"),
        required=False,
        help_text=_("The order sheet goes there at each cut-off. Without it, print the sheet or call."),
    )
    producer_phone = phone_field(_("Phone of the producer"))
    producer_address = forms.CharField(label=_("Address of the producer"), max_length=250, required=False)
    starts_on = forms.DateField(label=_("First possible day"), widget=DAY)
    field_order = ("site", "service", *PRODUCER)

    def __init__(self, *args: Any, sites: Any, organisation: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site, service = self.fields["site"], self.fields["service"]
        assert isinstance(site, forms.ModelChoiceField)  # noqa: S101 - declared above
        assert isinstance(service, forms.ModelChoiceField)  # noqa: S101 - declared above
        site.queryset = sites
        service.queryset = Service.objects.filter(organisation=organisation, is_active=True, place=Place.DESK)

    def clean_producer_phone(self) -> str:
        """International form, or empty."""
        phone = self.cleaned_data["producer_phone"]
        return phone.as_e164 if phone else ""

    def plan(self, producer: Producer) -> PreOrderPlan:
        """What was typed, not saved yet."""
        typed = {name: value for name, value in self.cleaned_data.items() if name not in PRODUCER}
        return PreOrderPlan(producer=producer, **typed)


class PlanEditForm(PlanTerms):
    """What changes of a plan, from a day on. The page says what it showed."""

    from_on = forms.DateField(
        label=_("The change begins on"),
        widget=DAY,
        help_text=_("Hand-outs before that day stay as they are. Later ones that nobody has ordered for follow."),
    )

    def __init__(self, *args: Any, plan: PreOrderPlan, from_on: dt.date, **kwargs: Any) -> None:
        kwargs["initial"] = {**{name: getattr(plan, name) for name in PlanTerms.base_fields}, "from_on": from_on}
        super().__init__(*args, **kwargs)
        for name in PlanTerms.base_fields:
            self.fields[name].show_hidden_initial = True

    @property
    def changes(self) -> dict[str, Any]:
        """What was typed anew: a field that nobody touched is not set back to what it was."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in PlanTerms.base_fields}


class ProducerForm(forms.Form):
    """What is known of a producer, to be corrected."""

    name = forms.CharField(label=_("Name"), max_length=160)
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("The order sheet goes there at each cut-off. Without it, print the sheet or call."),
    )
    phone = phone_field(_("Phone"))
    address = forms.CharField(label=_("Address"), max_length=250, required=False)
    language = forms.ChoiceField(label=_("Language of our letters"), choices=[("fr", "Français"), ("en", "English")])

    def __init__(self, *args: Any, producer: Producer, **kwargs: Any) -> None:
        kwargs["initial"] = {name: str(getattr(producer, name)) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean_phone(self) -> str:
        """International form, or empty."""
        phone = self.cleaned_data["phone"]
        return phone.as_e164 if phone else ""

    @property
    def changes(self) -> dict[str, Any]:
        """What was typed anew: a field that nobody touched is not set back to what it was."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class SubstitutionForm(forms.Form):
    """One thing replaced by another."""

    description = forms.ChoiceField(label=_("Instead of"))
    replacement = forms.CharField(label=_("Handed out instead"), max_length=250)
    unit_price = forms.DecimalField(
        label=_("Price incl. VAT (€)"),
        min_value=0,
        max_digits=8,
        decimal_places=2,
        localize=True,
        help_text=_("The same or less."),
    )

    def __init__(self, *args: Any, ordered: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["description"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(text, text) for text in ordered]
