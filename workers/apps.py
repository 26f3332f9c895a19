"""The workers application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkersConfig(AppConfig):
    """Connects the handlers of the workers app and tells the kernel who is a trainee."""

    name = "workers"
    verbose_name = _("Workers")

    def ready(self) -> None:
        from concierge.middleware import register_identity
        from workers import handlers  # noqa: F401 - importing subscribes
        from workers.actions import (  # noqa: F401 - importing says how long they are kept
            absences,
            clearances,
            hours,
            notes,
            weeks,
        )
        from workers.models.holdings import trainee_id_of

        register_identity("trainee_id", trainee_id_of)
