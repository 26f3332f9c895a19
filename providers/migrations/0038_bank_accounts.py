"""Where providers are paid: encrypted, confirmed by another way, three days later (R32)."""

import datetime
import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0012_overseas"),
        ("providers", "0037_prices_to_choose_from"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProviderBankAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("sealed", models.TextField(editable=False)),
                ("first4", models.CharField(editable=False, max_length=4, verbose_name="first four characters")),
                ("last4", models.CharField(editable=False, max_length=4, verbose_name="last four characters")),
                ("holder", models.CharField(max_length=70, verbose_name="holder of the account")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("proposed", "To be confirmed"),
                            ("confirmed", "Confirmed, counts soon"),
                            ("active", "We pay to this one"),
                            ("replaced", "Replaced"),
                            ("cancelled", "Stopped"),
                        ],
                        default="proposed",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("proposed_at", models.DateTimeField(editable=False, verbose_name="given at")),
                (
                    "proposed_channel",
                    models.CharField(
                        choices=[
                            ("space", "in their space"),
                            ("paper", "on paper or by e-mail"),
                            ("call", "by telephone"),
                            ("sms", "by a code sent to their telephone"),
                        ],
                        max_length=10,
                        verbose_name="given by way of",
                    ),
                ),
                ("proposed_by", models.CharField(editable=False, max_length=80, verbose_name="given by")),
                (
                    "email_then",
                    models.EmailField(blank=True, editable=False, max_length=254, verbose_name="e-mail then"),
                ),
                (
                    "confirmed_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="confirmed at"),
                ),
                (
                    "confirmed_channel",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("space", "in their space"),
                            ("paper", "on paper or by e-mail"),
                            ("call", "by telephone"),
                            ("sms", "by a code sent to their telephone"),
                        ],
                        db_default="",
                        max_length=10,
                        verbose_name="confirmed by way of",
                    ),
                ),
                (
                    "confirmed_by",
                    models.CharField(
                        blank=True, db_default="", editable=False, max_length=80, verbose_name="confirmed by"
                    ),
                ),
                (
                    "active_from",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="paid to from"),
                ),
                (
                    "activated_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="paid to since"),
                ),
                ("ended_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="over since")),
                ("nonce", models.CharField(editable=False, max_length=32)),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("code_tries", models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="wrong codes")),
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
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bank_accounts",
                        to="providers.provider",
                        verbose_name="provider",
                    ),
                ),
            ],
            options={
                "verbose_name": "bank account of a provider",
                "verbose_name_plural": "bank accounts of providers",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "active")), fields=("provider",), name="bank_account_active_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ("proposed", "confirmed"))),
                        fields=("provider",),
                        name="bank_account_pending_once",
                        violation_error_message="Another account already waits to be confirmed, or for its three days.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["proposed", "confirmed", "active", "replaced", "cancelled"])
                        ),
                        name="bank_account_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("proposed_channel__in", ["space", "paper", "call"])),
                        name="bank_account_channel_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sealed__startswith", "gAAAA")), name="bank_account_sealed_is_encrypted"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("active_from__isnull", True), ("confirmed_at__isnull", True), ("confirmed_channel", "")
                            ),
                            models.Q(
                                ("confirmed_at__isnull", False),
                                ("confirmed_channel__in", ["call", "paper", "sms"]),
                                models.Q(("confirmed_channel", models.F("proposed_channel")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="bank_account_confirmed_on_another_channel",
                        violation_error_message="Confirm it by another way than the one by which it came.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_channel__in", ["", "sms"]),
                            models.Q(("confirmed_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="bank_account_confirmed_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("active_from__isnull", True), ("confirmed_at__isnull", True)),
                            models.Q(
                                (
                                    "active_from__gte",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("confirmed_at"), "+", models.Value(datetime.timedelta(days=3))
                                    ),
                                ),
                                ("active_from__isnull", False),
                                ("confirmed_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="bank_account_cools_off",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("activated_at__isnull", True),
                            models.Q(
                                ("activated_at__gte", models.F("active_from")),
                                ("activated_at__isnull", False),
                                ("active_from__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="bank_account_counts_after_cooling_off",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("activated_at__isnull", True), ("confirmed_at__isnull", True), ("status", "proposed")
                            ),
                            models.Q(
                                ("activated_at__isnull", True), ("confirmed_at__isnull", False), ("status", "confirmed")
                            ),
                            models.Q(("activated_at__isnull", False), ("status__in", ["active", "replaced"])),
                            models.Q(("activated_at__isnull", True), ("status", "cancelled")),
                            _connector="OR",
                        ),
                        name="bank_account_status_has_its_steps",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", False), ("status__in", ["replaced", "cancelled"])),
                            models.Q(
                                models.Q(("status__in", ["replaced", "cancelled"]), _negated=True),
                                ("ended_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="bank_account_over_has_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code_tries__lte", 5)), name="bank_account_tries_limited"
                    ),
                ],
            },
        ),
        ProtectTenant("ProviderBankAccount"),
        allow_delete("providers_providerbankaccount"),
    ]
