"""Row-level security of quotes, and the seal: what was sent is never changed, only answered or replaced (2.2, DR6)."""

from django.db import migrations

from concierge.tenancy import ProtectTenant, allow_delete

# Once sent, a quote only moves on; its answer is written once.
SEAL = """
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
UNSEAL = """
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


class Migration(migrations.Migration):
    dependencies = [("bookings", "0029_quotes")]

    operations = [
        ProtectTenant("QuoteWish", "QuoteSeries", "Quote", "QuoteOption", "QuoteLine", "QuoteDocument"),
        migrations.RunSQL(SEAL, UNSEAL),
        # Drafts are written anew and thrown away; an amendment writes the lines of its request anew.
        allow_delete("bookings_quote", "bookings_quoteoption", "bookings_quoteline", "bookings_requestline"),
    ]
