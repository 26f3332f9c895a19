"""What the runtime role may delete here: what is set anew about a person."""

from django.db import migrations

from concierge.tenancy import allow_delete


class Migration(migrations.Migration):
    dependencies = [("workers", "0002_tenant_wall"), ("concierge", "0003_what_may_go")]

    operations = [allow_delete("workers_availabilityrule", "workers_absence", "workers_traineeskill")]
