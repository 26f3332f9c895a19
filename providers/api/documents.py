"""Endpoints: papers of providers. A paper is announced, then its file is sent as it is."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from concierge.api.bodies import file_parsers
from concierge.api.idempotency import idempotent, key_in
from concierge.api.keys import actor_of
from concierge.db import retryable
from concierge.enums import Scope
from concierge.errors import DomainError, Invalid
from concierge.files import CleanFile
from concierge.files.cleaning import MOST_BYTES
from concierge.files.uploads import MOST_UPLOADS, WINDOW, clean_bytes
from concierge.tenancy import Actor
from concierge.visitors import not_too_many
from providers.actions.reviews import attach_file, check_awaits_file, send_document
from providers.enums import DocumentKind
from providers.models import Provider, ProviderDocument
from providers.serializers.documents import ProviderDocumentIn, ProviderDocumentOut

OCTETS = "application/octet-stream"


def _documents(request: Request) -> QuerySet[ProviderDocument]:
    found = ProviderDocument.objects.visible_to(actor_of(request)).select_related("provider__organisation")
    return found.with_has_file()


def _whose(actor: Actor, named: uuid.UUID | None) -> Provider:
    """The provider of the key, or the one that the organisation names."""
    found = Provider.objects.visible_to(actor)
    if actor.provider_id is not None:
        return found.get(pk=actor.provider_id)
    if named is None:
        raise Invalid(_("Say whose document it is."), field="provider")
    provider = found.filter(public_id=named).first()
    if provider is None:
        raise Invalid(_("This provider does not exist."), field="provider")
    return provider


class ProviderDocuments(generics.ListAPIView[ProviderDocument]):
    """Papers: of a provider's key, its own."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.DOCUMENTS_READ, "POST": Scope.DOCUMENTS_WRITE}
    serializer_class = ProviderDocumentOut
    queryset = ProviderDocument.objects.none()

    def get_queryset(self) -> QuerySet[ProviderDocument]:
        """All that the key may see."""
        return _documents(self.request)

    @extend_schema(
        operation_id="listProviderDocuments", tags=["documents"], summary="Papers of providers, newest first"
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="announceDocument",
        tags=["documents"],
        summary="Announce a paper",
        request=ProviderDocumentIn,
        responses={201: ProviderDocumentOut},
        examples=[
            OpenApiExample(
                "Liability insurance",
                request_only=True,
                value={"kind": "insurance", "reference": "RC-2027-118", "expires_on": "2027-12-31"},
            )
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Then send its file. It counts once the team has looked at it; 409 `too_many_documents` when many wait."""
        actor = actor_of(request)
        body = ProviderDocumentIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = {**body.validated_data, "kind": DocumentKind(body.validated_data["kind"])}
        provider = _whose(actor, given.pop("provider"))
        with retryable():
            made = send_document(provider, **given, by=actor)
        return Response(ProviderDocumentOut(_documents(request).get(pk=made.pk)).data, status=201)


class DocumentFile(APIView):
    """The file of a paper."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.DOCUMENTS_WRITE}
    parser_classes = file_parsers(MOST_BYTES, OCTETS, "application/pdf", "image/jpeg", "image/png", "image/webp")
    document: ProviderDocument

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who may not see the paper does not get to send a file."""
        super().initial(request, *args, **kwargs)
        self.document = get_object_or_404(_documents(request), public_id=kwargs["public_id"])

    @extend_schema(
        operation_id="sendDocumentFile",
        tags=["documents"],
        summary="Send the file of a paper",
        request={OCTETS: OpenApiTypes.BINARY},
        responses=ProviderDocumentOut,
        examples=[OpenApiExample("A PDF", request_only=True, media_type=OCTETS, value="%PDF-1.7 ...")],
    )
    def post(self, request: Request, public_id: uuid.UUID) -> HttpResponse:
        """The body is the file itself: a PDF (30 pages at most) or a photograph (JPEG, PNG, WebP), 8 MB at most.

        What it is follows from its content. It is written anew without anything that acts; 422 `bad_file` when it
        cannot be. 409 `document_has_file` when it has one, `document_reviewed` once the team has looked at it,
        `too_many_documents` when many wait. Of many whose file never comes the oldest give way: 404.
        """
        key_in(request)
        return self._keep(request, self._opened(request))

    def _opened(self, request: Request) -> CleanFile | DomainError:
        """The file, opened outside of any transaction: that takes seconds. A paper that awaits none is no reason to
        open it; whether that is a refusal, or the answer of the first call again, its key says."""
        try:
            check_awaits_file(self.document)
        except DomainError as refusal:
            return refusal
        actor = actor_of(request)
        who = actor.reference if actor.provider_id is None else f"provider:{actor.provider_id}"
        not_too_many(request, "uploads", most=MOST_UPLOADS, seconds=WINDOW, who=who)
        return clean_bytes(request.data if isinstance(request.data, bytes) else b"")

    @idempotent
    def _keep(self, request: Request, opened: CleanFile | DomainError) -> Response:
        if isinstance(opened, DomainError):
            raise opened
        with retryable():
            attach_file(self.document, opened, by=actor_of(request))
        return Response(ProviderDocumentOut(_documents(request).get(pk=self.document.pk)).data)
