"""A proposal remembers what was promised when it was made."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0031_first_facts")]

    operations = [
        migrations.AddField(
            model_name="counteroffer",
            name="promised_end",
            field=models.DateTimeField(null=True, verbose_name="promised end then"),
        ),
        migrations.AddField(
            model_name="counteroffer",
            name="promised_start",
            field=models.DateTimeField(null=True, verbose_name="promised start then"),
        ),
    ]
