"""Shapes of the bank accounts API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from providers.enums import BankStatus


class BankAccountOut(serializers.Serializer[Any]):
    """Where a provider is paid: only an `active` account is transferred to."""

    id = serializers.UUIDField(source="public_id")
    provider = serializers.UUIDField(source="provider.public_id")
    provider_name = serializers.CharField(source="provider.name")
    iban = serializers.CharField(source="shown", help_text="Its first and last four characters, never the whole.")
    holder = serializers.CharField()
    status = serializers.ChoiceField(choices=BankStatus.choices)
    category = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    active_from = serializers.DateTimeField(allow_null=True, help_text="Three days after it was confirmed.")
