"""Checking a dated price looks at its own item and option, and not at those of every other price."""

import django.contrib.postgres.constraints
import django.db.models.functions.comparison
from django.db import migrations, models

import bookings.models.catalogue


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0038_waitlist"),
        ("concierge", "0009_editions"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="datedprice",
            name="dated_price_one_per_day",
        ),
        migrations.AddConstraint(
            model_name="datedprice",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("service", "="),
                    (
                        django.db.models.functions.comparison.Coalesce(
                            models.F("item"), models.Value(0), output_field=models.BigIntegerField()
                        ),
                        "=",
                    ),
                    (
                        django.db.models.functions.comparison.Coalesce(
                            models.F("option"), models.Value(0), output_field=models.BigIntegerField()
                        ),
                        "=",
                    ),
                    (bookings.models.catalogue.DateRange("valid_from", "valid_to"), "&&"),
                ],
                name="dated_price_one_per_day",
                violation_error_message="Another price is already valid in this period.",
            ),
        ),
    ]
