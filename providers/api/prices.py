"""Endpoints: price requests and their answers. A provider's key sees its own only."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import perms as bookings_perms
from bookings.api.common import ETAG, in_state, uuid_of
from bookings.api.quotes import quotes_of
from bookings.models import ServiceRequest
from bookings.serializers.fields import UUID_PATH
from bookings.serializers.quotes import QuoteOut
from concierge.api.idempotency import etag, idempotent
from concierge.api.keys import actor_of
from concierge.db import retryable
from concierge.enums import Scope
from concierge.errors import Invalid, NotAllowed
from providers import perms
from providers.actions import prices
from providers.actions.price_use import use_price
from providers.enums import DeclineReason, PriceRequestStatus
from providers.models import PriceRequest, Provider
from providers.serializers.prices import (
    AskPricesIn,
    DeclinePriceIn,
    PriceIn,
    PriceRequestOut,
    PriceRequestsOut,
    UsePriceIn,
)

ASK_EXAMPLE = OpenApiExample(
    "Two carpenters",
    request_only=True,
    value={
        "service": "0c9b7a57-4a39-4c55-8f2e-5a1b5a9d7e22",
        "providers": ["7b1c9f6e-5f0e-4c1f-9d5d-0c2c1f7f1a01", "1d5a4e0a-3b7e-4a54-8f55-6c9b3a2d8b02"],
        "need": "Deux étagères à poser dans un salon, mur en placoplâtre.",
        "due_at": "2026-11-26T17:00:00Z",
        "wanted_on": "2026-12-03",
    },
)
ANSWER_EXAMPLE = OpenApiExample(
    "Without VAT",
    request_only=True,
    value={
        "price": "150.00",
        "includes_vat": False,
        "vat_rate": "20.00",
        "earliest_on": "2026-12-03",
        "valid_until": "2026-12-23",
        "comment": "Fixations comprises.",
    },
)
USE_EXAMPLE = OpenApiExample(
    "Twelve per cent of ours", request_only=True, value={"margin_percent": "12.00", "option": 0}
)
NO_EXAMPLE = OpenApiExample("No time", request_only=True, value={"reason": "too_busy"})


def _found(request: Request) -> QuerySet[PriceRequest]:
    return PriceRequest.objects.visible_to(actor_of(request)).with_need()


class PriceRequests(generics.ListAPIView[PriceRequest]):
    """Price requests: of a provider's key, its own."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.OFFERS_READ}
    serializer_class = PriceRequestOut
    queryset = PriceRequest.objects.none()

    def get_queryset(self) -> QuerySet[PriceRequest]:
        """All that the key may see, in one state or of one request when asked."""
        found = _found(self.request)
        if "service_request" in self.request.query_params:
            found = found.filter(request__public_id=uuid_of(self.request, "service_request"))
        return in_state(self.request, found, PriceRequestStatus.values)

    @extend_schema(
        operation_id="listPriceRequests",
        tags=["offers"],
        summary="Price requests, newest first",
        parameters=[
            OpenApiParameter("status", str, enum=PriceRequestStatus.values),
            OpenApiParameter("service_request", UUID_PATH, description="Of one request only."),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class PriceRequestDetail(APIView):
    """One price request."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.OFFERS_READ}

    @extend_schema(
        operation_id="getPriceRequest", tags=["offers"], summary="One price request", responses=PriceRequestOut
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """The need and the area, and your answer once you have given one."""
        return Response(PriceRequestOut(get_object_or_404(_found(request), public_id=public_id)).data)


class AskPrices(APIView):
    """Ask providers."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.QUOTES_WRITE}

    @extend_schema(
        operation_id="askForPrices",
        tags=["offers"],
        summary="Ask providers what it would cost",
        request=AskPricesIn,
        responses={201: PriceRequestsOut},
        examples=[ASK_EXAMPLE],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """For a request on quote. Each provider is written to, and learns neither of the others nor of the client.

        409 `provider_already_asked` when one of them has this question already: nobody is asked then.
        """
        actor = actor_of(request)
        found = get_object_or_404(ServiceRequest.objects.visible_to(actor), public_id=public_id)
        if not bookings_perms.writes_quotes(actor, found):
            raise NotAllowed
        body = AskPricesIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        wish = found.wishes.filter(service__public_id=given["service"]).select_related("service").first()
        if wish is None:
            raise Invalid(_("The client did not ask for this service."), field="service")
        wanted = set(given["providers"])
        providers = list(Provider.objects.visible_to(actor).filter(public_id__in=wanted).order_by("pk"))
        if len(providers) < len(wanted):
            raise Invalid(_("One of these providers no longer works with us."), field="providers")
        question = prices.Question(given["need"], given["due_at"], given["wanted_on"])
        with retryable():
            asked = prices.ask_for_prices(found, wish.service, providers, question, by=actor)
        rows = _found(request).filter(pk__in=[one.pk for one in asked]).order_by("pk")
        return Response(PriceRequestsOut({"results": rows}).data, status=201)


class WithdrawPriceRequest(APIView):
    """Need no price any more."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.QUOTES_WRITE}

    @extend_schema(
        operation_id="withdrawPriceRequest",
        tags=["offers"],
        summary="Need no price any more",
        request=None,
        responses=PriceRequestOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """The provider is told. A draft that counts on its price can then no longer be sent: 409 `price_gone`.

        409 `price_with_client` while the client has a quote that counts on it, `price_agreed` once they have agreed.
        """
        found = get_object_or_404(_found(request), public_id=public_id)
        if not bookings_perms.writes_quotes(actor_of(request), found.request):
            raise NotAllowed
        with retryable():
            prices.withdraw_price(found, by=actor_of(request))
        return Response(PriceRequestOut(_found(request).get(pk=found.pk)).data)


class UsePrice(APIView):
    """Take a price into the quote."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.QUOTES_WRITE}

    @extend_schema(
        operation_id="usePrice",
        tags=["offers"],
        summary="Take a price into the draft of the quote",
        request=UsePriceIn,
        parameters=[ETAG],
        responses=QuoteOut,
        examples=[USE_EXAMPLE],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """A line with its cost and our margin. The draft is begun when there is none, and valid no longer than it.

        Used again, its line is replaced. 409: `price_gone`, `wrong_state` when the request takes no quote now.
        """
        actor = actor_of(request)
        found = get_object_or_404(_found(request), public_id=public_id)
        if not bookings_perms.writes_quotes(actor, found.request):
            raise NotAllowed
        body = UsePriceIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        with retryable():
            quote = use_price(found, margin=given["margin_percent"], option=given["option"], by=actor)
        shown = quotes_of(request).get(pk=quote.pk)
        return Response(QuoteOut(shown).data, headers={"ETag": etag(shown.edits)})


class _Answer(APIView):
    scopes: ClassVar[dict[str, str]] = {"POST": Scope.OFFERS_WRITE}

    def mine(self, request: Request, public_id: uuid.UUID) -> PriceRequest:
        """The question, when the key may answer it."""
        found = get_object_or_404(_found(request), public_id=public_id)
        if not perms.can_answer(actor_of(request), found):
            raise NotAllowed
        return found

    def shown(self, request: Request, found: PriceRequest) -> Response:
        """The question as it is now."""
        return Response(PriceRequestOut(_found(request).get(pk=found.pk)).data)


class AnswerPriceRequest(_Answer):
    """Give a price."""

    @extend_schema(
        operation_id="answerPriceRequest",
        tags=["offers"],
        summary="Give a price",
        request=PriceIn,
        responses=PriceRequestOut,
        examples=[ANSWER_EXAMPLE],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """For the whole work. 409: `price_request_expired`, `price_request_withdrawn`, `price_request_answered`."""
        found = self.mine(request, public_id)
        body = PriceIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = {**body.validated_data, "vat_rate": Decimal(body.validated_data["vat_rate"])}
        with retryable():
            prices.answer_price(found, prices.PriceAnswer(**given), by=actor_of(request))
        return self.shown(request, found)


class DeclinePriceRequest(_Answer):
    """Give no price."""

    @extend_schema(
        operation_id="declinePriceRequest",
        tags=["offers"],
        summary="Give no price",
        request=DeclinePriceIn,
        responses=PriceRequestOut,
        examples=[NO_EXAMPLE],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """A no is fine. 409 as for a price."""
        found = self.mine(request, public_id)
        body = DeclinePriceIn(data=request.data)
        body.is_valid(raise_exception=True)
        answer = body.validated_data
        with retryable():
            prices.decline_price(
                found, reason=DeclineReason(answer["reason"]), comment=answer["comment"], by=actor_of(request)
            )
        return self.shown(request, found)


class RetractPrice(_Answer):
    """Take a price back."""

    @extend_schema(
        operation_id="retractPrice",
        tags=["offers"],
        summary="Take your price back",
        request=None,
        responses=PriceRequestOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """As long as the client has not agreed: 409 `price_agreed` then, `wrong_state` before there is a price."""
        found = self.mine(request, public_id)
        with retryable():
            prices.retract_price(found, by=actor_of(request))
        return self.shown(request, found)
