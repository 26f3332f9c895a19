"""SMS to providers leave by day."""

import datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0032_what_proposals_speak_of"),
    ]

    operations = [
        migrations.AddField(
            model_name="offerpolicy",
            name="sms_from",
            field=models.TimeField(
                db_default=datetime.time(8, 0), default=datetime.time(8, 0), verbose_name="SMS leave from"
            ),
        ),
        migrations.AddField(
            model_name="offerpolicy",
            name="sms_until",
            field=models.TimeField(
                db_default=datetime.time(20, 0), default=datetime.time(20, 0), verbose_name="SMS leave until"
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("sms_from__lt", models.F("sms_until"))),
                name="offer_policy_sms_hours_are_a_day",
                violation_error_code="sms_until",
                violation_error_message="SMS must leave from an hour until a later one.",
            ),
        ),
    ]
