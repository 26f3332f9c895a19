"""How providers are asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import TypedDict, Unpack

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
from providers.enums import Ladder, RoundMode
from providers.models import OfferPolicy
from providers.models.policies import usual_reminders
from providers.rules import asking
from providers.rules.contacts import SMS_FROM, SMS_UNTIL


class PolicyChanged(Conflict):
    """Somebody saved other rules after the page was opened."""

    code = "policy_changed"
    message = gettext_lazy("Somebody has changed these rules meanwhile.")


class Terms(TypedDict, total=False):
    """How providers are asked. ``answer_hours`` are opening hours, ``gap_hours`` office hours."""

    mode: RoundMode
    wave_size: int
    max_waves: int
    answer_hours: Decimal
    gap_hours: Decimal | None
    reminders: Sequence[int]
    stop_before_hours: int
    extension_hours: Decimal
    most_extensions: int
    ladder: Ladder
    sms_from: dt.time
    sms_until: dt.time


USUAL = Terms(
    mode=RoundMode.WAVE,
    wave_size=3,
    max_waves=3,
    answer_hours=Decimal(4),
    gap_hours=None,
    reminders=usual_reminders(),
    stop_before_hours=0,
    extension_hours=Decimal(2),
    most_extensions=1,
    ladder=Ladder.EMAIL_SMS_CALL,
    sms_from=SMS_FROM,
    sms_until=SMS_UNTIL,
)


@transaction.atomic
def set_offer_policy(
    organisation: Organisation,
    *,
    service: Service | None = None,
    weights: tuple[int, int, int] | None = None,
    version: int | None = None,
    by: Actor,
    **terms: Unpack[Terms],
) -> OfferPolicy:
    """Set how providers are asked for a service, or (no service) for all others; what is not given is as usual.

    ``weights`` (nearness, fair sharing, free capacity) stay when none are given. ``version`` is the one that was read,
    0 for none. Raises ``PolicyChanged`` (409) and ``Invalid``.
    """
    policy = _lock(organisation, service) or _new(organisation, service)
    if version is not None and version != policy.version:
        raise PolicyChanged
    if weights is not None:
        policy.weight_distance, policy.weight_share, policy.weight_capacity = weights
    prepared(policy, **terms)
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


def prepared(policy: OfferPolicy, **terms: Unpack[Terms]) -> OfferPolicy:
    """The policy with these terms, not saved; numbers that its mode does not know are set aside.

    Raises ``Invalid`` naming the field, and the days when a search could last longer than sixty.
    """
    for name, value in {**USUAL, **terms}.items():
        setattr(policy, name, value)
    policy.reminders = sorted(set(policy.reminders))
    if policy.mode in {RoundMode.SEQUENCE, RoundMode.DIRECT}:
        policy.wave_size = 1
    if policy.mode in {RoundMode.BROADCAST, RoundMode.DIRECT}:
        policy.max_waves, policy.gap_hours = 1, None
    if policy.mode == RoundMode.QUOTES:
        policy.gap_hours = None
    days = policy.longest_days
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
        extension_hours=str(policy.extension_hours),
        most_extensions=policy.most_extensions,
        weights=[policy.weight_distance, policy.weight_share, policy.weight_capacity],
        ladder=str(policy.ladder),
        sms_hours=[policy.sms_from.isoformat("minutes"), policy.sms_until.isoformat("minutes")],
    )
