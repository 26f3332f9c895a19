"""Which organisation this request, task or command works for, and who acts.

Two walls: reads go through ``visible_to(actor)``; below it PostgreSQL row-level security hides every row whose
``organisation_id`` is not the current tenant (``app.organisation``). Nothing set means nothing visible.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django.db.migrations.operations import RunSQL
from django.db.migrations.operations.base import Operation
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from concierge.models import ApiClient, Organisation, User

_current_id: ContextVar[int | None] = ContextVar("organisation_id", default=None)

# Tables with an organisation column that are read before the organisation is known. Each with its reason.
EXEMPT = {
    "concierge_domain": "read to find out which organisation a host name belongs to",
}


def current_id() -> int | None:
    """Primary key of the organisation being worked for, or ``None``."""
    return _current_id.get()


@contextmanager
def working_for(organisation: Organisation | int | None) -> Iterator[None]:
    """Work for one organisation; inside an open transaction this takes effect at once and is undone at the end."""
    previous = _current_id.get()
    switch_to(organisation)
    try:
        yield
    finally:
        # After an error PostgreSQL refuses every statement until the rollback, which undoes the setting by itself.
        broken = connection.connection is None or (
            connection.in_atomic_block and connection.connection.info.transaction_status != TransactionStatus.INTRANS
        )
        if broken or connection.needs_rollback:
            _current_id.set(previous)
        else:
            switch_to(previous)


def switch_to(organisation: Organisation | int | None) -> None:
    """Change the tenant for the rest of the surrounding ``working_for`` block; inside a transaction at once."""
    from concierge.postgres.base import set_tenant

    wanted = organisation.pk if isinstance(organisation, models.Model) else organisation
    changed = wanted != _current_id.get()
    _current_id.set(wanted)
    if changed and connection.in_atomic_block:
        set_tenant(connection, wanted)


@dataclass(frozen=True)
class Actor:
    """Who acts, for perms, events and ``visible_to``.

    ``kind`` is one of user, api, link, client, system. ``roles`` maps a role to the ids of the sites where it is held
    (empty frozenset: every site of the organisation). ``provider_id``, ``client_id``, ``trainee_id`` and
    ``prescriber_id`` are primary keys of what the actor is, when it is one.
    """

    kind: str
    organisation: Organisation
    label: str = ""
    user: User | None = None
    api_client: ApiClient | None = None
    roles: dict[str, frozenset[int]] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
    provider_id: int | None = None
    client_id: int | None = None
    trainee_id: int | None = None
    prescriber_id: int | None = None
    channel: str = "web"

    def by_way_of(self, channel: str) -> Actor:
        """The same actor, who says what somebody else asked at the desk or on the phone."""
        return replace(self, channel=str(channel))

    def has_role(self, *roles: str, site_id: int | None = None) -> bool:
        """Whether one of the roles is held, at that site when one is given."""
        for role in roles:
            if role in self.roles and (site_id is None or not self.roles[role] or site_id in self.roles[role]):
                return True
        return False

    def site_ids(self, *roles: str) -> frozenset[int] | None:
        """Sites where one of the roles is held; ``None`` means every site of the organisation."""
        found: set[int] = set()
        for role in roles:
            if role in self.roles:
                if not self.roles[role]:
                    return None
                found |= self.roles[role]
        return frozenset(found)

    def has_scope(self, scope: str) -> bool:
        """Whether an API key carries the scope."""
        return scope in self.scopes

    @property
    def is_staff(self) -> bool:
        """Whether any staff role is held."""
        from concierge.enums import STAFF_ROLES

        return any(role in self.roles for role in STAFF_ROLES)

    @property
    def reference(self) -> str:
        """Stable text for the audit trail: ``user:<uuid>``, ``api:<prefix>``, ``provider:12`` ..."""
        if self.user is not None:
            return f"user:{self.user.public_id}"
        if self.api_client is not None:
            return f"api:{self.api_client.prefix}"
        if self.provider_id is not None:
            return f"provider:{self.provider_id}"
        if self.client_id is not None:
            return f"client:{self.client_id}"
        return self.kind


def system_actor(organisation: Organisation, label: str = "system") -> Actor:
    """The machine itself: tasks, sweeps, handlers."""
    return Actor(kind="system", organisation=organisation, label=label, channel="system")


class ProtectTenant(Operation):
    """Migration operation: row-level security and (organisation, id) foreign keys for the named models.

    For each model: ``UNIQUE (organisation_id, id)``, a forced policy on ``app.organisation``, and for every foreign key
    to another tenant-owned table a composite ``FOREIGN KEY (organisation_id, x_id)``, so that a reference across
    organisations cannot even be stored (trust.md DR5, I11). Name a model again to protect foreign keys added later.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, *model_names: str) -> None:
        self.model_names = model_names

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__qualname__, list(self.model_names), {}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing that the ORM knows of changes."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        # Composite keys of a whole migration come last, so that both tables already have their unique pair.
        schema_editor.deferred_sql[:] = list(schema_editor.deferred_sql)
        found = [to_state.apps.get_model(app_label, name) for name in self.model_names]
        for model in found:
            for statement in _policy_sql(model._meta.db_table):
                schema_editor.execute(statement)
        for model in found:
            for statement in _composite_sql(model):
                schema_editor.execute(statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for name in self.model_names:
            table = to_state.apps.get_model(app_label, name)._meta.db_table
            schema_editor.execute(f'DROP POLICY IF EXISTS tenant ON "{table}"')
            schema_editor.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')

    def describe(self) -> str:
        return f"Protect {', '.join(self.model_names)} by row-level security"


def allow_delete(*tables: str) -> RunSQL:
    """Migration operation: the runtime role may delete rows of these tables. It may nowhere else: what happened, who
    was asked and what was told stays (S49, P04). Needs ``concierge.0002_guards``, which gives every other right."""
    names = ", ".join(f'"{table}"' for table in tables)
    return RunSQL(
        f"""DO $$ BEGIN
            IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'concierge_app') THEN
                GRANT DELETE ON {names} TO concierge_app;
            END IF; END $$""",  # noqa: S608 - table names come from migrations
        RunSQL.noop,
    )


def _policy_sql(table: str) -> list[str]:
    unique = f"{table[:50]}_org_id_uniq"
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'DROP POLICY IF EXISTS tenant ON "{table}"',
        f'CREATE POLICY tenant ON "{table}" USING (organisation_id = app_organisation()) '
        f"WITH CHECK (organisation_id = app_organisation())",
        f"""DO $$ BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{unique}') THEN
                ALTER TABLE "{table}" ADD CONSTRAINT "{unique}" UNIQUE (organisation_id, id);
            END IF; END $$""",  # noqa: S608 - table names come from models
    ]


def _composite_sql(model: type[models.Model]) -> Iterator[str]:
    table = model._meta.db_table
    for column in model._meta.local_fields:
        if not isinstance(column, models.ForeignKey) or column.name == "organisation":
            continue
        target = column.related_model
        if not any(f.name == "organisation" for f in target._meta.local_fields) or target._meta.db_table in EXEMPT:
            continue
        name = f"{table[:28]}_{column.column[:24]}_org_fk"
        yield f"""DO $$ BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{name}'
                           AND conrelid = '"{table}"'::regclass) THEN
                ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (organisation_id, "{column.column}")
                REFERENCES "{target._meta.db_table}" (organisation_id, id) DEFERRABLE INITIALLY DEFERRED;
            END IF; END $$"""  # noqa: S608 - table names come from models
