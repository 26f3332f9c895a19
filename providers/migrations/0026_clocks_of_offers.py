"""Times at which the clock of an offer stands still, and more time."""

import datetime
import uuid
from decimal import Decimal

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0060_recurrence_spot"),
        ("concierge", "0012_overseas"),
        ("providers", "0025_plans_of_days"),
    ]

    operations = [
        migrations.CreateModel(
            name="OfferPause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("awaiting_client_info", "Waits for something that the client has to say"),
                            ("awaiting_item", "Waits to see the things"),
                            ("request_on_hold", "The request is on hold"),
                        ],
                        max_length=30,
                        verbose_name="reason",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="what they need to know")),
                ("answer", models.CharField(blank=True, max_length=200, verbose_name="what we told them")),
                ("by_provider", models.BooleanField(verbose_name="asked for by the provider")),
                ("started_at", models.DateTimeField(verbose_name="since")),
                ("until", models.DateTimeField(verbose_name="until at the latest")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                ("left", models.DurationField(verbose_name="opening time left")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
            ],
            options={
                "verbose_name": "pause of an offer",
                "verbose_name_plural": "pauses of offers",
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="offer",
            name="extension_asked_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="asked for more time at"),
        ),
        migrations.AddField(
            model_name="offer",
            name="extensions",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="times extended"),
        ),
        migrations.AddField(
            model_name="offerpolicy",
            name="extension_hours",
            field=models.DecimalField(
                db_default=Decimal(2),
                decimal_places=2,
                default=Decimal(2),
                max_digits=4,
                verbose_name="opening hours given to whoever needs more time",
            ),
        ),
        migrations.AddField(
            model_name="offerpolicy",
            name="most_extensions",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=1, verbose_name="how often without asking the team"
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("extension_hours__gt", 0), ("extension_hours__lte", 40), ("most_extensions__lte", 5)
                ),
                name="offer_policy_extensions_are_plausible",
                violation_error_code="extension_hours",
                violation_error_message="Up to 40 hours more, and five times at most.",
            ),
        ),
        migrations.AddField(
            model_name="offerpause",
            name="offer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pauses",
                to="providers.offer",
                verbose_name="offer",
            ),
        ),
        migrations.AddField(
            model_name="offerpause",
            name="organisation",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="concierge.organisation",
                verbose_name="organisation",
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpause",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("offer",),
                name="offer_paused_once",
                violation_error_message="The clock of this offer stands still already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpause",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", ["awaiting_client_info", "awaiting_item", "request_on_hold"])),
                name="offer_pause_reason_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpause",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until__gt", models.F("started_at")),
                    (
                        "until__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("started_at"), "+", models.Value(datetime.timedelta(days=60))
                        ),
                    ),
                ),
                name="offer_pause_ends_within_sixty_days",
                violation_error_message="Nothing stands still for longer than sixty days.",
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpause",
            constraint=models.CheckConstraint(
                condition=models.Q(("left__gt", datetime.timedelta(0))), name="offer_pause_leaves_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpause",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at__isnull", True),
                    models.Q(("ended_at__gte", models.F("started_at")), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="offer_pause_ends_after_it_began",
            ),
        ),
        ProtectTenant("OfferPause"),
    ]
