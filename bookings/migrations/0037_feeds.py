"""Addresses under which calendars read appointments by themselves."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0036_accounts"),
        ("concierge", "0009_editions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("given_at", models.DateTimeField(verbose_name="given at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
            ],
            options={
                "verbose_name": "calendar subscription",
                "verbose_name_plural": "calendar subscriptions",
                "ordering": ["pk"],
            },
        ),
        migrations.AddIndex(
            model_name="servicerequest",
            index=models.Index(
                condition=models.Q(("hold__isnull", False), ("promised_start__isnull", False)),
                fields=["organisation", "site", "promised_start"],
                name="request_by_appointment",
            ),
        ),
        migrations.AddField(
            model_name="calendarfeed",
            name="organisation",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="concierge.organisation",
                verbose_name="organisation",
            ),
        ),
        migrations.AddField(
            model_name="calendarfeed",
            name="site",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="calendar_feeds",
                to="concierge.site",
                verbose_name="site",
            ),
        ),
        migrations.AddField(
            model_name="calendarfeed",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="calendar_feeds",
                to=settings.AUTH_USER_MODEL,
                verbose_name="account",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.UniqueConstraint(
                fields=("organisation", "user", "site"), name="calendar_feed_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at", None),
                    models.Q(("ended_at__gte", models.F("given_at")), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="calendar_feed_ends_after_it_began",
            ),
        ),
        ProtectTenant("CalendarFeed"),
    ]
