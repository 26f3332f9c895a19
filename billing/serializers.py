"""What the API says about invoices."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from billing.enums import DocumentKind, DocumentStatus, RenderStatus
from billing.models import Invoice


class InvoiceLineOut(serializers.Serializer[Any]):
    """A printed line; amounts are euros as strings."""

    description = serializers.CharField()
    detail = serializers.CharField()
    quantity = serializers.CharField()
    unit_price = serializers.CharField()
    vat_rate = serializers.CharField()
    net = serializers.CharField()
    amount = serializers.CharField()


class VatOut(serializers.Serializer[Any]):
    """VAT of one rate."""

    category = serializers.CharField()
    rate = serializers.CharField()
    basis = serializers.CharField()
    amount = serializers.CharField()


class InvoiceOut(serializers.ModelSerializer[Invoice]):
    """A document without its lines."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.ChoiceField(choices=DocumentKind.choices)
    status = serializers.ChoiceField(choices=DocumentStatus.choices)
    pdf_status = serializers.ChoiceField(choices=RenderStatus.choices, source="render_status")
    credits = serializers.UUIDField(source="credits.public_id", allow_null=True, default=None, read_only=True)

    class Meta:
        model = Invoice
        fields = (
            "id",
            "kind",
            "number",
            "issued_on",
            "due_on",
            "buyer_name",
            "total_excl_vat",
            "total_vat",
            "total_incl_vat",
            "status",
            "pdf_status",
            "sent_at",
            "credits",
        )
        read_only_fields = fields


class InvoiceDetailOut(InvoiceOut):
    """A document with what it says."""

    reference = serializers.CharField(source="snapshot.reference")
    prices = serializers.ChoiceField(choices=["gross", "net"], source="snapshot.shown")
    lines = InvoiceLineOut(many=True, source="snapshot.lines")
    vat = VatOut(many=True, source="snapshot.vat")

    class Meta(InvoiceOut.Meta):
        fields = (*InvoiceOut.Meta.fields, "reference", "prices", "lines", "vat")  # type: ignore[assignment]  # longer
