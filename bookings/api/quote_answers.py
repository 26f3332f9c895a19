"""Endpoints: what a client says of a quote besides yes and no, and its PDF."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.actions.quote_answers import ask_for_renewal, request_changes
from bookings.actions.quote_documents import kept_quote
from bookings.api.common import ETAG, IF_MATCH
from bookings.api.quotes import OneQuote, quotes_of
from bookings.serializers.quotes import QuoteChangesIn, QuoteOut
from concierge.api.idempotency import idempotent
from concierge.api.keys import actor_of
from concierge.api.pdf import PdfRenderer
from concierge.api.problems import Problem
from concierge.enums import Scope


class RequestQuoteChanges(OneQuote):
    """Ask for another version."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.QUOTES_ANSWER}

    @extend_schema(
        operation_id="requestQuoteChanges",
        tags=["quotes"],
        summary="Note what a client wants different",
        parameters=[IF_MATCH, ETAG],
        request=QuoteChangesIn,
        responses=QuoteOut,
        examples=[
            OpenApiExample(
                "Another wood", request_only=True, value={"text": "La même chose en pin, et sans la troisième étagère."}
            )
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """This version can no longer be accepted: the desk writes the next one."""
        found = self.mine(request, public_id)
        body = QuoteChangesIn(data=request.data)
        body.is_valid(raise_exception=True)
        return self.shown(request, request_changes(found, text=body.validated_data["text"], by=actor_of(request)))


class RenewQuote(OneQuote):
    """Ask for an expired quote again."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.QUOTES_ANSWER}

    @extend_schema(
        operation_id="renewQuote",
        tags=["quotes"],
        summary="Ask for an expired quote again",
        parameters=[IF_MATCH, ETAG],
        request=None,
        responses=QuoteOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """The answer is the draft of the next version, with the same content, which the desk looks at and sends. Asked
        twice: one draft. 409 unless it is the last version and its time is over."""
        return self.shown(request, ask_for_renewal(self.mine(request, public_id), by=actor_of(request)))


class QuotePdf(APIView):
    """The PDF as it was sent, once accepted as it was accepted."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.QUOTES_READ}
    renderer_classes = [JSONRenderer, PdfRenderer]

    @extend_schema(
        operation_id="getQuotePdf",
        tags=["quotes"],
        summary="Its PDF",
        responses={
            (200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY, description="The kept bytes."),
            (409, "application/problem+json"): OpenApiResponse(Problem, description="Not sent yet, or being prepared."),
        },
    )
    def get(self, request: Request, public_id: uuid.UUID) -> HttpResponse:
        """The kept bytes; 409 `document_not_ready` of a draft and while they are being prepared."""
        document = kept_quote(get_object_or_404(quotes_of(request), public_id=public_id))
        response = HttpResponse(bytes(document.content), content_type="application/pdf")
        response["Content-Disposition"] = f'attachment; filename="{document.file_name}"'
        response["Cache-Control"] = "private, no-store"
        return response
