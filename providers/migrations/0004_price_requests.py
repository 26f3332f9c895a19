"""Questions to providers about a price, and their personal links."""

import uuid
from decimal import Decimal

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import bookings.models.requests
import providers.models.links
from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0042_quote_origins"),
        ("concierge", "0009_editions"),
        ("providers", "0003_what_may_go"),
    ]

    operations = [
        migrations.CreateModel(
            name="PriceRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                (
                    "reference",
                    models.CharField(
                        default=bookings.models.requests.new_reference,
                        editable=False,
                        max_length=9,
                        verbose_name="reference",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("sent", "Waiting for an answer"),
                            ("priced", "Price received"),
                            ("declined", "Declined"),
                            ("expired", "No answer in time"),
                            ("withdrawn", "Withdrawn"),
                            ("retracted", "Price taken back"),
                            ("chosen", "Chosen by the client"),
                            ("not_selected", "Not kept"),
                            ("undeliverable", "Not delivered"),
                        ],
                        default="sent",
                        max_length=15,
                        verbose_name="status",
                    ),
                ),
                ("need", models.CharField(max_length=2000, verbose_name="what is wanted")),
                ("wanted_on", models.DateField(blank=True, null=True, verbose_name="day wished for")),
                ("sent_at", models.DateTimeField(verbose_name="sent at")),
                ("due_at", models.DateTimeField(verbose_name="answer due at")),
                ("reminded_at", models.DateTimeField(blank=True, null=True, verbose_name="reminded at")),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered at")),
                ("answer_channel", models.CharField(blank=True, max_length=20, verbose_name="channel")),
                (
                    "price",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=8, null=True, verbose_name="price (€)"
                    ),
                ),
                ("includes_vat", models.BooleanField(default=False, verbose_name="the price includes VAT")),
                (
                    "vat_rate",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=4, null=True, verbose_name="VAT rate (%)"
                    ),
                ),
                ("earliest_on", models.DateField(blank=True, null=True, verbose_name="earliest day")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="valid until")),
                ("comment", models.CharField(blank=True, max_length=500, verbose_name="a word")),
                (
                    "decline_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("too_busy", "No time"),
                            ("too_far", "Too far"),
                            ("price", "The price does not suit me"),
                            ("not_my_trade", "Not my kind of work"),
                            ("closed", "On holiday or closed"),
                            ("other", "Another reason"),
                        ],
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="price_requests",
                        to="providers.provider",
                        verbose_name="provider",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="price_requests",
                        to="bookings.servicerequest",
                        verbose_name="request",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bookings.service",
                        verbose_name="service",
                    ),
                ),
            ],
            options={
                "verbose_name": "price request",
                "verbose_name_plural": "price requests",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="PriceLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("nonce", models.CharField(default=providers.models.links.new_nonce, editable=False, max_length=32)),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("code_tries", models.PositiveSmallIntegerField(default=0, verbose_name="wrong codes")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked at")),
                ("reported_at", models.DateTimeField(blank=True, null=True, verbose_name="reported as misdirected at")),
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
                    "price_request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="providers.pricerequest",
                        verbose_name="price request",
                    ),
                ),
            ],
            options={
                "verbose_name": "personal link to a price request",
                "verbose_name_plural": "personal links to price requests",
                "ordering": ["-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="pricerequest",
            index=models.Index(fields=["organisation", "provider", "-id"], name="price_request_of_provider"),
        ),
        migrations.AddIndex(
            model_name="pricerequest",
            index=models.Index(fields=["organisation", "status", "-id"], name="price_request_by_status"),
        ),
        migrations.AddConstraint(
            model_name="pricerequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ("sent", "priced"))),
                fields=("request", "service", "provider"),
                name="price_request_open_once_per_provider",
                violation_error_message="This provider was already asked.",
            ),
        ),
        migrations.AddConstraint(
            model_name="pricerequest",
            constraint=models.UniqueConstraint(
                fields=("organisation", "reference"), name="price_request_reference_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="pricerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "sent",
                            "priced",
                            "declined",
                            "expired",
                            "withdrawn",
                            "retracted",
                            "chosen",
                            "not_selected",
                            "undeliverable",
                        ],
                    )
                ),
                name="price_request_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="pricerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("need", ""), _negated=True), name="price_request_says_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="pricerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gt", models.F("sent_at"))), name="price_request_due_after_sent"
            ),
        ),
        migrations.AddConstraint(
            model_name="pricerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ("priced", "retracted", "chosen")), _negated=True),
                    models.Q(
                        ("answered_at__isnull", False),
                        ("earliest_on__isnull", False),
                        ("price__isnull", False),
                        ("valid_until__isnull", False),
                        ("vat_rate__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="price_request_priced_says_everything",
            ),
        ),
        migrations.AddConstraint(
            model_name="pricerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("price__isnull", True), models.Q(("price__gt", 0), ("price__lte", Decimal(50000))), _connector="OR"
                ),
                name="price_request_price_is_plausible",
            ),
        ),
        migrations.AddConstraint(
            model_name="pricerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("vat_rate__isnull", True), ("vat_rate__range", (Decimal(0), Decimal(30))), _connector="OR"
                ),
                name="price_request_vat_is_plausible",
            ),
        ),
        migrations.AddConstraint(
            model_name="pricerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("status", "declined"), ("decline_reason", ""), _connector="OR"),
                name="price_request_reason_only_when_declined",
            ),
        ),
        migrations.AddConstraint(
            model_name="pricelink",
            constraint=models.CheckConstraint(
                condition=models.Q(("code_tries__lte", 5)),
                name="price_link_tries_limited",
                violation_error_message="Too many wrong codes. Ask us for a new link.",
            ),
        ),
        migrations.AddConstraint(
            model_name="pricelink",
            constraint=models.CheckConstraint(
                condition=models.Q(("reported_at__isnull", True), ("revoked_at__isnull", False), _connector="OR"),
                name="price_link_reported_is_revoked",
            ),
        ),
        migrations.AddConstraint(
            model_name="pricelink",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at", None)),
                fields=("price_request",),
                name="price_link_open_once_per_request",
            ),
        ),
        ProtectTenant("PriceRequest", "PriceLink"),
    ]
