"""Waiting for an earlier time: entries and their notices, three at most and at a distance."""

import uuid

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.db import migrations, models

import bookings.models.availability
from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0037_feeds"),
        ("concierge", "0009_editions"),
    ]

    operations = [
        migrations.CreateModel(
            name="WaitlistEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("earliest_on", models.DateField(blank=True, null=True, verbose_name="not before")),
                ("latest_on", models.DateField(blank=True, null=True, verbose_name="not after")),
                ("joined_at", models.DateTimeField(verbose_name="waiting since")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("moved", "The appointment was moved"),
                            ("cancelled", "The request will not be done"),
                            ("started", "The work has begun"),
                            ("passed", "The time of the appointment has come"),
                            ("spent", "Three notices were sent"),
                            ("left", "No longer wished"),
                        ],
                        max_length=10,
                        verbose_name="why it ended",
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
                        related_name="waitlist_entries",
                        to="bookings.servicerequest",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "entry of the waiting list",
                "verbose_name_plural": "waiting list",
                "ordering": ["joined_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="WaitlistNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="which one")),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="to")),
                ("sent_at", models.DateTimeField(verbose_name="told at")),
                ("quiet_until", models.DateTimeField(verbose_name="no other before")),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="bookings.waitlistentry",
                        verbose_name="entry",
                    ),
                ),
                (
                    "hold",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="bookings.hold",
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
            ],
            options={
                "verbose_name": "notice of an earlier time",
                "verbose_name_plural": "notices of earlier times",
                "ordering": ["number", "pk"],
            },
        ),
        migrations.AddIndex(
            model_name="waitlistentry",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["organisation", "joined_at", "id"],
                name="waitlist_who_waits",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("organisation", "request"),
                name="waitlist_open_once_per_request",
                violation_error_message="This appointment is on the waiting list already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("earliest_on", None),
                    ("latest_on", None),
                    ("latest_on__gte", models.F("earliest_on")),
                    _connector="OR",
                ),
                name="waitlist_days_in_order",
                violation_error_message="The last day cannot be before the first day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_because", "")),
                    models.Q(
                        ("ended_at__gte", models.F("joined_at")),
                        ("ended_at__isnull", False),
                        ("ended_because__in", ["moved", "cancelled", "started", "passed", "spent", "left"]),
                    ),
                    _connector="OR",
                ),
                name="waitlist_end_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistnotice",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__range", (1, 3))),
                name="waitlist_notices_are_three_at_most",
                violation_error_message="Three notices are enough: this wait is over.",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistnotice",
            constraint=models.UniqueConstraint(
                fields=("entry", "number"),
                name="waitlist_notice_counted_once",
                violation_error_message="This notice has been given.",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistnotice",
            constraint=models.UniqueConstraint(
                fields=("entry", "hold"),
                name="waitlist_notice_once_per_place",
                violation_error_message="This person knows of this place already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistnotice",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[("entry", "="), (bookings.models.availability.TimeRange("sent_at", "quiet_until"), "&&")],
                name="waitlist_notices_keep_a_distance",
                violation_error_message="The last notice left a moment ago.",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistnotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at__gt", models.F("starts_at")),
                    ("quiet_until__gt", models.F("sent_at")),
                    ("starts_at__gt", models.F("sent_at")),
                ),
                name="waitlist_notice_is_of_a_time_to_come",
            ),
        ),
        ProtectTenant("WaitlistEntry", "WaitlistNotice"),
        # Waits that ended go with their notices (the nightly purge).
        allow_delete("bookings_waitlistentry", "bookings_waitlistnotice"),
    ]
