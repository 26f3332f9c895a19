"""Papers come with their file and are looked at; what was noted before was seen by the team: it is approved."""

import datetime

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0012_overseas"),
        ("providers", "0022_counter_offers"),
    ]

    operations = [
        migrations.CreateModel(
            name="StoredFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content", models.BinaryField(verbose_name="content")),
                (
                    "media_type",
                    models.CharField(
                        choices=[("application/pdf", "application/pdf"), ("image/jpeg", "image/jpeg")],
                        max_length=30,
                        verbose_name="type",
                    ),
                ),
                ("size", models.PositiveIntegerField(verbose_name="size (bytes)")),
                ("sha256", models.CharField(max_length=64)),
                ("pages", models.PositiveSmallIntegerField(verbose_name="pages")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a document",
                "verbose_name_plural": "files of documents",
                "ordering": ["pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="providerdocument",
            name="provider_document_end_not_before_start",
        ),
        migrations.RemoveConstraint(
            model_name="providerdocument",
            name="provider_vigilance_lasts_six_months",
        ),
        migrations.AddField(
            model_name="provider",
            name="paper_asked_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="paper asked for at"),
        ),
        migrations.AddField(
            model_name="providerdocument",
            name="refusal",
            field=models.CharField(blank=True, db_default="", max_length=300, verbose_name="why it was refused"),
        ),
        migrations.AddField(
            model_name="providerdocument",
            name="reviewed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="reviewed at"),
        ),
        migrations.AddField(
            model_name="providerdocument",
            name="status",
            field=models.CharField(
                choices=[("to_check", "To be checked"), ("approved", "Approved"), ("refused", "Refused")],
                db_default="approved",
                default="to_check",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AlterField(
            model_name="providerdocument",
            name="status",
            field=models.CharField(
                choices=[("to_check", "To be checked"), ("approved", "Approved"), ("refused", "Refused")],
                db_default="to_check",
                default="to_check",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddField(
            model_name="providerdocument",
            name="verified_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="code verified at"),
        ),
        migrations.AlterField(
            model_name="providerdocument",
            name="issued_on",
            field=models.DateField(blank=True, null=True, verbose_name="issued on"),
        ),
        migrations.AddIndex(
            model_name="providerdocument",
            index=models.Index(
                condition=models.Q(("status", "to_check")),
                fields=["organisation", "id"],
                name="provider_document_to_check",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["to_check", "approved", "refused"])),
                name="provider_document_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "refused"), models.Q(("refusal", ""), _negated=True)),
                    models.Q(models.Q(("status", "refused"), _negated=True), ("refusal", "")),
                    _connector="OR",
                ),
                name="provider_document_refused_says_why",
                violation_error_code="refusal",
                violation_error_message="Say why, so that they can send what is needed.",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True), ("issued_on__isnull", False), _connector="OR"
                ),
                name="provider_document_approved_is_dated",
                violation_error_code="issued_on",
                violation_error_message="Give the day of issue: this paper says it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expires_on__isnull", True),
                    ("issued_on__isnull", True),
                    ("expires_on__gte", models.F("issued_on")),
                    _connector="OR",
                ),
                name="provider_document_end_not_before_start",
                violation_error_code="expires_on",
                violation_error_message="The last day cannot be before the first day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(("verified_at__isnull", True), ("kind", "vigilance"), _connector="OR"),
                name="provider_document_code_is_of_vigilance",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "vigilance"), _negated=True),
                    models.Q(("status", "approved"), _negated=True),
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
        migrations.AddField(
            model_name="storedfile",
            name="document",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="file",
                to="providers.providerdocument",
                verbose_name="document",
            ),
        ),
        migrations.AddField(
            model_name="storedfile",
            name="organisation",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="concierge.organisation",
                verbose_name="organisation",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("media_type__in", ["application/pdf", "image/jpeg"])),
                name="stored_file_type_is_one_we_write",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__range", (1, 10485760))), name="stored_file_is_not_too_big"
            ),
        ),
        ProtectTenant("StoredFile"),
        allow_delete("providers_storedfile"),
    ]
