"""A careless installation refuses to start (DR8, S44)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from celery.signals import beat_init, worker_init
from django.conf import settings
from django.db import connection
from django.test import override_settings

from concierge import checks

ROOT = Path(__file__).resolve().parents[2]
CAREFUL = {
    "DEBUG": False,
    "SECRET_KEY": "x" * 50,
    "ALLOWED_HOSTS": ["a.example"],
    "REDIS_URL": "redis://:secret@valkey:6379/1",
    "CELERY_BROKER_URL": "redis://:secret@valkey:6379/0",
    "DEMO_ALLOWED": False,
    "SMS_GATEWAY": "",
}
BY_SMS = {"SMS_GATEWAY": "http", "SMS_URL": "https://sms.example", "SMS_TOKEN": "secret", "SMS_SENDER": "+33700000000"}


def ids(**careless: Any) -> list[str]:
    with override_settings(**{**CAREFUL, **careless}):
        return [str(error.id) for error in checks.no_careless_settings(None)]


@pytest.mark.promise("DR8", "S44")
@pytest.mark.parametrize(
    ("careless", "expected"),
    [
        ({}, []),
        ({"DEBUG": True}, ["concierge.E001"]),
        ({"SECRET_KEY": "short"}, ["concierge.E002"]),
        ({"ALLOWED_HOSTS": ["*"]}, ["concierge.E003"]),
        ({"ALLOWED_HOSTS": []}, ["concierge.E003"]),
        ({"REDIS_URL": "redis://valkey:6379/1"}, ["concierge.E004"]),
        ({"REDIS_URL": "redis://default@valkey:6379/1"}, ["concierge.E004"]),
        ({"CELERY_BROKER_URL": "redis://valkey:6379/0"}, ["concierge.E005"]),
        ({"DEMO_ALLOWED": True}, ["concierge.E006"]),
        ({"GEOCODER_URL": "https://data.geopf.fr/geocodage/search"}, []),
        ({"GEOCODER_URL": "http://addok:7878/search"}, []),
        ({"GEOCODER_URL": "http://data.geopf.fr/geocodage/search"}, ["concierge.E009"]),
        ({"GEOCODER_URL": "data.geopf.fr"}, ["concierge.E009"]),
        ({"ROUTER_URL": "http://osrm-{profile}:5000"}, []),
        ({"ROUTER_URL": "https://valhalla.example", "ROUTER_KIND": "valhalla"}, []),
        ({"ROUTER_URL": "http://valhalla.example"}, ["concierge.E011"]),
        ({"ROUTER_KIND": "graphhopper"}, ["concierge.E012"]),
        ({"GEOCODER_MIN_SCORE": 0}, ["concierge.E010"]),
        ({"GEOCODER_MIN_SCORE": 60}, ["concierge.E010"]),
        ({"SMS_GATEWAY": "file"}, ["concierge.E020"]),
        (BY_SMS, []),
        ({**BY_SMS, "SMS_URL": "http://sms.example"}, ["concierge.E021"]),
        ({**BY_SMS, "SMS_TOKEN": ""}, ["concierge.E021"]),
        ({"SMS_INBOUND_KEYS": [f"sens-pratique/ovh={'x' * 24}"]}, []),
        ({"SMS_INBOUND_KEYS": ["sens-pratique/ovh=short"]}, ["concierge.E022"]),
        ({"SMS_INBOUND_KEYS": ["x" * 60]}, ["concierge.E022"]),
        ({"KEEP_DAYS": {**settings.KEEP_DAYS, "hold": 7}}, ["concierge.E007"]),
        ({"KEEP_DAYS": {**settings.KEEP_DAYS, "holds": 0}}, ["concierge.E007"]),
        ({"ENCRYPTION_KEYS": ["k" * 40, "k" * 39]}, ["concierge.E008"]),
    ],
)
def test_each_carelessness_is_named(careless: dict[str, Any], expected: list[str]) -> None:
    assert ids(**careless) == expected


@pytest.mark.django_db
def test_a_role_that_may_become_the_owner_is_refused() -> None:
    def found() -> set[str]:
        return {str(error.id) for error in checks.no_careless_database(None)} - {
            "concierge.E011",  # the throw-away server of the tests is fast, not durable
            "concierge.E012",
            "concierge.E013",
            "concierge.E014",
        }

    assert found() == set()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("CREATE ROLE careless_owner BYPASSRLS")
        cursor.execute("GRANT careless_owner TO concierge_app")
        cursor.execute("ALTER TABLE concierge_heartbeat OWNER TO careless_owner")
        cursor.execute("SET ROLE concierge_app")
        cursor.execute("SET statement_timeout = 0")
    try:
        assert found() == {"concierge.E015", "concierge.E016", "concierge.E018"}
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")


@pytest.mark.promise("R26")
@pytest.mark.django_db
def test_time_limits_belong_to_the_runtime_role_and_not_to_the_owner() -> None:
    """A page gives up after seconds; a migration takes its time, but does not make others wait for its locks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.rolname, unnest(s.setconfig) FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole"
        )
        limits = {(role, *setting.split("=")) for role, setting in cursor.fetchall() if "timeout" in setting}
    assert limits == {
        ("concierge_app", "statement_timeout", "15s"),
        ("concierge_app", "lock_timeout", "3s"),
        ("concierge_app", "idle_in_transaction_session_timeout", "30s"),
        ("concierge_owner", "statement_timeout", "0"),
        ("concierge_owner", "lock_timeout", "2s"),
    }
    # Nothing said by the application is in the way of what the roles say.
    text = "".join((ROOT / f"concierge/settings/{name}.py").read_text() for name in ("base", "dev", "prod"))
    assert "_timeout=" not in text
    with psycopg.connect(os.environ["DATABASE_APP_URL"]) as runtime:
        assert runtime.execute("SHOW statement_timeout").fetchone() == ("15s",)


@pytest.mark.parametrize("signal", [worker_init, beat_init])
def test_worker_and_beat_refuse_too(monkeypatch: pytest.MonkeyPatch, signal: Any) -> None:
    monkeypatch.setattr(checks, "no_careless_database", lambda _apps: [])
    with override_settings(**CAREFUL, REFUSE_CARELESS=True):
        signal.send(sender=None)
    with override_settings(**{**CAREFUL, "SECRET_KEY": "short"}, REFUSE_CARELESS=True), pytest.raises(SystemExit):
        signal.send(sender=None)


def test_the_web_server_refuses_however_it_is_started() -> None:
    given = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "concierge.settings.prod",
        "SECRET_KEY": "insecure",
        "ALLOWED_HOSTS": "a.example",
        "BASE_URL": "https://a.example",
    }
    ended = subprocess.run(
        [sys.executable, "-c", "import concierge.wsgi"],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "concierge.E002" in ended.stderr
