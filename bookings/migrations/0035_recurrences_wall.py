"""Regular requests and their days belong to one organisation."""

from django.db import migrations

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [("bookings", "0034_recurrences")]

    operations = [ProtectTenant("Recurrence", "Occurrence")]
