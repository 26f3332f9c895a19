"""Plans that give out the work of a day at once (ADR 20)."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0060_recurrence_spot"),
        ("concierge", "0012_overseas"),
        ("providers", "0024_channel_states"),
    ]

    operations = [
        migrations.CreateModel(
            name="AssignmentRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("day", models.DateField(verbose_name="day")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("computing", "Being worked out"),
                            ("proposed", "Proposed"),
                            ("failed", "Could not be worked out"),
                        ],
                        default="computing",
                        max_length=20,
                        verbose_name="status",
                    ),
                ),
                ("snapshot", models.JSONField(blank=True, default=dict, verbose_name="what was known")),
                ("one_by_one", models.JSONField(blank=True, default=dict, verbose_name="one by one")),
                ("at_once", models.JSONField(blank=True, default=dict, verbose_name="all at once")),
                ("failure", models.CharField(blank=True, max_length=100, verbose_name="reason")),
                ("asked_by", models.CharField(blank=True, max_length=120, verbose_name="asked by")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="concierge.organisation",
                        verbose_name="organisation",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="concierge.site",
                        verbose_name="site",
                    ),
                ),
            ],
            options={
                "verbose_name": "plan of a day",
                "verbose_name_plural": "plans of days",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="ProposedAssignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("version", models.PositiveIntegerField(verbose_name="version")),
                ("metres", models.PositiveIntegerField(blank=True, null=True, verbose_name="distance (m)")),
                ("why", models.JSONField(blank=True, default=dict, verbose_name="why")),
                (
                    "status",
                    models.CharField(
                        choices=[("proposed", "Proposed"), ("applied", "Asked"), ("dropped", "Changed meanwhile")],
                        default="proposed",
                        max_length=20,
                        verbose_name="status",
                    ),
                ),
                (
                    "alone",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="providers.provider",
                        verbose_name="one by one",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="concierge.organisation",
                        verbose_name="organisation",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="providers.provider",
                        verbose_name="provider",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="proposals",
                        to="providers.assignmentrun",
                        verbose_name="plan",
                    ),
                ),
                (
                    "work_order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="bookings.workorder",
                        verbose_name="work order",
                    ),
                ),
            ],
            options={
                "verbose_name": "line of a plan",
                "verbose_name_plural": "lines of plans",
                "ordering": ["pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="assignmentrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["computing", "proposed", "failed"])),
                name="assignment_run_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignmentrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "computing")),
                fields=("site", "day"),
                name="assignment_run_once_at_a_time",
                violation_error_message="This plan is already being worked out.",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedassignment",
            constraint=models.UniqueConstraint(fields=("run", "work_order"), name="proposed_assignment_once_per_run"),
        ),
        migrations.AddConstraint(
            model_name="proposedassignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["proposed", "applied", "dropped"])),
                name="proposed_assignment_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedassignment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "applied"), _negated=True), ("provider__isnull", False), _connector="OR"
                ),
                name="proposed_assignment_applied_to_somebody",
            ),
        ),
        ProtectTenant("AssignmentRun", "ProposedAssignment"),
    ]
