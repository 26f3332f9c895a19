"""Shapes of quotes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from bookings.enums import QuoteLineKind, QuoteStatus
from bookings.models import Quote, QuoteLine, QuoteOption
from bookings.rules.quotes import MOST_LINES, MOST_OPTIONS, line_total
from bookings.serializers.clients import PrescriberIn
from bookings.serializers.fields import Euros
from bookings.serializers.requests import ClientIn


class WishIn(serializers.Serializer[Any]):
    """What is wanted of one service on quote, and between which days it would suit."""

    service = serializers.UUIDField()
    description = serializers.CharField(max_length=2000)
    wanted_from = serializers.DateField(required=False, allow_null=True, default=None)
    wanted_until = serializers.DateField(required=False, allow_null=True, default=None)


class QuoteRequestIn(serializers.Serializer[Any]):
    """A request for a quote: no slot, no price."""

    site = serializers.UUIDField()
    client = ClientIn()
    prescriber = PrescriberIn(required=False, default=None, allow_null=True)
    wishes = serializers.ListField(child=WishIn(), allow_empty=False, max_length=8)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class QuoteLineIn(serializers.Serializer[Any]):
    """One line. Prices include VAT; totals are computed here."""

    description = serializers.CharField(max_length=250)
    quantity = serializers.DecimalField(max_digits=7, decimal_places=2, min_value=Decimal("0.01"), default=Decimal(1))
    unit = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)
    unit_price_incl_vat = serializers.DecimalField(max_digits=8, decimal_places=2, min_value=Decimal(0))
    vat_code = serializers.SlugField(max_length=20, default="standard")
    kind = serializers.ChoiceField(choices=QuoteLineKind.choices, default=QuoteLineKind.WORK)
    service = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Whose work it is; the first wish when left out."
    )
    price_source = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="As you read it: whose price it is stays known."
    )


class QuoteOptionIn(serializers.Serializer[Any]):
    """One way to do it. With several options, each has its own title."""

    title = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    lines = serializers.ListField(child=QuoteLineIn(), allow_empty=False, max_length=MOST_LINES)


class QuoteIn(serializers.Serializer[Any]):
    """The whole draft: what is left out is empty."""

    options = serializers.ListField(child=QuoteOptionIn(), allow_empty=False, max_length=MOST_OPTIONS)
    intro = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)
    starts_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="Without it, the day is agreed after acceptance."
    )
    duration = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    conditions = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)
    fee = serializers.DecimalField(max_digits=6, decimal_places=2, min_value=Decimal(0), default=Decimal(0))
    valid_until = serializers.DateField(required=False, allow_null=True, default=None)


class QuoteReasonIn(serializers.Serializer[Any]):
    """Why, in a few words."""

    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class QuoteChangesIn(serializers.Serializer[Any]):
    """What should be different."""

    text = serializers.CharField(max_length=1000)


class AcceptQuoteIn(serializers.Serializer[Any]):
    """Who agreed to what: the name, the `seal` of the version they read, and the option when there are several."""

    name = serializers.CharField(max_length=160, min_length=2)
    seal = serializers.CharField(max_length=64)
    option = serializers.UUIDField(required=False, allow_null=True, default=None)


class QuoteLineOut(serializers.Serializer[QuoteLine]):
    """One line."""

    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=QuoteLineKind.choices)
    quantity = serializers.DecimalField(max_digits=8, decimal_places=2)
    unit = serializers.CharField()
    unit_price_incl_vat = Euros()
    vat_code = serializers.CharField()
    vat_rate = serializers.DecimalField(max_digits=4, decimal_places=2)
    service = serializers.UUIDField(source="service.public_id", allow_null=True, default=None)
    price_source = serializers.UUIDField(
        source="source",
        allow_null=True,
        help_text="Of a price that a provider gave: opaque, to be sent back with the line.",
    )
    total_incl_vat = serializers.SerializerMethodField()

    def get_total_incl_vat(self, line: QuoteLine) -> str:
        """Euros, as text with two decimals."""
        return f"{line_total(line.quantity, line.unit_price_incl_vat):.2f}"


class QuoteOptionOut(serializers.Serializer[QuoteOption]):
    """One way to do it, and what it costs."""

    id = serializers.UUIDField(source="public_id")
    title = serializers.CharField()
    note = serializers.CharField()
    total_incl_vat = serializers.SerializerMethodField()
    lines = QuoteLineOut(many=True)

    def get_total_incl_vat(self, option: QuoteOption) -> str:
        """Euros, as text with two decimals."""
        lines = option.lines.all()
        return f"{sum((line_total(li.quantity, li.unit_price_incl_vat) for li in lines), Decimal(0)):.2f}"


class QuoteOut(serializers.Serializer[Quote]):
    """One version of a quote. A draft has no number and no seal."""

    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.SerializerMethodField(help_text="As it is cited: number and, from the second on, version.")
    status = serializers.ChoiceField(choices=QuoteStatus.choices)
    category = serializers.CharField()
    is_amendment = serializers.BooleanField()
    service_request = serializers.UUIDField(source="request.public_id")
    valid_until = serializers.DateField()
    starts_at = serializers.DateTimeField(allow_null=True)
    duration = serializers.CharField()
    seal = serializers.CharField(help_text="SHA-256 of what the client is shown; an acceptance names it.")
    sent_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    answer_name = serializers.CharField()
    answer_text = serializers.CharField()
    accepted_option = serializers.SerializerMethodField()
    quote_path = serializers.SerializerMethodField(help_text="Path of the client's page of it: keep it secret.")
    options = QuoteOptionOut(many=True)

    def get_title(self, quote: Quote) -> str:
        """``D2026-000042-2``."""
        return quote.title if quote.number else ""

    def get_accepted_option(self, quote: Quote) -> str | None:
        """The option that was accepted."""
        return str(quote.chosen.public_id) if quote.chosen else None

    def get_quote_path(self, quote: Quote) -> str:
        """The unguessable path."""
        return f"/suivi/{quote.request.tracking_token}/devis/"
