"""Where providers go, and how much of what they take on which day; the index knows it."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0061_answered_sms"),
        ("concierge", "0012_overseas"),
        ("providers", "0034_plans_end"),
    ]

    operations = [
        migrations.AddField(
            model_name="providerreach",
            name="never_on",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(),
                null=True,
                size=None,
                verbose_name="weekdays without any job",
            ),
        ),
        migrations.AddField(
            model_name="providerreach",
            name="postcodes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=5), null=True, size=None, verbose_name="postcodes served"
            ),
        ),
        migrations.AddField(
            model_name="providerreach",
            name="sites",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), null=True, size=None, verbose_name="sites served"
            ),
        ),
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
                    ("too_short_notice", "Asks for more notice than there is left"),
                    ("document_ends", "A document ends before the day of the work"),
                    ("site_not_served", "Does not serve this site"),
                    ("service_full", "Fully booked that day for this service"),
                ],
                max_length=20,
                verbose_name="rule that removed it",
            ),
        ),
        migrations.CreateModel(
            name="ProviderArea",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("postcode", models.CharField(max_length=5, verbose_name="postcode")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name")),
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
                        related_name="served_areas",
                        to="providers.provider",
                        verbose_name="provider",
                    ),
                ),
            ],
            options={
                "verbose_name": "commune that a provider serves",
                "verbose_name_plural": "communes that providers serve",
                "ordering": ["postcode", "name", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "postcode", "name"),
                        name="provider_area_once",
                        violation_error_message="This commune is already in the list.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("postcode__regex", "^[0-9]{5}$")),
                        name="provider_area_postcode_has_five_digits",
                        violation_error_code="postcode",
                        violation_error_message="A French postcode has five digits.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderCapacity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("weekday", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="weekday")),
                ("per_day", models.PositiveSmallIntegerField(verbose_name="jobs a day at most")),
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
                        related_name="capacities",
                        to="providers.provider",
                        verbose_name="provider",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="bookings.service",
                        verbose_name="service",
                    ),
                ),
            ],
            options={
                "verbose_name": "capacity of a provider",
                "verbose_name_plural": "capacities of providers",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "service", "weekday"),
                        name="provider_capacity_once",
                        nulls_distinct=False,
                        violation_error_message="This service has a number for this day already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("service__isnull", False), ("weekday__isnull", False), _connector="OR"),
                        name="provider_capacity_is_of_something",
                        violation_error_code="service",
                        violation_error_message="Choose a service or a day: the number for all of it is in the file.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("weekday__isnull", True),
                            models.Q(("weekday__isnull", False), ("weekday__lte", 6)),
                            _connector="OR",
                        ),
                        name="provider_capacity_weekday_exists",
                        violation_error_code="weekday",
                        violation_error_message="This day does not exist.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("per_day__range", (0, 200))),
                        name="provider_capacity_is_plausible",
                        violation_error_code="per_day",
                        violation_error_message="Between 0 and 200 jobs a day.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderSite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                        related_name="served_sites",
                        to="providers.provider",
                        verbose_name="provider",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="concierge.site",
                        verbose_name="site",
                    ),
                ),
            ],
            options={
                "verbose_name": "site that a provider serves",
                "verbose_name_plural": "sites that providers serve",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "site"),
                        name="provider_site_once",
                        violation_error_message="This site is already in the list.",
                    )
                ],
            },
        ),
        ProtectTenant("ProviderArea", "ProviderCapacity", "ProviderSite"),
        allow_delete("providers_providerarea", "providers_providercapacity", "providers_providersite"),
    ]
