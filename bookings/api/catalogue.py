"""Endpoints: sites, services, slots."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bookings.actions import guards, pricing
from bookings.api.common import date_of, presence_of, site_of, uuid_of
from bookings.models import Closure, Presence, Service, calendar
from bookings.serializers.catalogue import OpeningsOut, ServiceOut, SiteDetailOut, SiteOut, SlotsOut, SlotsQuery
from bookings.serializers.fields import UUID_PATH
from concierge.api.keys import actor_of
from concierge.days import today_at
from concierge.enums import Scope
from concierge.models import Site

# How far ahead closures of a site are told.
CLOSURES_AHEAD = dt.timedelta(days=60)

OPENINGS = OpenApiExample(
    "A desk and its weekly stand",
    response_only=True,
    value={
        "time_zone": "Europe/Paris",
        "hours": [{"weekday": 0, "opens": "09:00", "closes": "18:00"}],
        "stands": [
            {
                "id": "7a1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11",
                "name": "Hall de la mairie",
                "street": "1 place de la Libération",
                "postcode": "21000",
                "city": "Dijon",
                "weekday": 1,
                "held_on": None,
                "opens": "12:00",
                "closes": "14:00",
                "valid_from": None,
                "valid_to": None,
                "account": None,
            }
        ],
        "closed_on": ["2026-12-25"],
    },
)


class Sites(generics.ListAPIView[Site]):
    """Sites of the organisation."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOGUE_READ}
    serializer_class = SiteOut
    queryset = Site.objects.none()

    def get_queryset(self) -> QuerySet[Site]:
        """Active ones."""
        return Site.objects.visible_to(actor_of(self.request)).active()

    @extend_schema(operation_id="listSites", tags=["catalogue"], summary="Sites that take requests")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class SiteDetail(APIView):
    """One site."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOGUE_READ}

    @extend_schema(
        operation_id="getSite",
        tags=["catalogue"],
        summary="A site with its hours and next closures",
        responses=SiteDetailOut,
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """What its public page shows too."""
        sites = Site.objects.visible_to(actor_of(request)).active()
        found = get_object_or_404(sites.prefetch_related("opening_hours"), public_id=public_id)
        today = today_at(found)
        near = Closure.objects.filter(ends_on__gte=today, starts_on__lte=today + CLOSURES_AHEAD).order_by("starts_on")
        prefetch_related_objects([found], Prefetch("closures", near, to_attr="next_closures"))
        return Response(SiteDetailOut(found).data)


class Services(generics.ListAPIView[Service]):
    """Services of a site."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOGUE_READ}
    serializer_class = ServiceOut
    queryset = Service.objects.none()

    def get_queryset(self) -> QuerySet[Service]:
        """Those that the site offers."""
        return Service.objects.offered_at(site_of(self.request, uuid_of(self.request, "site")))

    def get_serializer_context(self) -> dict[str, Any]:
        """A tax credit depends on who does the work."""
        return {**super().get_serializer_context(), "organisation": actor_of(self.request).organisation}

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page with the prices that count on the day asked for, today when none is."""
        page = super().paginate_queryset(queryset)
        site = site_of(self.request, uuid_of(self.request, "site"))
        day = date_of(self.request, "on") or timezone.localdate(timezone=ZoneInfo(site.time_zone))
        return None if page is None else pricing.on_day(page, day)

    @extend_schema(
        operation_id="listServices",
        tags=["catalogue"],
        summary="Services and prices of a site",
        parameters=[
            OpenApiParameter("site", UUID_PATH, required=True, description="Which site."),
            OpenApiParameter("on", dt.date, description="Prices of that day; today when left out."),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class Slots(APIView):
    """Free times for some services at a site."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOGUE_READ}

    @extend_schema(
        operation_id="listSlots",
        tags=["catalogue"],
        summary="Free times",
        parameters=[
            OpenApiParameter("site", UUID_PATH, required=True),
            OpenApiParameter("service", UUID_PATH, required=True, many=True, description="Repeat for several."),
            OpenApiParameter("from", dt.date, description="First day, today when left out."),
            OpenApiParameter("days", int, description="How many days, 1 to 60; 14 when left out."),
            OpenApiParameter("duration", int, description="Minutes of work at the client's place, 5 to 1440."),
            OpenApiParameter("presence", UUID_PATH, description="At this stand (`GET /sites/{id}/openings`)."),
        ],
        responses=SlotsOut,
    )
    def get(self, request: Request) -> Response:
        """Slots with places left that satisfy the strictest lead time, cut-off and daily limit of the services."""
        asked = ("site", "from", "days", "duration", "presence")
        given: dict[str, Any] = {name: request.query_params[name] for name in asked if name in request.query_params}
        query = SlotsQuery(data={**given, "service": request.query_params.getlist("service")})
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        site = site_of(request, wanted["site"])
        services = list(Service.objects.offered_at(site).filter(public_id__in=wanted["service"]))
        if len(services) != len(set(wanted["service"])):
            raise Http404
        free = calendar.slots_left(
            site,
            guards.place_of(services),
            now=timezone.now(),
            first_day=wanted.get("from"),
            days=wanted["days"],
            services=services,
            minutes=wanted.get("duration"),
            presence=presence_of(site, wanted.get("presence")),
        )
        return Response(SlotsOut({"results": free}).data)


class SiteOpenings(APIView):
    """When a site receives people."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOGUE_READ}

    @extend_schema(
        operation_id="getSiteOpenings",
        tags=["catalogue"],
        summary="Hours, stands and days off of a site",
        responses=OpeningsOut,
        examples=[OPENINGS],
    )
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """The desk's week, the stands still to come, and the closed days of the coming sixty."""
        site = site_of(request, public_id)
        zone = ZoneInfo(site.time_zone)
        today = timezone.localdate(timezone=zone)
        last = today + dt.timedelta(days=calendar.BOOKABLE_DAYS)
        stands = Presence.objects.filter(site=site, is_paused=False).still_to_come(today).select_related("account")
        body = {
            "time_zone": site.time_zone,
            "hours": list(site.opening_hours.all()),
            "stands": list(stands[:100]),
            "closed_on": sorted(calendar.closed_days(site, today, last)),
        }
        return Response(OpeningsOut(body).data)
