"""What was known when a search began; how many it did not look at."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0030_invitations")]

    operations = [
        migrations.AddField(
            model_name="consideredprovider",
            name="first_facts",
            field=models.JSONField(db_default={}, default=dict, verbose_name="facts at first"),
        ),
        migrations.AddField(
            model_name="offerround",
            name="not_looked_at",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="not looked at"),
        ),
    ]
