from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0011_site_settings"),
    ]

    operations = [
        migrations.AlterField(
            model_name="site",
            name="holiday_zone",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "Metropolitan France"),
                    ("57", "Alsace-Moselle"),
                    ("971", "Guadeloupe"),
                    ("972", "Martinique"),
                    ("973", "French Guiana"),
                    ("974", "Réunion"),
                    ("976", "Mayotte"),
                    ("BL", "Saint-Barthélemy"),
                    ("MF", "Saint-Martin"),
                    ("PM", "Saint-Pierre-et-Miquelon"),
                    ("NC", "New Caledonia"),
                    ("PF", "French Polynesia"),
                    ("WF", "Wallis and Futuna"),
                ],
                default="",
                max_length=5,
                verbose_name="holiday zone",
            ),
        ),
        migrations.AlterField(
            model_name="site",
            name="time_zone",
            field=models.CharField(
                choices=[
                    ("Europe/Paris", "Metropolitan France"),
                    ("America/Guadeloupe", "Guadeloupe, Saint-Martin, Saint-Barthélemy"),
                    ("America/Martinique", "Martinique"),
                    ("America/Cayenne", "French Guiana"),
                    ("America/Miquelon", "Saint-Pierre-et-Miquelon"),
                    ("Indian/Reunion", "Réunion"),
                    ("Indian/Mayotte", "Mayotte"),
                    ("Pacific/Noumea", "New Caledonia"),
                    ("Pacific/Tahiti", "French Polynesia"),
                    ("Pacific/Wallis", "Wallis and Futuna"),
                ],
                default="Europe/Paris",
                max_length=40,
                verbose_name="time zone",
            ),
        ),
    ]
