"""Endpoints: when providers are away."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from concierge.api.idempotency import idempotent
from concierge.api.keys import actor_of
from concierge.db import retryable
from concierge.enums import Scope
from concierge.errors import NotAllowed
from providers import perms
from providers.actions.availability import close_days, reopen_days
from providers.models import Provider, ProviderClosure
from providers.serializers.availability import ProviderClosureIn, ProviderClosureOut


def _closures(request: Request) -> QuerySet[ProviderClosure]:
    return ProviderClosure.objects.visible_to(actor_of(request)).select_related("provider")


class ProviderClosures(generics.ListAPIView[ProviderClosure]):
    """Closures: of a provider's key, its own."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.OFFERS_READ, "POST": Scope.OFFERS_WRITE}
    serializer_class = ProviderClosureOut
    queryset = ProviderClosure.objects.none()

    def get_queryset(self) -> QuerySet[ProviderClosure]:
        """All that the key may see."""
        return _closures(self.request)

    @extend_schema(
        operation_id="listProviderClosures", tags=["offers"], summary="Days on which providers are away, newest first"
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="closeDays",
        tags=["offers"],
        summary="Say when you are away",
        request=ProviderClosureIn,
        responses={201: ProviderClosureOut},
        examples=[
            OpenApiExample(
                "Summer holidays",
                request_only=True,
                value={"first_on": "2027-08-02", "last_on": "2027-08-22", "reason": "Congés d’été"},
            )
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Nothing is offered to you for these days, and no answer is due on them; work that you hold stays.

        409 `conflict` when another closure covers some of them.
        """
        actor = actor_of(request)
        if actor.provider_id is None:
            raise NotAllowed
        body = ProviderClosureIn(data=request.data)
        body.is_valid(raise_exception=True)
        with retryable():
            made = close_days(Provider.objects.get(pk=actor.provider_id), **body.validated_data, by=actor)
        return Response(ProviderClosureOut(made).data, status=201)


class ReopenDays(APIView):
    """Take a closure back."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.OFFERS_WRITE}

    @extend_schema(
        operation_id="reopenDays",
        tags=["offers"],
        summary="You are there after all",
        request=None,
        responses=ProviderClosureOut,
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Answers with the closure as it was. One that has begun ends yesterday, another one is gone."""
        found = get_object_or_404(_closures(request), public_id=public_id)
        if not perms.can_close_days(actor_of(request), found.provider):
            raise NotAllowed
        with retryable():
            reopen_days(found, by=actor_of(request))
        return Response(ProviderClosureOut(found).data)
