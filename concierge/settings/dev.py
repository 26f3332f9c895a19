"""Development and demonstration: plain http on loopback."""

from concierge.settings.base import *  # noqa: F403 - settings modules extend each other this way
from concierge.settings.base import DATABASES, STATICFILES_DIRS, env

DEBUG = env.bool("DEBUG", default=False)
DEMO_ALLOWED = True
DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 10, "timeout": 5}
# The files are served from where they are; nothing has to be collected.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STATICFILES_DIRS = list(STATICFILES_DIRS)
