"""Site by site: days without news until work is called silent, and pages that may show the widget."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0006_pending_events_in_order"),
    ]

    operations = [
        migrations.AddField(
            model_name="site",
            name="frame_origins",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=120),
                blank=True,
                default=list,
                size=None,
                verbose_name="pages that may show the widget",
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="silence_days",
            field=models.PositiveSmallIntegerField(
                default=3,
                help_text="Work under way of which nothing was heard for so many days is on the list of silences.",
                verbose_name="days without news",
            ),
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.CheckConstraint(
                condition=models.Q(("silence_days__range", (1, 60))),
                name="site_silence_is_noticed",
                violation_error_message="Choose between 1 and 60 days.",
            ),
        ),
    ]
