"""How somebody asked has names, "on the phone" among them (R2)."""

from django.db import migrations, models

CHANNELS = [
    ("web", "On the website"),
    ("desk", "At the desk"),
    ("phone", "On the phone"),
    ("link", "By their personal link"),
    ("api", "By another system"),
    ("series", "By a regular request"),
    ("system", "By the system"),
]


class Migration(migrations.Migration):
    dependencies = [("bookings", "0047_inactive_accounts")]

    operations = [
        migrations.AlterField(
            model_name="servicerequest",
            name="channel",
            field=models.CharField(choices=CHANNELS, default="web", max_length=20, verbose_name="channel"),
        ),
    ]
