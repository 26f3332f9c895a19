"""Which files decide whether the migrated database of an earlier run may be copied."""

from __future__ import annotations

import ast
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.database import sources


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
