"""How providers are asked becomes data: mode, gap, reminders, stop rule; a search gets an end."""

import django.contrib.postgres.fields
from django.db import migrations, models

import providers.models.policies
from concierge.tenancy import allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0060_recurrence_spot"),
        ("concierge", "0012_overseas"),
        ("providers", "0016_contacts"),
    ]

    operations = [
        # A service may follow the general rules again.
        allow_delete("providers_offerpolicy"),
        migrations.AddField(
            model_name="offerpolicy",
            name="gap_hours",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                max_digits=4,
                null=True,
                verbose_name="office hours until the next ones are asked too",
            ),
        ),
        migrations.AddField(
            model_name="offerpolicy",
            name="mode",
            field=models.CharField(
                choices=[
                    ("wave", "Several at a time"),
                    ("sequence", "One after another"),
                    ("broadcast", "Everybody at once"),
                    ("direct", "This one only"),
                ],
                db_default="wave",
                default="wave",
                max_length=20,
                verbose_name="how they are asked",
            ),
        ),
        migrations.AddField(
            model_name="offerpolicy",
            name="reminders",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(),
                blank=True,
                default=providers.models.policies.usual_reminders,
                size=3,
                verbose_name="reminders (% of the time to answer)",
            ),
        ),
        migrations.AddField(
            model_name="offerpolicy",
            name="stop_before_hours",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, verbose_name="hours before the work begins at which a person takes over"
            ),
        ),
        migrations.AddField(
            model_name="offerpolicy",
            name="version",
            field=models.PositiveIntegerField(db_default=1, default=1, verbose_name="version"),
        ),
        migrations.AddField(
            model_name="offerround",
            name="ends_at",
            field=models.DateTimeField(null=True, verbose_name="stops at the latest at"),
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
                    ("gap_hours__isnull", True),
                    models.Q(("gap_hours__gt", 0), ("gap_hours__isnull", False), ("gap_hours__lte", 80)),
                    _connector="OR",
                ),
                name="offer_policy_gap_is_plausible",
                violation_error_code="gap_hours",
                violation_error_message="Between a few minutes and 80 office hours, or nothing.",
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("reminders__contained_by", [25, 50, 80])),
                name="offer_policy_reminders_are_known",
                violation_error_code="reminders",
                violation_error_message="Somebody is reminded after 25, 50 or 80 per cent of the time.",
            ),
        ),
        migrations.AddConstraint(
            model_name="offerpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("stop_before_hours__lte", 336)),
                name="offer_policy_stop_is_plausible",
                violation_error_code="stop_before_hours",
                violation_error_message="Two weeks (336 hours) at most.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="offerpolicy",
            name="offer_policy_answer_time_is_plausible",
            constraint=models.CheckConstraint(
                condition=models.Q(("answer_hours__gt", 0), ("answer_hours__lte", 80)),
                name="offer_policy_answer_time_is_plausible",
                violation_error_code="answer_hours",
                violation_error_message="The time to answer must be between a few minutes and 80 opening hours.",
            ),
        ),
    ]
