"""A request that was given up is taken up again, within thirty days."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext_lazy as _

from bookings.actions.open_sites import refuse_closed
from bookings.actions.quote_moves import step
from bookings.enums import RequestStatus
from bookings.models import ServiceRequest
from concierge.errors import WrongState

# How long whoever holds the link may take a request up again that was given up.
REVIVABLE = dt.timedelta(days=30)


class TooLateToRevive(WrongState):
    """Its thirty days are over."""

    code = "too_late_to_revive"
    message = _("This request ended too long ago. Please send us a new one.")


def reopen(locked: ServiceRequest, now: dt.datetime) -> None:
    """``expired → qualifying``, and its link lives on. Raises ``WrongState``, ``TooLateToRevive``, ``SiteClosed``."""
    until = locked.tracking_until
    with refuse_closed():
        step(locked, "revive")
    if until is not None and until <= now:
        raise TooLateToRevive(current_status=RequestStatus.EXPIRED)
    locked.tracking_until = None
    locked.save(update_fields=["tracking_until"])
