"""Endpoints: the clock of an offer."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from concierge.api.idempotency import idempotent
from concierge.api.keys import actor_of
from concierge.db import retryable
from providers.actions.clocks import extend_offer, pause_offer, resume_offer
from providers.api.offers import Answer
from providers.enums import PauseReason
from providers.serializers.offers import OfferOut, OfferPauseIn


class ExtendOffer(Answer):
    """More time."""

    @extend_schema(
        operation_id="extendOffer", tags=["offers"], summary="Ask for more time", request=None, responses=OfferOut
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """`due_at` is later at once when the rules give more time; else the organisation is asked, and
        `extension_asked_at` says so. 409 as for an acceptance, and `extension_asked`, `no_more_time`."""
        found = self.mine(request, public_id)
        with retryable():
            extend_offer(found, by=actor_of(request))
        return self.shown(request, public_id)


class PauseOffer(Answer):
    """Wait for something."""

    @extend_schema(
        operation_id="pauseOffer",
        tags=["offers"],
        summary="Stop the clock until you know more",
        request=OfferPauseIn,
        responses=OfferOut,
        examples=[
            OpenApiExample(
                "A question", request_only=True, value={"reason": "awaiting_client_info", "note": "Which heel height?"}
            ),
            OpenApiExample("To see it first", request_only=True, value={"reason": "awaiting_item"}),
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Your question goes to the organisation; after three days at most the clock goes on with the time that was
        left. 409 as for an acceptance, and `offer_paused`, `paused_too_often`, `no_more_time`."""
        found = self.mine(request, public_id)
        body = OfferPauseIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        with retryable():
            pause_offer(found, reason=PauseReason(said["reason"]), note=said["note"], by=actor_of(request))
        return self.shown(request, public_id)


class ResumeOffer(Answer):
    """Go on."""

    @extend_schema(
        operation_id="resumeOffer", tags=["offers"], summary="Let the clock go on", request=None, responses=OfferOut
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """With the opening time that was left. 409: `offer_not_paused`, `offer_on_hold`, and as for an acceptance."""
        found = self.mine(request, public_id)
        with retryable():
            resume_offer(found, by=actor_of(request))
        return self.shown(request, public_id)
