"""The providers application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProvidersConfig(AppConfig):
    """Connects the handlers of the providers app."""

    name = "providers"
    verbose_name = _("Providers")
