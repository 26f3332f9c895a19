"""A promise is kept or not: states of an offer after the yes, and one of a question under discussion."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0060_recurrence_spot"),
        ("concierge", "0012_overseas"),
        ("providers", "0013_calendars_of_providers"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="offer",
            name="offer_accepted_once_per_work_order",
        ),
        migrations.RemoveConstraint(
            model_name="offer",
            name="offer_status_is_known",
        ),
        migrations.RemoveIndex(
            model_name="offer",
            name="offer_accepted_recently",
        ),
        migrations.AddField(
            model_name="offer",
            name="broken_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="found broken at"),
        ),
        migrations.AddField(
            model_name="offer",
            name="broken_comment",
            field=models.CharField(blank=True, db_default="", max_length=200, verbose_name="what was noted of it"),
        ),
        migrations.AddField(
            model_name="offer",
            name="broken_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("no_show", "Did not come"),
                    ("too_late", "Came or finished far too late"),
                    ("gave_up", "Gave up in the middle"),
                    ("unreachable", "Cannot be reached any more"),
                    ("other", "Another reason"),
                ],
                db_default="",
                max_length=20,
                verbose_name="how the promise was not kept",
            ),
        ),
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
                    ("not_selected", "Another provider was quicker"),
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
        migrations.AddIndex(
            model_name="offer",
            index=models.Index(
                condition=models.Q(("status__in", ["accepted", "honoured"])),
                fields=["organisation", "answered_at"],
                name="offer_binding_recently",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["accepted", "honoured"])),
                fields=("work_order",),
                name="offer_binding_once_per_work_order",
                violation_error_message="Another provider has already accepted this job.",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "sent",
                            "accepted",
                            "declined",
                            "expired",
                            "withdrawn",
                            "not_selected",
                            "undeliverable",
                            "released",
                            "countered",
                            "honoured",
                            "broken",
                        ],
                    )
                ),
                name="offer_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("broken_at__isnull", False),
                        ("status", "broken"),
                        models.Q(("broken_reason", ""), _negated=True),
                    ),
                    models.Q(
                        models.Q(("status", "broken"), _negated=True),
                        ("broken_at__isnull", True),
                        ("broken_comment", ""),
                        ("broken_reason", ""),
                    ),
                    _connector="OR",
                ),
                name="offer_broken_has_a_reason",
            ),
        ),
    ]
