"""Since when an account is no longer active, so that addresses of people who never came are not kept for ever (P04)."""

from django.db import migrations, models

# Nobody wrote down when it was. Row-level security is forced on the owner of the table too, who sees no row without a
# tenant.
FROM_NOW_ON = """
    ALTER TABLE bookings_clientaccount NO FORCE ROW LEVEL SECURITY;
    UPDATE bookings_clientaccount SET inactive_since = CURRENT_DATE WHERE NOT is_active;
    ALTER TABLE bookings_clientaccount FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0046_measured_distance")]

    operations = [
        migrations.AddField(
            model_name="clientaccount",
            name="inactive_since",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="inactive since"),
        ),
        migrations.RunSQL(FROM_NOW_ON, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="clientaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("inactive_since", None), ("is_active", False), _connector="OR"),
                name="client_account_active_or_since_when_not",
            ),
        ),
    ]
