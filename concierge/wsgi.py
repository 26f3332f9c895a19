"""WSGI entry point: every page and the API."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "concierge.settings.dev")
application = get_wsgi_application()

from concierge import checks, observability  # noqa: E402 - needs configured settings

checks.refuse_careless()
observability.start()
