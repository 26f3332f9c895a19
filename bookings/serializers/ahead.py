"""Shapes of orders ahead."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from bookings.enums import RunStatus
from bookings.serializers.requests import LineIn


class PreOrderRunOut(serializers.Serializer[Any]):
    """A hand-out of something that is ordered ahead."""

    id = serializers.UUIDField(source="public_id")
    site = serializers.UUIDField(source="site.public_id")
    service = serializers.UUIDField(source="plan.service.public_id")
    service_name = serializers.CharField(source="plan.service.name")
    producer = serializers.CharField(source="plan.producer.name")
    status = serializers.ChoiceField(choices=RunStatus.choices)
    orders_close_at = serializers.DateTimeField(help_text="Order, change or cancel before this moment.")
    handout_starts_at = serializers.DateTimeField()
    handout_ends_at = serializers.DateTimeField()
    left = serializers.IntegerField(help_text="Pieces that may still be ordered.")
    order_sheet = serializers.UUIDField(
        source="sheet.public_id", default=None, allow_null=True, help_text="Once the orders are closed."
    )
    reason = serializers.CharField(
        source="reason_words", help_text="Why it was moved, left out or cancelled; empty otherwise."
    )


class SheetHandOutOut(serializers.Serializer[Any]):
    """Where and when what was ordered is handed out."""

    id = serializers.UUIDField(source="public_id")
    site = serializers.UUIDField(source="site.public_id")
    site_name = serializers.CharField(source="site.name")
    starts_at = serializers.DateTimeField(source="handout_starts_at")
    ends_at = serializers.DateTimeField(source="handout_ends_at")


class SheetItemOut(serializers.Serializer[Any]):
    """An item, over all orders."""

    item = serializers.CharField()
    by_site = serializers.ListField(child=serializers.IntegerField(), help_text="Pieces, in the order of `columns`.")
    total = serializers.IntegerField(help_text="Pieces.")


class OrderSheetOut(serializers.Serializer[Any]):
    """What a producer is asked for at one cut-off, over all sites. Written once, never changed; it names no client."""

    id = serializers.UUIDField(source="public_id")
    producer = serializers.CharField(source="producer.name")
    closed_at = serializers.DateTimeField(help_text="When the orders closed.")
    orders = serializers.IntegerField(source="content.orders", help_text="How many orders it adds up.")
    columns = serializers.ListField(
        source="content.columns", child=serializers.CharField(), help_text="Names of the sites, as they were then."
    )
    items = SheetItemOut(source="content.rows", many=True)
    hand_outs = SheetHandOutOut(source="runs", many=True)


class ChangeOrderIn(serializers.Serializer[Any]):
    """The order as it shall be: it replaces what was ordered, at the prices of the day."""

    lines = serializers.ListField(child=LineIn(), allow_empty=False, max_length=1)
