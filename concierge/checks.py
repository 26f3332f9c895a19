"""Boot checks of production: a careless installation refuses to start (trust.md DR8)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.security, deploy=True)
def no_careless_settings(app_configs: Any, **kwargs: Any) -> list[Error]:
    """DEBUG, default secrets, any host, a cache without password."""
    found = []
    if settings.DEBUG:
        found.append(Error("DEBUG is on.", id="concierge.E001"))
    if len(settings.SECRET_KEY) < 40 or "insecure" in settings.SECRET_KEY:
        found.append(Error("SECRET_KEY is a default or shorter than 40 characters.", id="concierge.E002"))
    if "*" in settings.ALLOWED_HOSTS or not settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS names every host or none.", id="concierge.E003"))
    if "@" not in settings.REDIS_URL and not settings.REDIS_URL.startswith("unix"):
        found.append(Error("REDIS_URL has no password.", id="concierge.E004"))
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
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone()[0]:
            found.append(Error("The application's role bypasses row-level security.", id="concierge.E015"))
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user AND schemaname = 'public'")
        if cursor.fetchone()[0]:
            found.append(Error("The application's role owns tables.", id="concierge.E016"))
        cursor.execute("SELECT clock_timestamp()")
        if abs((cursor.fetchone()[0] - timezone.now()).total_seconds()) > 2:
            found.append(Error("Clocks of application and database differ by more than 2 s.", id="concierge.E017"))
    return found
