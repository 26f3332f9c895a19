"""Orders ahead belong to one organisation; a changed order writes its lines anew."""

from django.db import migrations

from concierge.tenancy import ProtectTenant, allow_delete


class Migration(migrations.Migration):
    dependencies = [("bookings", "0018_pre_orders")]

    operations = [
        ProtectTenant("Producer", "PreOrderPlan", "OrderSheet", "PreOrderRun", "PreOrder", "Substitution"),
        allow_delete("bookings_requestline"),
    ]
