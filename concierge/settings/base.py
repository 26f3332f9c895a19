"""Settings shared by every environment. The environment is read here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import structlog
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from concierge.logs import hide_link_tokens, shorten_outage

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

DEBUG = False
SECRET_KEY = env("SECRET_KEY")
# What encrypts (concierge/encryption.py): the first key; all of them decrypt.
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[]) or [SECRET_KEY]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", ".localhost"])
BASE_URL = env("BASE_URL", default="http://localhost:8000")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- applications ---------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "concierge",
    "bookings",
    "providers",
    "workers",
    "billing",
    "notifications",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_filters",
    "phonenumber_field",
    "django_cotton",
    "django_htmx",
    "django_vite",
    "django_structlog",
    "csp",
]

MIDDLEWARE = [
    "concierge.metrics.MeasuringMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "concierge.middleware.PublicNames",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "concierge.middleware.TenantMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "concierge.urls"
WSGI_APPLICATION = "concierge.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "concierge.middleware.organisation_context",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton"],
            "libraries": {"lucide": "concierge.templatetags.icons"},
        },
    }
]
COTTON_DIR = "cotton"

# --- database -------------------------------------------------------------------------------------------------------
# Web and workers connect as a role that owns nothing; migrations get the owner's URL (docs/operations.md).
DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"]["ENGINE"] = "concierge.postgres"
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True  # safe behind a transaction-pooling proxy (DR5)
# How long a statement or a lock may take is a property of each role (deploy/postgres.sql): short for the runtime role,
# not for the owner, whose migrations may be long. Here only: notice within seconds that a server is gone (R23, R24).
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    **DATABASES["default"].get("OPTIONS", {}),
}
# Each thread of the web server and each worker process keeps one connection; before a request uses it, it is looked at,
# and replaced when the server was restarted meanwhile. There are few threads: a pool would hold just as many.
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASE_APP_ROLE = "concierge_app"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- people ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "concierge.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "concierge.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Limits against guessing count by visitor, not by proxy: else ten wrong passwords lock everybody out.
NUM_PROXIES = env.int("NUM_PROXIES", default=0)
ALLAUTH_TRUSTED_PROXY_COUNT = NUM_PROXIES
ACCOUNT_FORMS = {
    "login": "concierge.forms.LoginForm",
    "signup": "concierge.forms.SignupForm",
    "request_login_code": "concierge.forms.RequestLoginCodeForm",
    "confirm_login_code": "concierge.forms.ConfirmCodeForm",
    "confirm_email_verification_code": "concierge.forms.ConfirmEmailForm",
    "add_email": "concierge.forms.AddEmailForm",
    "change_password": "concierge.forms.ChangePasswordForm",
    "set_password": "concierge.forms.SetPasswordForm",
    "reset_password": "concierge.forms.ResetPasswordForm",
    "reset_password_from_key": "concierge.forms.ResetPasswordKeyForm",
    "reauthenticate": "concierge.forms.ReauthenticateForm",
}
MFA_ADAPTER = "concierge.accounts.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "concierge.forms.SecondFactorForm",
    "reauthenticate": "concierge.forms.SecondFactorAgainForm",
    "activate_totp": "concierge.forms.ActivateTOTPForm",
    "add_webauthn": "concierge.forms.AddPasskeyForm",
    "edit_webauthn": "concierge.forms.RenamePasskeyForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True

# --- sessions, cookies, headers ---------------------------------------------------------------------------------------
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # survives a lost Redis (R14)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "concierge.views.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
IMAGES_FROM = [SELF, "data:"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": IMAGES_FROM,
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, Any] = {
    "camera": "self",
    "geolocation": [],
    "microphone": [],
    "payment": [],
    "usb": [],
}
# Bodies: JSON of the API and forms stay small; files have their own limits when they come (S28).
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# The desk's order has a field per item of the whole catalogue of a site, a quote seven per line.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

# --- cache, tasks -----------------------------------------------------------------------------------------------------
REDIS_URL = env("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "concierge.cache.ValkeyCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "concierge",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default=REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_SERIALIZER = "json"
# Systems of others answer when they like: whoever calls them does nothing else (docker-compose.yml, "caller").
CELERY_TASK_ROUTES = {"notifications.deliver_webhooks": {"queue": "webhooks"}}
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 0,
}
# The schedule only wakes sweeps that are safe to run twice; it lives in code and in UTC (R09, R40).
CELERY_BEAT_SCHEDULE = {
    "send-messages": {"task": "notifications.send_due_messages", "schedule": 60.0, "options": {"expires": 55}},
    "deliver-webhooks": {"task": "notifications.deliver_due_webhooks", "schedule": 60.0, "options": {"expires": 55}},
    "render-documents": {"task": "billing.render_pending_documents", "schedule": 60.0, "options": {"expires": 55}},
    "render-quotes": {"task": "bookings.render_pending_quotes", "schedule": 60.0, "options": {"expires": 55}},
    "nightly-invoicing": {"task": "billing.invoice_everyone", "schedule": crontab(minute="30", hour="1")},
    "plan-digests": {"task": "bookings.plan_digests", "schedule": crontab(minute="5", hour="0")},
    "plan-days": {"task": "providers.plan_days", "schedule": 60.0, "options": {"expires": 55}},
    "watch-shares": {"task": "providers.watch_shares", "schedule": crontab(minute="50", hour="3")},
    "measure-ways": {"task": "providers.measure_all_ways", "schedule": 300.0, "options": {"expires": 280}},
    "reconcile-reach": {"task": "providers.reconcile_reach", "schedule": crontab(minute="40", hour="2")},
    "drop-sandboxes": {"task": "providers.drop_sandboxes", "schedule": crontab(minute="20", hour="4")},
    "purge": {"task": "concierge.purge", "schedule": crontab(minute="10", hour="2")},
}

# --- mail -------------------------------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email("EMAIL_URL", default="smtp://127.0.0.1:8025")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="conciergerie@localhost.localdomain")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- SMS (docs/operations.md) -----------------------------------------------------------------------------------------
# "http" posts to SMS_URL with SMS_TOKEN, "file" writes into SMS_DIR; empty: none are sent, and people call instead.
SMS_GATEWAY = env("SMS_GATEWAY", default="")
SMS_URL = env("SMS_URL", default="")
SMS_TOKEN = env("SMS_TOKEN", default="")
# The number or the name (at most eleven letters) that messages come from. Only a number can be answered.
SMS_SENDER = env("SMS_SENDER", default="")
SMS_DIR = env("SMS_DIR", default="")
# Who may tell of SMS that came in: "organisation/gateway=secret", several between commas, two while one is changed.
SMS_INBOUND_KEYS = env.list("SMS_INBOUND_KEYS", default=[])

# --- calls to systems of others (concierge/http.py) -------------------------------------------------------------------
# Only tests call loopback, by plain http.
OUTBOUND_LOOPBACK = False

# --- language, time ---------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["concierge.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
PHONENUMBER_DEFAULT_REGION = "FR"
PHONENUMBER_DEFAULT_FORMAT = "NATIONAL"

# --- static files -----------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT: Path | None = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [("vite", BASE_DIR / "frontend" / "dist")]
DJANGO_VITE = {
    "default": {
        "dev_mode": False,
        "static_url_prefix": "vite",
        "manifest_path": BASE_DIR / "frontend" / "dist" / "manifest.json",
    }
}

# --- API --------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["concierge.api.keys.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["concierge.api.keys.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["concierge.api.bodies.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "concierge.api.pages.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "concierge.api.document.ApiAutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["concierge.api.keys.KeyThrottle"],
    "DEFAULT_THROTTLE_RATES": {"api_key": "1200/min", "api_anonymous": "60/min"},
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "DEFAULT_VERSIONING_CLASS": None,
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "NUM_PROXIES": NUM_PROXIES,
}
DRF_STANDARDIZED_ERRORS = {"EXCEPTION_HANDLER_CLASS": "concierge.api.problems.ProblemHandler"}
SPECTACULAR_SETTINGS = {
    "TITLE": "Conciergerie solidaire",
    "DESCRIPTION": (
        "Service requests, offers and work orders of a solidarity concierge, for the organisation's own systems and "
        "for the local businesses that work with it. Guide: docs/api.md.\n\n"
        "Amounts are euros written as text, moments are ISO 8601 with their offset, identifiers are UUIDs. Unsafe "
        "calls carry an `Idempotency-Key`; refusals are problem details (RFC 9457) with a stable `code`."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": "/", "description": "This installation; the key names the organisation."}],
    "TAGS": [
        {"name": "catalogue", "description": "Where, what, for how much and when."},
        {"name": "clients", "description": "Who asks, for whom, and who asks for them."},
        {"name": "client accounts", "description": "Companies, landlords and towns that pay for their people."},
        {"name": "service requests", "description": "What a client asked for."},
        {"name": "quotes", "description": "What has no price yet: asked for, offered, accepted."},
        {"name": "orders ahead", "description": "What is ordered until a cut-off and handed out together."},
        {"name": "regular requests", "description": "The same request again and again, booked ahead by itself."},
        {"name": "offers", "description": "Jobs proposed to a provider."},
        {"name": "documents", "description": "Papers of a provider, and their files."},
        {"name": "sandbox", "description": "A simulated concierge, for test keys alone."},
        {"name": "work orders", "description": "Jobs to carry out."},
        {"name": "invoices", "description": "Invoices and credit notes."},
        {"name": "webhooks", "description": "Systems that are told what happens, by signed calls."},
    ],
    "DEFAULT_GENERATOR_CLASS": "concierge.api.document.EnglishGenerator",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "DeclineReason": "providers.enums.DeclineReason",
        "ReleaseReason": "providers.enums.ReleaseReason",
        "InvoiceKind": "billing.enums.DocumentKind",
        "InvoiceStatus": "billing.enums.DocumentStatus",
        "LineKind": "bookings.enums.LineKind",
        "OccurrenceStatus": "bookings.enums.OccurrenceStatus",
        "OfferStatus": "providers.enums.OfferStatus",
        "ProviderDocumentKind": "providers.enums.DocumentKind",
        "ProviderDocumentStatus": "providers.enums.DocumentStatus",
        "QuoteLineKind": "bookings.enums.QuoteLineKind",
        "QuoteStatus": "bookings.enums.QuoteStatus",
        "RequestStatus": "bookings.enums.RequestStatus",
        "WebhookType": "notifications.rules.webhooks.CHOICES",
        "WorkOrderStatus": "bookings.enums.WorkOrderStatus",
    },
}

# --- logs: JSON lines with the request id, no personal data (S39) -----------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                hide_link_tokens,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                shorten_outage,
                structlog.processors.format_exc_info,
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {"django.server": {"level": "WARNING"}, "httpx": {"level": "WARNING"}},
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        shorten_outage,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# Identities of calls are ours: a caller's own would write what it likes into every line.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = False
DJANGO_STRUCTLOG_TRUST_UPSTREAM_CORRELATION_ID = False
DJANGO_STRUCTLOG_USER_ID_FIELD = "public_id"

# --- optional services ------------------------------------------------------------------------------------------------
# Pictures under the map of a day, "https://tiles.example/{z}/{x}/{y}.png", and who made them. Empty: none, and no page
# asks another host for anything.
MAP_TILES_URL = env("MAP_TILES_URL", default="")
MAP_ATTRIBUTION = env("MAP_ATTRIBUTION", default="")
if MAP_TILES_URL:
    IMAGES_FROM.append("{0.scheme}://{0.netloc}".format(urlsplit(MAP_TILES_URL)))
# Where addresses are looked up; empty: nowhere. How sure an answer has to be, of 1: chosen in November 2026, to be
# looked at again with a year of addresses.
GEOCODER_URL = env("GEOCODER_URL", default="")
GEOCODER_MIN_SCORE = env.float("GEOCODER_MIN_SCORE", default=0.6)
# Which router measures roads, "osrm" or "valhalla", and where it is; empty: none, ways are estimated. An OSRM knows one
# profile: {profile} in its address is foot, bike or car (docs/operations.md).
ROUTER_URL = env("ROUTER_URL", default="")
ROUTER_KIND = env("ROUTER_KIND", default="osrm")
SENTRY_DSN = env("SENTRY_DSN", default="")
OTEL_EXPORTER_OTLP_ENDPOINT = env("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
METRICS_TOKEN = env("METRICS_TOKEN", default="")

# Days until the nightly purge deletes what has ended (P04, docs/operations.md). KEEP_DAYS="holds=7;inbox=30" changes
# some. The API promises that a key is good for two days (docs/api.md).
KEEP_DAYS = {
    "holds": 30,
    "verifications": 7,
    "company_codes": 1,
    "inbox": 90,
    "deadlines": 90,
    "idempotency": 2,
    "imports": 7,
    "waitlist": 30,
    "memberships": 30,
    "accompaniments": 90,
    "feeds": 30,
    "provider_feeds": 30,
    "helped_people": 30,
    "answer_ips": 365,
    "access_notes": 7,
    "webhook_deliveries": 30,
    "inbound_sms": 30,
    "contact_notes": 7,
    "refused_papers": 30,
    "invitations": 60,
    "unfinished_files": 60,
    "provider_ways": 90,
    "day_plans": 365,
    "old_papers": 1827,
    "bank_accounts": 1827,
    "stopped_bank_accounts": 90,
    "hours": 1827,
    "absences": 1827,
    "shifts": 1827,
    "planned_hours": 1827,
    "hours_consents": 1827,
    "progress_notes": 730,
    "pass_reports": 731,
    "suspension_reasons": 731,
    "prolongation_reasons": 731,
    "appointments": 731,
    "sensitive_facts": 731,
    "restrictions": 731,
    "usual_hours": 731,
    "clearances": 731,
    "diagnoses": 731,
    "derogations": 731,
    "derogation_references": 731,
    "learning_situations": 731,
    "skill_steps": 731,
    "skills": 731,
    "learning_goals": 731,
    "exits": 731,
    "former_files": 731,
    "former_names": 1827,
    "vault_readings": 1096,
    **env.dict("KEEP_DAYS", cast={"value": int}, default={}),
}
# How long a booked place is held for somebody who is still filling in the form (S33).
HOLD_MINUTES = 10
# Whoever waits for an earlier time gets no further notice within so many hours after the last one (issue 3, point 2),
# and so many minutes before the next person in the list is told of the same place.
WAITLIST_REST_HOURS = 12
WAITLIST_HEAD_START_MINUTES = 20
DEMO_ALLOWED = False
# Whether the boot checks end the process (concierge/checks.py).
REFUSE_CARELESS = False
