"""Endpoints: a request that waits: its question answered, held, going on; and those that are silent."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.actions import pauses, questions
from bookings.actions.requests import lock_work_of
from bookings.api.common import ETAG, IF_MATCH
from bookings.api.requests import requests_of
from bookings.models import ServiceRequest
from bookings.models.silences import silent
from bookings.serializers.requests import ServiceRequestOut
from bookings.serializers.waits import AnswerIn, HoldIn
from concierge.api.idempotency import check_if_match, etag, idempotent
from concierge.api.keys import actor_of
from concierge.enums import Scope


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
        summary="Requests whose next step is overdue, or of which nothing was heard",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)
