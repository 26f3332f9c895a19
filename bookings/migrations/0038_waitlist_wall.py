"""The waiting list belongs to one organisation; waits that ended go with their notices."""

from django.db import migrations

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [("bookings", "0037_waitlist")]

    operations = [
        ProtectTenant("WaitlistEntry", "WaitlistNotice"),
        allow_delete("bookings_waitlistentry", "bookings_waitlistnotice"),
    ]
