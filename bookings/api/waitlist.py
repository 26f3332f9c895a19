"""Endpoints: waiting for an earlier time."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.actions.waitlist import join_waitlist, leave_waitlist
from bookings.models import ServiceRequest
from bookings.serializers.waitlist import WaitlistIn, WaitlistOut
from concierge.api import shapes
from concierge.api.idempotency import idempotent
from concierge.api.keys import actor_of
from concierge.enums import Scope


def _request(request: Request, public_id: uuid.UUID) -> ServiceRequest:
    found = ServiceRequest.objects.visible_to(actor_of(request)).select_related("site", "client")
    return get_object_or_404(found, public_id=public_id)


def _shown(found: ServiceRequest) -> Response:
    entry = found.waitlist_entries.prefetch_related("notices").order_by("-pk").first()
    return Response(WaitlistOut(entry).to_representation(entry))


class Waitlist(APIView):
    """The wait of one request."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.REQUESTS_READ, "POST": Scope.REQUESTS_WRITE}

    @extend_schema(
        operation_id="getWaitlist",
        tags=["service requests"],
        summary="Whether the client waits for an earlier time",
        responses=WaitlistOut,
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """The last wait of the request, with its notices."""
        return _shown(_request(request, public_id))

    @extend_schema(
        operation_id="joinWaitlist",
        tags=["service requests"],
        summary="Tell the client when an earlier time comes free",
        request=WaitlistIn,
        responses=WaitlistOut,
        examples=[
            OpenApiExample("At any time", request_only=True, value={}),
            OpenApiExample("Not before Wednesday", request_only=True, value={"earliest_on": "2026-11-25"}),
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """At most three notices, with a pause between two; the link in them takes the time, if nobody was faster.
        Again, with other days: the same place in the list. `cannot_wait` (409) when there is no appointment to come.
        """
        found = _request(request, public_id)
        asked = shapes.read(WaitlistIn, request.data)
        join_waitlist(found, **asked, by=actor_of(request))
        return _shown(found)


class LeaveWaitlist(APIView):
    """End the wait of one request."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.REQUESTS_WRITE}

    @extend_schema(
        operation_id="leaveWaitlist",
        tags=["service requests"],
        summary="Tell the client no more",
        request=None,
        responses=WaitlistOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Nobody waits afterwards, whether somebody did or not."""
        found = _request(request, public_id)
        leave_waitlist(found, by=actor_of(request))
        return _shown(found)
