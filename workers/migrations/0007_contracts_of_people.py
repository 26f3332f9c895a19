"""The contract that each person had on their own row becomes a contract with an employer of their organisation."""

from django.db import migrations

TABLES = (
    "workers_trainee",
    "workers_employer",
    "workers_contractderogation",
    "workers_contract",
)

EMPLOYERS = """
    INSERT INTO workers_employer (organisation_id, public_id, name, siret, kind, measure, raises_a_year, is_active)
    SELECT id, gen_random_uuid(), name, '', kind, measure, 8, true
    FROM (
        SELECT o.id, o.name,
               CASE WHEN o.kind IN ('ei', 'aci', 'ai', 'etti') THEN o.kind ELSE 'other' END AS kind,
               CASE o.kind WHEN 'ei' THEN 'EI_DC' WHEN 'aci' THEN 'ACI_DC' WHEN 'ai' THEN 'AI_DC'
                           WHEN 'etti' THEN 'ETTI_DC' ELSE '' END AS measure
        FROM concierge_organisation o
        WHERE EXISTS (SELECT 1 FROM workers_trainee t WHERE t.organisation_id = o.id)
    ) AS bodies
"""

# The reference alone was kept, without its days: it counts for the contract it was written on.
DEROGATIONS = """
    INSERT INTO workers_contractderogation
        (organisation_id, public_id, trainee_id, employer_id, kind, reference, starts_on, ends_on)
    SELECT t.organisation_id, gen_random_uuid(), t.id, e.id, 'earlier', t.hours_derogation, t.contract_from,
           coalesce(t.contract_to, (t.contract_from + interval '12 months' - interval '1 day')::date)
    FROM workers_trainee t JOIN workers_employer e ON e.organisation_id = t.organisation_id
    WHERE t.hours_derogation <> ''
"""

CONTRACTS = """
    INSERT INTO workers_contract
        (organisation_id, public_id, trainee_id, employer_id, kind, starts_on, ends_on, weekly_minutes, rome_code,
         is_short_allowed, floor_derogation_id, end_reason)
    SELECT t.organisation_id, gen_random_uuid(), t.id, e.id,
           CASE WHEN t.contract_to IS NULL THEN 'ordinary'
                WHEN e.kind IN ('ei', 'aci', 'ai') THEN 'cddi'
                WHEN e.kind = 'etti' THEN 'mission' ELSE 'ordinary' END,
           t.contract_from, t.contract_to, t.weekly_minutes, '',
           t.contract_to IS NOT NULL
               AND t.contract_to < (t.contract_from + interval '4 months' - interval '1 day')::date,
           d.id, ''
    FROM workers_trainee t
    JOIN workers_employer e ON e.organisation_id = t.organisation_id
    LEFT JOIN workers_contractderogation d ON d.trainee_id = t.id
"""


def write_contracts(apps, schema_editor):
    """One employer per organisation that has people, one contract per person."""
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    # Row-level security is forced on the owner of the tables too, who sees no row without a tenant.
    for table in TABLES:
        schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for statement in (EMPLOYERS, DEROGATIONS, CONTRACTS):
        schema_editor.execute(statement)
    for table in TABLES:
        schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [("workers", "0006_contracts")]

    operations = [
        migrations.RunPython(write_contracts, migrations.RunPython.noop),
        migrations.RemoveConstraint(
            model_name="trainee",
            name="trainee_contract_of_20_hours_or_derogation",
        ),
        migrations.RemoveConstraint(
            model_name="trainee",
            name="trainee_contract_within_48_hours",
        ),
        migrations.RemoveConstraint(
            model_name="trainee",
            name="trainee_contract_end_not_before_start",
        ),
        migrations.RemoveField(
            model_name="trainee",
            name="contract_from",
        ),
        migrations.RemoveField(
            model_name="trainee",
            name="contract_to",
        ),
        migrations.RemoveField(
            model_name="trainee",
            name="hours_derogation",
        ),
        migrations.RemoveField(
            model_name="trainee",
            name="weekly_minutes",
        ),
    ]
