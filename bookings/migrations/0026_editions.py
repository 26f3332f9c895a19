"""A change of the catalogue or of the calendar gives the organisation a new edition (concierge/editions.py)."""

from django.db import migrations

from concierge.editions import CountEditions


class Migration(migrations.Migration):
    dependencies = [("bookings", "0025_client_search"), ("concierge", "0009_editions")]

    operations = [
        CountEditions(
            "ServiceCategory",
            "VatRate",
            "Service",
            "PriceItem",
            "ServiceOption",
            "ServiceAtSite",
            "DatedPrice",
            "Supplement",
            "OpeningHours",
            "Closure",
            "SlotRule",
        )
    ]
