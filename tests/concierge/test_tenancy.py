"""Two walls between organisations: row-level security and composite keys (DR5, S01, S02, S49)."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, models, transaction
from psycopg.pq import TransactionStatus

from bookings.models import Client, ClientAccount, ClientMembership, Service
from concierge import events, tenancy
from concierge.models import Event, Site
from concierge.postgres.base import QUIET
from tests.world import World


def tenant_models() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if any(field.name == "organisation" for field in model._meta.local_fields)
        and model._meta.db_table not in tenancy.EXEMPT
    ]


@pytest.mark.promise("S49")
@pytest.mark.django_db
def test_every_tenant_table_has_a_forced_policy() -> None:
    """One policy each, for every command and everybody, on what is read and on what is written: a second one would
    open the table, for policies add up."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, p.polname, p.polcmd::text, p.polroles = '{0}', "
            "pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid) "
            "FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid AND c.relrowsecurity AND c.relforcerowsecurity"
        )
        guarded = sorted(cursor.fetchall())
    own = "(organisation_id = app_organisation())"
    assert guarded == sorted((model._meta.db_table, "tenant", "*", True, own, own) for model in tenant_models())


@pytest.mark.promise("I11")
@pytest.mark.django_db
def test_every_reference_between_tenant_tables_is_composite() -> None:
    """A foreign key to a tenant table names the organisation too, column by column."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, array_agg(attname::text ORDER BY attname), confrelid::regclass::text "
            "FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey) "
            "WHERE contype = 'f' AND array_length(conkey, 1) = 2 GROUP BY pg_constraint.oid"
        )
        composite = {(table, *columns, target) for table, columns, target in cursor.fetchall()}
    references = [
        (model._meta.db_table, *sorted([field.column, "organisation_id"]), field.related_model._meta.db_table)
        for model in tenant_models()
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and field.related_model in tenant_models()
    ]
    assert len(references) > 50
    assert [reference for reference in references if reference not in composite] == []


@pytest.mark.promise("S49")
def test_raw_select_without_tenant_returns_nothing(world: World, other_world: World) -> None:
    with tenancy.working_for(None), connection.cursor() as cursor:
        for model in tenant_models():
            cursor.execute(f'SELECT count(*) FROM "{model._meta.db_table}"')
            assert cursor.fetchone()[0] == 0, model


@pytest.mark.promise("S01")
def test_a_forgotten_filter_shows_only_the_own_organisation(world: World, other_world: World) -> None:
    assert {service.organisation_id for service in Service.objects.all()} == {world.organisation.pk}
    with tenancy.working_for(other_world.organisation):
        assert {service.organisation_id for service in Service.objects.all()} == {other_world.organisation.pk}


@pytest.mark.promise("S02")
def test_a_reference_across_organisations_cannot_be_stored(world: World, other_world: World) -> None:
    with tenancy.working_for(other_world.organisation):
        account = ClientAccount.objects.create(organisation=other_world.organisation, name="Autre")
    with pytest.raises(IntegrityError), transaction.atomic():
        ClientMembership.objects.create(organisation=world.organisation, client=world.client, account=account)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.promise("S49")
def test_the_runtime_role_owns_nothing_and_cannot_bypass(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper OR rolbypassrls, "
            "(SELECT count(*) FROM pg_class WHERE relowner = r.oid) FROM pg_roles r WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("concierge_app", False, 0)


@pytest.mark.promise("DR5")
@pytest.mark.django_db(transaction=True)
def test_the_tenant_never_outlives_its_transaction() -> None:
    """What a transaction-pooling proxy hands to the next client carries no organisation."""
    from tests.world import build_world

    world = build_world()
    with tenancy.working_for(world.organisation):
        assert Site.objects.count() == 1
        with transaction.atomic():
            assert Client.objects.count() == 1
    raw = connection.connection
    assert raw.execute("SELECT current_setting('app.organisation', true)").fetchone()[0] in {None, ""}


@pytest.mark.promise("S49")
@pytest.mark.django_db(transaction=True)
def test_a_transaction_and_its_tenant_are_one_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be said between BEGIN and the tenant, and a rollback takes both back."""
    from tests.world import build_world

    world = build_world()
    said: list[str] = []
    execute = type(connection.connection).execute

    def note(line: Any, query: str) -> Any:
        said.append(query)
        return execute(line, query)

    monkeypatch.setattr(type(connection.connection), "execute", note)
    with tenancy.working_for(world.organisation):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Site.objects.update(name="Ailleurs")
            raise ZeroDivisionError
        assert [site.name for site in Site.objects.all()] == ["Conciergerie République"]
    assert set(said) == {f"BEGIN; SELECT set_config('app.organisation', '{world.organisation.pk}', true)"}
    assert connection.connection.info.transaction_status == TransactionStatus.IDLE


@pytest.mark.promise("DR5", "S49")
@pytest.mark.django_db(transaction=True)
def test_a_statement_outside_of_a_transaction_brings_its_tenant_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message, which is one transaction: what fails leaves neither half an effect nor the tenant behind."""
    from tests.world import build_world

    world = build_world()
    sent: list[bytes] = []
    send = psycopg.ClientCursor._execute_send

    def note(cursor: Any, query: Any, **options: Any) -> Any:
        sent.append(query.query)
        return send(cursor, query, **options)

    monkeypatch.setattr("psycopg.ClientCursor._execute_send", note)
    tenant = f"SELECT set_config('app.organisation', '{world.organisation.pk}', true); "
    with tenancy.working_for(world.organisation):
        assert list(Site.objects.filter(name__contains="100 %").order_by("pk")) == []
        assert list(Site.objects.order_by("pk").values_list("name", flat=True).iterator(chunk_size=1)) == [
            "Conciergerie République"
        ]
        assert Site.objects.filter(slug="nulle-part").update(name="Ailleurs") == 0
        assert Site.objects.update(name="Ailleurs") == 1
        assert [message.decode().startswith(tenant) for message in sent] == [True] * 4
        with pytest.raises(ProgrammingError, match="row-level security"), connection.cursor() as cursor:
            cursor.execute("UPDATE concierge_site SET name = 'Perdu', organisation_id = NULL")
        assert connection.connection.info.transaction_status == TransactionStatus.IDLE
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE concierge_site SET name = %s", [["Un"], ["Deux"]])
        assert Site.objects.get().name == "Deux"
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.organisation', true)")
        assert cursor.fetchone()[0] in {None, ""}


@pytest.mark.promise("R23")
@pytest.mark.django_db(transaction=True)
def test_a_connection_whose_server_process_ended_is_noticed_at_once() -> None:
    """Used a moment ago, so nobody would ask the server: the line itself says it."""
    connection.ensure_connection()
    assert connection.is_usable()
    pid = connection.connection.info.backend_pid
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SET ROLE NONE")
        other.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])
    assert not connection.is_usable()
    connection.close()


@pytest.mark.promise("R23")
@pytest.mark.django_db(transaction=True)
def test_a_quiet_connection_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    asked: list[int] = []

    def ask(_line: Any) -> bool:
        asked.append(1)
        return True

    monkeypatch.setattr("django.db.backends.postgresql.base.DatabaseWrapper.is_usable", ask)
    for looked_at, times in ((time.monotonic(), 0), (time.monotonic() - QUIET, 1)):
        connection.looked_at = looked_at  # type: ignore[attr-defined]  # our backend's
        assert connection.is_usable()
        assert len(asked) == times


@pytest.mark.promise("S49")
@pytest.mark.parametrize(
    "statement",
    [
        *(
            f"UPDATE concierge_event SET {column} = {column}"
            for column in ("name", "actor", "actor_label", "data", "act_at", "recorded_at", "subject_id", "request_id")
        ),
        "UPDATE django_migrations SET app = app",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('concierge', '9999_never', now())",
    ],
)
def test_the_runtime_role_cannot_rewrite_what_happened(world: World, statement: str) -> None:
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_runtime_role_hands_events_on(world: World) -> None:
    events.record("site.opened", world.site, by=world.actor())
    assert Event.objects.update(dispatch=Event.Dispatch.DONE, attempts=1) == 1
