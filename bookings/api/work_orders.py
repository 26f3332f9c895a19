"""Endpoints: work orders."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import perms
from bookings.actions.work_orders import complete_work_order, start_work_order
from bookings.api.common import ETAG, IF_MATCH
from bookings.enums import WORK_ORDER_CATEGORY, Category
from bookings.models import WorkOrder
from bookings.models.access import access_for_holder
from bookings.serializers.work_orders import ActIn, WorkOrderOut
from concierge.api.idempotency import check_if_match, etag, idempotent
from concierge.api.keys import actor_of
from concierge.enums import Scope
from concierge.errors import Invalid, NotAllowed

# A fact may be told a little early (clocks differ) and some days late (no network), not more.
EARLY, LATE = dt.timedelta(minutes=5), dt.timedelta(days=7)


def _work_orders(request: Request) -> QuerySet[WorkOrder]:
    return (
        WorkOrder.objects.visible_to(actor_of(request))
        .select_related("request", "site", "service")
        .prefetch_related("lines")
    )


def _shown(work_order: Any, **more: str) -> Any:
    return WorkOrderOut(work_order, context={"now": timezone.now(), **more})


class WorkOrders(generics.ListAPIView[WorkOrder]):
    """Work orders: of a provider's key, those it holds."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.WORK_ORDERS_READ}
    serializer_class = WorkOrderOut
    queryset = WorkOrder.objects.none()

    def get_serializer_context(self) -> dict[str, Any]:
        """Contact details depend on the time."""
        return {**super().get_serializer_context(), "now": timezone.now()}

    def get_queryset(self) -> QuerySet[WorkOrder]:
        """All that the key may see, of one category when asked."""
        found = _work_orders(self.request)
        category = self.request.query_params.get("category")
        if category is None:
            return found
        if category not in Category.values:
            raise ValidationError({"category": [_("This is not a known state.")]})
        return found.filter(status__in=[status for status, kind in WORK_ORDER_CATEGORY.items() if kind == category])

    @extend_schema(
        operation_id="listWorkOrders",
        tags=["work orders"],
        summary="Work orders, newest first",
        parameters=[OpenApiParameter("category", str, enum=Category.values)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class WorkOrderDetail(APIView):
    """One work order."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.WORK_ORDERS_READ}

    @extend_schema(
        operation_id="getWorkOrder",
        tags=["work orders"],
        summary="One work order",
        parameters=[ETAG],
        responses=WorkOrderOut,
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """With the client's contact details while you hold it."""
        found = get_object_or_404(_work_orders(request), public_id=public_id)
        way_in = access_for_holder(found, actor_of(request))
        return Response(_shown(found, access_note=way_in).data, headers={"ETag": etag(found.version)})


ACT_EXAMPLES = [
    OpenApiExample("Now", request_only=True, value={}),
    OpenApiExample("Told later", request_only=True, value={"act_at": "2026-11-23T14:05:00+01:00"}),
]


class _ChangeWorkOrder(APIView):
    scopes: ClassVar[dict[str, str]] = {"POST": Scope.WORK_ORDERS_WRITE}

    def change(self, request: Request, public_id: uuid.UUID, act: Any) -> Response:
        """Check the version and the moment, act, answer with the new state."""
        found = get_object_or_404(
            _work_orders(request).select_for_update(of=("self",), no_key=True), public_id=public_id
        )
        actor = actor_of(request)
        if not perms.can_carry_out(actor, found):
            raise NotAllowed
        check_if_match(request, found.version)
        body = ActIn(data=request.data)
        body.is_valid(raise_exception=True)
        act_at = body.validated_data["act_at"]
        now = timezone.now()
        if act_at is not None and not now - LATE <= act_at <= now + EARLY:
            raise Invalid(_("This moment is in the future, or more than seven days ago."), field="act_at")
        act(found, by=actor, act_at=act_at)
        found = _work_orders(request).get(pk=found.pk)
        return Response(_shown(found).data, headers={"ETag": etag(found.version)})


class StartWorkOrder(_ChangeWorkOrder):
    """Begin."""

    @extend_schema(
        operation_id="startWorkOrder",
        tags=["work orders"],
        summary="Work begins",
        parameters=[IF_MATCH, ETAG],
        request=ActIn,
        responses=WorkOrderOut,
        examples=ACT_EXAMPLES,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """409 when the work order is not yours to start now."""
        return self.change(request, public_id, start_work_order)


class CompleteWorkOrder(_ChangeWorkOrder):
    """End."""

    @extend_schema(
        operation_id="completeWorkOrder",
        tags=["work orders"],
        summary="Work is done",
        parameters=[IF_MATCH, ETAG],
        request=ActIn,
        responses=WorkOrderOut,
        examples=ACT_EXAMPLES,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """409 before a start."""
        return self.change(request, public_id, complete_work_order)
