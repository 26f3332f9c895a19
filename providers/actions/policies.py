"""How providers are asked."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Service
from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.models import Organisation
from concierge.tenancy import Actor
from providers.actions.file_moves import check_row
from providers.enums import RoundMode
from providers.models import OfferPolicy
from providers.models.policies import usual_reminders
from providers.rules import asking


class PolicyChanged(Conflict):
    """Somebody saved other rules after the page was opened."""

    code = "policy_changed"
    message = gettext_lazy("Somebody has changed these rules meanwhile.")


@transaction.atomic
def set_offer_policy(
    organisation: Organisation,
    *,
    service: Service | None = None,
    mode: RoundMode = RoundMode.WAVE,
    wave_size: int = 3,
    max_waves: int = 3,
    answer_hours: Decimal = Decimal(4),
    gap_hours: Decimal | None = None,
    reminders: Sequence[int] | None = None,
    stop_before_hours: int = 0,
    weights: tuple[int, int, int] | None = None,
    version: int | None = None,
    by: Actor,
) -> OfferPolicy:
    """Set how providers are asked for a service, or (no service) for all others.

    ``answer_hours`` are opening hours; ``weights`` (nearness, fair sharing, free capacity) stay when none are given.
    ``version`` is the one that was read, 0 for none. Numbers that a mode does not know are set aside. Raises
    ``PolicyChanged`` (409) and ``Invalid``.
    """
    policy = _lock(organisation, service) or _new(organisation, service)
    if version is not None and version != policy.version:
        raise PolicyChanged
    prepared(
        policy,
        mode=mode,
        wave_size=wave_size,
        max_waves=max_waves,
        answer_hours=answer_hours,
        gap_hours=gap_hours,
        reminders=usual_reminders() if reminders is None else reminders,
        stop_before_hours=stop_before_hours,
        weights=weights,
    )
    policy.version += 1
    with refuse_on("offer_policy_once_per_service", PolicyChanged()):
        policy.save()
    _say(policy, by)
    return policy


def _new(organisation: Organisation, service: Service | None) -> OfferPolicy:
    """Not saved; its weights are those that count without it."""
    policy = OfferPolicy(organisation=organisation, service=service, version=0)
    general = OfferPolicy.objects.filter(organisation=organisation, service=None).first()
    for name in ("weight_distance", "weight_share", "weight_capacity"):
        setattr(policy, name, getattr(general or policy, name))
    return policy


def prepared(
    policy: OfferPolicy,
    *,
    mode: RoundMode,
    wave_size: int,
    max_waves: int,
    answer_hours: Decimal,
    gap_hours: Decimal | None,
    reminders: Sequence[int],
    stop_before_hours: int,
    weights: tuple[int, int, int] | None = None,
) -> OfferPolicy:
    """The policy with these terms, not saved. Raises ``Invalid`` naming the field, and the days when a search could
    last longer than sixty."""
    policy.mode, policy.answer_hours, policy.gap_hours = mode, answer_hours, gap_hours
    policy.wave_size = 1 if mode in {RoundMode.SEQUENCE, RoundMode.DIRECT} else wave_size
    policy.max_waves = max_waves
    if mode in {RoundMode.BROADCAST, RoundMode.DIRECT}:
        policy.max_waves, policy.gap_hours = 1, None
    policy.reminders = sorted(set(reminders))
    policy.stop_before_hours = stop_before_hours
    if weights is not None:
        policy.weight_distance, policy.weight_share, policy.weight_capacity = weights
    days = asking.longest_days(asking.hours_of(policy.max_waves, policy.answer_hours, policy.gap_hours))
    if days > asking.LONGEST.days:
        raise Invalid(
            _("Asked like that, a search could last %(days)d days: sixty at most.") % {"days": days}, field="max_waves"
        )
    check_row(policy)
    return policy


@transaction.atomic
def drop_offer_policy(organisation: Organisation, service: Service, *, by: Actor) -> None:
    """The service follows the general rules again. Nothing happens a second time."""
    policy = _lock(organisation, service)
    if policy is not None:
        policy.delete()
        events.record("offer_policy.dropped", service, by=by)


def _lock(organisation: Organisation, service: Service | None) -> OfferPolicy | None:
    rows = OfferPolicy.objects.select_for_update(of=("self",), no_key=True)
    return rows.filter(organisation=organisation, service=service).first()


def _say(policy: OfferPolicy, by: Actor) -> None:
    gap = policy.gap_hours
    events.record(
        "offer_policy.changed",
        policy.service or policy.organisation,
        by=by,
        mode=str(policy.mode),
        wave_size=policy.wave_size,
        max_waves=policy.max_waves,
        answer_hours=str(policy.answer_hours),
        gap_hours=None if gap is None else str(gap),
        reminders=policy.reminders,
        stop_before_hours=policy.stop_before_hours,
        weights=[policy.weight_distance, policy.weight_share, policy.weight_capacity],
    )
