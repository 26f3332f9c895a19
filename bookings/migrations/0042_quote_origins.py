"""Where the price of a line comes from, and the margin on providers' prices."""

import django.db.models.deletion
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0041_helped_people"),
        ("concierge", "0009_editions"),
    ]

    operations = [
        migrations.CreateModel(
            name="QuoteMargin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("percent", models.DecimalField(decimal_places=2, max_digits=5, verbose_name="margin (%)")),
            ],
            options={
                "verbose_name": "margin on providers' prices",
                "verbose_name_plural": "margins on providers' prices",
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="quoteline",
            name="cost",
            field=models.DecimalField(
                blank=True, decimal_places=2, max_digits=8, null=True, verbose_name="what it costs us (€)"
            ),
        ),
        migrations.AddField(
            model_name="quoteline",
            name="margin_percent",
            field=models.DecimalField(
                blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="our margin (%)"
            ),
        ),
        migrations.AddField(
            model_name="quoteline",
            name="source",
            field=models.UUIDField(blank=True, null=True, verbose_name="origin of the price"),
        ),
        migrations.AddConstraint(
            model_name="quoteline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cost__isnull", True), ("margin_percent__isnull", True), ("source__isnull", True)),
                    models.Q(
                        ("cost__gte", 0),
                        ("cost__isnull", False),
                        ("margin_percent__isnull", False),
                        ("margin_percent__range", (0, 100)),
                        ("source__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="quote_line_origin_is_whole",
            ),
        ),
        migrations.AddField(
            model_name="quotemargin",
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
            model_name="quotemargin",
            name="service",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="quote_margins",
                to="bookings.service",
                verbose_name="service",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotemargin",
            constraint=models.UniqueConstraint(
                fields=("organisation", "service"), name="quote_margin_once_per_service", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="quotemargin",
            constraint=models.CheckConstraint(
                condition=models.Q(("percent__range", (0, 100))),
                name="quote_margin_is_plausible",
                violation_error_message="A margin lies between 0 and 100 per cent.",
            ),
        ),
        ProtectTenant("QuoteMargin"),
    ]
