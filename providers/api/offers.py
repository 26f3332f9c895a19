"""Endpoints: offers and their answers. Accepted work goes on under ``/api/v1/work-orders/``."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.api.common import in_state
from concierge.api.idempotency import idempotent
from concierge.api.keys import actor_of
from concierge.db import retryable
from concierge.enums import Scope
from concierge.errors import NotAllowed
from providers import perms
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.releases import release_offer
from providers.enums import DeclineReason, OfferStatus, ReleaseReason
from providers.models import Offer
from providers.serializers.offers import AcceptIn, DeclineIn, OfferOut, ReleaseIn


def offers_of(request: Request) -> QuerySet[Offer]:
    found = Offer.objects.visible_to(actor_of(request)).with_need()
    return found.select_related("agreement").prefetch_related("work_order__lines", "counters", "pauses")


class Offers(generics.ListAPIView[Offer]):
    """Offers: of a provider's key, its own."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.OFFERS_READ}
    serializer_class = OfferOut
    queryset = Offer.objects.none()

    def get_queryset(self) -> QuerySet[Offer]:
        """All that the key may see, in one state when asked."""
        return in_state(self.request, offers_of(self.request), OfferStatus.values)

    @extend_schema(
        operation_id="listOffers",
        tags=["offers"],
        summary="Offers, newest first",
        parameters=[OpenApiParameter("status", str, enum=OfferStatus.values)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class OfferDetail(APIView):
    """One offer."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.OFFERS_READ}

    @extend_schema(operation_id="getOffer", tags=["offers"], summary="One offer", responses=OfferOut)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """The area and the need; the client's details are on the work order, once you have accepted."""
        return Response(OfferOut(get_object_or_404(offers_of(request), public_id=public_id)).data)


class Answer(APIView):
    scopes: ClassVar[dict[str, str]] = {"POST": Scope.OFFERS_WRITE}

    def mine(self, request: Request, public_id: uuid.UUID) -> Offer:
        """The offer, when the key may answer it."""
        found = get_object_or_404(offers_of(request), public_id=public_id)
        if not perms.can_answer(actor_of(request), found):
            raise NotAllowed
        return found

    def shown(self, request: Request, public_id: uuid.UUID) -> Response:
        """The offer as it is now."""
        return Response(OfferOut(offers_of(request).get(public_id=public_id)).data)


class AcceptOffer(Answer):
    """Say yes."""

    @extend_schema(
        operation_id="acceptOffer",
        tags=["offers"],
        summary="Take the job",
        request=AcceptIn,
        responses=OfferOut,
        examples=[
            OpenApiExample("Nothing to say", request_only=True, value={}),
            OpenApiExample("At the price that you read", request_only=True, value={"price": "24.00"}),
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """The first provider wins. 409: `offer_taken`, `offer_expired`, `offer_withdrawn`, `offer_already_answered`,
        `offer_repriced` when the price is not the one that you read. Where `asks_price` is true nothing is won yet:
        your price is the one offered, and the status `countered` until somebody has chosen."""
        found = self.mine(request, public_id)
        body = AcceptIn(data=request.data)
        body.is_valid(raise_exception=True)
        with retryable():
            accept_offer(found, by=actor_of(request), price_seen=body.validated_data.get("price"))
        return self.shown(request, public_id)


class DeclineOffer(Answer):
    """Say no."""

    @extend_schema(
        operation_id="declineOffer",
        tags=["offers"],
        summary="Leave the job to others",
        request=DeclineIn,
        responses=OfferOut,
        examples=[OpenApiExample("No time", request_only=True, value={"reason": "too_busy"})],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """The next providers are asked at once. 409 as for an acceptance."""
        found = self.mine(request, public_id)
        body = DeclineIn(data=request.data)
        body.is_valid(raise_exception=True)
        answer = body.validated_data
        with retryable():
            decline_offer(
                found, reason=DeclineReason(answer["reason"]), comment=answer["comment"], by=actor_of(request)
            )
        return self.shown(request, public_id)


class ReleaseOffer(Answer):
    """Give accepted work back."""

    @extend_schema(
        operation_id="releaseOffer",
        tags=["offers"],
        summary="Give back a job that you accepted",
        request=ReleaseIn,
        responses=OfferOut,
        examples=[
            OpenApiExample("Ill", request_only=True, value={"reason": "ill", "comment": "Back on Thursday"}),
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Before `release_before`; somebody else is asked at once, you are not asked for it again. 409:
        `offer_not_held`, `work_has_begun`, and `too_late_to_release` after that moment: then call the concierge."""
        found = self.mine(request, public_id)
        body = ReleaseIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        with retryable():
            release_offer(found, reason=ReleaseReason(said["reason"]), comment=said["comment"], by=actor_of(request))
        return self.shown(request, public_id)
