"""A suspension of a PASS that ended with a hire which was withdrawn, and could not go on (R23)."""

from __future__ import annotations

from django.db import transaction

from concierge import events
from concierge.errors import WrongState
from concierge.tenancy import Actor
from workers.actions.passes import lock_pass
from workers.models import PassIAE


@transaction.atomic
def settle_lost_suspension(pass_iae: PassIAE, *, by: Actor) -> PassIAE:
    """Nothing is to be written down again: the PASS runs on as it is. Raises ``WrongState`` (409) when nothing waits to
    be."""
    locked = lock_pass(pass_iae)
    if locked.suspension_lost_on is None or locked.cancelled_at is not None:
        raise WrongState
    was, locked.suspension_lost_on = locked.suspension_lost_on, None
    locked.save(update_fields=["suspension_lost_on"])
    events.record("pass_suspension.let_go", locked, by=by, pass_iae=str(locked.public_id), since=was.isoformat())
    return locked
