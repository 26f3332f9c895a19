"""The oldest pending event is found without sorting all of them, however many wait."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("concierge", "0005_record_stays")]

    operations = [
        migrations.RemoveIndex(model_name="event", name="event_pending"),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["organisation", "id"], condition=models.Q(("dispatch", "pending")), name="event_pending"
            ),
        ),
    ]
