"""docker-compose.yml, the image and the proxy say the same as the code. They can't be run here, so they are read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
READ_BY_SETTINGS = re.compile(r"\benv(?:\.\w+)?\(\s*\"(\w+)\"(?P<rest>[^\n]*)")
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
APPLICATION = ("web", "worker", "caller", "sweeper", "beat", "migrate")
# The folder is where a machine of a developer keeps its SMS.
NOT_FOR_PRODUCTION = {"DEBUG", "SMS_DIR"}
READ_BY_LIBRARIES = {"PROMETHEUS_MULTIPROC_DIR"}


@cache
def compose() -> dict[str, Any]:
    """The file, with its anchors resolved."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def service(name: str) -> dict[str, Any]:
    """One service."""
    found: dict[str, Any] = compose()["services"][name]
    return found


def read_by_settings() -> dict[str, bool]:
    """Names that the production settings read: whether they must be given."""
    text = "".join((ROOT / f"concierge/settings/{name}.py").read_text() for name in ("base", "prod"))
    found: dict[str, bool] = {}
    for match in READ_BY_SETTINGS.finditer(text):
        found[match[1]] = found.get(match[1], False) or "default=" not in match["rest"]
    return found


def words(name: str) -> str:
    """The command of a service, in one line."""
    command = service(name)["command"]
    return command if isinstance(command, str) else " ".join(command)


def test_services_are_the_production_shape() -> None:
    assert set(compose()["services"]) == {
        *("proxy", "web", "worker", "caller", "sweeper", "beat", "migrate", "postgres", "valkey")
    }
    assert service("web")["deploy"]["replicas"] >= 2
    assert service("worker")["deploy"]["replicas"] >= 2
    assert "deploy" not in service("beat")  # exactly one
    assert service("migrate")["restart"] == "no"
    for name in set(compose()["services"]) - {"migrate"}:
        assert service(name)["restart"] == "unless-stopped", name


def test_programs_start_after_the_migrations_and_the_servers() -> None:
    for name in ("web", "worker", "caller", "sweeper", "beat"):
        needs = {key: value["condition"] for key, value in service(name)["depends_on"].items()}
        assert needs == {
            "migrate": "service_completed_successfully",
            "postgres": "service_healthy",
            "valkey": "service_healthy",
        }
    assert "migrate" not in service("migrate")["depends_on"]
    assert service("proxy")["depends_on"] == {"web": {"condition": "service_healthy"}}


def test_every_lasting_service_has_a_health_check() -> None:
    for name in set(compose()["services"]) - {"migrate"}:
        assert service(name)["healthcheck"]["test"], name
    urls = (ROOT / "concierge/urls.py").read_text()
    for path, asked in (("readyz", service("web")), ("healthz", service("proxy"))):
        assert f'path("{path}"' in urls
        assert path in " ".join(asked["healthcheck"]["test"])
    assert "handle /healthz" in (ROOT / "deploy/Caddyfile").read_text()


def test_only_the_proxy_is_reachable() -> None:
    assert [name for name, one in compose()["services"].items() if "ports" in one] == ["proxy"]
    assert compose()["networks"]["data"] == {"internal": True}
    for name in ("postgres", "valkey"):
        assert service(name)["networks"] == ["data"]
    assert service("proxy")["networks"] == ["outside"]


def test_application_gets_every_variable_it_reads_and_no_other() -> None:
    known = read_by_settings()
    assert len(known) > 10
    required = {name for name, must in known.items() if must}
    for name in APPLICATION:
        given = set(service(name)["environment"]) - {"DJANGO_SETTINGS_MODULE"} - READ_BY_LIBRARIES
        assert given <= set(known), name
        assert required <= given, name
        assert set(known) - given <= NOT_FOR_PRODUCTION, name
    module = service("web")["environment"]["DJANGO_SETTINGS_MODULE"]
    assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists()


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name, kind, value in VARIABLE.findall(text):
        if re.search(r"PASSWORD|SECRET|TOKEN|KEY|URL|DSN", name):
            assert kind == "?" or (kind == "-" and value == ""), name
    for name, one in compose()["services"].items():
        for variable, value in one.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|TOKEN", variable):
                assert VARIABLE.fullmatch(value), f"{name}: {variable}"


def test_example_names_what_compose_asks_for_and_gives_no_value() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = [line for line in lines if line and not line.startswith("#")]
    assert all(line.endswith("=") for line in named)
    asked = {name for name, _, _ in VARIABLE.findall((ROOT / "docker-compose.yml").read_text())}
    assert sorted(line[:-1] for line in named) == sorted(asked)


def test_passwords_of_the_database_go_only_where_they_are_needed() -> None:
    for secret, allowed in (
        ("POSTGRES_PASSWORD", {"postgres"}),
        ("DATABASE_OWNER_PASSWORD", {"postgres", "migrate"}),
        ("DATABASE_APP_PASSWORD", {"postgres", "web", "worker", "caller", "sweeper", "beat"}),
    ):
        users = {name for name, one in compose()["services"].items() if secret in str(one.get("environment", {}))}
        assert users == allowed, secret
    roles = (ROOT / "deploy/postgres.sql").read_text()
    for name in ("DATABASE_OWNER_PASSWORD", "DATABASE_APP_PASSWORD"):
        assert name in service("postgres")["environment"]
        assert f"\\getenv {name.split('_')[1].lower()}_password {name}" in roles
    for name, role in (("web", "concierge_app"), ("migrate", "concierge_owner")):
        assert service(name)["environment"]["DATABASE_URL"].startswith(f"postgresql://{role}:")
        assert f"ALTER ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS" in roles


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("web", ["granian"]),
        ("worker", ["celery", "worker"]),
        ("caller", ["celery", "worker"]),
        ("beat", ["celery", "beat"]),
    ],
)
def test_options_of_the_programs_exist(name: str, program: list[str]) -> None:
    command = words(name)
    command = command[command.index(program[0]) :]
    environment = {**os.environ, "PATH": f"{BIN}:/usr/bin:/bin"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    asked = subprocess.run([*program, "--help"], env=environment, cwd="/", capture_output=True, text=True, check=True)
    options = re.findall(r"(?<= )--[a-z0-9-]+", command)
    assert options
    for option in options:
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", asked.stdout), option


def test_commands_name_what_exists() -> None:
    assert "concierge.wsgi:application" in words("web")
    assert "application = " in (ROOT / "concierge/wsgi.py").read_text()
    assert "check --deploy" in words("web")
    assert words("migrate").startswith("python manage.py migrate")
    for name in ("worker", "caller", "beat"):
        assert words(name).startswith("celery -A concierge ")
    assert 'Celery("concierge")' in (ROOT / "concierge/celery.py").read_text()
    longest = re.search(r"CELERY_TASK_TIME_LIMIT = (\d+)", (ROOT / "concierge/settings/base.py").read_text())
    assert longest is not None
    for name in ("worker", "caller"):
        assert int(service(name)["stop_grace_period"].removesuffix("s")) > int(longest[1])


@pytest.mark.promise("R20")
def test_systems_of_others_are_called_by_a_worker_that_does_nothing_else() -> None:
    assert settings.CELERY_TASK_ROUTES == {"notifications.deliver_webhooks": {"queue": "webhooks"}}
    assert ("--queues webhooks " in words("caller"), "--queues" in words("worker")) == (True, False)
    assert '"--queues", "celery,webhooks"' in (ROOT / "scripts/devstack.py").read_text()


@pytest.mark.promise("S03")
def test_metrics_of_all_processes_are_told_inside_only() -> None:
    folder = service("web")["environment"]["PROMETHEUS_MULTIPROC_DIR"]
    assert folder.startswith(service("web")["tmpfs"][0].partition(":")[0])
    # Emptied before the first process of this life imports anything: a restart begins at nought.
    before, _serving, _after = words("web").partition("python manage.py check")
    assert 'rm -rf "$$PROMETHEUS_MULTIPROC_DIR" && mkdir "$$PROMETHEUS_MULTIPROC_DIR"' in before
    for name in set(APPLICATION) - {"web"}:
        assert "PROMETHEUS_MULTIPROC_DIR" not in service(name)["environment"], "nobody asks them"
    assert "ports" not in service("web")
    assert "METRICS_TOKEN" in service("web")["environment"]


def test_application_needs_no_rights_and_no_disk() -> None:
    for name in APPLICATION:
        one = service(name)
        assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"]), name
        assert "no-new-privileges:true" in one["security_opt"]
        assert "volumes" not in one
    assert re.search(r"^USER \d+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_image_is_made_from_the_lock_files() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert text.count("--require-hashes") == 2
    assert "npm ci --ignore-scripts" in text
    for source in ("requirements/uv.txt", "requirements/prod.txt", "frontend/package-lock.json", "templates"):
        assert source in text
        assert (ROOT / source).exists()
    outside = (ROOT / ".dockerignore").read_text().splitlines()
    assert outside[0] == "*"  # nothing enters the image unless it is named
    named = [line[1:] for line in outside if line.startswith("!")]
    for name in named:
        assert (ROOT / name).exists(), name
    installed = re.search(r"INSTALLED_APPS = \[(.*?)\]", (ROOT / "concierge/settings/base.py").read_text(), re.DOTALL)
    assert installed is not None
    own = {name for name in re.findall(r'"(\w+)"', installed[1]) if (ROOT / name / "__init__.py").exists()}
    assert own <= set(named)
    assert "deploy" in named  # the health check of the web server


def test_every_variable_that_builds_the_image_is_required_by_the_settings() -> None:
    line = next(one for one in (ROOT / "Dockerfile").read_text().splitlines() if "SECRET_KEY=build" in one)
    given = set(re.findall(r"([A-Z_]+)=", line))
    assert given == {name for name, must in read_by_settings().items() if must}


def test_proxy_hides_what_is_not_public_and_limits_the_rest() -> None:
    text = (ROOT / "deploy/Caddyfile").read_text()
    private = re.search(r"@private path (.*)", text)
    assert private is not None
    assert {"/metrics", "/readyz"} <= set(private[1].split())
    assert "respond @private 404" in text
    for limit in ("read_header", "read_body", "max_header_size", "max_size", "request_buffers"):
        assert limit in text
    assert "request_body @catalogue {\n\t\tmax_size 6MB" in text  # the catalogue's file may have 5 MB
    port = re.search(r"--port (\d+)", words("web"))
    assert port is not None
    assert f"name web\n\t\t\tport {port[1]}" in text
    for name in re.findall(r"\{\$(\w+)\}", text):
        assert name in service("proxy")["environment"], name


def test_local_system_exports_what_the_settings_require() -> None:
    text = (ROOT / "scripts/devstack.py").read_text()
    required = {name for name, must in read_by_settings().items() if must} - {"ALLOWED_HOSTS"}  # prod.py alone
    for name in required:
        assert f'"{name}"' in text, name


@pytest.mark.promise("S39")
def test_logs_of_the_servers_hold_no_addresses_and_no_rows() -> None:
    proxy = (ROOT / "deploy/Caddyfile").read_text()
    for field in ("uri", "headers", "remote_ip", "client_ip"):
        assert f"request>{field} delete" in proxy
    database = (ROOT / "deploy/postgres.sql").read_text()
    for role in ("concierge_app", "concierge_owner"):
        assert f"ALTER ROLE {role} SET log_error_verbosity = terse;" in database
        assert f"ALTER ROLE {role} SET log_min_error_statement = panic;" in database
