"""Row-level security of the kernel's tables, what the runtime role may do, and functions that every app relies on."""

from django.db import migrations

from concierge.editions import CountEditions
from concierge.tenancy import ProtectTenant, allow_delete

# The tenant of the transaction, or NULL: then no row is visible and none can be written.
TENANT = """
CREATE OR REPLACE FUNCTION app_organisation() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.organisation', true), '')::bigint $$;
"""

# The runtime role may read and write rows, owns nothing, deletes rows of a few tables only (``allow_delete``) and may
# not truncate (R29, S49). What happened is written once: it changes only how an event is handed on, and no list of
# migrations.
GRANTS = """
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'concierge_app') THEN
        GRANT USAGE ON SCHEMA public TO concierge_app;
        GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO concierge_app;
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO concierge_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE ON TABLES TO concierge_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO concierge_app;
        REVOKE UPDATE ON concierge_event FROM concierge_app;
        GRANT UPDATE (dispatch, attempts, next_at, dispatched_at, last_error) ON concierge_event TO concierge_app;
        REVOKE INSERT, UPDATE ON django_migrations FROM concierge_app;
    END IF;
END $$;
"""

# The edition of each organisation's catalogue (concierge/editions.py). Without a tenant (an administrator at psql),
# every organisation that the writer can see gets a new one.
EDITION = """
CREATE OR REPLACE FUNCTION concierge_new_edition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF app_organisation() IS NULL THEN
        UPDATE concierge_edition SET number = gen_random_uuid();
    ELSE
        INSERT INTO concierge_edition (organisation_id, number) VALUES (app_organisation(), gen_random_uuid())
        ON CONFLICT (organisation_id) DO UPDATE SET number = excluded.number;
    END IF;
    RETURN NULL;
END $$;
"""

# The one way in which a whole organisation goes: a sandbox, and nothing else (ADR 21).
DROP_SANDBOX = """
CREATE FUNCTION concierge_drop_sandbox(target bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    tenant text := coalesce(current_setting('app.organisation', true), '');
    owned regclass;
BEGIN
    PERFORM 1 FROM concierge_organisation WHERE id = target AND sandbox_of_id IS NOT NULL FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'organisation % is no sandbox', target
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'only_sandboxes_are_dropped';
    END IF;
    PERFORM set_config('app.organisation', target::text, true);
    FOR owned IN
        SELECT c.oid::regclass FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
            AND a.attname = 'organisation_id' AND NOT a.attisdropped
        ORDER BY c.relname
    LOOP
        EXECUTE format('DELETE FROM %s WHERE organisation_id = $1', owned) USING target;
    END LOOP;
    DELETE FROM concierge_organisation WHERE id = target;
    -- Last: whoever deletes what booking reads begins a new edition of it.
    DELETE FROM concierge_edition WHERE organisation_id = target;
    PERFORM set_config('app.organisation', tenant, true);
END $$;
REVOKE EXECUTE ON FUNCTION concierge_drop_sandbox(bigint) FROM PUBLIC;
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'concierge_app') THEN
        GRANT EXECUTE ON FUNCTION concierge_drop_sandbox(bigint) TO concierge_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0001_initial"),
        ("sessions", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [
        migrations.RunSQL(TENANT, "DROP FUNCTION IF EXISTS app_organisation()"),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
        # The nightly purge (concierge/retention.py).
        allow_delete("concierge_inbox", "concierge_deadline", "concierge_idempotencyrecord", "django_session"),
        # People change: a role ends, an address is replaced, a second factor is removed.
        allow_delete("concierge_membership", "account_emailaddress", "account_emailconfirmation", "mfa_authenticator"),
        ProtectTenant(
            "Site",
            "Membership",
            "ApiClient",
            "Event",
            "Inbox",
            "Deadline",
            "IdempotencyRecord",
            "Edition",
        ),
        migrations.RunSQL(EDITION, "DROP FUNCTION IF EXISTS concierge_new_edition()"),
        CountEditions("Organisation", "Site"),
        migrations.RunSQL(DROP_SANDBOX, "DROP FUNCTION concierge_drop_sandbox(bigint)"),
    ]
