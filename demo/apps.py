"""The demonstration application."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Commands only: no tables, no pages."""

    name = "demo"
