"""SMS that come in, and what they say that a person has to read."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0012_overseas"),
        ("providers", "0020_fill_reach"),
    ]

    operations = [
        migrations.AddField(
            model_name="offercontact",
            name="note",
            field=models.CharField(blank=True, db_default="", max_length=320, verbose_name="what they wrote"),
        ),
        migrations.CreateModel(
            name="InboundSms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("gateway", models.CharField(max_length=40, verbose_name="gateway")),
                ("external_id", models.CharField(max_length=200, verbose_name="identity there")),
                ("body_hash", models.CharField(max_length=64, verbose_name="seal of the call")),
                ("sender_hash", models.CharField(max_length=64, verbose_name="seal of the number")),
                (
                    "effect",
                    models.CharField(
                        choices=[
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("refused", "Came too late"),
                            ("unclear", "To be read by a person"),
                            ("nothing_open", "Nothing was waiting for an answer"),
                            ("unknown", "Not a provider’s number"),
                        ],
                        max_length=20,
                        verbose_name="effect",
                    ),
                ),
                ("refusal", models.CharField(blank=True, max_length=300, verbose_name="refusal")),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                (
                    "offer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="providers.offer",
                        verbose_name="offer",
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
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="providers.provider",
                        verbose_name="provider",
                    ),
                ),
            ],
            options={
                "verbose_name": "SMS that came in",
                "verbose_name_plural": "SMS that came in",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["organisation", "sender_hash", "-received_at"], name="inbound_sms_of_number")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("organisation", "gateway", "external_id"), name="inbound_sms_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effect__in", ["accepted", "declined", "refused", "unclear", "nothing_open", "unknown"])
                        ),
                        name="inbound_sms_effect_is_known",
                    ),
                ],
            },
        ),
        ProtectTenant("InboundSms"),
    ]
