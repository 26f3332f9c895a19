"""Tests: the same stack, told to notice more."""

from concierge.settings.base import *  # noqa: F403 - settings modules extend each other this way
from concierge.settings.base import DATABASES, INSTALLED_APPS, TEMPLATES, env

DEMO_ALLOWED = True
INSTALLED_APPS = [*INSTALLED_APPS, "demo", "django_migration_linter"]
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1", ".localhost"]
# The tests connect as a superuser to make the database, then act as the runtime role (tests/conftest.py).
DATABASES["default"]["TEST"] = {"NAME": "test_concierge" + env("TEST_DB_SUFFIX", default="")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = "UNDEFINED-TEMPLATE-VARIABLE-%s"
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
