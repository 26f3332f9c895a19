"""The editor of a quote: head, options, lines. Everything typed is kept, whatever is pressed, without JavaScript."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.actions.quote_origins import Origin
from bookings.actions.quotes import LineDraft, OptionDraft, QuoteDraft, options_of
from bookings.actions.vat import rates_on
from bookings.enums import PriceMode, QuoteLineKind, QuoteStatus
from bookings.models import Quote, Service
from bookings.rules.quotes import MOST_LINES, MOST_OPTIONS, plain
from bookings.rules.slots import instant
from concierge.days import today_at
from concierge.models import Site
from concierge.words import percent

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
Raw = dict[str, Any]


class HeadForm(forms.Form):
    """What concerns the whole quote."""

    intro = forms.CharField(
        label=_("A word to the client"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    starts_on = forms.DateField(
        label=_("Start of the work"),
        required=False,
        widget=DAY,
        help_text=_("Left empty: agreed with the client once the quote is accepted."),
    )
    starts_time = forms.TimeField(label=_("At"), required=False, widget=CLOCK)
    duration = forms.CharField(
        label=_("Duration"), max_length=80, required=False, help_text=_("Half a day, two hours…")
    )
    valid_until = forms.DateField(label=_("Valid until"), widget=DAY)
    fee = forms.DecimalField(
        label=_("Price of the quote itself (€)"),
        min_value=0,
        max_value=1000,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        localize=True,
        help_text=_("0: the quote is free, and says so."),
    )
    conditions = forms.CharField(
        label=_("Conditions"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean(self) -> dict[str, Any]:
        """A time needs a day, a day a time."""
        cleaned = super().clean() or {}
        if bool(cleaned.get("starts_on")) != bool(cleaned.get("starts_time")) and not self.errors:
            self.add_error("starts_time", _("Give the day and the time, or neither."))
        return cleaned


class OptionForm(forms.Form):
    """One way to do it."""

    title = forms.CharField(label=_("Title of the option"), max_length=120, required=False)
    note = forms.CharField(label=_("What makes it different"), max_length=500, required=False)


class LineForm(forms.Form):
    """One line. Prices include VAT, like the catalogue."""

    description = forms.CharField(
        label=_("Description"), max_length=250, error_messages={"required": _("Say what this line is.")}
    )
    quantity = forms.DecimalField(
        label=_("Quantity"),
        min_value=Decimal("0.01"),
        max_value=10000,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        localize=True,
    )
    unit = forms.CharField(label=_("Unit"), max_length=20, required=False)
    unit_price = forms.DecimalField(
        label=_("Unit price incl. VAT (€)"),
        min_value=0,
        max_value=100000,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        localize=True,
    )
    vat_code = forms.ChoiceField(label=_("VAT"))
    kind = forms.ChoiceField(label=_("Kind"), choices=QuoteLineKind.choices)
    service = forms.ChoiceField(label=_("Service"), required=False)
    source = forms.CharField(required=False, max_length=36, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        rates: Mapping[str, Decimal],
        services: Sequence[Service],
        origins: Mapping[str, Origin],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        # What a lent price costs us is known by its row, never by what a browser sends.
        self.origin = origins.get(str(self["source"].value() or ""))
        for name, choices in (
            ("vat_code", [(code, f"{percent(rate)} – {code}") for code, rate in rates.items()]),
            ("service", [(str(service.public_id), service.label) for service in services]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.choices = choices
        if len(services) < 2:
            del self.fields["service"]


class Editor:
    """The forms of a draft, from its rows or from what was typed."""

    def __init__(self, quote: Quote, raw: Raw, *, bound: bool) -> None:
        self.quote, self.raw, self.bound = quote, raw, bound
        self.services = services_for(quote)
        self.origins = {str(line.origin.source): line.origin for line in _lines_of(quote) if line.origin}
        rates = rates_on(quote.organisation_id, today_at(quote.request.site))
        self.head = self._form(HeadForm, "head", raw["head"])
        self.options: list[dict[str, Any]] = []
        for number, option in enumerate(raw["options"]):
            lines = [
                self._form(
                    LineForm, f"o{number}-l{rank}", line, rates=rates, services=self.services, origins=self.origins
                )
                for rank, line in enumerate(option["lines"])
            ]
            self.options.append({"form": self._form(OptionForm, f"o{number}", option), "lines": lines})

    def _form(self, form: type[forms.Form], prefix: str, values: Raw, **more: Any) -> Any:
        if not self.bound:
            return form(initial=values, prefix=prefix, label_suffix="", **more)
        data = {f"{prefix}-{name}": value for name, value in values.items() if isinstance(value, str)}
        return form(data, prefix=prefix, label_suffix="", **more)

    @classmethod
    def of(cls, quote: Quote) -> Editor:
        """As it is saved; a draft without options begins with one empty line."""
        zone = ZoneInfo(quote.request.site.time_zone)
        start = quote.starts_at.astimezone(zone) if quote.starts_at else None
        head = {
            "intro": quote.intro,
            "starts_on": start.date() if start else None,
            "starts_time": start.time() if start else None,
            "duration": quote.duration,
            "valid_until": quote.valid_until,
            "fee": quote.fee,
            "conditions": quote.conditions,
        }
        options = [
            {"title": option.title, "note": option.note, "lines": [_line(line) for line in option.lines]}
            for option in options_of(quote)
        ]
        return cls(quote, {"head": head, "options": options or [blank_option()]}, bound=False)

    @classmethod
    def typed(cls, quote: Quote, data: Mapping[str, Any], *, bound: bool = True, press: str = "") -> Editor:
        """As it was typed, after ``press`` (a button that adds, moves or takes away)."""
        raw = rearrange(read(data), press) if press else read(data)
        if bound:  # lines where nothing was typed do not count
            for option in raw["options"]:
                option["lines"] = [line for line in option["lines"] if line["description"] + line["unit_price"]]
        return cls(quote, raw, bound=bound)

    def is_valid(self) -> bool:
        """Whether everything can be saved."""
        found: list[forms.Form] = [self.head]
        for option in self.options:
            found += [option["form"], *option["lines"]]
        return not any(form.errors for form in found)

    @property
    def has_errors(self) -> bool:
        """Whether some field is wrong."""
        return self.bound and not self.is_valid()

    def draft(self) -> QuoteDraft:
        """What was typed, as actions take it; call it when it is valid."""
        head = self.head.cleaned_data
        by_id = {str(service.public_id): service for service in self.services}
        return QuoteDraft(
            options=[
                OptionDraft(
                    title=option["form"].cleaned_data["title"],
                    note=option["form"].cleaned_data["note"],
                    lines=[
                        LineDraft(
                            description=line.cleaned_data["description"],
                            quantity=line.cleaned_data["quantity"],
                            unit=line.cleaned_data["unit"],
                            unit_price=line.cleaned_data["unit_price"],
                            vat_code=line.cleaned_data["vat_code"],
                            kind=line.cleaned_data["kind"],
                            service=by_id.get(line.cleaned_data.get("service", "")),
                            origin=line.origin,
                        )
                        for line in option["lines"]
                    ],
                )
                for option in self.options
            ],
            intro=head["intro"],
            starts_at=_moment(head["starts_on"], head["starts_time"], self.quote.request.site),
            duration=head["duration"],
            conditions=head["conditions"],
            fee=head["fee"],
            valid_until=head["valid_until"],
        )


def _lines_of(quote: Quote) -> list[LineDraft]:
    return [line for option in options_of(quote) for line in option.lines]


def services_for(quote: Quote) -> list[Service]:
    """Whose work a line may be: what was asked for, then whatever else is priced on quote here."""
    wishes = [wish.service for wish in quote.request.wishes.select_related("service").order_by("position")]
    offered = Service.objects.offered_at(quote.request.site).filter(price_mode=PriceMode.ON_QUOTE)
    return list(dict.fromkeys([*wishes, *offered]))


def _moment(day: dt.date | None, time: dt.time | None, site: Site) -> dt.datetime | None:
    """The moment at the site; a time that the clock change leaves out or repeats is moved on by an hour."""
    if day is None or time is None:
        return None
    zone = ZoneInfo(site.time_zone)
    return instant(day, time, zone) or instant(day, time.replace(hour=min(time.hour + 1, 23)), zone)


def _line(line: LineDraft) -> Raw:
    return {
        "description": line.description,
        "quantity": Decimal(plain(line.quantity)),
        "unit": line.unit,
        "unit_price": line.unit_price,
        "vat_code": line.vat_code,
        "kind": line.kind,
        "service": str(line.service.public_id) if line.service else "",
        "source": str(line.origin.source) if line.origin else "",
    }


LINE_FIELDS = ("description", "quantity", "unit", "unit_price", "vat_code", "kind", "service", "source")
HEAD_FIELDS = ("intro", "starts_on", "starts_time", "duration", "valid_until", "fee", "conditions")


def blank_line() -> Raw:
    """A line to fill in."""
    return {"description": "", "quantity": "1", "unit": "", "unit_price": "", "vat_code": "standard", "kind": "work"}


def blank_option() -> Raw:
    """An option to fill in."""
    return {"title": "", "note": "", "lines": [blank_line()]}


def _count(data: Mapping[str, Any], name: str, most: int) -> int:
    text = str(data.get(name, ""))
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def read(data: Mapping[str, Any]) -> Raw:
    """The typed texts as a tree; more than a quote may carry is not read."""
    return {
        "head": {name: str(data.get(f"head-{name}", "")) for name in HEAD_FIELDS},
        "options": [
            {
                "title": str(data.get(f"o{number}-title", "")),
                "note": str(data.get(f"o{number}-note", "")),
                "lines": [
                    {name: str(data.get(f"o{number}-l{rank}-{name}", "")) for name in LINE_FIELDS}
                    for rank in range(_count(data, f"o{number}-lines", MOST_LINES))
                ],
            }
            for number in range(_count(data, "options", MOST_OPTIONS))
        ]
        or [blank_option()],
    }


def rearrange(raw: Raw, press: str) -> Raw:
    """Do what a button says: ``add-line:0``, ``drop-line:0:2``, ``up:0:2``, ``down:0:2``, ``own:0:2`` (the price is
    ours from now on), ``add-option``, ``copy-option:0``, ``drop-option:1``. One that makes no sense changes nothing."""
    verb, *numbers = press.split(":")
    where = [int(number) for number in numbers if number.isascii() and number.isdigit() and len(number) < 4]
    options: list[Raw] = raw["options"]
    if verb == "add-option" and len(options) < MOST_OPTIONS:
        options.append(blank_option())
    if not where or where[0] >= len(options):
        return raw
    lines: list[Raw] = options[where[0]]["lines"]
    if verb == "copy-option" and len(options) < MOST_OPTIONS:
        copy = {**options[where[0]], "title": "", "lines": [dict(line) for line in lines]}
        options.insert(where[0] + 1, copy)
    elif verb == "drop-option" and len(options) > 1:
        options.pop(where[0])
    elif verb == "add-line" and len(lines) < MOST_LINES:
        lines.append(blank_line())
    if len(where) < 2 or where[1] >= len(lines):
        return raw
    rank = where[1]
    if verb == "drop-line":
        lines.pop(rank)
    elif verb == "own":
        lines[rank]["source"] = ""
    elif verb == "up" and rank > 0:
        lines[rank - 1], lines[rank] = lines[rank], lines[rank - 1]
    elif verb == "down" and rank + 1 < len(lines):
        lines[rank + 1], lines[rank] = lines[rank], lines[rank + 1]
    return raw


class AcceptForm(forms.Form):
    """The signature: a typed name, what was on the screen, which option."""

    name = forms.CharField(
        label=_("Your first and last name"),
        max_length=160,
        min_length=2,
        help_text=_("Typing your name stands for your signature."),
        error_messages={"required": _("Type your first and last name: it stands for your signature.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    seal = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    option = forms.UUIDField(required=False, error_messages={"invalid": _("Choose one of the options.")})


class ChangesForm(forms.Form):
    """What should be different."""

    text = forms.CharField(
        label=_("What should be different?"),
        max_length=1000,
        error_messages={"required": _("Tell us what should be different.")},
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class NoForm(forms.Form):
    """Why not, when one likes to say."""

    reason = forms.CharField(label=_("Why not? (only if you like)"), max_length=1000, required=False)


class AppointmentForm(forms.Form):
    """The day that the quote left open."""

    on = forms.DateField(label=_("Day"), widget=DAY)
    time = forms.TimeField(label=_("At"), widget=CLOCK)

    def moment(self, site: Site) -> dt.datetime | None:
        """At the site."""
        return _moment(self.cleaned_data["on"], self.cleaned_data["time"], site)


class QuoteFilters(forms.Form):
    """Filters of the team's list. Nonsense filters nothing."""

    q = forms.CharField(label=_("Number, reference or name"), required=False, max_length=80)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *QuoteStatus.choices])
    site = forms.ModelChoiceField(Site.objects.none(), label=_("Site"), required=False, to_field_name="public_id")

    def __init__(self, *args: Any, sites: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["site"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = sites
        field.empty_label = str(_("All sites"))
