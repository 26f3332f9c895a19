"""Endpoints: what was weighed or counted after the order."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings import perms
from bookings.actions import requests
from bookings.actions.measuring import state_quantities
from bookings.api.common import ETAG, IF_MATCH
from bookings.api.requests import requests_of
from bookings.serializers.quantities import QuantitiesIn
from bookings.serializers.requests import ServiceRequestOut
from concierge.api.idempotency import check_if_match, etag, idempotent
from concierge.api.keys import actor_of
from concierge.enums import Scope
from concierge.errors import NotAllowed


class StateQuantities(APIView):
    """What was weighed or counted."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.REQUESTS_WRITE}

    @extend_schema(
        operation_id="stateQuantities",
        tags=["service requests"],
        summary="State what was weighed or counted, as long as the work is under way",
        parameters=[IF_MATCH, ETAG],
        request=QuantitiesIn,
        responses=ServiceRequestOut,
        examples=[
            OpenApiExample(
                "3.4 kg instead of about 3",
                request_only=True,
                value={"lines": [{"position": 0, "quantity": "3.400"}]},
            ),
            OpenApiExample("Four shirts", request_only=True, value={"lines": [{"position": 0, "quantity": 4}]}),
        ],
    )
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Unit prices stay those of the order, shares of it follow; the client is told when it becomes dearer.

        `not_measured` (409) once the work is checked or billed, `price_agreed` (409) for an accepted quote.
        """
        found = get_object_or_404(requests_of(request), public_id=public_id)
        actor = actor_of(request)
        if not perms.can_measure(actor, found):
            raise NotAllowed
        requests.lock_work_of(found)
        found = requests_of(request).select_for_update(of=("self",), no_key=True).get(pk=found.pk)
        check_if_match(request, found.version)
        body: Any = QuantitiesIn(data=request.data)
        body.is_valid(raise_exception=True)
        stated = {line["position"]: line["quantity"] for line in body.validated_data["lines"]}
        state_quantities(found, stated, by=actor)
        found = requests_of(request).get(pk=found.pk)
        return Response(ServiceRequestOut(found).data, headers={"ETag": etag(found.version)})
