"""Row-level security of the messages; what was told to a system may be deleted."""

from django.db import migrations

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial"), ("providers", "0002_guards")]

    operations = [
        ProtectTenant("Message", "WebhookEndpoint", "WebhookDelivery"),
        allow_delete("notifications_webhookdelivery"),
    ]
