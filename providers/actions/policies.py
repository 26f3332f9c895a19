"""How providers are asked."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from bookings.models import Service
from concierge import events
from concierge.models import Organisation
from concierge.tenancy import Actor
from providers.actions.file_moves import check_row
from providers.enums import Ladder
from providers.models import OfferPolicy


@transaction.atomic
def set_offer_policy(
    organisation: Organisation,
    *,
    service: Service | None = None,
    wave_size: int = 3,
    max_waves: int = 3,
    answer_hours: Decimal = Decimal(4),
    weights: tuple[int, int, int] = (40, 35, 25),
    ladder: Ladder = Ladder.EMAIL_SMS_CALL,
    by: Actor,
) -> OfferPolicy:
    """Set how providers are asked for a service, or (no service) for all others.

    ``answer_hours`` are opening hours; ``weights`` are nearness, fair sharing, free capacity; ``ladder`` is how
    those asked are reached. Raises ``Invalid``.
    """
    policy = OfferPolicy.objects.filter(organisation=organisation, service=service).first()
    policy = policy or OfferPolicy(organisation=organisation, service=service)
    policy.wave_size, policy.max_waves, policy.answer_hours = wave_size, max_waves, answer_hours
    policy.ladder = ladder
    policy.weight_distance, policy.weight_share, policy.weight_capacity = weights
    check_row(policy)
    policy.save()
    events.record(
        "offer_policy.changed",
        service or organisation,
        by=by,
        wave_size=wave_size,
        max_waves=max_waves,
        answer_hours=str(answer_hours),
        weights=weights,
        ladder=str(ladder),
    )
    return policy
