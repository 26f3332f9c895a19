"""Endpoints: client accounts, their people and their usage."""

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

from bookings import perms
from bookings.actions.members import add_member, end_member
from bookings.api.common import ETAG
from bookings.models import ClientAccount, ClientMembership
from bookings.models.usage import presence_of, usage_of
from bookings.serializers.clients import ClientAccountOut, EndMemberIn, MemberIn, MemberOut, UsageOut
from concierge.api import shapes
from concierge.api.idempotency import digest_of, etag, idempotent
from concierge.api.keys import actor_of
from concierge.days import today_of
from concierge.enums import Scope

TAG = ["client accounts"]


def accounts_of(request: Request) -> QuerySet[ClientAccount]:
    """Accounts of the organisation, for its own systems; a provider's key sees none."""
    actor = actor_of(request)
    if not perms.is_own_system(actor):
        return ClientAccount.objects.none()
    return ClientAccount.objects.filter(organisation=actor.organisation)


def _members(accounts: QuerySet[ClientAccount]) -> QuerySet[ClientMembership]:
    found = ClientMembership.objects.filter(account__in=accounts.order_by())
    return found.select_related("account", "organisation", "client__merged_into")


class ClientAccounts(generics.ListAPIView[ClientAccount]):
    """Client accounts."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.ACCOUNTS_READ}
    serializer_class = ClientAccountOut
    queryset = ClientAccount.objects.none()

    def get_queryset(self) -> QuerySet[ClientAccount]:
        """All that the key may see."""
        return accounts_of(self.request)

    @extend_schema(operation_id="listClientAccounts", tags=TAG, summary="Companies, landlords and towns, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class ClientAccountDetail(APIView):
    """One client account."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.ACCOUNTS_READ}

    @extend_schema(
        operation_id="getClientAccount",
        tags=TAG,
        summary="One account and its contract",
        parameters=[ETAG],
        responses=ClientAccountOut,
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """The contract, the hours of presence agreed; never the code."""
        shown = shapes.show(ClientAccountOut, get_object_or_404(accounts_of(request), public_id=public_id))
        return Response(shown, headers={"ETag": etag(digest_of(shown))})


class AccountUsage(APIView):
    """Usage of a client account."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.ACCOUNTS_READ}

    @extend_schema(
        operation_id="getAccountUsage",
        tags=TAG,
        summary="Requests and hours of presence month by month, and reach",
        responses=UsageOut,
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """The last twelve months, whether anything was asked in them or not."""
        found = get_object_or_404(accounts_of(request), public_id=public_id)
        usage = usage_of(found, today=today_of(found.organisation))
        shown = {
            "months": [{"month": f"{month:%Y-%m}", "requests": count} for month, count in usage.months],
            "registered": usage.registered,
            "headcount": found.headcount,
            "reach": usage.reach,
            "presence": presence_of(found, today=today_of(found.organisation)),
        }
        return Response(shapes.show(UsageOut, shown))


class AccountMembers(generics.ListAPIView[ClientMembership]):
    """Members of a client account."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.ACCOUNTS_READ, "POST": Scope.ACCOUNTS_WRITE}
    serializer_class = MemberOut
    queryset = ClientMembership.objects.none()

    def get_queryset(self) -> QuerySet[ClientMembership]:
        """Everybody on the list, whatever the days."""
        account = get_object_or_404(accounts_of(self.request), public_id=self.kwargs["public_id"])
        return _members(accounts_of(self.request).filter(pk=account.pk))

    @extend_schema(operation_id="listAccountMembers", tags=TAG, summary="Its people, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="addAccountMember",
        tags=TAG,
        summary="Give somebody the account's rights",
        request=MemberIn,
        responses={200: MemberOut, 201: MemberOut},
        examples=[
            OpenApiExample(
                "From the first of December",
                request_only=True,
                value={"email": "ines.garnier@dijon-habitat.example", "valid_from": "2026-12-01"},
            )
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """201 for somebody new. Who is one of its people already, by address or by code, gets these days: 200."""
        account = get_object_or_404(accounts_of(request), public_id=public_id)
        row, is_new = add_member(account, **shapes.read(MemberIn, request.data), by=actor_of(request))
        return Response(shapes.show(MemberOut, row), status=201 if is_new else 200)


class EndAccountMember(APIView):
    """End the rights of a member."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.ACCOUNTS_WRITE}

    @extend_schema(
        operation_id="endAccountMember",
        tags=TAG,
        summary="End somebody's rights with a day",
        request=EndMemberIn,
        responses=MemberOut,
        examples=[OpenApiExample("At the end of the year", request_only=True, value={"last_day": "2026-12-31"})],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """What was booked stays paid. Without `last_day`, today is the last one. Rights that end earlier stay so."""
        found = get_object_or_404(_members(accounts_of(request)), public_id=public_id)
        last_day = shapes.read(EndMemberIn, request.data).get("last_day") or today_of(found.organisation)
        end_member(found, last_day, by=actor_of(request))
        return Response(shapes.show(MemberOut, _members(accounts_of(request)).get(pk=found.pk)))
