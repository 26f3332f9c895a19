"""Shapes of price requests. A provider reads its own, the area and the need; never who the client is (P05)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from bookings.enums import Place
from bookings.rules.quotes import MOST_OPTIONS
from bookings.serializers.fields import Euros
from providers.enums import DeclineReason, PriceRequestStatus
from providers.models import PriceRequest
from providers.rules.prices import VAT_RATES
from providers.serializers.offers import AreaOut

RATES = [(str(rate), str(rate)) for rate in VAT_RATES]


class PriceRequestOut(serializers.Serializer[PriceRequest]):
    """One question to one provider, and what it answered."""

    id = serializers.UUIDField(source="public_id")
    reference = serializers.CharField()
    status = serializers.ChoiceField(choices=PriceRequestStatus.choices)
    category = serializers.CharField()
    provider = serializers.UUIDField(source="provider.public_id")
    provider_name = serializers.CharField(source="provider.name")
    service = serializers.CharField(source="service.code")
    service_name = serializers.CharField(source="service.name")
    need = serializers.CharField(help_text="What is to be done.")
    place = serializers.ChoiceField(choices=Place.choices, source="request.place")
    area = AreaOut()
    wanted_on = serializers.DateField(allow_null=True)
    sent_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="Answer before this moment.")
    answered_at = serializers.DateTimeField(allow_null=True)
    price_excl_vat = Euros(allow_null=True, help_text="For the whole work, without VAT, in euros.")
    price_incl_vat = Euros(allow_null=True, help_text="For the whole work, with VAT, in euros.")
    vat_rate = serializers.DecimalField(max_digits=4, decimal_places=2, allow_null=True)
    earliest_on = serializers.DateField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True, help_text="The last day on which the price holds.")
    comment = serializers.CharField()
    decline_reason = serializers.ChoiceField(choices=DeclineReason.choices, allow_blank=True)


class AskPricesIn(serializers.Serializer[Any]):
    """Whom to ask, and what. They read `need` as it is: name no client in it."""

    service = serializers.UUIDField(help_text="One of the services that the client asked for.")
    providers = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=20)
    need = serializers.CharField(max_length=2000)
    due_at = serializers.DateTimeField(help_text="Until when they may answer, within sixty days.")
    wanted_on = serializers.DateField(required=False, allow_null=True, default=None)


class UsePriceIn(serializers.Serializer[Any]):
    """Our margin, and where the line goes."""

    margin_percent = serializers.DecimalField(
        max_digits=5,
        decimal_places=2,
        min_value=Decimal(0),
        max_value=Decimal(100),
        required=False,
        allow_null=True,
        default=None,
        help_text="That of the service when left out.",
    )
    option = serializers.IntegerField(
        min_value=0,
        max_value=MOST_OPTIONS - 1,
        required=False,
        allow_null=True,
        default=0,
        help_text="Which option of the draft, from 0; `null` is another one.",
    )


class PriceRequestsOut(serializers.Serializer[Any]):
    """What was sent."""

    results = PriceRequestOut(many=True)


class PriceIn(serializers.Serializer[Any]):
    """A price for the whole work. Say whether VAT is in it."""

    price = serializers.DecimalField(max_digits=7, decimal_places=2, min_value=Decimal("0.01"))
    includes_vat = serializers.BooleanField(help_text="`true`: the price includes VAT; `false`: VAT comes on top.")
    vat_rate = serializers.ChoiceField(choices=RATES, help_text="In per cent; `0.00`: you charge no VAT.")
    earliest_on = serializers.DateField(help_text="The first day on which you could do it.")
    valid_until = serializers.DateField(help_text="The last day on which the price holds.")
    comment = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class DeclinePriceIn(serializers.Serializer[Any]):
    """Why not."""

    reason = serializers.ChoiceField(choices=DeclineReason.choices)
    comment = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
