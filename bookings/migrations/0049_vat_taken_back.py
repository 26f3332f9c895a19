"""A VAT rate that has not begun may be forgotten."""

from django.db import migrations

from concierge.tenancy import allow_delete


class Migration(migrations.Migration):
    dependencies = [("bookings", "0048_channels"), ("concierge", "0003_what_may_go")]

    operations = [allow_delete("bookings_vatrate")]
