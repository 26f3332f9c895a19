"""How to get in at somebody's home: encrypted, behind the tenant's wall, and it may be forgotten."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0053_weighed"),
        ("concierge", "0011_site_settings"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccessNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed", models.TextField(editable=False)),
                (
                    "written_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="written at"
                    ),
                ),
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
                (
                    "request",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="access_note",
                        to="bookings.servicerequest",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "access note",
                "verbose_name_plural": "access notes",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("sealed__startswith", "gAAAA")), name="access_note_is_encrypted"
                    )
                ],
            },
        ),
        ProtectTenant("AccessNote"),
        allow_delete("bookings_accessnote"),
    ]
