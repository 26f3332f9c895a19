"""Too much of a service with one provider."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0061_answered_sms"),
        ("concierge", "0012_overseas"),
        ("providers", "0027_links_of_agreements"),
    ]

    operations = [
        migrations.CreateModel(
            name="ShareAlarm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("month", models.DateField(verbose_name="month")),
                ("jobs", models.PositiveIntegerField(verbose_name="jobs of this provider")),
                ("of_all", models.PositiveIntegerField(verbose_name="all jobs")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
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
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="providers.provider",
                        verbose_name="provider",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="bookings.service",
                        verbose_name="service",
                    ),
                ),
            ],
            options={
                "verbose_name": "alarm on shares",
                "verbose_name_plural": "alarms on shares",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "service", "month"), name="share_alarm_once_a_month"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("jobs__lte", models.F("of_all"))), name="share_alarm_counts_part_of_all"
                    ),
                ],
            },
        ),
        ProtectTenant("ShareAlarm"),
    ]
