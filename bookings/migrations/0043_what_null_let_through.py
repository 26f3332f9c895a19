"""Checks that NULL let through say so: a pause and a plan of work are whole, a stand makes no visits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0042_quote_origins"),
        ("concierge", "0009_editions"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="recurrence", name="recurrence_pause_is_whole"),
        migrations.AddConstraint(
            model_name="recurrence",
            constraint=models.CheckConstraint(
                condition=models.Q(("paused_from", None), ("paused_until", None))
                | models.Q(
                    ("paused_from__isnull", False),
                    ("paused_until__gte", models.F("paused_from")),
                    ("paused_until__isnull", False),
                ),
                name="recurrence_pause_is_whole",
                violation_error_message="The last day cannot be before the first day.",
            ),
        ),
        migrations.RemoveConstraint(model_name="workorder", name="work_order_plan_end_after_start"),
        migrations.AddConstraint(
            model_name="workorder",
            constraint=models.CheckConstraint(
                condition=models.Q(("planned_end", None), ("planned_start", None))
                | models.Q(
                    ("planned_end__gt", models.F("planned_start")),
                    ("planned_end__isnull", False),
                    ("planned_start__isnull", False),
                ),
                name="work_order_plan_end_after_start",
                violation_error_message="The planned end must be after the planned start.",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(("presence__isnull", True), ("place", "desk"), _connector="OR"),
                name="hold_at_a_stand_is_no_visit",
            ),
        ),
    ]
