"""What becomes of what nobody fetches is said of each hand-out, so that a plan may change it; producers have a phone."""

import phonenumber_field.modelfields
from django.db import migrations, models

# Row-level security is forced on the owner of the tables too, who sees no row without a tenant.
AS_THE_PLAN_SAYS = """
    ALTER TABLE bookings_preorderrun NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE bookings_preorderplan NO FORCE ROW LEVEL SECURITY;
    UPDATE bookings_preorderrun AS run SET no_show_policy = plan.no_show_policy
        FROM bookings_preorderplan AS plan WHERE plan.id = run.plan_id;
    ALTER TABLE bookings_preorderplan FORCE ROW LEVEL SECURITY;
    ALTER TABLE bookings_preorderrun FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0050_open_sites")]

    operations = [
        migrations.AddField(
            model_name="producer",
            name="phone",
            field=phonenumber_field.modelfields.PhoneNumberField(
                blank=True, max_length=128, region=None, verbose_name="phone"
            ),
        ),
        migrations.AddField(
            model_name="preorderrun",
            name="no_show_policy",
            field=models.CharField(
                choices=[
                    ("charged", "Given away and charged"),
                    ("refunded", "Given away, not charged"),
                    ("kept", "Kept until the next open day, then given away and charged"),
                ],
                default="charged",
                max_length=10,
                verbose_name="what nobody fetched",
            ),
        ),
        migrations.RunSQL(AS_THE_PLAN_SAYS, migrations.RunSQL.noop),
    ]
