"""The billing application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """Connects the handlers of the billing app."""

    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        """Register the handlers."""
        from billing import handlers  # noqa: F401 - importing it subscribes
