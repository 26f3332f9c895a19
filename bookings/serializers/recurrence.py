"""Shapes of regular requests."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from bookings.actions.day_reasons import reason_words
from bookings.enums import HolidayRule, OccurrenceStatus, RecurrenceStatus
from bookings.models import Occurrence
from bookings.serializers.fields import WallTime
from bookings.serializers.requests import LineIn


class RecurrenceIn(serializers.Serializer[Any]):
    """The same request again and again, for a client that is known already. Each is priced on its own day."""

    site = serializers.UUIDField()
    client = serializers.UUIDField(help_text="Given by `GET /clients`; also the `client` of a request.")
    name = serializers.CharField(max_length=80)
    rule = serializers.CharField(
        max_length=200, help_text="RRULE with FREQ=DAILY, WEEKLY or MONTHLY; INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY."
    )
    starts_on = serializers.DateField()
    at = WallTime(help_text="Wall-clock time of the site. Of an order ahead, its hand-out decides.")
    ends_on = serializers.DateField(required=False, default=None, allow_null=True)
    holiday_rule = serializers.ChoiceField(choices=HolidayRule.choices, default=HolidayRule.SKIP)
    lines = serializers.ListField(child=LineIn(), allow_empty=False, max_length=20)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class EditIn(serializers.Serializer[Any]):
    """From `starts_on` on, everything as it is said here; without `lines`, the same order."""

    name = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    rule = serializers.CharField(max_length=200)
    starts_on = serializers.DateField()
    at = WallTime()
    ends_on = serializers.DateField(required=False, default=None, allow_null=True)
    holiday_rule = serializers.ChoiceField(choices=HolidayRule.choices, default=HolidayRule.SKIP)
    lines = serializers.ListField(child=LineIn(), required=False, default=list, max_length=20)


class PauseIn(serializers.Serializer[Any]):
    """Both days included."""

    first = serializers.DateField()
    last = serializers.DateField()


class EndIn(serializers.Serializer[Any]):
    """The last day it may take place; today without one."""

    last = serializers.DateField(required=False, default=None, allow_null=True)


class NothingIn(serializers.Serializer[Any]):
    """No members."""


class RecurrenceOut(serializers.Serializer[Any]):
    """A regular request."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    site = serializers.UUIDField(source="site.public_id")
    client = serializers.UUIDField(source="client.public_id")
    rule = serializers.CharField()
    starts_on = serializers.DateField()
    at = WallTime()
    ends_on = serializers.DateField(allow_null=True)
    holiday_rule = serializers.ChoiceField(choices=HolidayRule.choices)
    status = serializers.ChoiceField(choices=RecurrenceStatus.choices)
    category = serializers.CharField()
    paused_from = serializers.DateField(allow_null=True)
    paused_until = serializers.DateField(allow_null=True)
    continues = serializers.UUIDField(
        source="continues.public_id", allow_null=True, default=None, help_text="The one that this one continues."
    )


class OccurrenceOut(serializers.Serializer[Any]):
    """One day of a regular request."""

    id = serializers.UUIDField(source="public_id")
    recurrence = serializers.UUIDField(source="recurrence.public_id")
    due_on = serializers.DateField()
    starts_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=OccurrenceStatus.choices)
    reason_code = serializers.CharField(help_text="Why it was left out or could not be booked; empty otherwise.")
    reason = serializers.SerializerMethodField(help_text="The same in words, in the language of the call.")
    service_request = serializers.UUIDField(source="request.public_id", allow_null=True, default=None)

    def get_reason(self, one: Occurrence) -> str:
        """Worded from the code."""
        return reason_words(one)
