"""What the runtime role may delete here: holds and codes that ended (the nightly purge), and what a desk sets anew."""

from django.db import migrations

from concierge.tenancy import allow_delete


class Migration(migrations.Migration):
    dependencies = [("bookings", "0007_orders_of_a_day"), ("concierge", "0003_what_may_go")]

    operations = [
        allow_delete("bookings_hold", "bookings_emailverification"),
        allow_delete("bookings_openinghours", "bookings_servedpostcode", "bookings_closure"),
    ]
