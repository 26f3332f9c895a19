"""A vigilance certificate counts for six months; the end of every paper is a row that waits."""

import datetime

import django.db.models.expressions
from django.db import migrations, models

TABLES = ("providers_providerdocument", "concierge_deadline")


def end_and_remind(apps, schema_editor):
    """Certificates that were noted for longer end when the law says; of every paper that still counts somebody is told
    from now on. The first look only finds the next day on which there is something to say."""
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    # Row-level security is forced on the owner of the tables too, who sees no row without a tenant.
    for table in TABLES:
        schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    schema_editor.execute("""
        UPDATE providers_providerdocument SET expires_on = (issued_on + interval '6 months')::date
        WHERE kind = 'vigilance' AND (expires_on IS NULL OR expires_on > issued_on + interval '6 months')
    """)
    schema_editor.execute("""
        INSERT INTO concierge_deadline (organisation_id, kind, subject_id, due_at, attempts, last_error)
        SELECT organisation_id, 'document.expiry', id, now(), 0, '' FROM providers_providerdocument
        WHERE expires_on BETWEEN current_date AND current_date + 20000
    """)
    for table in TABLES:
        schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0012_overseas"),
        ("providers", "0008_terms_of_agreements"),
    ]

    operations = [
        migrations.RunPython(end_and_remind, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="providerdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "vigilance"), _negated=True),
                    models.Q(
                        ("expires_on__isnull", False),
                        (
                            "expires_on__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("issued_on"), "+", models.Value(datetime.timedelta(days=184))
                            ),
                        ),
                    ),
                    _connector="OR",
                ),
                name="provider_vigilance_lasts_six_months",
                violation_error_code="expires_on",
                violation_error_message="A vigilance certificate says until when it counts: six months at most.",
            ),
        ),
    ]
