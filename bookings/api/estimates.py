"""Endpoint: what an order would cost, without booking it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.actions import pricing
from bookings.actions.sellers import charges_vat
from bookings.api.common import site_of, wish_of
from bookings.api.located import looks_up
from bookings.models import Service
from bookings.models.areas import judge_address
from bookings.rules import prices
from bookings.serializers.estimates import EstimateIn, EstimateOut
from concierge.api.idempotency import idempotent
from concierge.api.keys import actor_of
from concierge.enums import Scope
from concierge.errors import NotAllowed

EXAMPLES = [
    OpenApiExample(
        "Laundry by weight, on a Saturday",
        request_only=True,
        value={
            "site": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11",
            "starts_at": "2026-11-28T09:00:00+01:00",
            "lines": [{"service": "0c9b7a57-4a39-4c55-8f2e-5a1b5a9d7e22", "quantity": "2.350"}],
        },
    ),
    OpenApiExample(
        "Three quarters of an hour of help, at home",
        request_only=True,
        value={
            "site": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11",
            "address": {"postcode": "21000", "latitude": "47.322000", "longitude": "5.041500"},
            "lines": [{"service": "7d2e9a13-5b21-4b9e-8a4f-1c2d3e4f5a66", "minutes": 45}],
        },
    ),
]


def _far_away(services: list[Service], day: dt.date) -> list[str]:
    return [f"{one.label}, {one.when_words} : {one.price_words}" for one in pricing.by_distance(services, day=day)]


class PriceEstimates(APIView):
    """What an order would cost."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.CATALOGUE_READ}

    @extend_schema(
        operation_id="estimatePrice",
        tags=["catalogue"],
        summary="Price of an order, without booking it",
        request=EstimateIn,
        responses=EstimateOut,
        examples=EXAMPLES,
    )
    @looks_up("address")
    @idempotent
    def post(self, request: Request, spot: dict[str, Decimal]) -> Response:
        """Nothing is booked and no place is taken. Supplements by day, hour or distance count when those are given.

        It is the price of that moment, whether or not anything can be booked then.
        """
        if actor_of(request).provider_id is not None:
            raise NotAllowed
        body = EstimateIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        site = site_of(request, asked["site"])
        address: dict[str, Any] = asked.get("address") or {}
        where = {name: address.get(name, spot.get(name)) for name in ("latitude", "longitude")}
        day = asked.get("on") or timezone.localdate(timezone=ZoneInfo(site.time_zone))
        wishes = [wish_of(line) for line in asked["lines"]]
        wanted = {wish.service for wish in wishes}
        services = [s for s in Service.objects.offered_at(site) if str(s.public_id) in wanted]
        known = pricing.circumstances(site, asked.get("starts_at"), **where)
        lines = pricing.price_order(pricing.tariffs_of(site, day, services=services), wishes, known)
        if not charges_vat(site):
            lines = [replace(line, vat_rate=Decimal(0)) for line in lines]
        found = judge_address(site, postcode=address["postcode"], **where) if address else None
        codes = {str(service.public_id): service.code for service in services}
        return Response(
            EstimateOut(
                {
                    "on": day,
                    "lines": [{"service_code": codes[line.service], "line": line} for line in lines],
                    "vat": prices.vat_shares((line.vat_rate, line.total) for line in lines),
                    "total_incl_vat": prices.total(lines),
                    "is_served": found.is_served if found else None,
                    "is_located": found.is_located if found else None,
                    "distance_km": found.distance_km if found else None,
                    "not_counted": [] if known.distance_km is not None else _far_away(services, day),
                }
            ).data
        )
