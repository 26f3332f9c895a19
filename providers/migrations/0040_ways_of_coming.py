"""How providers come, and their ways by road (ADR 23)."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0013_sandboxes"),
        ("providers", "0039_refused_files"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProviderWay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("latitude", models.DecimalField(decimal_places=3, max_digits=6, verbose_name="latitude")),
                ("longitude", models.DecimalField(decimal_places=3, max_digits=6, verbose_name="longitude")),
                ("from_latitude", models.DecimalField(decimal_places=6, max_digits=9)),
                ("from_longitude", models.DecimalField(decimal_places=6, max_digits=9)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("foot", "On foot"),
                            ("bike", "By bicycle"),
                            ("cargo_bike", "By cargo bike"),
                            ("car", "By car or van"),
                        ],
                        max_length=10,
                        verbose_name="how they come",
                    ),
                ),
                ("km", models.DecimalField(decimal_places=1, max_digits=7, null=True, verbose_name="kilometres")),
                ("minutes", models.PositiveIntegerField(null=True, verbose_name="minutes")),
                ("measured_at", models.DateTimeField(verbose_name="measured at")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
            ],
            options={
                "verbose_name": "way of a provider",
                "verbose_name_plural": "ways of providers",
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="provider",
            name="travel_mode",
            field=models.CharField(
                choices=[
                    ("foot", "On foot"),
                    ("bike", "By bicycle"),
                    ("cargo_bike", "By cargo bike"),
                    ("car", "By car or van"),
                ],
                db_default="car",
                default="car",
                max_length=10,
                verbose_name="how they come",
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(("travel_mode__in", ["foot", "bike", "cargo_bike", "car"])),
                name="provider_travel_mode_is_known",
            ),
        ),
        migrations.AddField(
            model_name="providerway",
            name="organisation",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="concierge.organisation",
                verbose_name="organisation",
            ),
        ),
        migrations.AddField(
            model_name="providerway",
            name="provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="ways",
                to="providers.provider",
                verbose_name="provider",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerway",
            constraint=models.UniqueConstraint(
                fields=("provider", "latitude", "longitude"), name="provider_way_once_per_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="providerway",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ["foot", "bike", "cargo_bike", "car"])),
                name="provider_way_mode_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerway",
            constraint=models.CheckConstraint(
                condition=models.Q(("km__isnull", True), ("km__gte", 0), _connector="OR"),
                name="provider_way_not_negative",
            ),
        ),
        ProtectTenant("ProviderWay"),
        allow_delete("providers_providerway"),
    ]
