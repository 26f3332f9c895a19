"""The bookings application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    """Connects the handlers of the bookings app."""

    name = "bookings"
    verbose_name = _("Bookings")
