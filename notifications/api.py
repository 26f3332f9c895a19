"""Endpoints: which systems are told what happens, and what became of each call."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from concierge.api.idempotency import idempotent
from concierge.api.keys import actor_of
from concierge.db import retryable
from concierge.enums import Scope
from concierge.errors import Invalid
from concierge.http import BadAddress, check_address
from concierge.tasks import poke
from notifications.actions import webhooks
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.serializers import WebhookDeliveryOut, WebhookEndpointIn, WebhookEndpointOut
from notifications.tasks import deliver_webhooks

MADE = OpenApiExample(
    "A provider's planning tool",
    request_only=True,
    value={
        "url": "https://planning.cordonnerie.example/webhooks/conciergerie",
        "types": ["offer.sent", "offer.accepted", "work_order.booked"],
        "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    },
)


def _endpoints(request: Request) -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.visible_to(actor_of(request)).select_related("provider", "organisation")


def _deliveries(request: Request) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.visible_to(actor_of(request)).select_related("endpoint")


def _hurry(delivery: WebhookDelivery) -> None:
    call = partial(poke, deliver_webhooks, delivery.organisation_id, delivery.endpoint_id)
    transaction.on_commit(call, robust=True)


class WebhookEndpoints(generics.ListAPIView[WebhookEndpoint]):
    """Addresses that are told what happens: of a provider's key, its own."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.WEBHOOKS_WRITE, "POST": Scope.WEBHOOKS_WRITE}
    serializer_class = WebhookEndpointOut
    queryset = WebhookEndpoint.objects.none()

    def get_queryset(self) -> QuerySet[WebhookEndpoint]:
        """All that the key may see."""
        return _endpoints(self.request)

    @extend_schema(operation_id="listWebhookEndpoints", tags=["webhooks"], summary="Webhook endpoints, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="createWebhookEndpoint",
        tags=["webhooks"],
        summary="Be told what happens from now on",
        request=WebhookEndpointIn,
        responses={201: WebhookEndpointOut},
        examples=[MADE],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Calls are signed as Standard Webhooks are. 409 `too_many_endpoints` beyond five that are not disabled."""
        body = WebhookEndpointIn(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            check_address(body.validated_data["url"])
        except BadAddress as error:
            raise Invalid(_("This is no address that we call: https, of a public host."), field="url") from error
        with retryable():
            made = webhooks.create_endpoint(**body.validated_data, by=actor_of(request))
        return Response(WebhookEndpointOut(made).data, status=201)


class TryWebhookEndpoint(APIView):
    """Try an endpoint."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.WEBHOOKS_WRITE}

    @extend_schema(
        operation_id="testWebhookEndpoint",
        tags=["webhooks"],
        summary="Send a test",
        request=None,
        responses=WebhookDeliveryOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """A call of one of its types with `"is_test": true`; 409 `tested_too_often` after five in ten minutes."""
        endpoint = get_object_or_404(_endpoints(request), public_id=public_id)
        with retryable():
            delivery = webhooks.try_endpoint(endpoint, by=actor_of(request))
        _hurry(delivery)
        return Response(WebhookDeliveryOut(delivery).data)


class DisableWebhookEndpoint(APIView):
    """Stop an endpoint."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.WEBHOOKS_WRITE}

    @extend_schema(
        operation_id="disableWebhookEndpoint",
        tags=["webhooks"],
        summary="Be told nothing more",
        request=None,
        responses=WebhookEndpointOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """For good: to change the address, the types or the secret, make another endpoint first, then disable this."""
        endpoint = get_object_or_404(_endpoints(request), public_id=public_id)
        with retryable():
            disabled = webhooks.disable_endpoint(endpoint, by=actor_of(request))
        return Response(WebhookEndpointOut(disabled).data)


class WebhookDeliveries(generics.ListAPIView[WebhookDelivery]):
    """What one endpoint was told."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.WEBHOOKS_WRITE}
    serializer_class = WebhookDeliveryOut
    queryset = WebhookDelivery.objects.none()

    def get_queryset(self) -> QuerySet[WebhookDelivery]:
        """Those of the endpoint in the address."""
        endpoint = get_object_or_404(_endpoints(self.request), public_id=self.kwargs["public_id"])
        return _deliveries(self.request).filter(endpoint=endpoint)

    @extend_schema(
        operation_id="listWebhookDeliveries", tags=["webhooks"], summary="Calls to an endpoint, newest first"
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class ReplayWebhookDelivery(APIView):
    """Send again."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.WEBHOOKS_WRITE}

    @extend_schema(
        operation_id="replayWebhookDelivery",
        tags=["webhooks"],
        summary="Send a call once more",
        request=None,
        responses=WebhookDeliveryOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Under the same `webhook-id`. 409 while it still waits, or once its endpoint is disabled."""
        delivery = get_object_or_404(_deliveries(request), public_id=public_id)
        with retryable():
            again = webhooks.replay_delivery(delivery, by=actor_of(request))
        _hurry(again)
        return Response(WebhookDeliveryOut(again).data)
