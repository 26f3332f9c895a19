"""The billing application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """Connects the handlers of the billing app."""

    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        """Register the handlers, and who signs quotes."""
        from billing import handlers  # noqa: F401 - importing it subscribes
        from billing.actions.issuers import seller_on_quotes
        from bookings.actions.sellers import register_seller

        register_seller(seller_on_quotes)
