"""The bookings application."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    """Connects clients to their accounts and the expiry of holds to the sweep."""

    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        """Register who a signed-in user is here, and what happens when a hold's time is over."""
        from bookings import handlers  # noqa: F401 - importing subscribes them

        # Importing registers their deadlines, and what is not kept.
        from bookings.actions import (  # noqa: F401 - see above
            accounts,
            cut_offs,
            feeds,
            hand_outs,
            holds,
            imports,
            members,
            own_space,
            prescribers,
            questions,
            quote_answers,
            recurrence_days,
            recurrence_pauses,
            silences,
            waitlist,
        )
        from bookings.models.clients import client_id_of
        from bookings.models.people import prescriber_id_of
        from concierge.middleware import register_identity

        register_identity("client_id", client_id_of)
        register_identity("prescriber_id", prescriber_id_of)
