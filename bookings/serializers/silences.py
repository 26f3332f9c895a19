"""Shapes of what is silent."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from bookings.serializers.recurrence import OccurrenceOut
from bookings.serializers.requests import ServiceRequestOut


class FailedDayOut(OccurrenceOut):
    """A day of a regular request that could not be booked and that nobody has mended or left out."""

    name = serializers.CharField(source="recurrence.name", help_text="Of the regular request.")
    site = serializers.UUIDField(source="recurrence.site.public_id")
    client = serializers.UUIDField(source="recurrence.client.kept_as.public_id")


@extend_schema_serializer(many=False)
class SilencesOut(serializers.Serializer[Any]):
    """A page of requests that are silent; on the first, also the days that failed."""

    next = serializers.URLField(allow_null=True, help_text="Another page, or `null` at the end.")
    previous = serializers.URLField(allow_null=True, help_text="Another page, or `null` at the beginning.")
    results = ServiceRequestOut(many=True)
    failed_days = FailedDayOut(many=True, help_text="The 20 soonest; none on the pages that follow.")
    has_more_failed_days = serializers.BooleanField(
        help_text="Then `GET /recurrences/{id}/occurrences?status=failed` has those of one regular request."
    )
