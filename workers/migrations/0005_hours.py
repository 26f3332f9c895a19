"""Hours of trainees, the months in which they may be written, and follow-up notes (R20, L19)."""

import datetime
import uuid

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import workers.models.assignments
from concierge.tenancy import ProtectTenant, allow_delete

# Whoever writes hours waits for whoever closes their month, and the other way round, at the row of the month: it is made
# here, so that there is always one. Locking it reads it anew: what was closed in the meantime is found closed.
REFUSE = """
CREATE FUNCTION workers_need_open_month() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched date;
BEGIN
    FOR touched IN
        SELECT DISTINCT day - (extract(day FROM day)::int - 1)
        FROM unnest(CASE TG_OP WHEN 'UPDATE' THEN ARRAY[OLD.starts_on, OLD.ends_on, NEW.starts_on, NEW.ends_on]
                    ELSE ARRAY[NEW.starts_on, NEW.ends_on] END) AS day ORDER BY 1
    LOOP
        INSERT INTO workers_timesheetmonth (organisation_id, public_id, site_id, month, status, reopen_reason, version)
            VALUES (NEW.organisation_id, gen_random_uuid(), NEW.site_id, touched, 'open', '', 0)
            ON CONFLICT (site_id, month) DO NOTHING;
        PERFORM FROM workers_timesheetmonth
            WHERE site_id = NEW.site_id AND month = touched AND status = 'open' FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION '% on %: the month % is closed', TG_OP, TG_TABLE_NAME, touched
                USING ERRCODE = 'check_violation', CONSTRAINT = 'hours_of_an_open_month';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

-- The columns that say how long, what and whether it counts; an account that goes takes only its name with it.
CREATE TRIGGER hours_of_an_open_month
    BEFORE INSERT OR UPDATE OF trainee_id, site_id, kind, starts_at, ends_at, minutes, starts_on, ends_on, is_current,
        end_is_supposed, confirmed_at, contested_at, validated_at ON workers_timeentry
    FOR EACH ROW EXECUTE FUNCTION workers_need_open_month();
"""
ALLOW = """
DROP TRIGGER hours_of_an_open_month ON workers_timeentry;
DROP FUNCTION workers_need_open_month();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0013_sandboxes"),
        ("workers", "0004_legs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ProgressNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("text", models.TextField(max_length=2000, verbose_name="note")),
                ("written_on", models.DateField(verbose_name="written on")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded at")),
                ("version", models.PositiveSmallIntegerField(default=1, verbose_name="version")),
                ("is_current", models.BooleanField(default=True, verbose_name="counts")),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written by",
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
                    "replaces",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="workers.progressnote",
                        verbose_name="replaces",
                    ),
                ),
                (
                    "trainee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="progress_notes",
                        to="workers.trainee",
                        verbose_name="trainee",
                    ),
                ),
            ],
            options={
                "verbose_name": "follow-up note",
                "verbose_name_plural": "follow-up notes",
                "ordering": ["-written_on", "-pk"],
                "indexes": [models.Index(fields=["trainee", "-written_on"], name="progress_note_by_trainee")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True),
                        name="progress_note_says_something",
                        violation_error_message="Write something.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("replaces", None), ("version", 1)),
                            models.Q(("replaces__isnull", False), ("version__gt", 1)),
                            _connector="OR",
                        ),
                        name="progress_note_versions_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TimeEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("work", "Work"),
                            ("break", "Break"),
                            ("training", "Training"),
                            ("interview", "Interview"),
                            ("immersion", "Immersion elsewhere (PMSMP)"),
                            ("paid_leave", "Paid leave"),
                            ("public_holiday", "Public holiday, paid"),
                            ("family_leave", "Family event, paid"),
                            ("sick_leave", "Sick leave"),
                            ("unpaid_leave", "Unpaid leave"),
                            ("justified", "Absent, with a reason"),
                            ("unjustified", "Absent, without a reason"),
                            ("unknown", "Absent, not yet known why"),
                        ],
                        max_length=15,
                        verbose_name="kind",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("phone", "the person’s telephone"),
                            ("supervisor", "written down by the team"),
                            ("planned", "as planned"),
                        ],
                        max_length=10,
                        verbose_name="said by",
                    ),
                ),
                ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="from")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="to")),
                ("minutes", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="minutes of the day")),
                ("starts_on", models.DateField(verbose_name="first day")),
                ("ends_on", models.DateField(verbose_name="last day")),
                ("end_is_supposed", models.BooleanField(default=False, verbose_name="the end is supposed")),
                ("recorded_at", models.DateTimeField(verbose_name="start recorded at")),
                ("end_recorded_at", models.DateTimeField(blank=True, null=True, verbose_name="end recorded at")),
                (
                    "confirmed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="confirmed by the person at"),
                ),
                ("contested_at", models.DateTimeField(blank=True, null=True, verbose_name="contested at")),
                ("contest_note", models.CharField(blank=True, max_length=200, verbose_name="what is not right")),
                ("answer", models.CharField(blank=True, max_length=200, verbose_name="answer to the person")),
                ("validated_at", models.DateTimeField(blank=True, null=True, verbose_name="validated at")),
                ("is_stand_in", models.BooleanField(default=False, verbose_name="validated for the supervisor")),
                ("version", models.PositiveSmallIntegerField(default=1, verbose_name="version")),
                ("is_current", models.BooleanField(default=True, verbose_name="counts")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="why it was corrected")),
                (
                    "withdrawn_because",
                    models.CharField(blank=True, max_length=200, verbose_name="why it was taken away"),
                ),
                ("ended_version_at", models.DateTimeField(blank=True, null=True, verbose_name="replaced at")),
                (
                    "assignment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="time_entries",
                        to="workers.assignment",
                        verbose_name="assignment",
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
                    "replaces",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="workers.timeentry",
                        verbose_name="replaces",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="concierge.site",
                        verbose_name="site",
                    ),
                ),
                (
                    "trainee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="time_entries",
                        to="workers.trainee",
                        verbose_name="trainee",
                    ),
                ),
                (
                    "validated_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="validated by",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written by",
                    ),
                ),
            ],
            options={
                "verbose_name": "time entry",
                "verbose_name_plural": "time entries",
                "ordering": ["starts_on", "pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_current", True)),
                        fields=["trainee", "starts_on"],
                        name="time_entry_by_trainee",
                    ),
                    models.Index(fields=["organisation", "site", "starts_on"], name="time_entry_by_month"),
                    models.Index(
                        condition=models.Q(("is_current", True), ("validated_at", None)),
                        fields=["organisation", "trainee", "starts_on"],
                        name="time_entry_to_validate",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "work",
                                    "break",
                                    "training",
                                    "interview",
                                    "immersion",
                                    "paid_leave",
                                    "public_holiday",
                                    "family_leave",
                                    "sick_leave",
                                    "unpaid_leave",
                                    "justified",
                                    "unjustified",
                                    "unknown",
                                ],
                            )
                        ),
                        name="time_entry_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source__in", ["phone", "supervisor", "planned"])),
                        name="time_entry_source_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("minutes", None), ("starts_at__isnull", False)),
                            models.Q(
                                ("ends_at", None),
                                (
                                    "kind__in",
                                    (
                                        "paid_leave",
                                        "public_holiday",
                                        "family_leave",
                                        "sick_leave",
                                        "unpaid_leave",
                                        "justified",
                                        "unjustified",
                                        "unknown",
                                    ),
                                ),
                                ("minutes__isnull", False),
                                ("starts_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="time_entry_has_times_or_is_an_absence",
                        violation_error_message="Only an absence is noted without a start and an end.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("minutes", None), ("minutes__range", (1, 1440)), _connector="OR"),
                        name="time_entry_minutes_of_one_day",
                        violation_error_message="An absence is between a minute and 24 hours of a day.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at", None), ("ends_at__gt", models.F("starts_at")), _connector="OR"),
                        name="time_entry_end_after_start",
                        violation_error_message="The end must be after the start.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at", None),
                            (
                                "ends_at__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("starts_at"), "+", models.Value(datetime.timedelta(days=1))
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="time_entry_within_24_hours",
                        violation_error_message="Nobody is at work for more than 24 hours at a time.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("starts_at", None), ("starts_at__lte", models.F("recorded_at")), _connector="OR"),
                            models.Q(
                                ("ends_at", None),
                                models.Q(
                                    ("end_recorded_at__isnull", False), ("ends_at__lte", models.F("end_recorded_at"))
                                ),
                                _connector="OR",
                            ),
                        ),
                        name="time_entry_not_in_the_future",
                        violation_error_message="This time has not come yet.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on__gte", models.F("starts_on")),
                            models.Q(("minutes", None), ("ends_on", models.F("starts_on")), _connector="OR"),
                        ),
                        name="time_entry_days_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("confirmed_at", None), ("contested_at", None), _connector="OR"),
                        name="time_entry_confirmed_or_contested",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("validated_at", None),
                            ("minutes__isnull", False),
                            ("ends_at__isnull", False),
                            _connector="OR",
                        ),
                        name="time_entry_validated_has_ended",
                        violation_error_message="This time is still running: say when it ended first.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("validated_at", None),
                            ("contested_at", None),
                            models.Q(("answer", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="time_entry_contested_gets_an_answer",
                        violation_error_message="The person says that this is not right: correct it, or answer them.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("replaces", None), ("version", 1)),
                            models.Q(
                                ("replaces__isnull", False), ("version__gt", 1), models.Q(("reason", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="time_entry_correction_says_why",
                        violation_error_message="Say why this is corrected.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_version_at", None), ("is_current", True)),
                            models.Q(("ended_version_at__isnull", False), ("is_current", False)),
                            _connector="OR",
                        ),
                        name="time_entry_replaced_has_a_time",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True), ("minutes__isnull", False)),
                        fields=("trainee", "starts_on"),
                        name="time_entry_one_absence_a_day",
                        violation_error_message="An absence is already noted for this day.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("is_current", True), ("starts_at__isnull", False)),
                        expressions=[
                            ("trainee", "="),
                            (workers.models.assignments.TimeRange("starts_at", "ends_at"), "&&"),
                        ],
                        name="time_entries_do_not_overlap",
                        violation_error_message="Other hours of this person already cover part of this time.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TimesheetMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("month", models.DateField(verbose_name="month (its first day)")),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("closed", "Closed")],
                        default="open",
                        max_length=6,
                        verbose_name="status",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed at")),
                ("reopened_at", models.DateTimeField(blank=True, null=True, verbose_name="opened again at")),
                ("reopen_reason", models.CharField(blank=True, max_length=200, verbose_name="why it was opened again")),
                ("version", models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="version")),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="closed by",
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
                    "reopened_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="opened again by",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="timesheet_months",
                        to="concierge.site",
                        verbose_name="site",
                    ),
                ),
            ],
            options={
                "verbose_name": "month of hours",
                "verbose_name_plural": "months of hours",
                "ordering": ["-month", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("site", "month"), name="timesheet_month_once_per_site"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "closed"])), name="timesheet_status_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("month__day", 1)), name="timesheet_month_begins_on_the_first"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status", "open"),
                            models.Q(("closed_at__isnull", False), ("version__gte", 1)),
                            _connector="OR",
                        ),
                        name="timesheet_closed_has_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reopened_at", None), models.Q(("reopen_reason", ""), _negated=True), _connector="OR"
                        ),
                        name="timesheet_reopened_says_why",
                        violation_error_message="Say why the month is opened again.",
                    ),
                ],
            },
        ),
        ProtectTenant("TimeEntry", "TimesheetMonth", "ProgressNote"),
        allow_delete("workers_timeentry", "workers_progressnote"),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
