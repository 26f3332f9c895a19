"""Endpoints: requests for quotes, and quotes."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.actions.clients import ClientDetails
from bookings.actions.pricing import ORDER_MESSAGES, BadOrder
from bookings.actions.quote_answers import Acceptance, accept_quote, decline_quote
from bookings.actions.quote_requests import Wanted, ask_for_quote
from bookings.actions.quotes import (
    LineDraft,
    OptionDraft,
    QuoteDraft,
    draft_quote,
    options_of,
    save_quote,
    send_quote,
    withdraw_quote,
)
from bookings.api.clients import prescriber_named
from bookings.api.common import ETAG, IF_MATCH, LOCATION, in_state, site_of, uuid_of
from bookings.api.located import looks_up
from bookings.api.requests import SHOWN_WITH
from bookings.enums import QuoteStatus
from bookings.models import Quote, QuoteLine, QuoteOption, Service, ServiceRequest
from bookings.serializers.fields import UUID_PATH
from bookings.serializers.quotes import AcceptQuoteIn, QuoteIn, QuoteOut, QuoteReasonIn, QuoteRequestIn
from bookings.serializers.requests import ServiceRequestOut
from concierge.api.idempotency import check_if_match, etag, idempotent
from concierge.api.keys import actor_of
from concierge.enums import Scope
from concierge.errors import DomainError, Invalid, NotAllowed, StaleVersion

ASK_EXAMPLE = OpenApiExample(
    "Two shelves",
    request_only=True,
    value={
        "site": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11",
        "client": {
            "first_name": "Inès",
            "last_name": "Garnier",
            "email": "ines.garnier@example.fr",
            "street": "3 rue Verte",
            "postcode": "21000",
            "city": "Dijon",
        },
        "wishes": [
            {
                "service": "0c9b7a57-4a39-4c55-8f2e-5a1b5a9d7e22",
                "description": "Deux étagères à poser dans le salon, mur en placoplâtre.",
                "wanted_from": "2026-12-01",
            }
        ],
    },
)
WRITE_EXAMPLE = OpenApiExample(
    "Two options",
    request_only=True,
    value={
        "starts_at": "2026-12-03T08:00:00Z",
        "duration": "une demi-journée",
        "valid_until": "2026-12-23",
        "options": [
            {
                "title": "Pose seule",
                "lines": [
                    {"description": "Pose", "quantity": "2.5", "unit": "h", "unit_price_incl_vat": "40.00"},
                    {"description": "Déplacement", "kind": "travel", "unit_price_incl_vat": "15.00"},
                ],
            },
            {
                "title": "Pose et bois",
                "lines": [{"description": "Pose et étagères en chêne", "unit_price_incl_vat": "205.00"}],
            },
        ],
    },
)
ACCEPT_EXAMPLE = OpenApiExample(
    "The second option",
    request_only=True,
    value={
        "name": "Inès Garnier",
        "seal": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "option": "2c3e4f5b-8d22-4e33-8f44-705566677788",
    },
)
NOTHING = OpenApiExample("Nothing to say", request_only=True, value={})


def quotes_of(request: Request) -> QuerySet[Quote]:
    """What the key may see, as it is shown."""
    return (
        Quote.objects.visible_to(actor_of(request))
        .select_related("request__site__organisation", "chosen")
        .prefetch_related(
            Prefetch("options", QuoteOption.objects.order_by("position")),
            Prefetch("options__lines", QuoteLine.objects.select_related("service").order_by("position")),
        )
    )


class QuoteRequests(APIView):
    """Requests for quotes."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.REQUESTS_WRITE}

    @extend_schema(
        operation_id="createQuoteRequest",
        tags=["quotes"],
        summary="Ask for a quote",
        request=QuoteRequestIn,
        parameters=[ETAG, LOCATION],
        responses={201: ServiceRequestOut},
        examples=[ASK_EXAMPLE],
    )
    @looks_up("client", lines="wishes")
    @idempotent
    def post(self, request: Request, spot: dict[str, Decimal]) -> Response:
        """A request without price, slot or work: the desk looks at it, and sends a quote.

        Only services whose price is on quote; with others, 422 `mixed_prices`.
        """
        actor = actor_of(request)
        if actor.provider_id is not None:
            raise NotAllowed
        body = QuoteRequestIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        site = site_of(request, asked["site"])
        offered = {service.public_id: service for service in Service.objects.offered_at(site)}
        if any(wish["service"] not in offered for wish in asked["wishes"]):
            raise BadOrder(ORDER_MESSAGES["unknown_service"], field="wishes", reason="unknown_service")
        wanted = [Wanted(**{**wish, "service": offered[wish["service"]]}) for wish in asked["wishes"]]
        try:
            made = ask_for_quote(
                site,
                client=ClientDetails(**asked["client"] | spot),
                wanted=wanted,
                by=actor,
                note=asked["note"],
                prescriber=prescriber_named(request, asked["prescriber"]),
            )
        except DomainError as error:
            if error.field in asked["client"]:
                error.field = f"client.{error.field}"
            raise
        prefetch_related_objects([made], *SHOWN_WITH)
        headers = {
            "Location": reverse("bookings:api-service-request", args=[made.public_id]),
            "ETag": etag(made.version),
        }
        return Response(ServiceRequestOut(made).data, status=201, headers=headers)


class Quotes(generics.ListAPIView[Quote]):
    """Quotes."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.QUOTES_READ}
    serializer_class = QuoteOut
    queryset = Quote.objects.none()

    def get_queryset(self) -> QuerySet[Quote]:
        """All that the key may see, in one state or of one request when asked."""
        found = quotes_of(self.request)
        if "service_request" in self.request.query_params:
            found = found.filter(request__public_id=uuid_of(self.request, "service_request"))
        return in_state(self.request, found, QuoteStatus.values)

    @extend_schema(
        operation_id="listQuotes",
        tags=["quotes"],
        summary="Quotes, newest first",
        parameters=[
            OpenApiParameter("status", str, enum=QuoteStatus.values),
            OpenApiParameter("service_request", UUID_PATH, description="Versions of one request only."),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class OneQuote(APIView):
    """What endpoints about one quote share."""

    def mine(self, request: Request, public_id: uuid.UUID) -> Quote:
        """The quote, at the version that the caller saw."""
        found = get_object_or_404(quotes_of(request), public_id=public_id)
        check_if_match(request, found.edits)
        return found

    def shown(self, request: Request, quote: Quote, *, status: int = 200) -> Response:
        """The quote as it is now."""
        found = quotes_of(request).get(pk=quote.pk)
        headers = {"ETag": etag(found.edits)}
        if status == 201:
            headers["Location"] = reverse("bookings:api-quote", args=[found.public_id])
        return Response(QuoteOut(found).data, status=status, headers=headers)


class QuoteDetail(OneQuote):
    """One quote."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.QUOTES_READ}

    @extend_schema(
        operation_id="getQuote", tags=["quotes"], summary="One version", parameters=[ETAG], responses=QuoteOut
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """With its options and lines."""
        return self.shown(request, get_object_or_404(quotes_of(request), public_id=public_id))


class WriteQuote(OneQuote):
    """Write a quote."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.QUOTES_WRITE}

    @extend_schema(
        operation_id="writeQuote",
        tags=["quotes"],
        summary="Write the draft of the next version",
        request=QuoteIn,
        parameters=[IF_MATCH, ETAG, LOCATION],
        responses={201: QuoteOut},
        examples=[WRITE_EXAMPLE],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Replaces the whole draft; begins one when there is none. What was sent is never changed.

        After acceptance the draft is an amendment: the accepted version binds until the amendment is accepted too.

        A line that repeats the `price_source` of a line of the draft keeps whose price it is; without it the line is
        ours. Name the draft that you read with `If-Match`.
        """
        actor = actor_of(request)
        found = get_object_or_404(ServiceRequest.objects.visible_to(actor), public_id=public_id)
        body = QuoteIn(data=request.data)
        body.is_valid(raise_exception=True)
        known = Quote.objects.filter(request=found, status=QuoteStatus.DRAFT).first()
        begun = draft_quote(found, by=actor)
        if "If-Match" in request.headers and begun != known:
            raise StaleVersion
        check_if_match(request, begun.edits)
        quote = save_quote(begun, _draft(begun, body.validated_data), edits=begun.edits, by=actor)
        return self.shown(request, quote, status=201)


def _draft(begun: Quote, given: dict[str, Any]) -> QuoteDraft:
    """The draft as actions take it. Refused: a service that the site does not offer, a price that the draft does not
    count on."""
    found = begun.request
    origins = {line.origin.source: line.origin for option in options_of(begun) for line in option.lines if line.origin}
    offered = {service.public_id: service for service in Service.objects.offered_at(found.site)}
    options = []
    for option in given["options"]:
        if any(line["service"] and line["service"] not in offered for line in option["lines"]):
            raise BadOrder(ORDER_MESSAGES["unknown_service"], field="options", reason="unknown_service")
        if any(line["price_source"] and line["price_source"] not in origins for line in option["lines"]):
            raise Invalid(_("This draft counts on no such price."), field="options")
        lines = [
            LineDraft(
                description=line["description"],
                quantity=line["quantity"],
                unit=line["unit"],
                unit_price=line["unit_price_incl_vat"],
                vat_code=line["vat_code"],
                kind=line["kind"],
                service=offered.get(line["service"]),
                origin=origins.get(line["price_source"]),
            )
            for line in option["lines"]
        ]
        options.append(OptionDraft(lines, option["title"], option["note"]))
    return QuoteDraft(**{**given, "options": options})


class SendQuote(OneQuote):
    """Send a draft."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.QUOTES_WRITE}

    @extend_schema(
        operation_id="sendQuote",
        tags=["quotes"],
        summary="Send it to the client",
        parameters=[IF_MATCH, ETAG],
        request=None,
        responses=QuoteOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Fixes number, content and seal, and tells the client. 422 `quote_not_ready` says what is missing."""
        found = self.mine(request, public_id)
        return self.shown(request, send_quote(found, edits=found.edits, by=actor_of(request)))


class WithdrawQuote(OneQuote):
    """Take a quote back."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.QUOTES_WRITE}

    @extend_schema(
        operation_id="withdrawQuote",
        tags=["quotes"],
        summary="Take back what is not answered",
        parameters=[IF_MATCH, ETAG],
        request=QuoteReasonIn,
        responses=QuoteOut,
        examples=[NOTHING],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """The client can no longer accept it, and is told so."""
        found = self.mine(request, public_id)
        body = QuoteReasonIn(data=request.data)
        body.is_valid(raise_exception=True)
        return self.shown(request, withdraw_quote(found, reason=body.validated_data["reason"], by=actor_of(request)))


class AcceptQuote(OneQuote):
    """Accept for a client."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.QUOTES_ANSWER}

    @extend_schema(
        operation_id="acceptQuote",
        tags=["quotes"],
        summary="Note a client's agreement",
        parameters=[IF_MATCH, ETAG],
        request=AcceptQuoteIn,
        responses=QuoteOut,
        examples=[ACCEPT_EXAMPLE],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Confirms the request; its lines and work orders follow. Only for an agreement that you can prove.

        409: `quote_replaced` (another version, another seal), `quote_expired`, `quote_withdrawn`, `quote_doubtful`,
        `quote_already_answered`.
        """
        found = self.mine(request, public_id)
        body = AcceptQuoteIn(data=request.data)
        body.is_valid(raise_exception=True)
        return self.shown(request, accept_quote(found, Acceptance(**body.validated_data), by=actor_of(request)))


class DeclineQuote(OneQuote):
    """Decline for a client."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.QUOTES_ANSWER}

    @extend_schema(
        operation_id="declineQuote",
        tags=["quotes"],
        summary="Note a client's refusal",
        parameters=[IF_MATCH, ETAG],
        request=QuoteReasonIn,
        responses=QuoteOut,
        examples=[OpenApiExample("A reason", request_only=True, value={"reason": "Trop cher"})],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """The desk may write another version, or end the request."""
        found = self.mine(request, public_id)
        body = QuoteReasonIn(data=request.data)
        body.is_valid(raise_exception=True)
        return self.shown(request, decline_quote(found, reason=body.validated_data["reason"], by=actor_of(request)))
