"""Endpoints: clients, whom they ask for, and the professionals who ask for them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import perms
from bookings.actions.clients import ClientDetails
from bookings.actions.contacts import change_contact, introduce_client, lock_kept
from bookings.api.common import ETAG, IF_MATCH, LOCATION
from bookings.models import Client, Prescriber
from bookings.serializers.clients import ClientOut, ContactIn, NewClientIn, PrescriberOut
from concierge.api import shapes
from concierge.api.idempotency import check_if_match, digest_of, etag, idempotent
from concierge.api.keys import actor_of
from concierge.enums import Scope
from concierge.errors import NotAllowed

TAG = ["clients"]
LONGEST_QUERY = 300
QUERY = OpenApiParameter(
    "q",
    str,
    description=(
        "Beginnings of names in any order, part of a phone number or of an e-mail, or the reference of a request. "
        "Accents do not count; fewer than two letters find nobody."
    ),
)


def clients_of(request: Request) -> QuerySet[Client]:
    """People that the key may see, merged records included."""
    return Client.objects.visible_to(actor_of(request))


def kept_of(request: Request, public_id: uuid.UUID) -> Client:
    """The person with this identifier, under the record that is kept. 404 when it is nobody of ours."""
    found = get_object_or_404(clients_of(request).select_related("merged_into"), public_id=public_id)
    return found.merged_into or found


def _heads(found: QuerySet[Client]) -> QuerySet[Client, int]:
    """Keys of the records under which these people are kept."""
    return found.order_by().annotate(head=Coalesce("merged_into_id", "id")).values_list("head", flat=True)


def _answer(client: Client, status: int = 200, **headers: str) -> Response:
    shown = shapes.show(ClientOut, client)
    return Response(shown, status=status, headers={"ETag": etag(digest_of(shown)), **headers})


class Clients(generics.ListAPIView[Client]):
    """Clients."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CLIENTS_READ, "POST": Scope.CLIENTS_WRITE}
    serializer_class = ClientOut
    queryset = Client.objects.none()

    def get_queryset(self) -> QuerySet[Client]:
        """One row per person; with ``q``, those whom the desk would find."""
        everybody = Client.objects.visible_to(actor_of(self.request))
        if "q" not in self.request.query_params:
            return everybody.kept()
        text = self.request.query_params["q"].replace("\x00", "").strip()[:LONGEST_QUERY]
        return everybody.filter(pk__in=_heads(everybody.matching(text)))

    @extend_schema(operation_id="listClients", tags=TAG, summary="Search, or all, newest first", parameters=[QUERY])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="createClient",
        tags=TAG,
        summary="Add somebody new, after a search",
        request=NewClientIn,
        parameters=[ETAG, LOCATION],
        responses={201: ClientOut},
        examples=[
            OpenApiExample(
                "Somebody new",
                request_only=True,
                value={
                    "first_name": "Inès",
                    "last_name": "Garnier",
                    "email": "ines.garnier@example.fr",
                    "phone": "+33612345678",
                    "street": "3 rue Verte",
                    "postcode": "21000",
                    "city": "Dijon",
                },
            )
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """`likely_known` (409) names in `candidates` whom this may be; with `confirm` it is somebody else.

        An e-mail belongs to one client: `already_known` (409), whatever is confirmed.
        """
        actor = actor_of(request)
        if not perms.is_own_system(actor):
            raise NotAllowed
        asked = dict(shapes.read(NewClientIn, request.data))
        confirmed = asked.pop("confirm")
        made = introduce_client(actor.organisation, ClientDetails(**asked), confirmed=confirmed, by=actor)
        return _answer(made, 201, Location=reverse("bookings:api-client", args=[made.public_id]))


class ClientDetail(APIView):
    """One client."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CLIENTS_READ}

    @extend_schema(operation_id="getClient", tags=TAG, summary="One client", parameters=[ETAG], responses=ClientOut)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """A record that was merged answers with the one that is kept, and its `id`."""
        return _answer(kept_of(request, public_id))


class EditClient(APIView):
    """Correct what is known of a client."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.CLIENTS_WRITE}

    @extend_schema(
        operation_id="editClient",
        tags=TAG,
        summary="Correct name, e-mail, phone, language or address",
        request=ContactIn,
        parameters=[IF_MATCH, ETAG],
        responses=ClientOut,
        examples=[
            OpenApiExample(
                "They moved",
                request_only=True,
                value={"street": "8 rue des Roses", "postcode": "21000", "city": "Dijon"},
            )
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """What is left out stays. What was ordered keeps what was said then."""
        found = lock_kept(kept_of(request, public_id))
        check_if_match(request, digest_of(shapes.show(ClientOut, found)))
        return _answer(change_contact(found, shapes.read(ContactIn, request.data), by=actor_of(request)))


class Beneficiaries(generics.ListAPIView[Client]):
    """People a client has asked for."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CLIENTS_READ}
    serializer_class = ClientOut
    queryset = Client.objects.none()

    def get_queryset(self) -> QuerySet[Client]:
        """Those this person has asked for, under whichever record."""
        asking = kept_of(self.request, self.kwargs["public_id"])
        everybody = Client.objects.visible_to(actor_of(self.request))
        return everybody.filter(pk__in=_heads(everybody.helped_by(asking.pk)))

    @extend_schema(operation_id="listBeneficiaries", tags=TAG, summary="People this client has asked for")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


def prescribers_of(request: Request) -> QuerySet[Prescriber]:
    """Professionals in whose name the organisation's own systems may book; a provider's key sees none."""
    actor = actor_of(request)
    if not perms.is_own_system(actor):
        return Prescriber.objects.none()
    return Prescriber.objects.filter(organisation=actor.organisation).select_related("user")


def prescriber_named(request: Request, named: dict[str, Any] | None) -> Prescriber | None:
    """Who asks for the client, when a body says so. 404 when it is none of ours."""
    return get_object_or_404(prescribers_of(request), public_id=named["id"]) if named else None


class Prescribers(generics.ListAPIView[Prescriber]):
    """Prescribers."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CLIENTS_READ}
    serializer_class = PrescriberOut
    queryset = Prescriber.objects.none()

    def get_queryset(self) -> QuerySet[Prescriber]:
        """All of the organisation, paused ones too."""
        return prescribers_of(self.request)

    @extend_schema(operation_id="listPrescribers", tags=TAG, summary="Professionals who book for people, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)
