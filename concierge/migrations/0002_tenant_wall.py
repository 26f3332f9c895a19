"""Row-level security of the kernel's tables and the grants of the runtime role."""

from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations

from concierge.tenancy import ProtectTenant

# The tenant of the transaction, or NULL: then no row is visible and none can be written.
FUNCTION = """
CREATE OR REPLACE FUNCTION app_organisation() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.organisation', true), '')::bigint $$;
"""

# The runtime role may read and write rows, owns nothing, and may not truncate (R29, S49).
GRANTS = """
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'concierge_app') THEN
        GRANT USAGE ON SCHEMA public TO concierge_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO concierge_app;
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO concierge_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO concierge_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO concierge_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("concierge", "0001_initial")]

    operations = [
        BtreeGistExtension(),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION IF EXISTS app_organisation()"),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
        ProtectTenant("Site", "Membership", "ApiClient", "Event", "Inbox", "Deadline", "IdempotencyRecord"),
    ]
