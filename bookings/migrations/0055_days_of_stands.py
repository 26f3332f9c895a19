"""What somebody says of a day of a stand belongs to one organisation (R12)."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0054_access_notes"),
        ("concierge", "0011_site_settings"),
    ]

    operations = [
        migrations.CreateModel(
            name="StandDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("opens", models.TimeField(blank=True, null=True, verbose_name="from")),
                ("closes", models.TimeField(blank=True, null=True, verbose_name="to")),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("asked_off", "the account asked us not to come"),
                            ("nobody", "nobody of us could come"),
                            ("no_access", "the place could not be entered"),
                            ("other", "another reason"),
                        ],
                        max_length=20,
                        verbose_name="why it was not held",
                    ),
                ),
                ("stated_by", models.CharField(max_length=120, verbose_name="stated by")),
                ("stated_at", models.DateTimeField(verbose_name="stated at")),
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
                (
                    "presence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stated_days",
                        to="bookings.presence",
                        verbose_name="stand",
                    ),
                ),
            ],
            options={
                "verbose_name": "day of a stand",
                "verbose_name_plural": "days of stands",
                "ordering": ["-day", "-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("presence", "day"),
                        name="stand_day_stated_once",
                        violation_error_message="Somebody has already said what became of this day.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("closes__gt", models.F("opens")),
                                ("closes__isnull", False),
                                ("opens__isnull", False),
                                ("reason", ""),
                            ),
                            models.Q(
                                ("closes", None),
                                ("opens", None),
                                ("reason__in", ["asked_off", "nobody", "no_access", "other"]),
                            ),
                            _connector="OR",
                        ),
                        name="stand_day_held_or_why_not",
                        violation_error_message="Say either from when until when, or why not.",
                    ),
                ],
            },
        ),
        ProtectTenant("StandDay"),
    ]
