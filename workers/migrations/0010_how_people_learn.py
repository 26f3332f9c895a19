"""Work that was done as something learnt, the steps it led to, goals, clearances (R25)."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0013_sandboxes"),
        ("workers", "0009_pass_ledger"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="traineeskill",
            name="practised_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last done at"),
        ),
        migrations.CreateModel(
            name="LearningSituation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("rome_code", models.CharField(max_length=5, verbose_name="skill (ROME)")),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("observation", "Watching"),
                            ("paired", "In a pair"),
                            ("supervised", "Supervised"),
                            ("autonomous", "Alone"),
                        ],
                        max_length=12,
                        verbose_name="accompanied",
                    ),
                ),
                ("minutes", models.PositiveIntegerField(verbose_name="duration (min)")),
                ("done_at", models.DateTimeField(verbose_name="done at")),
                ("times_sent_back", models.PositiveSmallIntegerField(default=0, verbose_name="to be done again")),
                (
                    "felt_went",
                    models.CharField(
                        blank=True,
                        choices=[("happy", "Smiling face"), ("neutral", "Neutral face"), ("sad", "Sad face")],
                        max_length=8,
                        verbose_name="how it went",
                    ),
                ),
                (
                    "felt_ease",
                    models.CharField(
                        blank=True,
                        choices=[("happy", "Smiling face"), ("neutral", "Neutral face"), ("sad", "Sad face")],
                        max_length=8,
                        verbose_name="how hard it was",
                    ),
                ),
                (
                    "felt_help",
                    models.CharField(
                        blank=True,
                        choices=[("happy", "Smiling face"), ("neutral", "Neutral face"), ("sad", "Sad face")],
                        max_length=8,
                        verbose_name="whether help is wanted",
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered at")),
                ("validated_at", models.DateTimeField(blank=True, null=True, verbose_name="checked at")),
                (
                    "level_seen",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("observed", "Has seen it done"),
                            ("assisted", "Does it with help"),
                            ("supervised", "Does it, checked by somebody"),
                            ("autonomous", "Does it alone"),
                            ("transmitting", "Can show it to others"),
                        ],
                        max_length=15,
                        verbose_name="level seen",
                    ),
                ),
                ("comment", models.CharField(blank=True, max_length=300, verbose_name="word of the supervisor")),
                (
                    "assignment",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="situation",
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
                    "trainee",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="situations",
                        to="workers.trainee",
                        verbose_name="trainee",
                    ),
                ),
            ],
            options={
                "verbose_name": "learning situation",
                "verbose_name_plural": "learning situations",
                "ordering": ["-done_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="SkillStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("rome_code", models.CharField(max_length=5, verbose_name="skill (ROME)")),
                (
                    "level_from",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("observed", "Has seen it done"),
                            ("assisted", "Does it with help"),
                            ("supervised", "Does it, checked by somebody"),
                            ("autonomous", "Does it alone"),
                            ("transmitting", "Can show it to others"),
                        ],
                        max_length=15,
                        verbose_name="from",
                    ),
                ),
                (
                    "level_to",
                    models.CharField(
                        choices=[
                            ("observed", "Has seen it done"),
                            ("assisted", "Does it with help"),
                            ("supervised", "Does it, checked by somebody"),
                            ("autonomous", "Does it alone"),
                            ("transmitting", "Can show it to others"),
                        ],
                        max_length=15,
                        verbose_name="to",
                    ),
                ),
                (
                    "evidence",
                    models.CharField(
                        choices=[
                            ("situation", "Work done and checked"),
                            ("seen", "What I have seen"),
                            ("earlier", "What they did before: another job, a certificate"),
                        ],
                        max_length=10,
                        verbose_name="evidence",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="in words")),
                (
                    "own_view",
                    models.CharField(
                        choices=[("ready", "“I can do it”"), ("not_yet", "“Not yet”")],
                        max_length=10,
                        verbose_name="what the person says",
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="made at"
                    ),
                ),
                ("by_label", models.CharField(editable=False, max_length=80, verbose_name="by")),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="taken back at")),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
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
                    "situation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="workers.learningsituation",
                        verbose_name="work done",
                    ),
                ),
                (
                    "trainee",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="skill_steps",
                        to="workers.trainee",
                        verbose_name="trainee",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of a skill",
                "verbose_name_plural": "steps of skills",
                "ordering": ["-made_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Clearance",
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
                            ("driving_b", "Driving licence B"),
                            ("cargo_bike", "Cargo bike"),
                            ("electrical_h0b0", "Electrical H0B0"),
                            ("reduced_mobility", "Accompanying people with reduced mobility"),
                            ("food_hygiene", "Food hygiene"),
                            ("first_aid", "First aid at work"),
                            ("forklift", "Forklift (CACES)"),
                        ],
                        max_length=20,
                        verbose_name="clearance",
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="valid from")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="valid until (included)")),
                ("document_number", models.CharField(blank=True, max_length=40, verbose_name="number of the document")),
                (
                    "noted_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="noted at"
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="taken out at")),
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
                    "trainee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="clearances",
                        to="workers.trainee",
                        verbose_name="trainee",
                    ),
                ),
            ],
            options={
                "verbose_name": "clearance",
                "verbose_name_plural": "clearances",
                "ordering": ["kind", "-valid_from", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "driving_b",
                                    "cargo_bike",
                                    "electrical_h0b0",
                                    "reduced_mobility",
                                    "food_hygiene",
                                    "first_aid",
                                    "forklift",
                                ],
                            )
                        ),
                        name="clearance_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until", None), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                        ),
                        name="clearance_end_not_before_start",
                        violation_error_message="A clearance cannot end before it starts.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("trainee", "kind", "valid_from"),
                        name="clearance_once_from_a_day",
                        violation_error_message="This clearance is already in the file.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LearningGoal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("rome_code", models.CharField(max_length=5, verbose_name="skill (ROME)")),
                (
                    "wanted_level",
                    models.CharField(
                        choices=[
                            ("observed", "Has seen it done"),
                            ("assisted", "Does it with help"),
                            ("supervised", "Does it, checked by somebody"),
                            ("autonomous", "Does it alone"),
                            ("transmitting", "Can show it to others"),
                        ],
                        max_length=15,
                        verbose_name="wanted level",
                    ),
                ),
                ("set_on", models.DateField(verbose_name="set on")),
                ("wanted_by", models.DateField(blank=True, null=True, verbose_name="by when")),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Under way"), ("achieved", "Achieved"), ("dropped", "Given up")],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
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
                    "trainee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="goals",
                        to="workers.trainee",
                        verbose_name="trainee",
                    ),
                ),
            ],
            options={
                "verbose_name": "learning goal",
                "verbose_name_plural": "learning goals",
                "ordering": ["wanted_by", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("trainee", "rome_code"),
                        name="goal_open_once_per_skill",
                        violation_error_message="There is already a goal for this skill.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rome_code__regex", "^[A-N][0-9]{4}$")), name="goal_code_is_rome"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("wanted_level__in", ["observed", "assisted", "supervised", "autonomous", "transmitting"])
                        ),
                        name="goal_level_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("wanted_by", None), ("wanted_by__gte", models.F("set_on")), _connector="OR"
                        ),
                        name="goal_day_not_past",
                        violation_error_message="Choose a day to come.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("status", "open")),
                            models.Q(("ended_at__isnull", False), ("status__in", ["achieved", "dropped"])),
                            _connector="OR",
                        ),
                        name="goal_ended_has_a_time",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="learningsituation",
            index=models.Index(fields=["trainee", "-done_at"], name="situation_by_trainee"),
        ),
        migrations.AddConstraint(
            model_name="learningsituation",
            constraint=models.CheckConstraint(
                condition=models.Q(("rome_code__regex", "^[A-N][0-9]{4}$")), name="situation_code_is_rome"
            ),
        ),
        migrations.AddConstraint(
            model_name="learningsituation",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ["observation", "paired", "supervised", "autonomous"])),
                name="situation_mode_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="learningsituation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("level_seen", ""),
                    models.Q(
                        ("level_seen__in", ["observed", "assisted", "supervised", "autonomous", "transmitting"]),
                        ("validated_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="situation_level_seen_once_checked",
                violation_error_message="Check the work first, then say which level you saw.",
            ),
        ),
        migrations.AddConstraint(
            model_name="learningsituation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("felt_went__in", ["", "happy", "neutral", "sad"]),
                    ("felt_ease__in", ["", "happy", "neutral", "sad"]),
                    ("felt_help__in", ["", "happy", "neutral", "sad"]),
                ),
                name="situation_faces_are_known",
            ),
        ),
        migrations.AddIndex(
            model_name="skillstep",
            index=models.Index(fields=["trainee", "rome_code", "-made_at"], name="skill_step_by_skill"),
        ),
        migrations.AddConstraint(
            model_name="skillstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("rome_code__regex", "^[A-N][0-9]{4}$")), name="skill_step_code_is_rome"
            ),
        ),
        migrations.AddConstraint(
            model_name="skillstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("level_from", ""),
                        ("level_to__in", ("observed", "assisted", "supervised", "autonomous", "transmitting")),
                    ),
                    models.Q(
                        ("level_from", "observed"),
                        ("level_to__in", ("observed", "assisted", "supervised", "autonomous", "transmitting")),
                    ),
                    models.Q(
                        ("level_from", "assisted"),
                        ("level_to__in", ("assisted", "supervised", "autonomous", "transmitting")),
                    ),
                    models.Q(
                        ("level_from", "supervised"), ("level_to__in", ("supervised", "autonomous", "transmitting"))
                    ),
                    models.Q(("level_from", "autonomous"), ("level_to__in", ("autonomous", "transmitting"))),
                    models.Q(("level_from", "transmitting"), ("level_to__in", ("transmitting",))),
                    _connector="OR",
                ),
                name="skill_step_never_down",
                violation_error_message="A level is never lowered.",
            ),
        ),
        migrations.AddConstraint(
            model_name="skillstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("evidence", "situation"), ("situation__isnull", False)),
                    models.Q(("evidence__in", ["seen", "earlier"]), models.Q(("note", ""), _negated=True)),
                    _connector="OR",
                ),
                name="skill_step_has_evidence",
                violation_error_message="Say what the level rests on.",
            ),
        ),
        migrations.AddConstraint(
            model_name="skillstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("own_view", "ready")),
                name="skill_step_with_the_person",
                violation_error_message="A level goes up when the person feels ready.",
            ),
        ),
        ProtectTenant("LearningSituation", "SkillStep", "Clearance", "LearningGoal"),
    ]
