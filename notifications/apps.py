"""The notifications application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Connects the handlers of the notifications app."""

    name = "notifications"
    verbose_name = _("Notifications")
