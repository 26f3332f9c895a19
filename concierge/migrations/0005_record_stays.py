"""What happened is written once: the runtime role changes only how an event is handed on, and no list of migrations."""

from django.db import migrations

APPEND_ONLY = """
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'concierge_app') THEN
        REVOKE UPDATE ON concierge_event FROM concierge_app;
        GRANT UPDATE (dispatch, attempts, next_at, dispatched_at, last_error) ON concierge_event TO concierge_app;
        REVOKE INSERT, UPDATE ON django_migrations FROM concierge_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("concierge", "0004_session_version")]

    operations = [migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop)]
