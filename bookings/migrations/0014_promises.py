"""Questions to clients, pauses of a promise, and who follows up."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0013_price_modes"),
        ("concierge", "0006_pending_events_in_order"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClientQuestion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("text", models.CharField(max_length=500, verbose_name="question")),
                ("asked_at", models.DateTimeField(verbose_name="asked at")),
                ("due_at", models.DateTimeField(verbose_name="answer expected by")),
                ("answer", models.CharField(blank=True, max_length=1000, verbose_name="answer")),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered at")),
                ("dropped_at", models.DateTimeField(blank=True, null=True, verbose_name="given up at")),
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
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to="bookings.servicerequest",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "question to a client",
                "verbose_name_plural": "questions to clients",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("answered_at", None), ("dropped_at", None)),
                        fields=("organisation", "request"),
                        name="question_open_once_per_request",
                        violation_error_message="A question to this client is already open.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_at__gt", models.F("asked_at"))),
                        name="question_due_after_asked",
                        violation_error_message="The answer cannot be expected before the question.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True), name="question_says_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answer", ""), ("answered_at", None)),
                            models.Q(("answered_at__isnull", False), models.Q(("answer", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="question_answer_is_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("snoozed_until", models.DateTimeField(blank=True, null=True, verbose_name="rests until")),
                ("snooze_reason", models.CharField(blank=True, max_length=200, verbose_name="why it may rest")),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="last call")),
                ("noted_at", models.DateTimeField(blank=True, null=True, verbose_name="noted at")),
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
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="followed up by",
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_up",
                        to="bookings.servicerequest",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "follow-up",
                "verbose_name_plural": "follow-ups",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("snoozed_until", None), models.Q(("snooze_reason", ""), _negated=True), _connector="OR"
                        ),
                        name="follow_up_rest_has_a_reason",
                        violation_error_message="Say why it may rest.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Pause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("client", "We wait for your answer"),
                            ("material", "We wait for the material"),
                            ("access", "We wait for access to the place"),
                            ("ours", "Something holds us up on our side"),
                        ],
                        max_length=10,
                        verbose_name="reason",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="a word for the client")),
                (
                    "held_from",
                    models.CharField(
                        choices=[
                            ("submitted", "Sent"),
                            ("qualifying", "Being looked at"),
                            ("awaiting_client", "Waiting for the client's answer"),
                            ("awaiting_approval", "Quote to be accepted"),
                            ("confirmed", "Confirmed"),
                            ("in_progress", "In progress"),
                            ("on_hold", "On hold"),
                            ("fulfilled", "Ready"),
                            ("partially_fulfilled", "Partly done"),
                            ("closed", "Closed"),
                            ("cancelled", "Cancelled"),
                            ("declined", "Declined"),
                            ("expired", "Expired"),
                        ],
                        max_length=20,
                        verbose_name="held from",
                    ),
                ),
                ("held_at", models.DateTimeField(verbose_name="held at")),
                ("until", models.DateTimeField(verbose_name="look again on")),
                ("resumed_at", models.DateTimeField(blank=True, null=True, verbose_name="resumed at")),
                ("promised_before", models.DateTimeField(blank=True, null=True, verbose_name="promised before")),
                (
                    "stopped",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, editable=False, size=None
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
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pauses",
                        to="bookings.servicerequest",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "pause",
                "verbose_name_plural": "pauses",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("resumed_at", None)),
                        fields=("organisation", "request"),
                        name="pause_open_once_per_request",
                        violation_error_message="This request is already on hold.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason__in", ["client", "material", "access", "ours"])),
                        name="pause_reason_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("held_at"))),
                        name="pause_looked_at_after_held",
                        violation_error_message="Choose a day from tomorrow on.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("resumed_at", None), ("resumed_at__gte", models.F("held_at")), _connector="OR"
                        ),
                        name="pause_ends_after_its_start",
                    ),
                ],
            },
        ),
        ProtectTenant("ClientQuestion", "FollowUp", "Pause"),
    ]
