"""The edition of each organisation's catalogue, counted by PostgreSQL itself (concierge/editions.py)."""

import django.db.models.deletion
from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from concierge.editions import CountEditions
from concierge.tenancy import ProtectTenant

# Without a tenant (an administrator at psql), every organisation that the writer can see gets a new edition.
FUNCTION = """
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

# Organisations that are there already begin with one.
FIRST = """
DO $$ DECLARE tenant bigint; BEGIN
    FOR tenant IN SELECT id FROM concierge_organisation LOOP
        PERFORM set_config('app.organisation', tenant::text, true);
        INSERT INTO concierge_edition (organisation_id, number) VALUES (tenant, gen_random_uuid());
    END LOOP;
    PERFORM set_config('app.organisation', '', true);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("concierge", "0008_sap_declared")]

    operations = [
        migrations.CreateModel(
            name="Edition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.UUIDField(db_default=RandomUUID(), verbose_name="edition")),
                (
                    "organisation",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="concierge.organisation",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "edition of the catalogue",
                "verbose_name_plural": "editions of the catalogue",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("organisation",), name="edition_once_per_organisation")
                ],
            },
        ),
        ProtectTenant("Edition"),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION IF EXISTS concierge_new_edition()"),
        migrations.RunSQL(FIRST, migrations.RunSQL.noop),
        CountEditions("Organisation", "Site"),
    ]
