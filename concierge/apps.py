"""The kernel's application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConciergeConfig(AppConfig):
    """Organisations, people, events."""

    name = "concierge"
    verbose_name = _("Concierge")

    def ready(self) -> None:
        """Register the boot checks."""
        from concierge import checks  # noqa: F401 - importing registers them
