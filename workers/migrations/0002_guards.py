"""Row-level security of the team's tables, what may be deleted there, and what PostgreSQL refuses by itself."""

from django.db import migrations

from concierge.tenancy import ProtectTenant, allow_delete

# Whoever writes hours waits for whoever closes their month, and the other way round, at the row of the month: it is made
# here, so that there is always one. Locking it reads it anew: what was closed in the meantime is found closed.
OPEN_MONTH = """
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
NO_OPEN_MONTH = """
DROP TRIGGER hours_of_an_open_month ON workers_timeentry;
DROP FUNCTION workers_need_open_month();
"""

# The entries of a PASS are never changed, its end is what they make of it (R23), and who opened facts kept apart stays
# (R42).
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

# Whose time work takes, of who does it and who accompanies: one table, one referee (lifecycles.md 2.5). The row of who
# does it follows its assignment by this trigger; that of who accompanies moves and ends with it.
OCCUPATION = """
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
NO_OCCUPATION = """
DROP TRIGGER occupation_of_assignment ON workers_assignment;
DROP FUNCTION workers_occupation_of_assignment();
"""


class Migration(migrations.Migration):
    dependencies = [("workers", "0001_initial"), ("bookings", "0002_guards")]

    operations = [
        ProtectTenant(
            "Trainee",
            "TraineeSkill",
            "AvailabilityRule",
            "Absence",
            "Assignment",
            "HelpCall",
            "TimeEntry",
            "TimesheetMonth",
            "ProgressNote",
            "Employer",
            "FinancialAnnex",
            "ContractDerogation",
            "Contract",
            "ContractRider",
            "WorkRestriction",
            "PassIAE",
            "PassSuspension",
            "PassProlongation",
            "PassReport",
            "Diagnosis",
            "Appointment",
            "SensitiveFact",
            "VaultReading",
            "LearningSituation",
            "SkillStep",
            "Clearance",
            "LearningGoal",
            "Occupation",
        ),
        # What is set anew about a person.
        allow_delete(
            "workers_availabilityrule",
            "workers_absence",
            "workers_traineeskill",
            "workers_workrestriction",
            "workers_appointment",
        ),
        # The nightly purge (concierge/retention.py).
        allow_delete(
            "workers_timeentry",
            "workers_progressnote",
            "workers_passreport",
            "workers_sensitivefact",
            "workers_vaultreading",
        ),
        migrations.RunSQL(OPEN_MONTH, NO_OPEN_MONTH),
        migrations.RunSQL(LEDGER, NO_LEDGER),
        migrations.RunSQL(OCCUPATION, NO_OCCUPATION),
    ]
