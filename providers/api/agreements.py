"""Endpoints: what is agreed with providers. Signing needs a person: it is done on pages."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.api.common import in_state
from concierge.api.keys import actor_of
from concierge.enums import Scope
from providers.enums import AgreementStatus
from providers.models import ServiceAgreement
from providers.serializers.agreements import AgreementOut

EXAMPLE = OpenApiExample(
    "Signed by both",
    response_only=True,
    value={
        "id": "7b0f6e52-6f4b-4a6e-9d3c-2a1f0d9c8e11",
        "provider": "0c9d3c0e-5a1b-4d8f-8a37-1b1f5f6f2a90",
        "provider_name": "Cordonnerie du Bourg",
        "service": "cordonnerie",
        "service_name": "Cordonnerie",
        "status": "signed",
        "category": "done",
        "kind": "commission",
        "purchase_price": None,
        "commission_percent": "15.00",
        "commission_fixed": None,
        "invoicing": "provider_to_us",
        "vat_rate": "20.00",
        "notice_hours": 24,
        "cancel_hours": 48,
        "valid_from": "2027-01-01",
        "valid_to": None,
        "text": "Entre La Conciergerie et Cordonnerie du Bourg …",
        "seal": "f5c41709e8ae24bf87b5f1600fbe509177cbc795a65b949fca1f5f714789d513",
        "sent_at": "2026-12-01T09:00:00Z",
        "signatures": [
            {"side": "theirs", "name": "Sophie Aubert", "at": "2026-12-02T17:20:00Z"},
            {"side": "ours", "name": "Awa Diallo", "at": "2026-12-03T08:05:00Z"},
        ],
    },
)


def _agreements(request: Request) -> QuerySet[ServiceAgreement]:
    found = ServiceAgreement.objects.visible_to(actor_of(request)).select_related("provider", "service")
    return found.prefetch_related("signatures")


class Agreements(generics.ListAPIView[ServiceAgreement]):
    """Agreements: of a provider's key, those that it was sent or has signed."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.AGREEMENTS_READ}
    serializer_class = AgreementOut
    queryset = ServiceAgreement.objects.none()

    def get_queryset(self) -> QuerySet[ServiceAgreement]:
        """All that the key may see, in one state when asked."""
        return in_state(self.request, _agreements(self.request), AgreementStatus.values)

    @extend_schema(
        operation_id="listAgreements",
        tags=["offers"],
        summary="Agreements, newest first",
        parameters=[OpenApiParameter("status", str, enum=AgreementStatus.values)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class AgreementDetail(APIView):
    """One agreement."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.AGREEMENTS_READ}

    @extend_schema(
        operation_id="getAgreement",
        tags=["offers"],
        summary="One agreement",
        responses=AgreementOut,
        examples=[EXAMPLE],
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """Its terms, the text as it was sent, and who has signed."""
        return Response(AgreementOut(get_object_or_404(_agreements(request), public_id=public_id)).data)
