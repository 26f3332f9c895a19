"""Endpoints: regular requests and their days."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.actions import kept_orders, recurrence_edits, recurrence_pauses, recurrences
from bookings.api.common import site_of, wish_of
from bookings.api.located import looks_up_kept
from bookings.enums import OccurrenceStatus, RecurrenceStatus
from bookings.models import Client, Occurrence, Recurrence
from bookings.serializers.recurrence import (
    EditIn,
    EndIn,
    NothingIn,
    OccurrenceOut,
    PauseIn,
    RecurrenceIn,
    RecurrenceOut,
)
from concierge.api.idempotency import idempotent
from concierge.api.keys import actor_of
from concierge.enums import Scope
from concierge.errors import NotAllowed

TAG = ["regular requests"]
SHIRTS = {
    "name": "Chemises du lundi",
    "rule": "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO",
    "starts_on": "2026-11-30",
    "at": "10:00",
    "holiday_rule": "after",
}
LINES = [
    {
        "service": "0c9b7a57-4a39-4c55-8f2e-5a1b5a9d7e22",
        "items": [{"item": "1b2d3f4a-7c11-4d22-9e33-6f445a556677", "quantity": 5}],
    }
]


def _own(request: Request) -> QuerySet[Recurrence]:
    return Recurrence.objects.visible_to(actor_of(request)).select_related("site", "client", "continues")


def _found(request: Request, public_id: uuid.UUID) -> Recurrence:
    return get_object_or_404(_own(request), public_id=public_id)


def _answer(request: Request, found: Recurrence, status: int = 200) -> Response:
    return Response(RecurrenceOut(_own(request).get(pk=found.pk)).data, status=status)


class Recurrences(generics.ListAPIView[Recurrence]):
    """Regular requests."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.REQUESTS_READ, "POST": Scope.REQUESTS_WRITE}
    serializer_class = RecurrenceOut
    queryset = Recurrence.objects.none()

    def get_queryset(self) -> QuerySet[Recurrence]:
        """All that the key may see, in one state when asked."""
        status = self.request.query_params.get("status")
        if status is None:
            return _own(self.request)
        if status not in RecurrenceStatus.values:
            raise ValidationError({"status": [_("This is not a known state.")]})
        return _own(self.request).filter(status=status)

    @extend_schema(
        operation_id="listRecurrences",
        tags=TAG,
        summary="Regular requests, newest first",
        parameters=[OpenApiParameter("status", str, enum=RecurrenceStatus.values)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="createRecurrence",
        tags=TAG,
        summary="Begin a regular request",
        request=RecurrenceIn,
        responses={201: RecurrenceOut},
        examples=[
            OpenApiExample(
                "Shirts every Monday",
                request_only=True,
                value={
                    "site": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11",
                    "client": "7a6b5c4d-3e2f-4a1b-9c8d-7e6f5a4b3c2d",
                    **SHIRTS,
                    "lines": LINES,
                },
            )
        ],
    )
    @looks_up_kept
    @idempotent
    def post(self, request: Request, spot: dict[str, str]) -> Response:
        """Its days are booked three weeks ahead, as the client would; a day that cannot be is `failed` and says why."""
        actor = actor_of(request)
        if actor.provider_id is not None:
            raise NotAllowed
        body = RecurrenceIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        site = site_of(request, asked.pop("site"))
        client = get_object_or_404(Client.objects.visible_to(actor), public_id=asked.pop("client"))
        wanted = recurrences.Wanted(wishes=[wish_of(line) for line in asked.pop("lines")], spot=spot, **asked)
        made = recurrences.start_recurrence(client, site, wanted, by=actor)
        return _answer(request, made, 201)


class RecurrenceDetail(APIView):
    """One regular request."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.REQUESTS_READ}

    @extend_schema(operation_id="getRecurrence", tags=TAG, summary="One regular request", responses=RecurrenceOut)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """A regular request, whatever its state."""
        return Response(RecurrenceOut(_found(request, public_id)).data)


class Occurrences(generics.ListAPIView[Occurrence]):
    """Days of regular requests."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.REQUESTS_READ}
    serializer_class = OccurrenceOut
    queryset = Occurrence.objects.none()

    def get_queryset(self) -> QuerySet[Occurrence]:
        """Of one regular request, in one state when asked."""
        series = _found(self.request, self.kwargs["public_id"])
        found = Occurrence.objects.filter(recurrence=series).select_related("recurrence", "request")
        status = self.request.query_params.get("status")
        if status is None:
            return found
        if status not in OccurrenceStatus.values:
            raise ValidationError({"status": [_("This is not a known state.")]})
        return found.filter(status=status)

    @extend_schema(
        operation_id="listOccurrences",
        tags=TAG,
        summary="Days of a regular request, latest first",
        parameters=[OpenApiParameter("status", str, enum=OccurrenceStatus.values)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class Change(APIView):
    """What the verbs on a regular request share."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.REQUESTS_WRITE}


class PauseRecurrence(Change):
    """Pause."""

    @extend_schema(
        operation_id="pauseRecurrence",
        tags=TAG,
        summary="Nothing from one day to another",
        request=PauseIn,
        responses=RecurrenceOut,
        examples=[OpenApiExample("A holiday", request_only=True, value={"first": "2026-12-21", "last": "2027-01-03"})],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """What was booked on these days is cancelled. A day on which it is too late for that stays `booked`."""
        found = _found(request, public_id)
        body = PauseIn(data=request.data)
        body.is_valid(raise_exception=True)
        recurrence_pauses.pause_recurrence(found, by=actor_of(request), **body.validated_data)
        return _answer(request, found)


class ResumeRecurrence(Change):
    """Resume."""

    @extend_schema(
        operation_id="resumeRecurrence",
        tags=TAG,
        summary="Go on after a pause",
        request=NothingIn,
        responses=RecurrenceOut,
        examples=[OpenApiExample("Go on", request_only=True, value={})],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Days that the pause left out and that are still to come are planned again."""
        found = _found(request, public_id)
        recurrence_pauses.resume_recurrence(found, by=actor_of(request))
        return _answer(request, found)


class EndRecurrence(Change):
    """End."""

    @extend_schema(
        operation_id="endRecurrence",
        tags=TAG,
        summary="No more after a day",
        request=EndIn,
        responses=RecurrenceOut,
        examples=[OpenApiExample("At the end of the year", request_only=True, value={"last": "2026-12-31"})],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """What was booked later is cancelled. A day on which it is too late for that stays `booked`."""
        found = _found(request, public_id)
        body = EndIn(data=request.data)
        body.is_valid(raise_exception=True)
        recurrences.end_recurrence(found, by=actor_of(request), **body.validated_data)
        return _answer(request, found)


class EditRecurrence(Change):
    """Edit from a day on."""

    @extend_schema(
        operation_id="editRecurrence",
        tags=TAG,
        summary="This day and all that follow, differently",
        request=EditIn,
        responses={201: RecurrenceOut},
        examples=[
            OpenApiExample(
                "On Tuesdays from December on",
                request_only=True,
                value={**SHIRTS, "rule": "FREQ=WEEKLY;INTERVAL=1;BYDAY=TU", "starts_on": "2026-12-01"},
            )
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """The old one ends the day before; the answer is the new one, which `continues` it."""
        found = _found(request, public_id)
        body = EditIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        lines = [wish_of(line) for line in asked.pop("lines")] or kept_orders.wishes_of(found)
        wanted = recurrences.Wanted(wishes=lines, payer=found.payer_account, note=found.note, **asked)
        made = recurrence_edits.edit_recurrence(found, wanted, by=actor_of(request))
        return _answer(request, made, 201)
