"""Organisations that are only played with, and the one way in which a whole organisation goes (ADR 21)."""

import django.db.models.deletion
from django.db import migrations, models

# The runtime role may delete hardly anything: this function does it for one sandbox, and for nothing else.
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
    dependencies = [("concierge", "0012_overseas")]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="sandbox_of",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sandboxes",
                to="concierge.organisation",
                verbose_name="sandbox of",
            ),
        ),
        migrations.AddField(
            model_name="organisation",
            name="sandbox_provider_id",
            field=models.BigIntegerField(
                blank=True, editable=False, null=True, unique=True, verbose_name="sandbox for the provider"
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("sandbox_of__isnull", True), ("sandbox_provider_id__isnull", True))
                | models.Q(("sandbox_of__isnull", False), ("sandbox_provider_id__isnull", False)),
                name="organisation_sandbox_is_for_a_provider",
            ),
        ),
        migrations.RunSQL(DROP_SANDBOX, "DROP FUNCTION concierge_drop_sandbox(bigint)"),
    ]
