"""Shapes of providers' papers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from providers.enums import DocumentKind, DocumentStatus


class ProviderDocumentOut(serializers.Serializer[Any]):
    """A paper of a provider."""

    id = serializers.UUIDField(source="public_id")
    provider = serializers.UUIDField(source="provider.public_id")
    kind = serializers.ChoiceField(choices=DocumentKind.choices)
    status = serializers.ChoiceField(choices=DocumentStatus.choices, help_text="Only an approved one counts.")
    reference = serializers.CharField(allow_blank=True, help_text="Of the policy, the register or the certificate.")
    issued_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True, help_text="The last day on which it counts, included.")
    refusal = serializers.CharField(allow_blank=True, help_text="Why it was refused.")
    has_file = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class ProviderDocumentIn(serializers.Serializer[Any]):
    """A paper that you announce; its file follows."""

    kind = serializers.ChoiceField(choices=DocumentKind.choices)
    reference = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    expires_on = serializers.DateField(required=False, default=None, allow_null=True)
    provider = serializers.UUIDField(
        required=False, default=None, allow_null=True, help_text="Whose it is; a provider’s own key leaves it out."
    )
