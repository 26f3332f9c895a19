"""Shapes about waiting: whose turn it is, a pause, an answer."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from bookings.enums import HoldReason
from bookings.rules.waiting import Holder, Next, Step, Wait


class WaitingOut(serializers.Serializer[Any]):
    """Whose turn it is on a request, for what and by when."""

    step = serializers.ChoiceField(
        choices=[step.value for step in Step], allow_null=True, help_text="`null` when it will not be done."
    )
    holder = serializers.ChoiceField(choices=[holder.value for holder in Holder])
    role = serializers.CharField(help_text="Of the team, when it is the team's turn.")
    provider = serializers.CharField(help_text="Name of the business whose turn it is.")
    next_step = serializers.ChoiceField(choices=[step.value for step in Next if step.value], allow_blank=True)
    since = serializers.DateTimeField(help_text="Last news.")
    due = serializers.DateTimeField(allow_null=True, help_text="`null` when nothing has to be done any more.")
    is_late = serializers.BooleanField()
    is_paused = serializers.BooleanField()
    reason = serializers.ChoiceField(choices=HoldReason.values, allow_blank=True, help_text="Of the pause.")

    def to_representation(self, instance: Wait) -> dict[str, Any]:
        """Late as of now."""
        return {
            "step": instance.step,
            "holder": instance.holder,
            "role": instance.role,
            "provider": instance.provider,
            "next_step": instance.next,
            "since": serializers.DateTimeField().to_representation(instance.since),
            "due": serializers.DateTimeField().to_representation(instance.due) if instance.due else None,
            "is_late": instance.is_late(timezone.now()),
            "is_paused": instance.is_paused,
            "reason": instance.reason,
        }


class HoldIn(serializers.Serializer[Any]):
    """Why it stands still, and when somebody looks again."""

    reason = serializers.ChoiceField(choices=HoldReason.choices)
    until = serializers.DateTimeField(help_text="When somebody looks at it again, within a year.")
    note = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text="A word for the client; with `client`, the question to answer.",
    )


class AnswerIn(serializers.Serializer[Any]):
    """What the client says."""

    answer = serializers.CharField(max_length=1000)
