"""An index that finds the nearest eligible providers (ADR 18)."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from concierge.tenancy import ProtectTenant

# Made and read by PostgreSQL only. Degrees of longitude are shorter than those of latitude: 0.68 is right at 47° north,
# elsewhere the order is a little off, the distances that count are computed exactly.
COLUMNS = """
ALTER TABLE providers_providerreach
    ADD COLUMN spot point GENERATED ALWAYS AS (point(longitude::float8 * 0.68, latitude::float8)) STORED,
    ADD COLUMN closed datemultirange NOT NULL DEFAULT '{}';
CREATE INDEX reach_nearest ON providers_providerreach USING gist (organisation_id, service_id, spot)
    WHERE is_active AND latitude IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0060_recurrence_spot"),
        ("concierge", "0012_overseas"),
        ("providers", "0018_searches_end"),
    ]

    operations = [
        migrations.AddField(
            model_name="offerround",
            name="is_narrowed",
            field=models.BooleanField(db_default=False, default=False, verbose_name="the nearest of very many"),
        ),
        migrations.CreateModel(
            name="ProviderReach",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("latitude", models.DecimalField(decimal_places=6, max_digits=9, null=True, verbose_name="latitude")),
                ("longitude", models.DecimalField(decimal_places=6, max_digits=9, null=True, verbose_name="longitude")),
                ("radius_km", models.PositiveSmallIntegerField(verbose_name="area served (km)")),
                ("is_active", models.BooleanField(verbose_name="active")),
                ("agreed_from", models.DateField(verbose_name="agreed from")),
                ("agreed_to", models.DateField(verbose_name="agreed until (included)")),
                ("notice_hours", models.PositiveSmallIntegerField(verbose_name="minimum notice (hours)")),
                ("papers_until", models.DateField(verbose_name="papers count until (included)")),
                ("insured_until", models.DateField(verbose_name="insurance and registration count until (included)")),
                (
                    "full_on",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateField(), size=None, verbose_name="fully booked on"
                    ),
                ),
                (
                    "agreement",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reach",
                        to="providers.serviceagreement",
                        verbose_name="agreement",
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
                "verbose_name": "reach of a provider",
                "verbose_name_plural": "reaches of providers",
                "ordering": ["pk"],
                "indexes": [
                    models.Index(fields=["organisation", "provider"], name="reach_of_provider"),
                    models.Index(
                        condition=models.Q(("latitude", None)),
                        fields=["organisation", "service", "provider"],
                        name="reach_without_a_place",
                    ),
                ],
            },
        ),
        migrations.RunSQL(COLUMNS, migrations.RunSQL.noop),
        ProtectTenant("ProviderReach"),
    ]
