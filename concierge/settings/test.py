"""Tests: the same stack, told to notice more."""

from urllib.parse import urlsplit, urlunsplit

from concierge.settings.base import *  # noqa: F403 - settings modules extend each other this way
from concierge.settings.base import CACHES, DATABASES, INSTALLED_APPS, REDIS_URL, TEMPLATES, env

DEMO_ALLOWED = True
INSTALLED_APPS = [*INSTALLED_APPS, "demo", "django_migration_linter"]
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1", ".localhost"]
# By SET ROLE nobody gets the runtime role's own time limits (deploy/postgres.sql).
DATABASES["default"]["OPTIONS"]["options"] = (
    "-c lock_timeout=3s -c statement_timeout=15s -c idle_in_transaction_session_timeout=30s"
)
# The tests connect as a superuser to make the database, then act as the runtime role (tests/conftest.py).
DATABASES["default"]["TEST"] = {"NAME": "test_concierge" + env("TEST_DB_SUFFIX", default="")}
# Tests that run side by side empty their caches: each worker of pytest-xdist counts in a database of its own.
worker = env("PYTEST_XDIST_WORKER", default="")
if worker:
    number = 2 + int(worker.removeprefix("gw")) % 14
    CACHES["default"]["LOCATION"] = urlunsplit(urlsplit(REDIS_URL)._replace(query=f"db={number}"))
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SMS_GATEWAY = "memory"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = "UNDEFINED-TEMPLATE-VARIABLE-%s"
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
# Files are looked for when they are asked for: each test client would list them all first.
WHITENOISE_AUTOREFRESH = True
