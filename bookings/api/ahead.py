"""Endpoints: what is ordered ahead."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.actions import pre_orders, requests
from bookings.api.common import ETAG, IF_MATCH, site_of, uuid_of, wish_of
from bookings.enums import RunStatus
from bookings.models import OrderSheet, PreOrderRun, ServiceRequest
from bookings.serializers.ahead import ChangeOrderIn, OrderSheetOut, PreOrderRunOut
from bookings.serializers.requests import ServiceRequestOut
from concierge.api.idempotency import check_if_match, etag, idempotent
from concierge.api.keys import actor_of
from concierge.enums import Scope
from concierge.errors import Invalid
from concierge.models import Site


def run_of(site: Site, public_id: uuid.UUID) -> PreOrderRun:
    """A hand-out of this site. Raises ``Invalid`` (400) when there is none with this identifier."""
    found = PreOrderRun.objects.filter(site=site, public_id=public_id)
    run = found.select_related("site", "plan__service", "plan__producer").first()
    if run is None:
        raise Invalid(_("This site has no such hand-out."), field="run")
    return run


class PreOrderRuns(generics.ListAPIView[PreOrderRun]):
    """Hand-outs."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOGUE_READ}
    serializer_class = PreOrderRunOut
    queryset = PreOrderRun.objects.none()

    def get_queryset(self) -> QuerySet[PreOrderRun]:
        """Those that take orders now, or those in one state when asked."""
        actor = actor_of(self.request)
        found = PreOrderRun.objects.visible_to(actor).select_related("site", "plan__service", "plan__producer", "sheet")
        if "site" in self.request.query_params:
            found = found.filter(site=site_of(self.request, uuid_of(self.request, "site")))
        status = self.request.query_params.get("status")
        if status is None:
            return found.taking_orders(timezone.now())
        if status not in RunStatus.values:
            raise ValidationError({"status": [_("This is not a known state.")]})
        return found.filter(status=status)

    @extend_schema(
        operation_id="listPreOrderRuns",
        tags=["orders ahead"],
        summary="Hand-outs of what is ordered ahead, with their cut-off and what is left",
        parameters=[
            OpenApiParameter("site", uuid.UUID, description="Of one site only."),
            OpenApiParameter(
                "status", str, enum=RunStatus.values, description="Without it: those that take orders now."
            ),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class OrderSheets(generics.ListAPIView[OrderSheet]):
    """Order sheets."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.REQUESTS_READ}
    serializer_class = OrderSheetOut
    queryset = OrderSheet.objects.none()

    def get_queryset(self) -> QuerySet[OrderSheet]:
        """Those of the organisation's hand-outs."""
        found = OrderSheet.objects.visible_to(actor_of(self.request)).select_related("producer")
        runs = PreOrderRun.objects.select_related("site").order_by("handout_starts_at", "pk")
        return found.prefetch_related(Prefetch("runs", runs))

    @extend_schema(
        operation_id="listOrderSheets",
        tags=["orders ahead"],
        summary="What producers are asked for, newest first",
        examples=[
            OpenApiExample(
                "Baskets for two sites",
                response_only=True,
                value={
                    "id": "8c7d6e5f-4a3b-4c2d-9e1f-0a9b8c7d6e5f",
                    "producer": "Ferme des Grands Champs",
                    "closed_at": "2026-11-24T11:00:00Z",
                    "orders": 14,
                    "columns": ["Conciergerie République", "Conciergerie Toison d’Or"],
                    "items": [{"item": "Petit panier", "by_site": [9, 5], "total": 14}],
                    "hand_outs": [
                        {
                            "id": "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d",
                            "site": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11",
                            "site_name": "Conciergerie République",
                            "starts_at": "2026-11-26T11:00:00Z",
                            "ends_at": "2026-11-26T13:00:00Z",
                        }
                    ],
                },
            )
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class ChangeOrder(APIView):
    """Other quantities of an order ahead."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.REQUESTS_WRITE}

    @extend_schema(
        operation_id="changeOrderAhead",
        tags=["orders ahead"],
        summary="Order other quantities, until the orders close",
        parameters=[IF_MATCH, ETAG],
        request=ChangeOrderIn,
        responses=ServiceRequestOut,
        examples=[
            OpenApiExample(
                "Two baskets instead of one",
                request_only=True,
                value={
                    "lines": [
                        {
                            "service": "3d4e5f60-7a8b-4c9d-8e0f-1a2b3c4d5e6f",
                            "items": [{"item": "4e5f6071-8b9c-4d0e-9f1a-2b3c4d5e6f70", "quantity": 2}],
                        }
                    ]
                },
            )
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Replaces the order at the prices of the day; 409 after the cut-off or when too little is left."""
        mine = ServiceRequest.objects.visible_to(actor_of(request))
        found = get_object_or_404(mine, public_id=public_id)
        requests.lock_work_of(found)
        found = mine.select_for_update(of=("self",), no_key=True).get(pk=found.pk)
        check_if_match(request, found.version)
        body = ChangeOrderIn(data=request.data)
        body.is_valid(raise_exception=True)
        wishes = [wish_of(line) for line in body.validated_data["lines"]]
        changed = pre_orders.change_order(found, wishes, by=actor_of(request))
        return Response(ServiceRequestOut(changed).data, headers={"ETag": etag(changed.version)})
