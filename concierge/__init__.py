"""The project and the shared kernel: organisations, people, events, deadlines. Imports no app."""

from concierge.celery import app as celery_app

__all__ = ["celery_app"]
