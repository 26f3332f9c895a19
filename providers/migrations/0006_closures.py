"""When providers are away."""

import datetime
import uuid

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

import bookings.models.catalogue
from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0012_overseas"),
        ("providers", "0005_too_soon"),
    ]

    operations = [
        migrations.AlterField(
            model_name="consideredprovider",
            name="rule",
            field=models.CharField(
                blank=True,
                choices=[
                    ("inactive", "No longer works with us"),
                    ("no_agreement", "No agreement in force today"),
                    ("document_missing", "A required document is missing"),
                    ("document_expired", "A document has expired"),
                    ("out_of_area", "The place of the work is outside their area"),
                    ("closed", "Closed that day"),
                    ("no_capacity", "Fully booked that day"),
                    ("too_soon", "The work has to begin before they can answer"),
                    ("already_answered", "Has already said no to this job"),
                ],
                max_length=20,
                verbose_name="rule that removed it",
            ),
        ),
        migrations.CreateModel(
            name="ProviderClosure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("first_on", models.DateField(verbose_name="closed from")),
                ("last_on", models.DateField(verbose_name="until (included)")),
                ("reason", models.CharField(blank=True, max_length=120, verbose_name="reason")),
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
                        related_name="closures",
                        to="providers.provider",
                        verbose_name="provider",
                    ),
                ),
            ],
            options={
                "verbose_name": "closure of a provider",
                "verbose_name_plural": "closures of providers",
                "ordering": ["first_on", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last_on__gte", models.F("first_on"))),
                        name="provider_closure_end_not_before_start",
                        violation_error_message="The last day cannot be before the first day.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "last_on__lt",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("first_on"), "+", models.Value(datetime.timedelta(days=366))
                                ),
                            )
                        ),
                        name="provider_closure_lasts_a_year_at_most",
                        violation_error_message="A closure lasts a year at most. To end the partnership, pause it.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("provider", "="),
                            (bookings.models.catalogue.DateRange("first_on", "last_on"), "&&"),
                        ],
                        name="provider_closures_do_not_overlap",
                        violation_error_message="Another closure already covers some of these days.",
                    ),
                ],
            },
        ),
        ProtectTenant("ProviderClosure"),
        allow_delete("providers_providerclosure"),
    ]
