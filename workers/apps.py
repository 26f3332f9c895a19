"""The workers application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkersConfig(AppConfig):
    """Connects the handlers of the workers app."""

    name = "workers"
    verbose_name = _("Workers")
