"""How to reach a person, as their prescriber typed it."""

import phonenumber_field.modelfields
from django.db import migrations, models

WALLS = ("bookings_accompaniment", "bookings_client")


def take_over(apps, schema_editor):
    """What stands at a record that nobody else can reach by its e-mail or an account; elsewhere others may have written
    it since."""
    # Row-level security is forced on the owner of the tables too, who sees no row without a tenant.
    for table in WALLS:
        schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    schema_editor.execute("""
        UPDATE bookings_accompaniment a
        SET phone = c.phone, street = c.street, postcode = c.postcode, city = c.city
        FROM bookings_client c WHERE c.id = a.client_id AND c.email = '' AND c.user_id IS NULL
    """)
    for table in WALLS:
        schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [("bookings", "0043_what_null_let_through")]

    operations = [
        migrations.AddField(
            model_name="accompaniment",
            name="phone",
            field=phonenumber_field.modelfields.PhoneNumberField(
                blank=True, default="", max_length=128, region=None, verbose_name="phone"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="accompaniment",
            name="street",
            field=models.CharField(blank=True, default="", max_length=200, verbose_name="street"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="accompaniment",
            name="postcode",
            field=models.CharField(blank=True, default="", max_length=5, verbose_name="postcode"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="accompaniment",
            name="city",
            field=models.CharField(blank=True, default="", max_length=100, verbose_name="city"),
            preserve_default=False,
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
    ]
