"""Files that the team refuses, and files that were begun and go (retention)."""

from django.db import migrations, models

from concierge.tenancy import allow_delete


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
        # Of a file that was never handed in: what has a history is held by its foreign keys.
        allow_delete("providers_provider", "providers_providerclosure"),
    ]
