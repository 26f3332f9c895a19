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
    reason = serializers.CharField(help_text="Why it was moved, left out or cancelled; empty otherwise.")


class ChangeOrderIn(serializers.Serializer[Any]):
    """The order as it shall be: it replaces what was ordered, at the prices of the day."""

    lines = serializers.ListField(child=LineIn(), allow_empty=False, max_length=1)
