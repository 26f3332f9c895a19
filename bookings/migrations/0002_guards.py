"""Row-level security of the demand side, what may be deleted there, and what PostgreSQL refuses by itself."""

from django.db import migrations

from concierge.editions import CountEditions
from concierge.tenancy import ProtectTenant, allow_delete

# Once sent, a quote only moves on; its answer is written once (2.2, DR6).
QUOTE_SEAL = """
CREATE FUNCTION bookings_keep_quote_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    alive text[] := ARRAY['status', 'edits', 'reminded_at'];
    answer text[] := ARRAY['answered_at', 'answer_name', 'answer_text', 'answer_ip', 'answer_channel', 'chosen_id'];
BEGIN
    IF OLD.status = 'draft' THEN
        RETURN NEW;
    END IF;
    IF OLD.answered_at IS NULL THEN
        alive := alive || answer;
    END IF;
    -- From where it was accepted may be forgotten (P04).
    IF NEW.answer_ip IS NULL THEN
        alive := alive || ARRAY['answer_ip'];
    END IF;
    IF NEW.status = 'draft' OR to_jsonb(NEW) - alive IS DISTINCT FROM to_jsonb(OLD) - alive THEN
        RAISE EXCEPTION 'UPDATE on %: a quote that was sent is never changed, its next version replaces it',
            TG_TABLE_NAME USING ERRCODE = 'restrict_violation', CONSTRAINT = 'quote_is_sealed';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION bookings_keep_sent_quote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'draft' THEN
        RAISE EXCEPTION 'DELETE on %: a quote that was sent stays', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'quote_is_sealed';
    END IF;
    RETURN OLD;
END $$;

CREATE FUNCTION bookings_keep_quote_options() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    row_of bookings_quoteoption := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF (SELECT status FROM bookings_quote WHERE id = row_of.quote_id) IS DISTINCT FROM 'draft' THEN
        RAISE EXCEPTION '% on %: a quote that was sent is never changed', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'quote_is_sealed';
    END IF;
    RETURN row_of;
END $$;

CREATE FUNCTION bookings_keep_quote_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    row_of bookings_quoteline := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF (SELECT quote.status FROM bookings_quoteoption AS option JOIN bookings_quote AS quote ON quote.id = option.quote_id
        WHERE option.id = row_of.option_id) IS DISTINCT FROM 'draft' THEN
        RAISE EXCEPTION '% on %: a quote that was sent is never changed', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'quote_is_sealed';
    END IF;
    RETURN row_of;
END $$;

CREATE FUNCTION bookings_keep_quote_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.sha256 <> '' OR TG_OP = 'DELETE' THEN
        RAISE EXCEPTION '% on %: a document that was drawn is never changed', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'quote_is_sealed';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER quote_seal BEFORE UPDATE ON bookings_quote
    FOR EACH ROW EXECUTE FUNCTION bookings_keep_quote_seal();
CREATE TRIGGER quote_stays BEFORE DELETE ON bookings_quote
    FOR EACH ROW EXECUTE FUNCTION bookings_keep_sent_quote();
CREATE TRIGGER quote_option_seal BEFORE INSERT OR UPDATE OR DELETE ON bookings_quoteoption
    FOR EACH ROW EXECUTE FUNCTION bookings_keep_quote_options();
CREATE TRIGGER quote_line_seal BEFORE INSERT OR UPDATE OR DELETE ON bookings_quoteline
    FOR EACH ROW EXECUTE FUNCTION bookings_keep_quote_lines();
CREATE TRIGGER quote_document_seal BEFORE UPDATE OR DELETE ON bookings_quotedocument
    FOR EACH ROW EXECUTE FUNCTION bookings_keep_quote_document();
"""
NO_QUOTE_SEAL = """
DROP TRIGGER quote_seal ON bookings_quote;
DROP TRIGGER quote_stays ON bookings_quote;
DROP TRIGGER quote_option_seal ON bookings_quoteoption;
DROP TRIGGER quote_line_seal ON bookings_quoteline;
DROP TRIGGER quote_document_seal ON bookings_quotedocument;
DROP FUNCTION bookings_keep_quote_seal();
DROP FUNCTION bookings_keep_sent_quote();
DROP FUNCTION bookings_keep_quote_options();
DROP FUNCTION bookings_keep_quote_lines();
DROP FUNCTION bookings_keep_quote_document();
"""

ENDED = "('closed', 'cancelled', 'declined', 'expired')"
# What begins, begins at a site that takes requests: the row of the site is locked against whoever closes it. It is the
# shared lock that the foreign key takes anyway, at the end of the transaction; here it also reads the site anew.
OPEN_SITE = f"""
CREATE FUNCTION bookings_need_open_site() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM concierge_site WHERE id = NEW.site_id AND is_active FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% on %: this site takes no requests', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'site_takes_requests';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER request_begins_at_open_site BEFORE INSERT ON bookings_servicerequest
    FOR EACH ROW WHEN (NEW.status NOT IN {ENDED}) EXECUTE FUNCTION bookings_need_open_site();
CREATE TRIGGER request_revives_at_open_site BEFORE UPDATE OF status ON bookings_servicerequest
    FOR EACH ROW WHEN (OLD.status IN {ENDED} AND NEW.status NOT IN {ENDED})
    EXECUTE FUNCTION bookings_need_open_site();
CREATE TRIGGER recurrence_begins_at_open_site BEFORE INSERT ON bookings_recurrence
    FOR EACH ROW WHEN (NEW.status <> 'ended') EXECUTE FUNCTION bookings_need_open_site();
CREATE TRIGGER plan_begins_at_open_site BEFORE INSERT ON bookings_preorderplan
    FOR EACH ROW WHEN (NEW.is_active) EXECUTE FUNCTION bookings_need_open_site();
"""
NO_OPEN_SITE = """
DROP TRIGGER request_begins_at_open_site ON bookings_servicerequest;
DROP TRIGGER request_revives_at_open_site ON bookings_servicerequest;
DROP TRIGGER recurrence_begins_at_open_site ON bookings_recurrence;
DROP TRIGGER plan_begins_at_open_site ON bookings_preorderplan;
DROP FUNCTION bookings_need_open_site();
"""

# A row is kept, or kept as one that is kept: no chain, no circle, no other organisation. Two columns that only this key
# reads; a row that others were merged into cannot stop being kept.
MERGED = """
ALTER TABLE bookings_client
    ADD COLUMN is_kept boolean GENERATED ALWAYS AS (merged_into_id IS NULL) STORED,
    ADD COLUMN needs_kept boolean GENERATED ALWAYS AS (CASE WHEN merged_into_id IS NOT NULL THEN true END) STORED;
ALTER TABLE bookings_client ADD CONSTRAINT client_kept_uniq UNIQUE (organisation_id, id, is_kept);
ALTER TABLE bookings_client ADD CONSTRAINT client_merged_into_kept
    FOREIGN KEY (organisation_id, merged_into_id, needs_kept)
    REFERENCES bookings_client (organisation_id, id, is_kept);
"""
NOT_MERGED = "ALTER TABLE bookings_client DROP COLUMN needs_kept, DROP COLUMN is_kept CASCADE"


class Migration(migrations.Migration):
    dependencies = [("bookings", "0001_initial"), ("concierge", "0002_guards")]

    operations = [
        ProtectTenant(
            "ServiceCategory",
            "VatRate",
            "Service",
            "PriceItem",
            "ServiceOption",
            "ServiceAtSite",
            "OpeningHours",
            "Closure",
            "SlotRule",
            "Hold",
            "Client",
            "ClientAccount",
            "ClientMembership",
            "EmailVerification",
            "ServiceRequest",
            "WorkOrder",
            "RequestLine",
            "ServedArea",
            "ClientQuestion",
            "FollowUp",
            "Pause",
            "Producer",
            "PreOrderPlan",
            "OrderSheet",
            "PreOrderRun",
            "PreOrder",
            "Substitution",
            "DatedPrice",
            "Supplement",
            "CatalogueImport",
            "QuoteWish",
            "QuoteSeries",
            "Quote",
            "QuoteOption",
            "QuoteLine",
            "QuoteDocument",
            "Prescriber",
            "Accompaniment",
            "ClientsApart",
            "Presence",
            "Recurrence",
            "Occurrence",
            "CompanyCodeTry",
            "CalendarFeed",
            "WaitlistEntry",
            "WaitlistNotice",
            "HelpedPerson",
            "QuoteMargin",
            "AccessNote",
            "StandDay",
        ),
        # The nightly purge: holds and codes that ended, waits with their notices.
        allow_delete(
            "bookings_hold",
            "bookings_emailverification",
            "bookings_companycodetry",
            "bookings_waitlistentry",
            "bookings_waitlistnotice",
        ),
        # What a desk sets anew, and prices, rates and days that have not begun.
        allow_delete(
            "bookings_openinghours",
            "bookings_servedarea",
            "bookings_closure",
            "bookings_datedprice",
            "bookings_vatrate",
            "bookings_catalogueimport",
            "bookings_presence",
        ),
        # Drafts are written anew and thrown away; an amendment writes the lines of its request anew.
        allow_delete(
            "bookings_quote",
            "bookings_quoteoption",
            "bookings_quoteline",
            "bookings_requestline",
        ),
        # What people take back.
        allow_delete(
            "bookings_clientmembership",
            "bookings_calendarfeed",
            "bookings_helpedperson",
            "bookings_accessnote",
        ),
        CountEditions(
            "ServiceCategory",
            "VatRate",
            "Service",
            "PriceItem",
            "ServiceOption",
            "ServiceAtSite",
            "DatedPrice",
            "Supplement",
            "OpeningHours",
            "Closure",
            "SlotRule",
            "PreOrderPlan",
        ),
        migrations.RunSQL(QUOTE_SEAL, NO_QUOTE_SEAL),
        migrations.RunSQL(OPEN_SITE, NO_OPEN_SITE),
        migrations.RunSQL(MERGED, NOT_MERGED),
    ]
