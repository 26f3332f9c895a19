"""How ways of reaching people work at present."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0012_overseas"),
        ("providers", "0023_files_of_papers"),
    ]

    operations = [
        migrations.AlterField(
            model_name="offercontact",
            name="trouble",
            field=models.CharField(
                blank=True,
                choices=[
                    ("no_address", "none on file"),
                    ("no_mobile", "the number on file takes no SMS"),
                    ("not_set_up", "sending SMS is not set up here"),
                    ("refused", "refused by the other side"),
                    ("late", "could not be sent in time"),
                    ("unneeded", "no longer needed"),
                    ("paused", "nothing leaves by this way at present"),
                ],
                max_length=20,
                verbose_name="trouble",
            ),
        ),
        migrations.CreateModel(
            name="ChannelState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("channel", models.CharField(max_length=10, verbose_name="channel")),
                ("target", models.CharField(blank=True, max_length=40, verbose_name="target")),
                ("failures", models.PositiveIntegerField(default=0, verbose_name="failures in a row")),
                ("failing_since", models.DateTimeField(blank=True, null=True, verbose_name="failing since")),
                ("paused_until", models.DateTimeField(blank=True, null=True, verbose_name="left alone until")),
                ("last_error", models.CharField(blank=True, max_length=200, verbose_name="last error")),
                (
                    "organisation",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="concierge.organisation",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "state of a channel",
                "verbose_name_plural": "states of channels",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("organisation", "channel", "target"), name="channel_state_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("failing_since__isnull", True), ("failures", 0), ("paused_until__isnull", True)),
                            models.Q(("failing_since__isnull", False), ("failures__gt", 0)),
                            _connector="OR",
                        ),
                        name="channel_state_fails_since",
                    ),
                ],
            },
        ),
        ProtectTenant("ChannelState"),
    ]
