"""A channel more: SMS."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0060_recurrence_spot"),
    ]

    operations = [
        migrations.AlterField(
            model_name="servicerequest",
            name="channel",
            field=models.CharField(
                choices=[
                    ("web", "On the website"),
                    ("desk", "At the desk"),
                    ("phone", "On the phone"),
                    ("link", "By their personal link"),
                    ("sms", "By SMS"),
                    ("api", "By another system"),
                    ("series", "By a regular request"),
                    ("system", "By the system"),
                ],
                default="web",
                max_length=20,
                verbose_name="channel",
            ),
        ),
    ]
