"""Row-level security of what 0024 added; files that were read are not kept."""

from django.db import migrations

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [("bookings", "0027_imports"), ("concierge", "0003_what_may_go")]

    operations = [ProtectTenant("CatalogueImport"), allow_delete("bookings_catalogueimport")]
