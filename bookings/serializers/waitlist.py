"""Shapes of the waiting list: the days somebody would like, and what they were told of."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from bookings.enums import WaitlistEnd
from bookings.models import WaitlistEntry, WaitlistNotice
from bookings.models.waitlist import MOST_NOTICES


class WaitlistIn(serializers.Serializer[Any]):
    """On which days an earlier time would be welcome; without them, on any."""

    earliest_on = serializers.DateField(required=False, allow_null=True, default=None)
    latest_on = serializers.DateField(required=False, allow_null=True, default=None)


class WaitlistNoticeOut(serializers.ModelSerializer[WaitlistNotice]):
    """A time that came free. It was not kept: whoever takes it first has it."""

    class Meta:
        model = WaitlistNotice
        fields = ["number", "starts_at", "ends_at", "sent_at"]


class WaitlistOut(serializers.Serializer[Any]):
    """Whether somebody waits for an earlier time, and what became of it."""

    is_waiting = serializers.BooleanField()
    joined_at = serializers.DateTimeField(allow_null=True, help_text="`null` when nobody ever asked.")
    earliest_on = serializers.DateField(allow_null=True)
    latest_on = serializers.DateField(allow_null=True)
    most_notices = serializers.IntegerField()
    notices = WaitlistNoticeOut(many=True)
    next_notice_from = serializers.DateTimeField(
        allow_null=True, help_text="No notice before; `null` when at any time."
    )
    ended_because = serializers.ChoiceField(choices=WaitlistEnd.values, allow_blank=True)

    def to_representation(self, instance: WaitlistEntry | None) -> dict[str, Any]:
        """The last entry of a request, if there is one."""
        moment, day = serializers.DateTimeField(), serializers.DateField()
        notices = list(instance.notices.all()) if instance else []
        waits = instance is not None and instance.ended_at is None
        rests_until = notices[-1].quiet_until if notices and waits else None
        if rests_until is not None and rests_until <= timezone.now():
            rests_until = None
        return {
            "is_waiting": waits,
            "joined_at": moment.to_representation(instance.joined_at) if instance else None,
            "earliest_on": day.to_representation(instance.earliest_on) if instance and instance.earliest_on else None,
            "latest_on": day.to_representation(instance.latest_on) if instance and instance.latest_on else None,
            "most_notices": MOST_NOTICES,
            "notices": WaitlistNoticeOut(notices, many=True).data,
            "next_notice_from": moment.to_representation(rests_until) if rests_until else None,
            "ended_because": instance.ended_because if instance else "",
        }
