"""Parts of names, addresses and numbers of requests are found by an index (pg_trgm, a trusted extension)."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    dependencies = [("bookings", "0008_what_may_go")]

    operations = [
        TrigramExtension(),
        migrations.AddIndex(
            model_name="servicerequest",
            index=GinIndex(
                OpClass(Upper("contact_name"), name="gin_trgm_ops"),
                OpClass(Upper("contact_email"), name="gin_trgm_ops"),
                OpClass(models.F("contact_phone"), name="gin_trgm_ops"),
                name="request_search",
            ),
        ),
    ]
