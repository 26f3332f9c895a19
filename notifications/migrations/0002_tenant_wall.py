"""Row-level security of the messages."""

from django.db import migrations

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial"), ("concierge", "0002_tenant_wall")]

    operations = [ProtectTenant("Message")]
