"""The providers application."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProvidersConfig(AppConfig):
    """Connects providers to what happens in bookings, and to the people who act for them."""

    name = "providers"
    verbose_name = _("Providers")

    def ready(self) -> None:
        """Import the handlers (deadlines, what is forgotten), and say which provider a signed-in user is here."""
        from bookings.actions.quote_origins import guard_sources
        from concierge.api.keys import guard_keys
        from concierge.middleware import register_identity
        from providers import handlers  # noqa: F401 - importing registers them
        from providers.actions import feeds, plans_end  # noqa: F401 - the nightly purge knows their rows
        from providers.actions.keys import refuse_stopped
        from providers.actions.price_use import refuse_gone_prices
        from providers.models import provider_id_of

        register_identity("provider_id", provider_id_of)
        guard_keys(refuse_stopped)
        guard_sources(refuse_gone_prices)
