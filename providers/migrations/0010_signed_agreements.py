"""Agreements are sent, frozen and signed by both: what was sent is never changed, a signature stays (R33)."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import bookings.models.catalogue
from concierge.tenancy import ProtectTenant

SEAL = """
CREATE FUNCTION providers_keep_agreement_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    alive text[] := ARRAY['status', 'valid_to', 'decline_comment'];
BEGIN
    IF OLD.seal = '' THEN
        RETURN NEW;
    END IF;
    IF NEW.status = 'draft' OR to_jsonb(NEW) - alive IS DISTINCT FROM to_jsonb(OLD) - alive
        OR NEW.valid_to IS DISTINCT FROM OLD.valid_to AND (NEW.valid_to IS NULL OR NEW.valid_to > OLD.valid_to) THEN
        RAISE EXCEPTION 'UPDATE on %: an agreement that was sent is never changed, another one follows it',
            TG_TABLE_NAME USING ERRCODE = 'restrict_violation', CONSTRAINT = 'agreement_is_sealed';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION providers_keep_sent_agreement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seal <> '' THEN
        RAISE EXCEPTION 'DELETE on %: an agreement that was sent stays', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'agreement_is_sealed';
    END IF;
    RETURN OLD;
END $$;

CREATE FUNCTION providers_keep_signatures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- An account may go; the name stays.
    IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL AND to_jsonb(NEW) - 'user_id' = to_jsonb(OLD) - 'user_id' THEN
        RETURN NEW;
    END IF;
    IF TG_OP <> 'INSERT'
        OR (SELECT status FROM providers_serviceagreement WHERE id = NEW.agreement_id) IS DISTINCT FROM 'sent' THEN
        RAISE EXCEPTION '% on %: what was sent is signed, and a signature stays', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'agreement_is_sealed';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER agreement_seal BEFORE UPDATE ON providers_serviceagreement
    FOR EACH ROW EXECUTE FUNCTION providers_keep_agreement_seal();
CREATE TRIGGER agreement_stays BEFORE DELETE ON providers_serviceagreement
    FOR EACH ROW EXECUTE FUNCTION providers_keep_sent_agreement();
CREATE TRIGGER agreement_signature_stays BEFORE INSERT OR UPDATE OR DELETE ON providers_agreementsignature
    FOR EACH ROW EXECUTE FUNCTION providers_keep_signatures();
"""
UNSEAL = """
DROP TRIGGER agreement_seal ON providers_serviceagreement;
DROP TRIGGER agreement_stays ON providers_serviceagreement;
DROP TRIGGER agreement_signature_stays ON providers_agreementsignature;
DROP FUNCTION providers_keep_agreement_seal();
DROP FUNCTION providers_keep_sent_agreement();
DROP FUNCTION providers_keep_signatures();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0060_recurrence_spot"),
        ("concierge", "0012_overseas"),
        ("providers", "0009_papers_end"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AgreementSignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "side",
                    models.CharField(
                        choices=[("ours", "The concierge service"), ("theirs", "The provider")],
                        max_length=10,
                        verbose_name="side",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("at", models.DateTimeField(verbose_name="signed at")),
                ("channel", models.CharField(max_length=20, verbose_name="channel")),
            ],
            options={
                "verbose_name": "signature",
                "verbose_name_plural": "signatures",
                "ordering": ["at", "pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="serviceagreement",
            name="service_agreement_status_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="serviceagreement",
            name="service_agreements_do_not_overlap",
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="content",
            field=models.JSONField(blank=True, default=dict, verbose_name="content"),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="decline_comment",
            field=models.CharField(blank=True, max_length=500, verbose_name="comment"),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="seal",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="sent_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="sent at"),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="text",
            field=models.TextField(blank=True, verbose_name="text"),
        ),
        migrations.AlterField(
            model_name="serviceagreement",
            name="status",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("sent", "Waiting for signatures"),
                    ("signed", "Signed by both"),
                    ("declined", "Declined"),
                    ("paper", "Signed on paper"),
                    ("withdrawn", "Given up"),
                ],
                default="draft",
                max_length=20,
                verbose_name="status",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["draft", "sent", "signed", "declined", "paper", "withdrawn"])),
                name="service_agreement_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["draft", "paper", "withdrawn"]),
                    models.Q(models.Q(("seal", ""), _negated=True), ("sent_at__isnull", False)),
                    _connector="OR",
                ),
                name="service_agreement_sent_is_sealed",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status__in", ["paper", "signed"])),
                expressions=[
                    ("provider", "="),
                    ("service", "="),
                    (bookings.models.catalogue.DateRange("valid_from", "valid_to"), "&&"),
                ],
                name="service_agreements_do_not_overlap",
                violation_error_message="An agreement for this service already covers some of these days.",
            ),
        ),
        migrations.AddField(
            model_name="agreementsignature",
            name="agreement",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="signatures",
                to="providers.serviceagreement",
                verbose_name="agreement",
            ),
        ),
        migrations.AddField(
            model_name="agreementsignature",
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
            model_name="agreementsignature",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="account",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementsignature",
            constraint=models.UniqueConstraint(
                fields=("agreement", "side"),
                name="agreement_signed_once_per_side",
                violation_error_message="This agreement is already signed on your side.",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementsignature",
            constraint=models.CheckConstraint(
                condition=models.Q(("side__in", ["ours", "theirs"])), name="agreement_signature_side_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementsignature",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="agreement_signature_has_a_name"
            ),
        ),
        ProtectTenant("AgreementSignature"),
        migrations.RunSQL(SEAL, UNSEAL),
    ]
