"""What begins, begins at a site that takes requests: the row of the site is locked against whoever closes it."""

from django.db import migrations

ENDED = "('closed', 'cancelled', 'declined', 'expired')"

# The shared lock that the foreign key takes anyway, at the end of the transaction; here it also reads the site anew.
REFUSE = f"""
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
ALLOW = """
DROP TRIGGER request_begins_at_open_site ON bookings_servicerequest;
DROP TRIGGER request_revives_at_open_site ON bookings_servicerequest;
DROP TRIGGER recurrence_begins_at_open_site ON bookings_recurrence;
DROP TRIGGER plan_begins_at_open_site ON bookings_preorderplan;
DROP FUNCTION bookings_need_open_site();
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0049_vat_taken_back"), ("concierge", "0011_site_settings")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
