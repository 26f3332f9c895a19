"""Files that the team refuses, and files that were begun and go (retention)."""

from django.db import migrations, models

from concierge.tenancy import allow_delete

GUARD = """
CREATE FUNCTION providers_only_unfinished_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'concierge_app' AND NOT OLD.is_to_check THEN
        RAISE EXCEPTION 'A provider with whom the team works is never deleted.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER provider_stays BEFORE DELETE ON providers_provider
    FOR EACH ROW EXECUTE FUNCTION providers_only_unfinished_go();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0013_sandboxes"),
        ("providers", "0038_bank_accounts"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="providerinvitation",
            name="provider_invitation_status_is_known",
        ),
        migrations.AddField(
            model_name="providerinvitation",
            name="refusal",
            field=models.CharField(blank=True, db_default="", max_length=300, verbose_name="why the file was refused"),
        ),
        migrations.AlterField(
            model_name="providerinvitation",
            name="status",
            field=models.CharField(
                choices=[
                    ("sent", "Under way"),
                    ("used", "Handed in"),
                    ("revoked", "Taken back"),
                    ("refused", "File refused"),
                ],
                default="sent",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerinvitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["sent", "used", "revoked", "refused"])),
                name="provider_invitation_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerinvitation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "refused"), models.Q(("refusal", ""), _negated=True)),
                    models.Q(models.Q(("status", "refused"), _negated=True), ("refusal", "")),
                    _connector="OR",
                ),
                name="provider_invitation_refused_says_why",
                violation_error_code="reason",
                violation_error_message="Say why: they read it.",
            ),
        ),
        # Of a file that was never handed in, and of no other.
        allow_delete("providers_provider", "providers_providerclosure"),
        migrations.RunSQL(GUARD, "DROP FUNCTION providers_only_unfinished_go() CASCADE"),
    ]
