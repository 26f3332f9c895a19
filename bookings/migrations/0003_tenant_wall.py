"""Row-level security of the demand side."""

from django.db import migrations

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_initial"), ("concierge", "0002_tenant_wall")]

    operations = [
        ProtectTenant(
            "ServiceCategory",
            "VatRate",
            "Service",
            "PriceItem",
            "ServiceOption",
            "ServiceAtSite",
            "OpeningHours",
            "Closure",
            "SlotRule",
            "Slot",
            "Hold",
            "Client",
            "ClientAccount",
            "ClientMembership",
            "EmailVerification",
            "ServiceRequest",
            "WorkOrder",
            "RequestLine",
        ),
    ]
