"""Since when an account is no longer active, so that addresses of people who never came are not kept for ever (P04)."""

from django.db import migrations, models

# Nobody wrote down when it was.
FROM_NOW_ON = "UPDATE bookings_clientaccount SET inactive_since = CURRENT_DATE WHERE NOT is_active"


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
