"""Development and demonstration: plain http on loopback."""

from concierge.settings.base import *  # noqa: F403 - settings modules extend each other this way
from concierge.settings.base import DJANGO_VITE, INSTALLED_APPS, env

DEBUG = env.bool("DEBUG", default=False)
DEMO_ALLOWED = True
# The files are served from where they are; nothing has to be collected. A new build shows without a restart.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
DJANGO_VITE = {"default": {**DJANGO_VITE["default"], "app_client_class": "concierge.storage.FreshVite"}}
INSTALLED_APPS = [*INSTALLED_APPS, "demo"]
