"""Supplements from a day on, to a day; on Sundays and public holidays."""

import django.contrib.postgres.constraints
import django.db.models.constraints
from django.db import migrations, models

import bookings.models.catalogue


def tell_apart(apps, schema_editor):
    """Of two in use with one name, the later ones are numbered: from now on a name says which one counts on a day."""
    # Row-level security is forced on the owner of the tables too, who sees no row without a tenant.
    schema_editor.execute("ALTER TABLE bookings_supplement NO FORCE ROW LEVEL SECURITY")
    schema_editor.execute("""
        UPDATE bookings_supplement s SET name = left(s.name, 112) || ' (' || twin.number || ')'
        FROM (
            SELECT id, row_number() OVER (PARTITION BY service_id, name ORDER BY position, id) AS number
            FROM bookings_supplement WHERE is_active
        ) twin
        WHERE twin.id = s.id AND twin.number > 1
    """)
    schema_editor.execute("ALTER TABLE bookings_supplement FORCE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0055_days_of_stands"),
        ("concierge", "0011_site_settings"),
    ]

    operations = [
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
        migrations.RemoveConstraint(
            model_name="supplement",
            name="supplement_rule_is_whole",
        ),
        migrations.AddField(
            model_name="supplement",
            name="valid_from",
            field=models.DateField(blank=True, null=True, verbose_name="valid from"),
        ),
        migrations.AddField(
            model_name="supplement",
            name="valid_to",
            field=models.DateField(blank=True, null=True, verbose_name="valid to"),
        ),
        migrations.AlterField(
            model_name="supplement",
            name="rule",
            field=models.CharField(
                choices=[
                    ("chosen", "When the client chooses it"),
                    ("saturday", "On a Saturday"),
                    ("sunday", "On a Sunday"),
                    ("holiday", "On a public holiday"),
                    ("evening", "In the evening"),
                    ("beyond", "Far away"),
                ],
                default="chosen",
                max_length=10,
                verbose_name="when",
            ),
        ),
        migrations.AddConstraint(
            model_name="supplement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("after__isnull", False), ("beyond_km", None), ("rule", "evening")),
                    models.Q(("after", None), ("beyond_km__gt", 0), ("beyond_km__isnull", False), ("rule", "beyond")),
                    models.Q(
                        ("after", None), ("beyond_km", None), ("rule__in", ["chosen", "saturday", "sunday", "holiday"])
                    ),
                    _connector="OR",
                ),
                name="supplement_rule_is_whole",
                violation_error_message="In the evening: say from which time. Far away: say beyond which distance.",
            ),
        ),
        migrations.AddConstraint(
            model_name="supplement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from", None), ("valid_to", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                ),
                name="supplement_end_not_before_start",
                violation_error_message="The last day cannot be before the first day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="supplement",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("is_active", True)),
                deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                expressions=[
                    ("service", "="),
                    ("name", "="),
                    (bookings.models.catalogue.DateRange("valid_from", "valid_to"), "&&"),
                ],
                name="supplement_one_per_day",
                violation_error_message="Another supplement of this name counts in this period: end that one the day before, or give this one another name.",
            ),
        ),
    ]
