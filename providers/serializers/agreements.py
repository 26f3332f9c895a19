"""Shapes of the agreements API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from bookings.serializers.fields import Euros
from providers.enums import AgreementKind, AgreementStatus, Invoicing, Side


class SignatureOut(serializers.Serializer[Any]):
    """Who signed for one side."""

    side = serializers.ChoiceField(choices=Side.choices)
    name = serializers.CharField()
    at = serializers.DateTimeField()


class AgreementOut(serializers.Serializer[Any]):
    """What is agreed for one service: it counts while it is `paper` or `signed`, between its days."""

    id = serializers.UUIDField(source="public_id")
    provider = serializers.UUIDField(source="provider.public_id")
    provider_name = serializers.CharField(source="provider.name")
    service = serializers.CharField(source="service.code")
    service_name = serializers.CharField(source="service.name")
    status = serializers.ChoiceField(choices=AgreementStatus.choices)
    category = serializers.CharField()
    kind = serializers.ChoiceField(choices=AgreementKind.choices)
    purchase_price = Euros(allow_null=True, help_text="Per item, including VAT, of a `purchase`.")
    commission_percent = serializers.DecimalField(
        max_digits=4, decimal_places=2, allow_null=True, help_text="Kept of the client's price, of a `commission`."
    )
    commission_fixed = Euros(allow_null=True, help_text="Kept per job, of a `fixed_commission`.")
    invoicing = serializers.ChoiceField(choices=Invoicing.choices)
    vat_rate = serializers.DecimalField(
        max_digits=4, decimal_places=2, allow_null=True, help_text="Of the provider, in %; 0 without VAT."
    )
    notice_hours = serializers.IntegerField(help_text="Work that begins sooner is not offered by itself.")
    cancel_hours = serializers.IntegerField(help_text="Until so many hours before it begins, work may be given back.")
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(allow_null=True, help_text="Included; `null`: no end.")
    text = serializers.SerializerMethodField(help_text="As it was sent; empty on paper.")
    seal = serializers.CharField(help_text="SHA-256 of what was sent; empty on paper.")
    sent_at = serializers.DateTimeField(allow_null=True)
    signatures = SignatureOut(many=True)

    def get_text(self, agreement: Any) -> str:
        """What both sides sign."""
        return str(agreement.content.get("text", ""))
