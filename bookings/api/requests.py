"""Endpoints: service requests."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.actions import booking, guards, pre_orders, pricing, requests
from bookings.actions.beneficiaries import Beneficiary
from bookings.actions.clients import ClientDetails
from bookings.actions.rescheduling import reschedule_request
from bookings.api.ahead import run_of
from bookings.api.clients import kept_of, prescriber_named
from bookings.api.common import ETAG, IF_MATCH, LOCATION, in_state, moment_of, presence_of, site_of, uuid_of, wish_of
from bookings.api.located import looks_up
from bookings.enums import RequestStatus
from bookings.models import Client, ClientAccount, RequestLine, ServiceRequest, WorkOrder
from bookings.serializers.fields import UUID_PATH
from bookings.serializers.requests import CancelIn, RescheduleIn, ServiceRequestIn, ServiceRequestOut
from concierge import editions
from concierge.api import shapes
from concierge.api.idempotency import check_if_match, etag, idempotent
from concierge.api.keys import actor_of
from concierge.days import today_at
from concierge.enums import Scope
from concierge.errors import DomainError, NotAllowed

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
FOR_A_PARENT = OpenApiExample(
    "For somebody else than the client",
    request_only=True,
    value={
        "site": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11",
        "slot": "2026-11-24T09:00:00Z",
        "client": {"first_name": "Inès", "last_name": "Garnier", "email": "ines.garnier@example.fr"},
        "beneficiary": {
            "first_name": "Jeanne",
            "last_name": "Garnier",
            "phone": "+33380505050",
            "street": "8 rue des Roses",
            "postcode": "21000",
            "city": "Dijon",
        },
        "lines": [{"service": "7d2f8a11-0c44-4a3b-9d55-1e2f3a4b5c66", "quantity": 1}],
    },
)

FOR_SOMEBODY_ACCOMPANIED = OpenApiExample(
    "By a social worker, for somebody they accompany",
    request_only=True,
    value={
        "site": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11",
        "slot": "2026-11-24T09:00:00Z",
        "client": {"first_name": "Jeanne", "last_name": "Martin", "phone": "+33380505050"},
        "prescriber": {"id": "5e4d3c2b-1a09-4f8e-9d7c-6b5a49382716", "agreed": True},
        "lines": [{"service": "7d2f8a11-0c44-4a3b-9d55-1e2f3a4b5c66", "quantity": 1}],
    },
)

BASKET = OpenApiExample(
    "A weekly basket, ordered ahead",
    request_only=True,
    value={
        "site": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11",
        "run": "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d",
        "client": {"first_name": "Inès", "last_name": "Garnier", "email": "ines.garnier@example.fr"},
        "lines": [
            {
                "service": "3d4e5f60-7a8b-4c9d-8e0f-1a2b3c4d5e6f",
                "items": [{"item": "4e5f6071-8b9c-4d0e-9f1a-2b3c4d5e6f70", "quantity": 1}],
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
        """All that the key may see, in one state and of one client when asked."""
        found = requests_of(self.request)
        if "client" in self.request.query_params:
            asking = kept_of(self.request, uuid_of(self.request, "client"))
            found = found.filter(client__in=Client.objects.family_of(asking.pk).order_by().values("pk"))
        if "site" in self.request.query_params:
            found = found.filter(site=site_of(self.request, uuid_of(self.request, "site")))
        if reference := self.request.query_params.get("reference", ""):
            found = found.filter(reference=reference.replace("\x00", "").strip().upper())
        if "changed_since" in self.request.query_params:
            since = moment_of(self.request, "changed_since")
            found = found.filter(pk__in=ServiceRequest.objects.changed_since(since).order_by().values("pk"))
        return in_state(self.request, found, RequestStatus.values)

    @extend_schema(
        operation_id="listServiceRequests",
        tags=["service requests"],
        summary="Requests, newest first",
        parameters=[
            OpenApiParameter("site", UUID_PATH, description="Of this site."),
            OpenApiParameter("reference", str, description="The one with this reference, as it stands on the receipt."),
            OpenApiParameter(
                "changed_since",
                dt.datetime,
                description="Those about which anything was recorded since: to follow them, ask again with the moment "
                "of your last call, a minute earlier.",
            ),
            OpenApiParameter("status", str, enum=RequestStatus.values),
            OpenApiParameter("client", UUID_PATH, description="Of this client, under whichever record."),
        ],
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
        examples=[EXAMPLE, FOR_A_PARENT, FOR_SOMEBODY_ACCOMPANIED, BASKET],
    )
    @looks_up("beneficiary", "client")
    @idempotent
    @editions.held()
    def post(self, request: Request, spot: dict[str, Decimal]) -> Response:
        """Take a place of the slot and confirm the request at once, or refuse and leave nothing.

        `slot_taken` (409) carries `next_free`.
        """
        actor = actor_of(request)
        if actor.provider_id is not None:
            raise NotAllowed
        asked = shapes.read(ServiceRequestIn, request.data)
        site = site_of(request, asked["site"])
        wishes = [wish_of(line) for line in asked["lines"]]
        wanted = {wish.service for wish in wishes}
        offered = pricing.offered_on(site.pk, today_at(site))
        services = [service for service in offered if str(service.public_id) in wanted]
        if len(services) < len(wanted):
            raise pricing.BadOrder(pricing.ORDER_MESSAGES["unknown_service"], field="lines", reason="unknown_service")
        met = asked["beneficiary"] or asked["client"]
        met |= spot
        given: dict[str, Any] = {
            "client": ClientDetails(**asked["client"], access_note=asked["access_note"]),
            "wishes": wishes,
            "by": actor,
            "payer": _payer(asked["payer_siren"]),
            "note": asked["note"],
            "beneficiary": _beneficiary(asked),
            "prescriber": prescriber_named(request, asked["prescriber"]),
        }
        try:
            if "run" in asked:
                made = pre_orders.order_ahead(run_of(site, asked["run"]), **given)
            else:
                stand = presence_of(site, asked["presence"])
                made = booking.book_request(site, services=services, starts_at=asked["slot"], presence=stand, **given)
        except DomainError as error:
            if asked["beneficiary"] and error.field in ADDRESS:
                error.field = f"beneficiary.{error.field}"
            elif error.field in asked["client"]:
                error.field = f"client.{error.field}"
            raise
        headers = {
            "Location": reverse("bookings:api-service-request", args=[made.public_id]),
            "ETag": etag(made.version),
        }
        return Response(shapes.show(ServiceRequestOut, made, is_new=True), status=201, headers=headers)


# Of whoever the team comes to: the beneficiary's, when there is one.
ADDRESS = ("street", "postcode", "city")

# What the shape of a request shows beside its own columns.
SHOWN_WITH = (
    Prefetch("lines", RequestLine.objects.select_related("service")),
    Prefetch("work_orders", WorkOrder.objects.select_related("service")),
)


def requests_of(request: Request) -> QuerySet[ServiceRequest]:
    """Requests that the key may see, with what their shape shows."""
    return (
        ServiceRequest.objects.visible_to(actor_of(request))
        .select_related("site", "client", "beneficiary", "prescriber")
        .prefetch_related(*SHOWN_WITH)
    )


def _beneficiary(asked: dict[str, Any]) -> Beneficiary | None:
    """The way in is that of whoever the team comes to."""
    other = asked["beneficiary"]
    return Beneficiary(**other, access_note=asked["access_note"]) if other else None


def _payer(siren: str) -> ClientAccount | None:
    if not siren:
        return None
    account = ClientAccount.objects.filter(siren=siren, is_active=True).order_by("pk").first()
    if account is None:
        raise guards.PayerRefused(field="payer_siren")
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
        found = get_object_or_404(requests_of(request), public_id=public_id)
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
        found = get_object_or_404(requests_of(request), public_id=public_id)
        requests.lock_work_of(found)
        found = requests_of(request).select_for_update(of=("self",), no_key=True).get(pk=found.pk)
        check_if_match(request, found.version)
        body = CancelIn(data=request.data)
        body.is_valid(raise_exception=True)
        requests.cancel_request(found, reason=body.validated_data["reason"], by=actor_of(request))
        found = requests_of(request).get(pk=found.pk)
        return Response(ServiceRequestOut(found).data, headers={"ETag": etag(found.version)})


class RescheduleServiceRequest(APIView):
    """Move the appointment of a request."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.REQUESTS_WRITE}

    @extend_schema(
        operation_id="rescheduleServiceRequest",
        tags=["service requests"],
        summary="Move the appointment, as long as no work has begun",
        parameters=[IF_MATCH, ETAG],
        request=RescheduleIn,
        responses=ServiceRequestOut,
        examples=[OpenApiExample("The next day", request_only=True, value={"slot": "2026-11-25T13:00:00Z"})],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Takes the new time and frees the old one, or refuses and changes nothing; `slot_taken` has `next_free`."""
        found = get_object_or_404(requests_of(request), public_id=public_id)
        requests.lock_work_of(found)
        found = requests_of(request).select_for_update(of=("self",), no_key=True).get(pk=found.pk)
        check_if_match(request, found.version)
        body = RescheduleIn(data=request.data)
        body.is_valid(raise_exception=True)
        reschedule_request(found, body.validated_data["slot"], by=actor_of(request))
        found = requests_of(request).get(pk=found.pk)
        return Response(ServiceRequestOut(found).data, headers={"ETag": etag(found.version)})
