"""Shapes of when providers are there."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ProviderClosureOut(serializers.Serializer[Any]):
    """Days on which a provider is away."""

    id = serializers.UUIDField(source="public_id")
    provider = serializers.UUIDField(source="provider.public_id")
    first_on = serializers.DateField()
    last_on = serializers.DateField(help_text="The last day away, included.")
    reason = serializers.CharField(allow_blank=True)


class ProviderClosureIn(serializers.Serializer[Any]):
    """When you are away: a year at a stretch at most, within two years."""

    first_on = serializers.DateField()
    last_on = serializers.DateField(help_text="The last day away, included.")
    reason = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
