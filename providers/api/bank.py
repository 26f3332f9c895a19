"""Endpoints: where providers are paid. Only read: another account needs a person, on pages and on the telephone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api.common import in_state
from concierge.api.keys import actor_of
from concierge.enums import Scope
from providers.enums import BankStatus
from providers.models import ProviderBankAccount
from providers.serializers.bank import BankAccountOut


class BankAccounts(generics.ListAPIView[ProviderBankAccount]):
    """Bank accounts: of a provider's key, its own."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.AGREEMENTS_READ}
    serializer_class = BankAccountOut
    queryset = ProviderBankAccount.objects.none()

    def get_queryset(self) -> QuerySet[ProviderBankAccount]:
        """All that the key may see, in one state when asked."""
        found = ProviderBankAccount.objects.visible_to(actor_of(self.request)).select_related("provider")
        return in_state(self.request, found, BankStatus.values)

    @extend_schema(
        operation_id="listBankAccounts",
        tags=["offers"],
        summary="Bank accounts of providers, newest first",
        parameters=[OpenApiParameter("status", str, enum=BankStatus.values)],
        examples=[
            OpenApiExample(
                "The one that is paid to",
                response_only=True,
                value={
                    "id": "5a0d8a0e-2f0f-4b0b-9a52-0d5a1c3c7d10",
                    "provider": "0c9d3c0e-5a1b-4d8f-8a37-1b1f5f6f2a90",
                    "provider_name": "Cordonnerie du Bourg",
                    "iban": "FR76 … 0189",
                    "holder": "Cordonnerie du Bourg",
                    "status": "active",
                    "category": "done",
                    "proposed_at": "2026-12-01T09:00:00Z",
                    "confirmed_at": "2026-12-01T09:04:00Z",
                    "active_from": "2026-12-04T09:04:00Z",
                },
            )
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)
