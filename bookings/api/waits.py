"""Endpoints: a request that waits: its question answered, held, going on; and those that are silent."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.actions import pauses, questions
from bookings.actions.requests import lock_work_of
from bookings.api.common import ETAG, IF_MATCH
from bookings.api.requests import requests_of
from bookings.models import Occurrence, ServiceRequest
from bookings.models.silences import silent
from bookings.serializers.requests import ServiceRequestOut
from bookings.serializers.silences import FailedDayOut, SilencesOut
from bookings.serializers.waits import AnswerIn, HoldIn
from concierge.api.idempotency import check_if_match, etag, idempotent
from concierge.api.keys import actor_of
from concierge.enums import Scope

# Days of regular requests that are told at once.
MOST_DAYS = 20
FAILED_DAY = OpenApiExample(
    "Nobody is silent; a Tuesday could not be booked",
    response_only=True,
    value={
        "next": None,
        "previous": None,
        "results": [],
        "failed_days": [
            {
                "id": "5b0c6a0e-92a7-4d53-8a0c-6f2b7f1f3a10",
                "recurrence": "7a6b5c4d-3e2f-4a1b-9c8d-7e6f5a4b3c2d",
                "due_on": "2026-12-15",
                "starts_at": "2026-12-15T10:00:00+01:00",
                "status": "failed",
                "reason_code": "slot_taken",
                "reason": "Quelqu’un vient de prendre la dernière place à cette heure.",
                "service_request": None,
                "name": "Chemises du mardi",
                "site": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11",
                "client": "0c9b7a57-4a39-4c55-8f2e-5a1b5a9d7e22",
            }
        ],
        "has_more_failed_days": False,
    },
)


def _failed_days(request: Request) -> QuerySet[Occurrence]:
    found = Occurrence.objects.visible_to(actor_of(request)).troubled()
    related = ("request", "recurrence__site", "recurrence__client__merged_into")
    return found.select_related(*related).order_by("due_on", "pk")


def _act(request: Request, public_id: uuid.UUID, act: Callable[[ServiceRequest], object]) -> Response:
    """Lock as the verbs do, compare the version, act, answer the request as it is now."""
    found = get_object_or_404(requests_of(request), public_id=public_id)
    lock_work_of(found)
    found = requests_of(request).select_for_update(of=("self",), no_key=True).get(pk=found.pk)
    check_if_match(request, found.version)
    act(found)
    found = requests_of(request).get(pk=found.pk)
    return Response(ServiceRequestOut(found).data, headers={"ETag": etag(found.version)})


class AnswerQuestion(APIView):
    """Answer what the client was asked."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.REQUESTS_WRITE}

    @extend_schema(
        operation_id="answerQuestion",
        tags=["service requests"],
        summary="Answer the open question, for the client",
        parameters=[IF_MATCH, ETAG],
        request=AnswerIn,
        responses=ServiceRequestOut,
        examples=[OpenApiExample("An answer", request_only=True, value={"answer": "Bleu nuit, s'il vous plaît"})],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """The request is looked at again, or goes on; `question_closed` (409) when nobody waits for an answer."""
        body = AnswerIn(data=request.data)

        def act(found: ServiceRequest) -> object:
            body.is_valid(raise_exception=True)
            return questions.answer_question(found, answer=body.validated_data["answer"], by=actor_of(request))

        return _act(request, public_id, act)


class HoldServiceRequest(APIView):
    """Hold a request."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.REQUESTS_WRITE}

    @extend_schema(
        operation_id="holdServiceRequest",
        tags=["service requests"],
        summary="Hold: what was promised waits",
        parameters=[IF_MATCH, ETAG],
        request=HoldIn,
        responses=ServiceRequestOut,
        examples=[
            OpenApiExample(
                "Thread is missing",
                request_only=True,
                value={"reason": "material", "until": "2026-11-30T09:00:00+01:00", "note": "Le fil arrive vendredi"},
            )
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Pauses running work; the client reads the reason. 409 when it is over or on hold already."""
        body = HoldIn(data=request.data)

        def act(found: ServiceRequest) -> object:
            body.is_valid(raise_exception=True)
            return pauses.hold_request(found, **body.validated_data, by=actor_of(request))

        return _act(request, public_id, act)


class ResumeServiceRequest(APIView):
    """Let a request go on."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.REQUESTS_WRITE}

    @extend_schema(
        operation_id="resumeServiceRequest",
        tags=["service requests"],
        summary="Go on: what was promised moves by the pause",
        parameters=[IF_MATCH, ETAG],
        request=None,
        responses=ServiceRequestOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Back to where it was held from; 409 when it is not on hold."""
        return _act(request, public_id, lambda found: pauses.resume_request(found, by=actor_of(request)))


class Silences(generics.ListAPIView[ServiceRequest]):
    """Requests that are silent."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.REQUESTS_READ}
    serializer_class = ServiceRequestOut
    queryset = ServiceRequest.objects.none()

    def get_queryset(self) -> QuerySet[ServiceRequest]:
        """Overdue, or without news for the days of their site; not those at rest."""
        return silent(requests_of(self.request), now=timezone.now())

    @extend_schema(
        operation_id="listSilences",
        tags=["service requests"],
        summary="Requests whose next step is overdue, or of which nothing was heard; days that could not be booked",
        parameters=[
            OpenApiParameter("cursor", str, description="From `next` or `previous` of another page; opaque."),
            OpenApiParameter("page_size", int, description="How many requests at most, up to 200."),
        ],
        responses=SilencesOut,
        examples=[FAILED_DAY],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Not those at rest. Days of regular requests that nobody has mended come with the first page."""
        answer = super().get(request, *args, **kwargs)
        failed = [] if "cursor" in request.query_params else list(_failed_days(request)[: MOST_DAYS + 1])
        days = FailedDayOut(failed[:MOST_DAYS], many=True).data
        answer.data |= {"failed_days": days, "has_more_failed_days": len(failed) > MOST_DAYS}
        return answer
