"""Endpoints: another price or another day, proposed by a provider, decided by the organisation's own systems."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from concierge.api.idempotency import idempotent
from concierge.api.keys import actor_of
from concierge.db import retryable
from concierge.enums import Scope
from concierge.errors import NotAllowed
from providers import perms
from providers.actions.counters import approve_counter, counter_offer, refuse_counter
from providers.actions.refusals import CounterOver
from providers.api.offers import Answer, offers_of
from providers.models import CounterOffer, Offer
from providers.rules.counters import Proposal
from providers.serializers.offers import CounterIn, OfferOut


class CounterOffers(Answer):
    """Neither yes nor no."""

    @extend_schema(
        operation_id="counterOffer",
        tags=["offers"],
        summary="Propose another price, or another day",
        request=CounterIn,
        responses=OfferOut,
        examples=[
            OpenApiExample("Another price", request_only=True, value={"price": "32.00", "comment": "Double sole"}),
            OpenApiExample("Another day", request_only=True, value={"ready_on": "2026-12-04"}),
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Where `asks_price` is true a `price` is needed, and may be the one offered. A price is decided on by the
        organisation, a day alone by the client; you read the outcome in `counter` and `status`. 409 as for an
        acceptance (`offer_repriced` when `price_seen` is not the price as it is now), and `counter_waiting`,
        `date_fixed`, `price_agreed`, `price_told_to_client`."""
        found = self.mine(request, public_id)
        body = CounterIn(data=request.data)
        body.is_valid(raise_exception=True)
        seen = body.validated_data.pop("price_seen", None)
        with retryable():
            counter_offer(found, Proposal(**body.validated_data), by=actor_of(request), price_seen=seen)
        return self.shown(request, public_id)


class _Decision(APIView):
    scopes: ClassVar[dict[str, str]] = {"POST": Scope.OFFERS_DECIDE}

    def decide(self, request: Request, public_id: uuid.UUID, act: Callable[..., Offer]) -> Response:
        """On what was proposed last."""
        actor = actor_of(request)
        offer = get_object_or_404(offers_of(request), public_id=public_id)
        rows = CounterOffer.objects.select_related("offer__work_order__request", "offer__provider").filter(offer=offer)
        counter = rows.order_by("-pk").first()
        if counter is None:
            raise CounterOver(current_status=offer.status)
        if not perms.can_decide(actor, counter):
            raise NotAllowed
        with retryable():
            act(counter, by=actor)
        return Response(OfferOut(offers_of(request).get(public_id=public_id)).data)


class ApproveCounter(_Decision):
    """Yes to what a provider proposes."""

    @extend_schema(
        operation_id="approveCounterOffer",
        tags=["offers"],
        summary="Agree to what a provider proposes",
        request=None,
        responses=OfferOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """The job is theirs on these terms; speak with the client first when the day changes. 409: `counter_over`,
        `offer_taken`, `papers_missing` (a paper has ended, or this price asks for one), `price_agreed`, `date_fixed`,
        and `slot_taken` or `day_full` when the time has gone: 422 `slot_not_offered`."""
        return self.decide(request, public_id, approve_counter)


class RefuseCounter(_Decision):
    """No to what a provider proposes."""

    @extend_schema(
        operation_id="refuseCounterOffer",
        tags=["offers"],
        summary="Refuse what a provider proposes",
        request=None,
        responses=OfferOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Their offer is over, others are asked. 409: `counter_over`."""
        return self.decide(request, public_id, refuse_counter)
