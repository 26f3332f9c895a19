"""Which files decide whether the migrated database of an earlier run may be copied."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.database import PREFIX, nearest, sources


def test_a_change_of_what_migrations_import_makes_another_database() -> None:
    base = Path(settings.BASE_DIR)
    migrations, imported = set(base.glob("*/migrations/*.py")), set()
    for path in migrations:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            imported |= {(base / name.replace(".", "/")).with_suffix(".py") for name in names}
    ours = {path for path in imported if path.exists()}
    assert base / "concierge/editions.py" in ours
    assert set(sources(base)) == migrations | ours | {base / "requirements/dev.txt"}


def test_the_copied_database_has_every_migration(db: None) -> None:
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


def test_added_migrations_start_from_the_largest_set_before_them(tmp_path: Path) -> None:
    sets = {
        "small": {"a/migrations/0001.py": "1"},
        "large": {"a/migrations/0001.py": "1", "a/migrations/0002.py": "2"},
        "other": {"a/migrations/0001.py": "1", "a/migrations/0002.py": "edited", "b/migrations/0001.py": "1"},
        "without_its_dump": {"a/migrations/0001.py": "1", "a/migrations/0002.py": "2", "b/migrations/0001.py": "1"},
    }
    for name, known in sets.items():
        (tmp_path / f"{PREFIX}{name}.json").write_text(json.dumps(known))
        if name != "without_its_dump":
            (tmp_path / f"{PREFIX}{name}.sql").touch()
    wanted = {**sets["without_its_dump"], "b/migrations/0002.py": "2"}
    assert nearest(tmp_path, wanted) == tmp_path / f"{PREFIX}large.sql"
    assert nearest(tmp_path, {"a/migrations/0001.py": "edited"}) is None
