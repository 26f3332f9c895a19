"""Row-level security of what 0017 added; a price that was only planned may be taken back."""

from django.db import migrations

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [("bookings", "0022_catalogue_terms"), ("concierge", "0003_what_may_go")]

    operations = [ProtectTenant("DatedPrice", "Supplement"), allow_delete("bookings_datedprice")]
