"""Stopped calendar addresses and people taken off a list may be deleted; from where a quote was accepted may be
forgotten, though it is sealed (P04)."""

from django.db import migrations

from concierge.tenancy import allow_delete

FUNCTION = """
CREATE OR REPLACE FUNCTION bookings_keep_quote_seal() RETURNS trigger LANGUAGE plpgsql AS $$
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
    %s
    IF NEW.status = 'draft' OR to_jsonb(NEW) - alive IS DISTINCT FROM to_jsonb(OLD) - alive THEN
        RAISE EXCEPTION 'UPDATE on %%: a quote that was sent is never changed, its next version replaces it',
            TG_TABLE_NAME USING ERRCODE = 'restrict_violation', CONSTRAINT = 'quote_is_sealed';
    END IF;
    RETURN NEW;
END $$
"""
FORGETS = "IF NEW.answer_ip IS NULL THEN alive := alive || ARRAY['answer_ip']; END IF;"


class Migration(migrations.Migration):
    dependencies = [("bookings", "0044_typed_by_prescribers")]

    operations = [
        migrations.RunSQL(FUNCTION % FORGETS, FUNCTION % ""),
        allow_delete("bookings_calendarfeed", "bookings_helpedperson"),
    ]
