"""Whose time work takes, of who does it and who accompanies: one table, one referee (lifecycles.md 2.5).

The row of who does it follows its assignment by a trigger; that of who accompanies moves and ends with it.
"""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import workers.models.assignments
from concierge.tenancy import ProtectTenant

TRIGGER = """
CREATE FUNCTION workers_occupation_of_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status IN ('proposed', 'accepted', 'working') THEN
        UPDATE workers_occupation
           SET trainee_id = NEW.trainee_id, starts = NEW.planned_start, ends = NEW.planned_end, is_over = false
         WHERE assignment_id = NEW.id AND NOT is_companion;
        IF NOT FOUND THEN
            INSERT INTO workers_occupation
                   (organisation_id, assignment_id, trainee_id, is_companion, starts, ends, is_over)
            VALUES (NEW.organisation_id, NEW.id, NEW.trainee_id, false, NEW.planned_start, NEW.planned_end, false);
        END IF;
        UPDATE workers_occupation SET starts = NEW.planned_start, ends = NEW.planned_end
         WHERE assignment_id = NEW.id AND is_companion AND NOT is_over
           AND (starts, ends) IS DISTINCT FROM (NEW.planned_start, NEW.planned_end);
    ELSE
        UPDATE workers_occupation SET is_over = true WHERE assignment_id = NEW.id AND NOT is_over;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER occupation_of_assignment
 AFTER INSERT OR UPDATE OF status, trainee_id, planned_start, planned_end ON workers_assignment
   FOR EACH ROW EXECUTE FUNCTION workers_occupation_of_assignment();
"""
BACK = """
DROP TRIGGER occupation_of_assignment ON workers_assignment;
DROP FUNCTION workers_occupation_of_assignment();
"""
# What is given and not done yet. One organisation after the other: the owner of a table is behind its policy too.
FILL = """
DO $$
DECLARE tenant bigint;
BEGIN
    FOR tenant IN SELECT id FROM concierge_organisation LOOP
        PERFORM set_config('app.organisation', tenant::text, true);
        INSERT INTO workers_occupation
               (organisation_id, assignment_id, trainee_id, is_companion, starts, ends, is_over)
        SELECT organisation_id, id, trainee_id, false, planned_start, planned_end, false
          FROM workers_assignment WHERE status IN ('proposed', 'accepted', 'working');
    END LOOP;
    PERFORM set_config('app.organisation', '', true);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0013_sandboxes"),
        ("workers", "0010_how_people_learn"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Occupation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_companion", models.BooleanField(default=False, verbose_name="accompanies")),
                ("starts", models.DateTimeField(verbose_name="from")),
                ("ends", models.DateTimeField(verbose_name="to")),
                ("is_over", models.BooleanField(default=False, verbose_name="over")),
            ],
            options={
                "verbose_name": "occupation",
                "verbose_name_plural": "occupations",
                "ordering": ["starts", "pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="assignment",
            name="trainee_not_in_two_places",
        ),
        migrations.AddField(
            model_name="occupation",
            name="assignment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="occupations",
                to="workers.assignment",
                verbose_name="assignment",
            ),
        ),
        migrations.AddField(
            model_name="occupation",
            name="organisation",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="concierge.organisation",
                verbose_name="organisation",
            ),
        ),
        migrations.AddField(
            model_name="occupation",
            name="trainee",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="occupations",
                to="workers.trainee",
                verbose_name="trainee",
            ),
        ),
        migrations.AddField(
            model_name="occupation",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="technical supervisor",
            ),
        ),
        migrations.AddIndex(
            model_name="occupation",
            index=models.Index(fields=["trainee", "starts"], name="occupation_by_trainee"),
        ),
        migrations.AddConstraint(
            model_name="occupation",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends__gt", models.F("starts"))), name="occupation_end_after_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="occupation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("trainee__isnull", False), ("user", None)),
                    models.Q(("is_companion", True), ("trainee", None), ("user__isnull", False)),
                    _connector="OR",
                ),
                name="occupation_of_one_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="occupation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_companion", False)), fields=("assignment",), name="occupation_one_doer"
            ),
        ),
        migrations.AddConstraint(
            model_name="occupation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_companion", True), ("is_over", False)),
                fields=("assignment",),
                name="occupation_one_companion",
                violation_error_message="Somebody else accompanies this work.",
            ),
        ),
        migrations.AddConstraint(
            model_name="occupation",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("is_over", False)),
                expressions=[("trainee", "="), (workers.models.assignments.TimeRange("starts", "ends"), "&&")],
                name="trainee_not_in_two_places",
                violation_error_message="This person already has work at that time.",
            ),
        ),
        migrations.AddConstraint(
            model_name="occupation",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("is_over", False)),
                expressions=[("user", "="), (workers.models.assignments.TimeRange("starts", "ends"), "&&")],
                name="nobody_accompanies_two_at_once",
                violation_error_message="This supervisor already accompanies somebody at that time.",
            ),
        ),
        ProtectTenant("Occupation"),
        migrations.RunSQL(TRIGGER, BACK),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
