"""The notifications application."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Connects the handlers of the notifications app."""

    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        """Register who is told what."""
        from notifications import handlers  # noqa: F401 - importing subscribes them
