"""Providers may be asked for prices among which a person chooses."""

from decimal import Decimal

import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0061_answered_sms"),
        ("concierge", "0012_overseas"),
        ("providers", "0036_one_invitation_a_number"),
    ]

    operations = [
        migrations.AlterField(
            model_name="offer",
            name="status",
            field=models.CharField(
                choices=[
                    ("sent", "Waiting for an answer"),
                    ("accepted", "Accepted"),
                    ("declined", "Declined"),
                    ("expired", "No answer in time"),
                    ("withdrawn", "Withdrawn"),
                    ("not_selected", "Given to another provider"),
                    ("undeliverable", "Not delivered"),
                    ("released", "Given back"),
                    ("countered", "Another price or day was proposed"),
                    ("honoured", "Done as promised"),
                    ("broken", "Promise not kept"),
                ],
                default="sent",
                max_length=15,
                verbose_name="status",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="offerpolicy",
            name="offer_policy_mode_fits_its_waves",
        ),
        migrations.AlterField(
            model_name="offerpolicy",
            name="mode",
            field=models.CharField(
                choices=[
                    ("wave", "Several at a time"),
                    ("sequence", "One after another"),
                    ("broadcast", "Everybody at once"),
                    ("direct", "This one only"),
                    ("quotes", "Prices to choose from"),
                ],
                db_default="wave",
                default="wave",
                max_length=20,
                verbose_name="how they are asked",
            ),
        ),
        migrations.AlterField(
            model_name="offerround",
            name="mode",
            field=models.CharField(
                choices=[
                    ("wave", "Several at a time"),
                    ("sequence", "One after another"),
                    ("broadcast", "Everybody at once"),
                    ("direct", "This one only"),
                    ("quotes", "Prices to choose from"),
                ],
                default="wave",
                max_length=20,
                verbose_name="mode",
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("mode", "wave"),
                    models.Q(("mode", "sequence"), ("wave_size", 1)),
                    models.Q(("gap_hours__isnull", True), ("max_waves", 1), ("mode", "broadcast")),
                    models.Q(("gap_hours__isnull", True), ("max_waves", 1), ("mode", "direct"), ("wave_size", 1)),
                    models.Q(("gap_hours__isnull", True), ("mode", "quotes")),
                    _connector="OR",
                ),
                name="offer_policy_mode_fits_its_waves",
                violation_error_code="mode",
                violation_error_message="This way of asking does not go with these numbers.",
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("mode", "quotes"), _negated=True),
                    (
                        "answer_hours__lte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.Value(Decimal(378)), "/", models.F("max_waves")
                            ),
                            "-",
                            models.Value(Decimal(8)),
                        ),
                    ),
                    _connector="OR",
                ),
                name="offer_policy_choices_end_within_sixty_days",
                violation_error_code="max_waves",
                violation_error_message="Asked like that, a search could last longer than sixty days.",
            ),
        ),
    ]
