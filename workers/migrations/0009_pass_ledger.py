"""Row-level security of the pathway's tables, and the ledger of a PASS: its entries are never changed, its end is
what they make of it (R23), and who opened facts kept apart stays (R42)."""

from django.db import migrations

from concierge.tenancy import ProtectTenant, allow_delete

LEDGER = """
CREATE FUNCTION workers_keep_pass_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- What becomes of an entry; "sealed" is encrypted again under a new key, an account may go.
    alive text[] := ARRAY['sealed', 'closed_at', 'closed_as', 'close_reason', 'closed_label', 'entered_by_id'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'DELETE on %: an entry of a PASS stays', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pass_entry_stays';
    END IF;
    IF to_jsonb(OLD) ->> 'status' = 'pending' THEN
        alive := alive || ARRAY['status', 'decided_at', 'decided_label', 'deny_reason', 'deny_action',
                               'starts_on', 'ends_on'];
    END IF;
    IF OLD.closed_at IS NOT NULL THEN
        alive := ARRAY['sealed', 'entered_by_id'];
    END IF;
    IF to_jsonb(NEW) - alive IS DISTINCT FROM to_jsonb(OLD) - alive THEN
        RAISE EXCEPTION 'UPDATE on %: an entry of a PASS is never changed, another one replaces it', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pass_entry_stays';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION workers_check_pass_end() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked bigint;
    stored date;
    counted date;
BEGIN
    IF TG_TABLE_NAME = 'workers_passiae' THEN
        asked := NEW.id;
    ELSE
        asked := (to_jsonb(NEW) ->> 'pass_iae_id')::bigint;
    END IF;
    SELECT p.ends_on,
           p.starts_on + p.base_days - 1
           + COALESCE((SELECT sum(s.ends_on - s.starts_on) FROM workers_passsuspension s
                       WHERE s.pass_iae_id = p.id AND s.closed_at IS NULL), 0)::integer
           + COALESCE((SELECT sum(g.ends_on - g.starts_on) FROM workers_passprolongation g
                       WHERE g.pass_iae_id = p.id AND g.closed_at IS NULL AND g.status = 'granted'), 0)::integer
        INTO stored, counted FROM workers_passiae p WHERE p.id = asked;
    IF FOUND AND stored IS DISTINCT FROM counted THEN
        RAISE EXCEPTION 'the last day of a PASS is % and not %', counted, stored
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pass_end_follows_its_ledger';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION workers_keep_vault_reading() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- An account may go; the name stays.
    IF to_jsonb(NEW) - 'reader_id' IS DISTINCT FROM to_jsonb(OLD) - 'reader_id' THEN
        RAISE EXCEPTION 'UPDATE on %: who read what is never changed', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'vault_reading_stays';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER vault_reading_stays BEFORE UPDATE ON workers_vaultreading
    FOR EACH ROW EXECUTE FUNCTION workers_keep_vault_reading();
CREATE TRIGGER pass_suspension_stays BEFORE UPDATE OR DELETE ON workers_passsuspension
    FOR EACH ROW EXECUTE FUNCTION workers_keep_pass_entry();
CREATE TRIGGER pass_prolongation_stays BEFORE UPDATE OR DELETE ON workers_passprolongation
    FOR EACH ROW EXECUTE FUNCTION workers_keep_pass_entry();
CREATE CONSTRAINT TRIGGER pass_end_follows_its_ledger AFTER INSERT OR UPDATE ON workers_passiae
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION workers_check_pass_end();
CREATE CONSTRAINT TRIGGER pass_end_follows_its_suspensions AFTER INSERT OR UPDATE ON workers_passsuspension
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION workers_check_pass_end();
CREATE CONSTRAINT TRIGGER pass_end_follows_its_prolongations AFTER INSERT OR UPDATE ON workers_passprolongation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION workers_check_pass_end();
"""
NO_LEDGER = """
DROP TRIGGER vault_reading_stays ON workers_vaultreading;
DROP FUNCTION workers_keep_vault_reading();
DROP TRIGGER pass_suspension_stays ON workers_passsuspension;
DROP TRIGGER pass_prolongation_stays ON workers_passprolongation;
DROP TRIGGER pass_end_follows_its_ledger ON workers_passiae;
DROP TRIGGER pass_end_follows_its_suspensions ON workers_passsuspension;
DROP TRIGGER pass_end_follows_its_prolongations ON workers_passprolongation;
DROP FUNCTION workers_keep_pass_entry();
DROP FUNCTION workers_check_pass_end();
"""


class Migration(migrations.Migration):
    dependencies = [("workers", "0008_passes"), ("concierge", "0003_what_may_go")]

    operations = [
        ProtectTenant(
            "PassIAE",
            "PassSuspension",
            "PassProlongation",
            "PassReport",
            "Diagnosis",
            "Appointment",
            "SensitiveFact",
            "VaultReading",
        ),
        migrations.RunSQL(LEDGER, NO_LEDGER),
        allow_delete("workers_passreport", "workers_appointment", "workers_sensitivefact", "workers_vaultreading"),
    ]
