"""The rules of matching as data; what was judged, on what, by which rules; places that nobody knows."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0060_recurrence_spot"),
        ("concierge", "0012_overseas"),
        ("providers", "0011_given_back"),
    ]

    operations = [
        migrations.CreateModel(
            name="MatchingPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("version", models.PositiveIntegerField(verbose_name="edition")),
                ("valid_from", models.DateField(verbose_name="valid from")),
                ("terms", models.JSONField(verbose_name="rules")),
                ("created_by", models.CharField(blank=True, max_length=120, verbose_name="decided by")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
                    ),
                ),
            ],
            options={
                "verbose_name": "edition of the matching rules",
                "verbose_name_plural": "editions of the matching rules",
                "ordering": ["-pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="provider",
            name="provider_coordinates_on_earth",
        ),
        migrations.AddField(
            model_name="consideredprovider",
            name="facts",
            field=models.JSONField(db_default={}, default=dict, verbose_name="facts"),
        ),
        migrations.AddField(
            model_name="consideredprovider",
            name="unknown",
            field=models.JSONField(db_default=[], default=list, verbose_name="unknown"),
        ),
        migrations.AddField(
            model_name="offerround",
            name="judged_by",
            field=models.JSONField(db_default={}, default=dict, verbose_name="rules it was judged by"),
        ),
        migrations.AlterField(
            model_name="consideredprovider",
            name="distance_km",
            field=models.DecimalField(
                blank=True, decimal_places=1, max_digits=7, null=True, verbose_name="distance (km)"
            ),
        ),
        migrations.AlterField(
            model_name="consideredprovider",
            name="rule",
            field=models.CharField(
                blank=True,
                choices=[
                    ("inactive", "No longer works with us"),
                    ("no_agreement", "No agreement in force today"),
                    ("document_missing", "A required document is missing"),
                    ("document_expired", "A document has expired"),
                    ("out_of_area", "The place of the work is outside their area"),
                    ("closed", "Closed that day"),
                    ("no_capacity", "Fully booked that day"),
                    ("too_soon", "The work has to begin before they can answer"),
                    ("already_answered", "Has already said no to this job"),
                    ("too_short_notice", "Asks for more notice than there is left"),
                    ("document_ends", "A document ends before the day of the work"),
                ],
                max_length=20,
                verbose_name="rule that removed it",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="latitude",
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="latitude"),
        ),
        migrations.AlterField(
            model_name="provider",
            name="longitude",
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="longitude"),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("latitude", None),
                    ("longitude", None),
                    models.Q(("latitude__range", (-90, 90)), ("longitude__range", (-180, 180))),
                    _connector="OR",
                ),
                name="provider_coordinates_on_earth",
                violation_error_code="latitude",
                violation_error_message="These coordinates are not on Earth.",
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("latitude__isnull", True), ("longitude__isnull", True)),
                    models.Q(("latitude__isnull", False), ("longitude__isnull", False)),
                    _connector="OR",
                ),
                name="provider_coordinates_are_whole",
                violation_error_code="longitude",
                violation_error_message="Give both coordinates, or none.",
            ),
        ),
        migrations.AddField(
            model_name="matchingpolicy",
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
            model_name="matchingpolicy",
            name="service",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="matching_policies",
                to="bookings.service",
                verbose_name="service",
            ),
        ),
        migrations.AddConstraint(
            model_name="matchingpolicy",
            constraint=models.UniqueConstraint(
                fields=("organisation", "service", "version"),
                name="matching_policy_edition_once",
                nulls_distinct=False,
                violation_error_message="Somebody else changed these rules meanwhile.",
            ),
        ),
        migrations.AddConstraint(
            model_name="matchingpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)), name="matching_policy_editions_count_from_one"
            ),
        ),
        ProtectTenant("MatchingPolicy"),
    ]
