"""Holds on lanes that never overlap; slots of their own are gone."""

import datetime

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import bookings.models.availability
from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0016_stretches_of_time"),
        ("concierge", "0006_pending_events_in_order"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="hold",
            name="slot",
        ),
        migrations.RemoveField(
            model_name="servicerequest",
            name="slot",
        ),
        migrations.AlterField(
            model_name="hold",
            name="ends_at",
            field=models.DateTimeField(verbose_name="ends at"),
        ),
        migrations.AlterField(
            model_name="hold",
            name="lane",
            field=models.PositiveSmallIntegerField(editable=False, verbose_name="lane"),
        ),
        migrations.AlterField(
            model_name="hold",
            name="place",
            field=models.CharField(
                choices=[("desk", "At the desk"), ("home", "At your place")], max_length=10, verbose_name="place"
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="site",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="holds",
                to="concierge.site",
                verbose_name="site",
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="starts_at",
            field=models.DateTimeField(verbose_name="starts at"),
        ),
        migrations.AlterField(
            model_name="slotrule",
            name="capacity",
            field=models.PositiveSmallIntegerField(default=2, verbose_name="at the same time"),
        ),
        migrations.AlterField(
            model_name="slotrule",
            name="slot_minutes",
            field=models.PositiveSmallIntegerField(default=30, verbose_name="length of an appointment (min)"),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("status__in", ["held", "confirmed"])),
                fields=["site", "place", "starts_at"],
                include=("lane", "ends_at"),
                name="hold_taken_times",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at__gt", models.F("starts_at")),
                    (
                        "ends_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("starts_at"), "+", models.Value(datetime.timedelta(days=1))
                        ),
                    ),
                ),
                name="hold_lasts_a_day_at_most",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status__in", ["held", "confirmed"])),
                expressions=[
                    ("site", "="),
                    ("place", "="),
                    ("lane", "="),
                    (bookings.models.availability.TimeRange("starts_at", "ends_at"), "&&"),
                ],
                name="hold_one_per_lane",
                violation_error_message="This time is taken.",
            ),
        ),
        migrations.AddConstraint(
            model_name="slotrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("step_minutes", None), ("step_minutes__range", (5, 480)), _connector="OR"),
                name="slot_rule_step_is_plausible",
                violation_error_message="A time is offered every 5 minutes at most, every 8 hours at least.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="slotrule",
            name="slot_rule_has_a_place",
            constraint=models.CheckConstraint(
                condition=models.Q(("capacity__gte", 1)),
                name="slot_rule_has_a_place",
                violation_error_message="At least one person is received at a time.",
            ),
        ),
        migrations.DeleteModel(
            name="Slot",
        ),
        ProtectTenant("Hold"),
    ]
