"""While one call is made to an endpoint there is no second one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0012_webhooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhookendpoint",
            name="busy_until",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="a call is being made until"
            ),
        ),
    ]
