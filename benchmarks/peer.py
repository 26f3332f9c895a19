"""django-appointment in a small project of its own, made when the benchmark runs: nothing of it belongs to the product.

Its newest release comes from the Python index into ``.state/peer``; its database is one more on the benchmark's
throw-away server; it is served by the same program with the same workers and threads as ours.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from benchmarks.serving import Server, serving

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".state" / "peer"
PACKAGE, DATABASE = "django-appointment", "peer_django_appointment"

# A project as its guide makes one: Django's own middleware, connections kept as ours are, mails rendered and dropped.
SITE = """
import os
from urllib.parse import parse_qs, unquote, urlsplit

url = urlsplit(os.environ["PEER_DATABASE_URL"])
SECRET_KEY, ALLOWED_HOSTS, ROOT_URLCONF = "benchmark", ["*"], "peer_web"
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": unquote(url.username or ""),
    "PASSWORD": unquote(url.password or ""), "PORT": str(url.port or ""),
    "HOST": parse_qs(url.query).get("host", [url.hostname or ""])[0], "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True,
}}
INSTALLED_APPS = ["django.contrib." + name for name in (
    "admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")] + ["phonenumber_field", "appointment"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware", "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
    "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                           "django.contrib.messages.context_processors.messages"]}}]
STATIC_URL, USE_TZ, TIME_ZONE, LANGUAGE_CODE = "/static/", True, "UTC", "en"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
APPOINTMENT_WEBSITE_NAME = "Peer"
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"level": "ERROR"}}
"""

WEB = """
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [path("healthz", lambda request: HttpResponse("ok")), path("appointment/", include("appointment.urls"))]
"""

# One service of half an hour, members of staff who work all week, and clients who are signed in.
FILL = """
import datetime as dt, json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "peer_site"
import django
django.setup()
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
call_command("makemigrations", "appointment", verbosity=0)  # its releases carry no migrations
call_command("migrate", verbosity=0)
from appointment.models import Service, StaffMember, WorkingHours
staff, clients = map(int, sys.argv[1:])
service = Service.objects.create(name="Ironing", duration=dt.timedelta(minutes=30), price=15)
members, sessions = [], []
for number in range(staff):
    user = get_user_model().objects.create_user(f"staff{number}", f"staff{number}@example.fr")
    member = StaffMember.objects.create(user=user)
    member.services_offered.add(service)
    for day in range(7):
        WorkingHours.objects.create(staff_member=member, day_of_week=day, start_time=dt.time(9), end_time=dt.time(18))
    members.append(member.pk)
for number in range(clients):
    user = get_user_model().objects.create_user(f"client{number}", f"client{number}@example.fr")
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    sessions.append(session.session_key)
print(json.dumps({"service": service.pk, "members": members, "sessions": sessions}))
"""

# Bookings of each slot, of a member of staff, that were sold.
SOLD = """
SELECT count(*) FROM appointment_appointment a JOIN appointment_appointmentrequest r ON r.id = a.appointment_request_id
GROUP BY r.staff_member_id, r.date, r.start_time
"""


class Unreachable(Exception):
    """The Python index does not answer, or has no release that fits."""


@dataclass(frozen=True)
class Peer:
    """The other system, installed and filled."""

    version: str
    service: int
    members: list[int]
    sessions: list[str]
    url: str = field(repr=False)

    def sold(self) -> list[int]:
        """How many bookings each slot has."""
        with psycopg.connect(self.url) as line:
            return [count for (count,) in line.execute(SOLD)]

    @contextmanager
    def server(self) -> Iterator[Server]:
        """It runs, as ours does."""
        env = {**_environment(self.url), "DJANGO_SETTINGS_MODULE": "peer_site"}
        with serving(_program("granian"), "peer_web:application", env=env, folder=HOME) as started:
            yield started


def install(*, staff: int, clients: int) -> Peer:
    """Fetch the newest release, make its project and database, fill it. Raises ``Unreachable``."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    uv = ROOT / ".uv" / "bin" / "uv"
    same = [f"{name}=={importlib.metadata.version(name)}" for name in ("granian", "psycopg", "psycopg-binary")]
    for command in (
        [str(uv), "venv", "--quiet", "--python", sys.executable, str(HOME / "venv")],
        [str(uv), "pip", "install", "--quiet", "--python", str(_program("python")), "--upgrade", PACKAGE, *same],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise Unreachable(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no reason given")
    (HOME / "peer_site.py").write_text(SITE)
    (HOME / "peer_web.py").write_text(WEB)
    (HOME / "fill.py").write_text(FILL)
    url = _own_database()
    filled = subprocess.run(
        [str(_program("python")), "fill.py", str(staff), str(clients)],
        cwd=HOME,
        env=_environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert filled.returncode == 0, filled.stderr[-3000:]
    facts = json.loads(filled.stdout.splitlines()[-1])
    return Peer(_version(), facts["service"], facts["members"], facts["sessions"], url)


def _program(name: str) -> Path:
    return HOME / "venv" / "bin" / name


def _environment(url: str) -> dict[str, str]:
    """Nothing of ours reaches it but the path of programs."""
    return {"PATH": os.environ["PATH"], "PEER_DATABASE_URL": url, "LANG": "C.UTF-8"}


def _version() -> str:
    found = importlib.metadata.distributions(path=[str(next(HOME.glob("venv/lib/python*/site-packages")))])
    return next(one.version for one in found if one.metadata["Name"].lower() == PACKAGE)


def _own_database() -> str:
    """An empty database beside ours, on the same server."""
    server = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as line:
        line.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        line.execute(f"CREATE DATABASE {DATABASE}")
    return urlunsplit(server._replace(path=f"/{DATABASE}"))
