"""Endpoints of test keys: the simulated concierge is told what to do. For other keys they do not exist (ADR 21)."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from concierge.api.idempotency import idempotent
from concierge.api.keys import actor_of
from concierge.db import retryable
from concierge.enums import Scope
from concierge.tenancy import Actor
from providers.actions.sandbox import play, send_offer
from providers.api.offers import offers_of
from providers.enums import SandboxMove
from providers.models import Provider
from providers.serializers.offers import OfferOut
from providers.serializers.sandbox import SandboxMoveIn, SandboxOfferIn


class _Simulated(APIView):
    scopes: ClassVar[dict[str, str]] = {"POST": Scope.OFFERS_WRITE}

    def actor(self, request: Request) -> Actor:
        """Whoever calls with a test key; for everybody else nothing is here."""
        actor = actor_of(request)
        if not actor.organisation.is_sandbox:
            raise Http404
        return actor

    def shown(self, request: Request, public_id: uuid.UUID, status: int) -> Response:
        """The offer as it is now."""
        return Response(OfferOut(offers_of(request).get(public_id=public_id)).data, status=status)


class SandboxOffers(_Simulated):
    """Something to answer."""

    @extend_schema(
        operation_id="createSandboxOffer",
        tags=["sandbox"],
        summary="Be asked by the simulated concierge",
        request=SandboxOfferIn,
        responses={201: OfferOut},
        examples=[
            OpenApiExample("New heels", request_only=True, value={}),
            OpenApiExample("A visit", request_only=True, value={"service": "vitres"}),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """With a test key only, 404 with any other. A client who does not exist books, and you are asked: answer as you
        would for real. 409: `sandbox_full` after a hundred within a day."""
        actor = self.actor(request)
        body = SandboxOfferIn(data=request.data)
        body.is_valid(raise_exception=True)
        provider = get_object_or_404(Provider.objects.visible_to(actor), pk=actor.provider_id)
        with retryable():
            sent = send_offer(provider, body.validated_data["service"])
        return self.shown(request, sent.public_id, 201)


class SandboxMoves(_Simulated):
    """What comes of it."""

    @extend_schema(
        operation_id="playSandboxOffer",
        tags=["sandbox"],
        summary="Have the simulated concierge act on an offer",
        request=SandboxMoveIn,
        responses=OfferOut,
        examples=[
            OpenApiExample("Yes to your proposal", request_only=True, value={"move": "approve"}),
            OpenApiExample("Too late", request_only=True, value={"move": "expire"}),
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """With a test key only, 404 with any other. 409: `counter_over` when you have proposed nothing that waits,
        `offer_already_answered` when the offer does not wait for you, or its clock stands still."""
        self.actor(request)
        found = get_object_or_404(offers_of(request), public_id=public_id)
        body = SandboxMoveIn(data=request.data)
        body.is_valid(raise_exception=True)
        with retryable():
            play(found, SandboxMove(body.validated_data["move"]))
        return self.shown(request, public_id, 200)
