"""A served postcode becomes one kind of served area: its rows stay."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0020_measures")]

    operations = [
        migrations.RemoveConstraint(model_name="servedpostcode", name="served_postcode_once_per_site"),
        migrations.RemoveConstraint(model_name="servedpostcode", name="served_postcode_has_five_digits"),
        migrations.RenameModel("ServedPostcode", "ServedArea"),
    ]
