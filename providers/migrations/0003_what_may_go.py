"""What the runtime role may delete here: hours, when a business sets them anew."""

from django.db import migrations

from concierge.tenancy import allow_delete


class Migration(migrations.Migration):
    dependencies = [("providers", "0002_tenant_wall"), ("concierge", "0003_what_may_go")]

    operations = [allow_delete("providers_providerhours")]
