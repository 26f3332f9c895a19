"""The way to the next visit is kept on its lane."""

import datetime

import django.contrib.postgres.constraints
import django.db.models.expressions
import django.db.models.functions.comparison
from django.db import migrations, models

import bookings.models.availability


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0056_dated_supplements"),
        ("concierge", "0011_site_settings"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="hold",
            name="hold_one_per_lane",
        ),
        migrations.RemoveIndex(
            model_name="hold",
            name="hold_taken_times",
        ),
        migrations.AddField(
            model_name="hold",
            name="free_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="free at"),
        ),
        migrations.AddField(
            model_name="slotrule",
            name="travel_minutes",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="Kept free after each visit: clients are offered no time that leaves less.",
                verbose_name="on the way to the next visit (min)",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("status__in", ["held", "confirmed"])),
                fields=["site", "place", "starts_at"],
                include=("lane", "ends_at", "free_at"),
                name="hold_taken_times",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("free_at", None),
                    models.Q(
                        ("free_at__gt", models.F("ends_at")),
                        ("free_at__isnull", False),
                        (
                            "free_at__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("starts_at"), "+", models.Value(datetime.timedelta(days=1))
                            ),
                        ),
                        ("place", "home"),
                    ),
                    _connector="OR",
                ),
                name="hold_way_follows_a_visit",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status__in", ["held", "confirmed"])),
                expressions=[
                    ("site", "="),
                    ("place", "="),
                    (
                        django.db.models.functions.comparison.Coalesce(
                            "presence_id", 0, output_field=models.BigIntegerField()
                        ),
                        "=",
                    ),
                    ("lane", "="),
                    (
                        bookings.models.availability.TimeRange(
                            "starts_at", django.db.models.functions.comparison.Coalesce("free_at", "ends_at")
                        ),
                        "&&",
                    ),
                ],
                name="hold_one_per_lane",
                violation_error_message="This time is taken.",
            ),
        ),
        migrations.AddConstraint(
            model_name="slotrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("travel_minutes__lte", 180)),
                name="slot_rule_travel_is_plausible",
                violation_error_message="The way to the next visit takes 3 hours at most.",
            ),
        ),
        migrations.AddConstraint(
            model_name="slotrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("place", "home"), ("travel_minutes", 0), _connector="OR"),
                name="slot_rule_desk_stays_put",
            ),
        ),
    ]
