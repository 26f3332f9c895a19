"""The Celery application. Tasks are named, take ids only and are safe to run twice."""

import os

from celery import Celery
from celery.signals import beat_init, worker_init, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "concierge.settings.dev")

app = Celery("concierge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_careless(**_given: object) -> None:
    """A careless installation does not start (DR8). ``SystemExit`` passes through Celery's signals."""
    from concierge import checks

    checks.refuse_careless()


@worker_process_init.connect
def start_observability(**_given: object) -> None:
    """Each worker process reports by itself: exporters do not survive a fork."""
    from concierge import observability

    observability.start()
