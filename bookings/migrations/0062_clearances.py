"""What a service asks of who does it (R25)."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0061_answered_sms"),
        ("concierge", "0013_sandboxes"),
    ]

    operations = [
        migrations.AddField(
            model_name="service",
            name="clearances",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("driving_b", "Driving licence B"),
                        ("cargo_bike", "Cargo bike"),
                        ("electrical_h0b0", "Electrical H0B0"),
                        ("reduced_mobility", "Accompanying people with reduced mobility"),
                        ("food_hygiene", "Food hygiene"),
                        ("first_aid", "First aid at work"),
                        ("forklift", "Forklift (CACES)"),
                    ],
                    max_length=20,
                ),
                blank=True,
                db_default=[],
                default=list,
                size=None,
                verbose_name="clearances that the doer must have",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "clearances__contained_by",
                        [
                            "driving_b",
                            "cargo_bike",
                            "electrical_h0b0",
                            "reduced_mobility",
                            "food_hygiene",
                            "first_aid",
                            "forklift",
                        ],
                    )
                ),
                name="service_clearances_are_known",
            ),
        ),
    ]
