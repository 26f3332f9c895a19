"""Boot checks of production: a careless installation refuses to start (trust.md DR8)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Tags, register

from concierge import retention


@register(Tags.security, deploy=True)
def no_careless_settings(app_configs: Any, **kwargs: Any) -> list[Error]:
    """DEBUG, default secrets, any host, a cache without password, a purge that knows no such rows."""
    found = []
    if settings.DEBUG:
        found.append(Error("DEBUG is on.", id="concierge.E001"))
    if len(settings.SECRET_KEY) < 40 or "insecure" in settings.SECRET_KEY:
        found.append(Error("SECRET_KEY is a default or shorter than 40 characters.", id="concierge.E002"))
    if "*" in settings.ALLOWED_HOSTS or not settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS names every host or none.", id="concierge.E003"))
    for number, name in ((4, "REDIS_URL"), (5, "CELERY_BROKER_URL")):
        address = urlsplit(getattr(settings, name))
        if not address.password and address.scheme not in {"unix", "redis+socket"}:
            found.append(Error(f"{name} has no password.", id=f"concierge.E00{number}"))
    if settings.DEMO_ALLOWED:
        found.append(Error("Demonstration accounts are allowed.", id="concierge.E006"))
    if set(settings.KEEP_DAYS) != retention.names() or min(settings.KEEP_DAYS.values()) < 1:
        known = ", ".join(sorted(retention.names()))
        found.append(Error(f"KEEP_DAYS knows {known}, each of at least one day.", id="concierge.E007"))
    if min(len(key) for key in settings.ENCRYPTION_KEYS) < 40:
        found.append(Error("One of ENCRYPTION_KEYS is shorter than 40 characters.", id="concierge.E008"))
    if settings.GEOCODER_URL and not _is_private(settings.GEOCODER_URL):
        found.append(Error("GEOCODER_URL sends addresses in clear, or is none.", id="concierge.E009"))
    if settings.ROUTER_URL and not _is_private(settings.ROUTER_URL):
        found.append(Error("ROUTER_URL sends places in clear, or is none.", id="concierge.E011"))
    if settings.ROUTER_KIND not in {"osrm", "valhalla"}:
        found.append(Error("ROUTER_KIND is osrm or valhalla.", id="concierge.E012"))
    if not 0 < settings.GEOCODER_MIN_SCORE <= 1:
        found.append(Error("GEOCODER_MIN_SCORE lies between 0 and 1.", id="concierge.E010"))
    return [*found, *_half_an_sms()]


def _is_private(url: str) -> bool:
    """Encrypted, or to a machine of our own network: a name without a dot."""
    address = urlsplit(url)
    is_inside = address.scheme == "http" and bool(address.hostname) and "." not in str(address.hostname)
    return is_inside or (address.scheme == "https" and bool(address.hostname))


def _half_an_sms() -> list[Error]:
    """A gateway for SMS without what it needs."""
    found = []
    if settings.SMS_GATEWAY not in {"", "http"}:
        found.append(Error("SMS_GATEWAY is http, or empty when no SMS are sent.", id="concierge.E020"))
    if settings.SMS_GATEWAY == "http" and not (
        urlsplit(settings.SMS_URL).scheme == "https" and settings.SMS_TOKEN and settings.SMS_SENDER
    ):
        found.append(Error("SMS need SMS_URL (https), SMS_TOKEN and SMS_SENDER.", id="concierge.E021"))
    entries = [entry.partition("=") for entry in settings.SMS_INBOUND_KEYS]
    if any(house.count("/") != 1 or len(secret) < 24 for house, _equals, secret in entries):
        found.append(Error("SMS_INBOUND_KEYS are organisation/gateway=secret, of 24 characters.", id="concierge.E022"))
    return found


@register(Tags.database, deploy=True)
def no_careless_database(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[Error]:
    """Durability switches, checksums, a role that could walk around row-level security, clocks apart."""
    from django.db import connection
    from django.utils import timezone

    found = []
    with connection.cursor() as cursor:
        for number, name in enumerate(("fsync", "full_page_writes", "synchronous_commit", "data_checksums"), start=11):
            cursor.execute("SELECT current_setting(%s)", (name,))
            if cursor.fetchone()[0] in {"off", "local"}:
                found.append(
                    Error(
                        f"PostgreSQL runs with {name} off: confirmed bookings could be lost.",
                        id=f"concierge.E0{number}",
                    )
                )
        # Whatever the role may become by SET ROLE counts as well.
        cursor.execute(
            "SELECT bool_or(rolsuper OR rolbypassrls) FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')"
        )
        if cursor.fetchone()[0]:
            found.append(Error("The application's role bypasses row-level security.", id="concierge.E015"))
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' "
            "AND pg_has_role(current_user, tableowner, 'MEMBER')"
        )
        if cursor.fetchone()[0]:
            found.append(Error("The application's role owns tables.", id="concierge.E016"))
        for number, name in enumerate(("statement_timeout", "lock_timeout"), start=18):
            cursor.execute("SELECT current_setting(%s)", (name,))
            if cursor.fetchone()[0] == "0":
                found.append(
                    Error(f"No {name} for the application's role: run deploy/postgres.sql.", id=f"concierge.E0{number}")
                )
        cursor.execute("SELECT clock_timestamp()")
        if abs((cursor.fetchone()[0] - timezone.now()).total_seconds()) > 2:
            found.append(Error("Clocks of application and database differ by more than 2 s.", id="concierge.E017"))
    return found


def refuse_careless() -> None:
    """End the process, saying why, when this installation is careless: web servers, workers and beat call it as they
    start, so that no way of starting them goes around the checks. Only production asks for it (``REFUSE_CARELESS``)."""
    if not settings.REFUSE_CARELESS:
        return
    from django.db import connections

    found = [*no_careless_settings(None), *no_careless_database(None)]
    # A connection does not survive the fork of a worker.
    connections.close_all()
    if found:
        raise SystemExit("\n".join(f"{error.id}: {error.msg}" for error in found))
