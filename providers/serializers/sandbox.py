"""Shapes of the sandbox: what a simulated concierge is told to do."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from providers.actions.sandbox import CODES
from providers.enums import SandboxMove


class SandboxOfferIn(serializers.Serializer[Any]):
    """Which kind of work."""

    service = serializers.ChoiceField(
        choices=CODES,
        required=False,
        default=CODES[0],
        help_text="`talons` and `ourlet` are left at the desk, for `vitres` one goes to the client’s home.",
    )


class SandboxMoveIn(serializers.Serializer[Any]):
    """What happens now."""

    move = serializers.ChoiceField(
        choices=SandboxMove.choices,
        help_text="`approve` or `refuse` what you proposed; `expire`: the time passes without an answer; `withdraw`: "
        "nobody is needed any more.",
    )
