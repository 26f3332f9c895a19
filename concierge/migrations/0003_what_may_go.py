"""The runtime role deletes rows of a few tables only; and an index of parked events, for the alarm."""

from django.db import migrations, models

from concierge.tenancy import allow_delete

NOWHERE = """
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'concierge_app') THEN
        REVOKE DELETE ON ALL TABLES IN SCHEMA public FROM concierge_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE DELETE ON TABLES FROM concierge_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0002_tenant_wall"),
        ("sessions", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [
        migrations.RunSQL(NOWHERE, migrations.RunSQL.noop),
        # The nightly purge (concierge/retention.py).
        allow_delete("concierge_inbox", "concierge_deadline", "concierge_idempotencyrecord", "django_session"),
        # People change: a role ends, an address is replaced, a second factor is removed.
        allow_delete("concierge_membership", "account_emailaddress", "account_emailconfirmation", "mfa_authenticator"),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["organisation"], condition=models.Q(("dispatch", "dead")), name="event_parked"),
        ),
    ]
