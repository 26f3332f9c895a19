"""Whom clients book for, as they know them; at first those they have asked for."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import phonenumber_field.modelfields
from django.db import migrations, models

from concierge.tenancy import ProtectTenant


def take_over(apps, schema_editor):
    """Whoever a client has asked for, under the name that was typed: nothing else of anybody's record."""
    # Row-level security is forced on the owner of the tables too, who sees no row without a tenant.
    walls = ("bookings_servicerequest", "bookings_client")
    for table in walls:
        schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    schema_editor.execute("""
        INSERT INTO bookings_helpedperson
            (organisation_id, public_id, owner_id, person_id, first_name, last_name, phone, street, postcode, city)
        SELECT DISTINCT ON (owner, lower(b.first_name), lower(b.last_name))
            r.organisation_id, gen_random_uuid(), coalesce(c.merged_into_id, c.id) AS owner, b.id,
            b.first_name, b.last_name, r.beneficiary_phone,
            CASE WHEN r.place = 'home' THEN r.street ELSE '' END,
            CASE WHEN r.place = 'home' THEN r.postcode ELSE '' END,
            CASE WHEN r.place = 'home' THEN r.city ELSE '' END
        FROM bookings_servicerequest r
        JOIN bookings_client c ON c.id = r.client_id
        JOIN bookings_client b ON b.id = r.beneficiary_id
        WHERE b.first_name <> '' AND b.last_name <> ''
            AND lower(r.beneficiary_name) = lower(b.first_name || ' ' || b.last_name)
        ORDER BY owner, lower(b.first_name), lower(b.last_name), r.id DESC
    """)
    # Checks of foreign keys that wait for the commit would forbid the walls below.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in walls:
        schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0040_editions_of_plans"),
        ("concierge", "0009_editions"),
    ]

    operations = [
        migrations.CreateModel(
            name="HelpedPerson",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identifier"),
                ),
                ("first_name", models.CharField(max_length=80, verbose_name="first name")),
                ("last_name", models.CharField(max_length=80, verbose_name="last name")),
                (
                    "phone",
                    phonenumber_field.modelfields.PhoneNumberField(
                        blank=True, max_length=128, region=None, verbose_name="phone"
                    ),
                ),
                ("street", models.CharField(blank=True, max_length=200, verbose_name="street")),
                ("postcode", models.CharField(blank=True, max_length=5, verbose_name="postcode")),
                ("city", models.CharField(blank=True, max_length=100, verbose_name="city")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created at"
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
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="helped_people",
                        to="bookings.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="helped_as",
                        to="bookings.client",
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "person somebody books for",
                "verbose_name_plural": "people somebody books for",
                "ordering": ["last_name", "first_name", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("owner"),
                        django.db.models.functions.text.Lower("first_name"),
                        django.db.models.functions.text.Lower("last_name"),
                        condition=models.Q(("ended_at", None)),
                        name="helped_person_once",
                        violation_error_message="This person is on your list already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("first_name", ""), _negated=True), models.Q(("last_name", ""), _negated=True)
                        ),
                        name="helped_person_has_a_name",
                    ),
                ],
            },
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
        ProtectTenant("HelpedPerson"),
    ]
