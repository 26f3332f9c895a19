"""Agreements on their way to be signed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from concierge.tenancy import Actor
from providers.actions.agreement_texts import standard_text
from providers.actions.agreements import draft_agreement
from providers.actions.signing import send_agreement, sign_agreement
from providers.enums import Side
from providers.models import Provider, ServiceAgreement
from providers.rules.agreements import Terms
from tests.providers.conftest import acting_for
from tests.world import World


def sent_agreement(
    provider: Provider, world: World, *, first_day: dt.date, text: str | None = None, **changes: Any
) -> ServiceAgreement:
    """A commission of 15 %, sent with the standard text."""
    by = world.actor()
    given: dict[str, Any] = {"kind": "commission", "commission_percent": Decimal(15), "valid_from": first_day}
    wanted = standard_text(provider) if text is None else text
    return send_agreement(
        draft_agreement(provider, world.cobbler, Terms(**(given | changes)), text=wanted, by=by), by=by
    )


def sign(agreement: ServiceAgreement, side: Side, by: Actor, **changes: Any) -> ServiceAgreement:
    """One side signs the text that was sent."""
    given: dict[str, Any] = {"seal": agreement.seal, "name": "Sophie Aubert"}
    return sign_agreement(agreement, side=side, by=by, **(given | changes))


def signed_by_both(agreement: ServiceAgreement, world: World) -> ServiceAgreement:
    """The provider first, then we."""
    sign(agreement, Side.THEIRS, acting_for(agreement.provider))
    return sign(agreement, Side.OURS, world.actor())
