"""Whether something is ordered ahead is asked by every booking: kept per edition, as the catalogue is."""

from __future__ import annotations

from django.db import migrations

from concierge.editions import CountEditions


class Migration(migrations.Migration):
    dependencies = [("bookings", "0039_dated_price_of_each_thing")]
    operations = [CountEditions("PreOrderPlan")]
