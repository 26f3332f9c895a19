"""Plans of days long over may go, with their lines."""

from django.db import migrations

from concierge.tenancy import allow_delete


class Migration(migrations.Migration):
    dependencies = [("providers", "0033_hours_for_sms")]

    operations = [
        allow_delete("providers_proposedassignment"),
        allow_delete("providers_assignmentrun"),
    ]
