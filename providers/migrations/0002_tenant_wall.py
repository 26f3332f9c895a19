"""Row-level security of the supply side."""

from django.db import migrations

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0001_initial"),
        ("bookings", "0003_tenant_wall"),
        ("concierge", "0002_tenant_wall"),
    ]

    operations = [
        ProtectTenant(
            "Provider",
            "ProviderHours",
            "ProviderDocument",
            "ServiceAgreement",
            "ProviderMember",
            "OfferPolicy",
            "OfferRound",
            "OfferWave",
            "Offer",
            "ConsideredProvider",
            "AccessLink",
        ),
    ]
