"""Endpoints: catalogue, slots, service requests, work orders."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import perms
from bookings.actions import requests as actions
from bookings.actions.clients import ClientDetails
from bookings.actions.work_orders import complete_work_order, start_work_order
from bookings.enums import WORK_ORDER_CATEGORY, Category, RequestStatus
from bookings.models import ClientAccount, RequestLine, Service, ServiceRequest, WorkOrder, calendar
from bookings.rules.prices import WHOLE, Wish
from bookings.serializers import (
    UUID_PATH,
    ActIn,
    CancelIn,
    ServiceOut,
    ServiceRequestIn,
    ServiceRequestOut,
    SiteOut,
    SlotsOut,
    SlotsQuery,
    WorkOrderOut,
)
from concierge.api.idempotency import check_if_match, etag, idempotent
from concierge.api.keys import actor_of
from concierge.enums import Scope
from concierge.errors import DomainError, Invalid, NotAllowed
from concierge.models import Site

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="`ETag` of the version you saw; 412 when it changed since."
)
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, required=True, description="The version, for `If-Match`.", response=[200, 201]
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, required=True, description="Path of the request.", response=[201]
)
# A fact may be told a little early (clocks differ) and some days late (no network), not more.
EARLY, LATE = dt.timedelta(minutes=5), dt.timedelta(days=7)


def _uuid(request: Request, name: str) -> uuid.UUID:
    """A query parameter that must be a UUID: 400 when it is not."""
    field = serializers.UUIDField()
    try:
        value: uuid.UUID = field.run_validation(request.query_params.get(name))
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from error
    return value


def _site(request: Request, public_id: uuid.UUID) -> Site:
    sites = Site.objects.visible_to(actor_of(request)).active().prefetch_related("opening_hours")
    return get_object_or_404(sites, public_id=public_id)


class Sites(generics.ListAPIView[Site]):
    """Sites of the organisation."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOGUE_READ}
    serializer_class = SiteOut
    queryset = Site.objects.none()

    def get_queryset(self) -> QuerySet[Site]:
        """Active ones."""
        return Site.objects.visible_to(actor_of(self.request)).active()

    @extend_schema(operation_id="listSites", tags=["catalogue"], summary="Sites that take requests")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class Services(generics.ListAPIView[Service]):
    """Services of a site."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOGUE_READ}
    serializer_class = ServiceOut
    queryset = Service.objects.none()

    def get_queryset(self) -> QuerySet[Service]:
        """Those that the site offers."""
        return Service.objects.offered_at(_site(self.request, _uuid(self.request, "site")))

    @extend_schema(
        operation_id="listServices",
        tags=["catalogue"],
        summary="Services and prices of a site",
        parameters=[OpenApiParameter("site", UUID_PATH, required=True, description="Which site.")],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class Slots(APIView):
    """Free times for some services at a site."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOGUE_READ}

    @extend_schema(
        operation_id="listSlots",
        tags=["catalogue"],
        summary="Free times",
        parameters=[
            OpenApiParameter("site", UUID_PATH, required=True),
            OpenApiParameter("service", UUID_PATH, required=True, many=True, description="Repeat for several."),
            OpenApiParameter("from", dt.date, description="First day, today when left out."),
            OpenApiParameter("days", int, description="How many days, 1 to 60; 14 when left out."),
        ],
        responses=SlotsOut,
    )
    def get(self, request: Request) -> Response:
        """Slots with places left that satisfy the strictest lead time, cut-off and daily limit of the services."""
        given: dict[str, Any] = {
            name: request.query_params[name] for name in ("site", "from", "days") if name in request.query_params
        }
        query = SlotsQuery(data={**given, "service": request.query_params.getlist("service")})
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        site = _site(request, wanted["site"])
        services = list(Service.objects.offered_at(site).filter(public_id__in=wanted["service"]))
        if len(services) != len(set(wanted["service"])):
            raise Http404
        free = calendar.slots_left(
            site,
            actions.place_of(services),
            now=timezone.now(),
            first_day=wanted.get("from"),
            days=wanted["days"],
            services=services,
        )
        return Response(SlotsOut({"results": free}).data)


EXAMPLE = OpenApiExample(
    "Five shirts on hangers",
    request_only=True,
    value={
        "site": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11",
        "slot": "2026-11-24T09:00:00Z",
        "client": {
            "first_name": "Inès",
            "last_name": "Garnier",
            "email": "ines.garnier@example.fr",
            "phone": "+33612345678",
        },
        "lines": [
            {
                "service": "0c9b7a57-4a39-4c55-8f2e-5a1b5a9d7e22",
                "items": [{"item": "1b2d3f4a-7c11-4d22-9e33-6f445a556677", "quantity": 5}],
                "options": ["2c3e4f5b-8d22-4e33-8f44-705566677788"],
            }
        ],
    },
)


class ServiceRequests(generics.ListAPIView[ServiceRequest]):
    """Service requests."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.REQUESTS_READ, "POST": Scope.REQUESTS_WRITE}
    serializer_class = ServiceRequestOut
    queryset = ServiceRequest.objects.none()

    def get_queryset(self) -> QuerySet[ServiceRequest]:
        """All that the key may see, in one state when asked."""
        found = _requests(self.request)
        status = self.request.query_params.get("status")
        if status is None:
            return found
        if status not in RequestStatus.values:
            raise ValidationError({"status": [_("This is not a known state.")]})
        return found.filter(status=status)

    @extend_schema(
        operation_id="listServiceRequests",
        tags=["service requests"],
        summary="Requests, newest first",
        parameters=[OpenApiParameter("status", str, enum=RequestStatus.values)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="createServiceRequest",
        tags=["service requests"],
        summary="Book",
        request=ServiceRequestIn,
        parameters=[ETAG, LOCATION],
        responses={201: ServiceRequestOut},
        examples=[EXAMPLE],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Take a place of the slot and confirm the request at once, or refuse and leave nothing.

        `slot_taken` (409) carries `next_free`.
        """
        actor = actor_of(request)
        if actor.provider_id is not None:
            raise NotAllowed
        body = ServiceRequestIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        site = _site(request, asked["site"])
        wishes = [_wish(line) for line in asked["lines"]]
        wanted = {wish.service for wish in wishes}
        services = [s for s in Service.objects.offered_at(site) if str(s.public_id) in wanted]
        if len(services) < len(wanted):
            raise actions.BadOrder(actions.ORDER_MESSAGES["unknown_service"], field="lines", reason="unknown_service")
        try:
            made = actions.book_request(
                site,
                client=ClientDetails(**asked["client"]),
                wishes=wishes,
                services=services,
                starts_at=asked["slot"],
                by=actor,
                payer=_payer(asked["payer_siren"]),
                note=asked["note"],
            )
        except DomainError as error:
            if error.field in asked["client"]:
                error.field = f"client.{error.field}"
            raise
        prefetch_related_objects([made], *SHOWN_WITH)
        headers = {
            "Location": reverse("bookings:api-service-request", args=[made.public_id]),
            "ETag": etag(made.version),
        }
        return Response(ServiceRequestOut(made).data, status=201, headers=headers)


# What the shape of a request shows beside its own columns.
SHOWN_WITH = (
    Prefetch("lines", RequestLine.objects.select_related("service")),
    Prefetch("work_orders", WorkOrder.objects.select_related("service")),
)


def _requests(request: Request) -> QuerySet[ServiceRequest]:
    return (
        ServiceRequest.objects.visible_to(actor_of(request))
        .select_related("site", "client")
        .prefetch_related(*SHOWN_WITH)
    )


def _wish(line: dict[str, Any]) -> Wish:
    """A line as rules understand it. An item named twice is refused rather than guessed about."""
    items = [(str(entry["item"]), entry["quantity"]) for entry in line["items"]]
    quantities = dict(items)
    if len(quantities) != len(items):
        raise actions.BadOrder(_("The same item is there twice."), field="lines", reason="item_twice")
    if line.get("quantity") is not None:
        quantities[WHOLE] = line["quantity"]
    return Wish(str(line["service"]), quantities, frozenset(str(option) for option in line["options"]))


def _payer(siren: str) -> ClientAccount | None:
    if not siren:
        return None
    account = ClientAccount.objects.filter(siren=siren, is_active=True).order_by("pk").first()
    if account is None:
        raise actions.PayerRefused(field="payer_siren")
    return account


class ServiceRequestDetail(APIView):
    """One service request."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.REQUESTS_READ}

    @extend_schema(
        operation_id="getServiceRequest",
        tags=["service requests"],
        summary="One request",
        parameters=[ETAG],
        responses=ServiceRequestOut,
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """A request with its lines and work orders."""
        found = get_object_or_404(_requests(request), public_id=public_id)
        return Response(ServiceRequestOut(found).data, headers={"ETag": etag(found.version)})


class CancelServiceRequest(APIView):
    """Cancel a request."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.REQUESTS_WRITE}

    @extend_schema(
        operation_id="cancelServiceRequest",
        tags=["service requests"],
        summary="Cancel, as long as no work has begun",
        parameters=[IF_MATCH, ETAG],
        request=CancelIn,
        responses=ServiceRequestOut,
        examples=[OpenApiExample("A reason", request_only=True, value={"reason": "La cliente est absente"})],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Cancels the work orders and frees the place; 409 once work has begun."""
        found = get_object_or_404(_requests(request), public_id=public_id)
        actions.lock_work_of(found)
        found = _requests(request).select_for_update(of=("self",), no_key=True).get(pk=found.pk)
        check_if_match(request, found.version)
        body = CancelIn(data=request.data)
        body.is_valid(raise_exception=True)
        actions.cancel_request(found, reason=body.validated_data["reason"], by=actor_of(request))
        found = _requests(request).get(pk=found.pk)
        return Response(ServiceRequestOut(found).data, headers={"ETag": etag(found.version)})


# --- work orders ----------------------------------------


def _work_orders(request: Request) -> QuerySet[WorkOrder]:
    return (
        WorkOrder.objects.visible_to(actor_of(request))
        .select_related("request", "site", "service")
        .prefetch_related("lines")
    )


def _shown(work_order: Any, *, many: bool = False) -> Any:
    return WorkOrderOut(work_order, many=many, context={"now": timezone.now()})


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
        return Response(_shown(found).data, headers={"ETag": etag(found.version)})


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
