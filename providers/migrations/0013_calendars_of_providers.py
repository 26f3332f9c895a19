"""The address under which a provider’s calendar reads its work."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0012_overseas"),
        ("providers", "0012_matching_rules"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ProviderFeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("given_at", models.DateTimeField(verbose_name="given at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
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
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendar_feeds",
                        to="providers.provider",
                        verbose_name="provider",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "calendar subscription of a provider",
                "verbose_name_plural": "calendar subscriptions of providers",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "user"),
                        name="provider_feed_once",
                        violation_error_message="There is already an address for this calendar.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at__isnull", True),
                            models.Q(("ended_at__gte", models.F("given_at")), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="provider_feed_ends_after_it_began",
                    ),
                ],
            },
        ),
        ProtectTenant("ProviderFeed"),
        allow_delete("providers_providerfeed"),
    ]
