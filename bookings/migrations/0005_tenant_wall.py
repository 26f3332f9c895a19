"""Row-level security of what 0004 added."""

from django.db import migrations

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [("bookings", "0004_holds_and_areas")]

    operations = [ProtectTenant("ServedPostcode", "ServiceRequest")]
