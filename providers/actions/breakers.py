"""Ways of reaching people that fail again and again are left alone for a while (lifecycles.md 2.4)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from concierge import events
from concierge.models import Organisation
from concierge.tenancy import system_actor
from providers.models import ChannelState
from providers.rules.breaker import AT_MOST_FAILURES, paused_until


@transaction.atomic
def note_failure(organisation: Organisation, channel: str, *, target: str = "", why: str) -> ChannelState:
    """It failed once more. The first pause is news for the team."""
    ChannelState.objects.get_or_create(organisation=organisation, channel=channel, target=target)
    state = ChannelState.objects.select_for_update(of=("self",), no_key=True).get(
        organisation=organisation, channel=channel, target=target
    )
    now = timezone.now()
    state.failures += 1
    state.failing_since = state.failing_since or now
    state.paused_until, state.last_error = paused_until(state.failures, now), why[:200]
    state.save(update_fields=["failures", "failing_since", "paused_until", "last_error"])
    if state.failures == AT_MOST_FAILURES:
        events.record("channel.paused", state, by=system_actor(organisation), channel=channel)
    return state


def note_success(organisation: Organisation, channel: str, *, target: str = "") -> None:
    """It works: whatever failed before is forgotten."""
    failing = ChannelState.objects.filter(organisation=organisation, channel=channel, target=target, failures__gt=0)
    failing.update(failures=0, failing_since=None, paused_until=None, last_error="")


def lift_pause(organisation: Organisation, channel: str, *, target: str = "") -> None:
    """Try once more at once. Since when it has failed is not forgotten."""
    paused = ChannelState.objects.filter(organisation=organisation, channel=channel, target=target)
    paused.update(paused_until=None)


def is_paused(organisation_id: int, channel: str, *, target: str = "") -> bool:
    """Whether this way is being left alone now."""
    found = ChannelState.objects.filter(organisation_id=organisation_id, channel=channel, target=target)
    return found.filter(paused_until__gt=timezone.now()).exists()
