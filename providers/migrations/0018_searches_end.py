"""Every search ends within sixty days, those under way too; rules of asking that could last longer ask less often."""

import datetime
from decimal import Decimal

import django.db.models.expressions
import django.db.models.functions.comparison
from django.db import migrations, models

TABLES = ("providers_offerround", "providers_offerpolicy", "concierge_deadline")


def end_what_is_under_way(apps, schema_editor):
    """Old searches ended within sixty days or end then; of those under way a row waits for it."""
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    # Row-level security is forced on the owner of the tables too, who sees no row without a tenant.
    for table in TABLES:
        schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    schema_editor.execute("UPDATE providers_offerround SET ends_at = started_at + interval '60 days'")
    schema_editor.execute("""
        INSERT INTO concierge_deadline (organisation_id, kind, subject_id, due_at, attempts, last_error)
        SELECT organisation_id, 'offer_round.stop', id, ends_at, 0, '' FROM providers_offerround WHERE status = 'open'
    """)
    schema_editor.execute("""
        UPDATE providers_offerpolicy SET max_waves = floor(378 / answer_hours) WHERE max_waves * answer_hours > 378
    """)
    for table in TABLES:
        schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [("concierge", "0012_overseas"), ("providers", "0017_rules_of_asking")]

    operations = [
        migrations.RunPython(end_what_is_under_way, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="offerround",
            name="ends_at",
            field=models.DateTimeField(verbose_name="stops at the latest at"),
        ),
        migrations.AddConstraint(
            model_name="offerpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "answer_hours__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.Value(Decimal(378)),
                            "-",
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("max_waves"), "-", models.Value(1)
                                ),
                                "*",
                                django.db.models.functions.comparison.Least(
                                    django.db.models.functions.comparison.Coalesce(
                                        models.F("gap_hours"), models.F("answer_hours")
                                    ),
                                    models.F("answer_hours"),
                                ),
                            ),
                        ),
                    )
                ),
                name="offer_policy_ends_within_sixty_days",
                violation_error_code="max_waves",
                violation_error_message="Asked like that, a search could last longer than sixty days.",
            ),
        ),
        migrations.AddConstraint(
            model_name="offerround",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at__gt", models.F("started_at")),
                    (
                        "ends_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("started_at"), "+", models.Value(datetime.timedelta(days=60))
                        ),
                    ),
                ),
                name="offer_round_ends_within_sixty_days",
                violation_error_message="A search for a provider lasts sixty days at most.",
            ),
        ),
    ]
