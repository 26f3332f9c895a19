"""A receipt for each attempt to reach the provider of an offer, and in which order ways are tried."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0060_recurrence_spot"),
        ("concierge", "0012_overseas"),
        ("providers", "0015_promises_kept_before"),
    ]

    operations = [
        migrations.CreateModel(
            name="OfferContact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("step", models.PositiveSmallIntegerField(verbose_name="step")),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "E-mail"), ("sms", "SMS"), ("call", "Call")],
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("due", "Under way"),
                            ("sent", "Has left"),
                            ("failed", "Did not arrive"),
                            ("skipped", "Not possible"),
                            ("reached", "We spoke to them"),
                            ("missed", "Nobody answered"),
                        ],
                        default="due",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "trouble",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("no_address", "none on file"),
                            ("no_mobile", "the number on file takes no SMS"),
                            ("not_set_up", "sending SMS is not set up here"),
                            ("refused", "refused by the other side"),
                            ("late", "could not be sent in time"),
                            ("unneeded", "no longer needed"),
                        ],
                        max_length=20,
                        verbose_name="trouble",
                    ),
                ),
                ("message_id", models.UUIDField(blank=True, null=True, verbose_name="message")),
                ("due_at", models.DateTimeField(verbose_name="to be made at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="made at")),
                ("made_by", models.CharField(blank=True, max_length=120, verbose_name="made by")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
            ],
            options={
                "verbose_name": "contact with a provider",
                "verbose_name_plural": "contacts with providers",
                "ordering": ["offer", "step"],
            },
        ),
        migrations.AddField(
            model_name="offerpolicy",
            name="ladder",
            field=models.CharField(
                choices=[
                    ("email_sms_call", "E-mail, else SMS, else a call"),
                    ("sms_email_call", "SMS, else e-mail, else a call"),
                    ("email_call", "E-mail, else a call"),
                    ("sms_call", "SMS, else a call"),
                    ("call", "A call, always"),
                ],
                db_default="email_sms_call",
                default="email_sms_call",
                max_length=20,
                verbose_name="how they are reached",
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ladder__in", ["email_sms_call", "sms_email_call", "email_call", "sms_call", "call"])
                ),
                name="offer_policy_ladder_is_known",
                violation_error_code="ladder",
                violation_error_message="Choose how providers are reached.",
            ),
        ),
        migrations.AddField(
            model_name="offercontact",
            name="offer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="contacts",
                to="providers.offer",
                verbose_name="offer",
            ),
        ),
        migrations.AddField(
            model_name="offercontact",
            name="organisation",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="concierge.organisation",
                verbose_name="organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="offercontact",
            index=models.Index(
                condition=models.Q(("channel", "call"), ("status", "due")),
                fields=["organisation", "due_at", "id"],
                name="offer_contact_to_call",
            ),
        ),
        migrations.AddIndex(
            model_name="offercontact",
            index=models.Index(
                condition=models.Q(("message_id__isnull", False)),
                fields=["organisation", "message_id"],
                name="offer_contact_by_message",
            ),
        ),
        migrations.AddConstraint(
            model_name="offercontact",
            constraint=models.UniqueConstraint(fields=("offer", "step"), name="offer_contact_step_once"),
        ),
        migrations.AddConstraint(
            model_name="offercontact",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "due")),
                fields=("offer",),
                name="offer_contact_one_at_a_time",
                violation_error_message="This provider is already being contacted.",
            ),
        ),
        migrations.AddConstraint(
            model_name="offercontact",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ["email", "sms", "call"])), name="offer_contact_channel_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="offercontact",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["due", "sent", "failed", "skipped", "reached", "missed"])),
                name="offer_contact_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="offercontact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("status", "due")),
                    models.Q(models.Q(("status", "due"), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="offer_contact_ended_has_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="offercontact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["failed", "skipped"]), models.Q(("trouble", ""), _negated=True)),
                    models.Q(models.Q(("status__in", ["failed", "skipped"]), _negated=True), ("trouble", "")),
                    _connector="OR",
                ),
                name="offer_contact_failed_says_why",
            ),
        ),
        ProtectTenant("OfferContact"),
    ]
