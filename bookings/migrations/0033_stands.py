"""Stands elsewhere, and holds at one of them."""

import uuid

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models

import bookings.models.availability
from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0032_merging"),
        ("concierge", "0006_pending_events_in_order"),
    ]

    operations = [
        migrations.CreateModel(
            name="Presence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name of the place")),
                ("street", models.CharField(max_length=200, verbose_name="street")),
                ("postcode", models.CharField(max_length=5, verbose_name="postcode")),
                ("city", models.CharField(max_length=100, verbose_name="city")),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[
                            (None, "– only once –"),
                            (0, "Monday"),
                            (1, "Tuesday"),
                            (2, "Wednesday"),
                            (3, "Thursday"),
                            (4, "Friday"),
                            (5, "Saturday"),
                            (6, "Sunday"),
                        ],
                        null=True,
                        verbose_name="every week on",
                    ),
                ),
                ("held_on", models.DateField(blank=True, null=True, verbose_name="only once, on")),
                ("opens", models.TimeField(verbose_name="from")),
                ("closes", models.TimeField(verbose_name="to")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="first day")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="last day")),
                (
                    "slot_minutes",
                    models.PositiveSmallIntegerField(default=10, verbose_name="length of an appointment (min)"),
                ),
                ("capacity", models.PositiveSmallIntegerField(default=1, verbose_name="at the same time")),
                ("is_paused", models.BooleanField(default=False, verbose_name="paused")),
            ],
            options={
                "verbose_name": "stand",
                "verbose_name_plural": "stands",
                "ordering": ["name", "weekday", "held_on", "pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="hold",
            name="hold_one_per_lane",
        ),
        migrations.AddField(
            model_name="presence",
            name="account",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="presences",
                to="bookings.clientaccount",
                verbose_name="only for",
            ),
        ),
        migrations.AddField(
            model_name="presence",
            name="organisation",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="concierge.organisation",
                verbose_name="organisation",
            ),
        ),
        migrations.AddField(
            model_name="presence",
            name="site",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="presences",
                to="concierge.site",
                verbose_name="site",
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="presence",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holds",
                to="bookings.presence",
                verbose_name="stand",
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
                    (bookings.models.availability.TimeRange("starts_at", "ends_at"), "&&"),
                ],
                name="hold_one_per_lane",
                violation_error_message="This time is taken.",
            ),
        ),
        migrations.AddConstraint(
            model_name="presence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("held_on", None), ("weekday__isnull", False), ("weekday__range", (0, 6))),
                    models.Q(("held_on__isnull", False), ("weekday", None)),
                    _connector="OR",
                ),
                name="presence_weekly_or_once",
                violation_error_message="Choose either a weekday or one date.",
            ),
        ),
        migrations.AddConstraint(
            model_name="presence",
            constraint=models.CheckConstraint(
                condition=models.Q(("closes__gt", models.F("opens"))),
                name="presence_ends_after_start",
                violation_error_message="The closing time must be after the opening time.",
            ),
        ),
        migrations.AddConstraint(
            model_name="presence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from", None), ("valid_to", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                ),
                name="presence_last_day_not_before_first",
                violation_error_message="The last day cannot be before the first day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="presence",
            constraint=models.CheckConstraint(
                condition=models.Q(("slot_minutes__range", (5, 480))),
                name="presence_length_is_plausible",
                violation_error_message="A slot lasts between 5 minutes and 8 hours.",
            ),
        ),
        migrations.AddConstraint(
            model_name="presence",
            constraint=models.CheckConstraint(
                condition=models.Q(("capacity__gte", 1)),
                name="presence_has_a_place",
                violation_error_message="At least one person is received at a time.",
            ),
        ),
        ProtectTenant("Presence", "Hold"),
        allow_delete("bookings_presence"),
    ]
