"""What providers propose instead of a yes or a no."""

import uuid
from decimal import Decimal

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0012_overseas"),
        ("providers", "0021_answers_by_sms"),
    ]

    operations = [
        migrations.CreateModel(
            name="CounterOffer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                (
                    "price",
                    models.DecimalField(
                        decimal_places=2, max_digits=10, null=True, verbose_name="price proposed, incl. VAT (€)"
                    ),
                ),
                (
                    "price_before",
                    models.DecimalField(
                        decimal_places=2, max_digits=10, verbose_name="price offered then, incl. VAT (€)"
                    ),
                ),
                ("starts_at", models.DateTimeField(null=True, verbose_name="time proposed to come")),
                ("ready_by", models.DateTimeField(null=True, verbose_name="time proposed for it to be ready")),
                ("comment", models.CharField(blank=True, max_length=200, verbose_name="comment")),
                (
                    "needs",
                    models.CharField(
                        choices=[("client", "The client"), ("staff", "The team")],
                        max_length=10,
                        verbose_name="who decides",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for a decision"),
                            ("approved", "Agreed"),
                            ("refused", "Refused"),
                            ("lapsed", "Not decided in time, or no longer needed"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="proposed at")),
                ("due_at", models.DateTimeField(verbose_name="decision due at")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "offer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="counters",
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
            ],
            options={
                "verbose_name": "counter-offer",
                "verbose_name_plural": "counter-offers",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "waiting")),
                        fields=("offer",),
                        name="counter_offer_waiting_once",
                        violation_error_message="A proposal of this provider is waiting for a decision.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["waiting", "approved", "refused", "lapsed"])),
                        name="counter_offer_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("needs__in", ["client", "staff"])), name="counter_offer_decider_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("price__isnull", False),
                            ("starts_at__isnull", False),
                            ("ready_by__isnull", False),
                            _connector="OR",
                        ),
                        name="counter_offer_says_something",
                        violation_error_message="Propose another price, or another day.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("starts_at__isnull", True), ("ready_by__isnull", True), _connector="OR"),
                        name="counter_offer_one_moment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("price__isnull", True),
                            models.Q(("price__gt", 0), ("price__lte", Decimal(50000))),
                            _connector="OR",
                        ),
                        name="counter_offer_price_is_plausible",
                        violation_error_message="A price is more than 0 and at most 50,000 €.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_at__gt", models.F("made_at"))), name="counter_offer_due_after_made"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("status", "waiting")),
                            models.Q(models.Q(("status", "waiting"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="counter_offer_decided_has_a_time",
                    ),
                ],
            },
        ),
        ProtectTenant("CounterOffer"),
    ]
