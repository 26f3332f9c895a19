"""A yes without the four digits is an effect of its own; what came in by SMS goes after a while."""

from django.db import migrations, models

from concierge.tenancy import allow_delete

EFFECTS = [
    ("accepted", "Accepted"),
    ("declined", "Declined"),
    ("refused", "Came too late"),
    ("unclear", "To be read by a person"),
    ("no_code", "Yes or no without the four digits"),
    ("nothing_open", "Nothing was waiting for an answer"),
    ("unknown", "Not a provider’s number"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0003_what_may_go"),
        ("providers", "0028_share_alarms"),
    ]

    operations = [
        migrations.AlterField(
            model_name="inboundsms",
            name="effect",
            field=models.CharField(choices=EFFECTS, max_length=20, verbose_name="effect"),
        ),
        migrations.RemoveConstraint(model_name="inboundsms", name="inbound_sms_effect_is_known"),
        migrations.AddConstraint(
            model_name="inboundsms",
            constraint=models.CheckConstraint(
                condition=models.Q(("effect__in", [value for value, _label in EFFECTS])),
                name="inbound_sms_effect_is_known",
            ),
        ),
        allow_delete("providers_inboundsms"),
    ]
