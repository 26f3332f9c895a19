"""Row-level security, and the seal: issued documents are inserted once and never changed (R29, trust.md DR6)."""

from django.db import migrations

from concierge.tenancy import ProtectTenant

# What may still change once a document is issued: its life, not its content.
SEAL = """
CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %: an issued document is never changed, a credit note corrects it', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_is_sealed';
END $$;

CREATE FUNCTION billing_keep_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    alive text[] := ARRAY['status', 'render_status', 'render_attempts', 'render_next_at', 'render_error', 'sent_at'];
BEGIN
    IF to_jsonb(NEW) - alive IS DISTINCT FROM to_jsonb(OLD) - alive THEN
        RAISE EXCEPTION 'UPDATE on %: an issued document is never changed, a credit note corrects it', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_is_sealed';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION billing_credits_within_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    original billing_invoice;
    credited numeric;
BEGIN
    SELECT * INTO original FROM billing_invoice WHERE id = NEW.credits_id FOR NO KEY UPDATE;
    SELECT sum(total_incl_vat) INTO credited FROM billing_invoice WHERE credits_id = NEW.credits_id;
    IF original.kind <> 'invoice' OR credited > original.total_incl_vat THEN
        RAISE EXCEPTION 'credit notes of % are above the invoice', original.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_credits_within_invoice';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER invoice_seal BEFORE UPDATE ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION billing_keep_seal();
CREATE TRIGGER invoice_no_delete BEFORE DELETE ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER invoice_no_truncate BEFORE TRUNCATE ON billing_invoice
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER invoice_credits_within AFTER INSERT ON billing_invoice
    FOR EACH ROW WHEN (NEW.credits_id IS NOT NULL) EXECUTE FUNCTION billing_credits_within_invoice();
CREATE TRIGGER invoiceline_no_change BEFORE UPDATE OR DELETE ON billing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER invoiceline_no_truncate BEFORE TRUNCATE ON billing_invoiceline
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER storeddocument_no_change BEFORE UPDATE OR DELETE ON billing_storeddocument
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER storeddocument_no_truncate BEFORE TRUNCATE ON billing_storeddocument
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
"""
UNSEAL = """
DROP TRIGGER invoice_seal ON billing_invoice;
DROP TRIGGER invoice_no_delete ON billing_invoice;
DROP TRIGGER invoice_no_truncate ON billing_invoice;
DROP TRIGGER invoice_credits_within ON billing_invoice;
DROP TRIGGER invoiceline_no_change ON billing_invoiceline;
DROP TRIGGER invoiceline_no_truncate ON billing_invoiceline;
DROP TRIGGER storeddocument_no_change ON billing_storeddocument;
DROP TRIGGER storeddocument_no_truncate ON billing_storeddocument;
DROP FUNCTION billing_credits_within_invoice();
DROP FUNCTION billing_keep_seal();
DROP FUNCTION billing_refuse_change();
"""

# The runtime role has no right to try: triggers stop the owner's mistakes, grants stop everything else.
GRANTS = """
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'concierge_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON billing_invoice, billing_invoiceline, billing_storeddocument
            FROM concierge_app;
        GRANT UPDATE (status, render_status, render_attempts, render_next_at, render_error, sent_at)
            ON billing_invoice TO concierge_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial"), ("bookings", "0002_guards")]

    operations = [
        ProtectTenant("LegalEntity", "LegalText", "Series", "Invoice", "InvoiceLine", "StoredDocument"),
        migrations.RunSQL(SEAL, UNSEAL),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
