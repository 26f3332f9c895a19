"""What a file says of a business: legal name, VAT, labels; a paper noted by mistake may go."""

import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

import providers.models.businesses
from concierge.tenancy import allow_delete


class Migration(migrations.Migration):
    dependencies = [
        ("concierge", "0012_overseas"),
        ("providers", "0006_closures"),
    ]

    operations = [
        migrations.AddField(
            model_name="provider",
            name="has_refashion_label",
            field=models.BooleanField(default=False, verbose_name="Refashion label (repair bonus)"),
        ),
        migrations.AddField(
            model_name="provider",
            name="is_sheltered",
            field=models.BooleanField(default=False, verbose_name="sheltered employment (ESAT, EA)"),
        ),
        migrations.AddField(
            model_name="provider",
            name="is_vat_exempt",
            field=models.BooleanField(default=False, verbose_name="charges no VAT (article 293 B of the tax code)"),
        ),
        migrations.AddField(
            model_name="provider",
            name="legal_name",
            field=models.CharField(blank=True, max_length=160, verbose_name="legal name"),
        ),
        migrations.AddField(
            model_name="provider",
            name="vat_number",
            field=models.CharField(
                blank=True,
                max_length=13,
                validators=[providers.models.businesses.check_vat_number],
                verbose_name="VAT number",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="is_insertion",
            field=models.BooleanField(default=False, verbose_name="work integration"),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("vat_number", ""), ("vat_number__regex", "^FR[0-9A-HJ-NP-Z]{2}[0-9]{9}$"), _connector="OR"
                ),
                name="provider_vat_number_is_french",
                violation_error_code="vat_number",
                violation_error_message="This VAT number is not valid: it begins with FR, its key must match.",
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("vat_number", ""),
                    django.db.models.lookups.Exact(
                        django.db.models.functions.text.Right("vat_number", 9),
                        django.db.models.functions.text.Left("siret", 9),
                    ),
                    _connector="OR",
                ),
                name="provider_vat_number_is_its_own",
                violation_error_code="vat_number",
                violation_error_message="This VAT number is not that of this SIRET: both contain the same SIREN.",
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(("vat_number", ""), ("is_vat_exempt", False), _connector="OR"),
                name="provider_vat_number_or_exempt_not_both",
                violation_error_code="is_vat_exempt",
                violation_error_message="Either a VAT number, or no VAT by article 293 B: not both.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="provider",
            name="provider_postcode_has_five_digits",
            constraint=models.CheckConstraint(
                condition=models.Q(("postcode__regex", "^[0-9]{5}$")),
                name="provider_postcode_has_five_digits",
                violation_error_code="postcode",
                violation_error_message="A French postcode has five digits.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="provider",
            name="provider_coordinates_on_earth",
            constraint=models.CheckConstraint(
                condition=models.Q(("latitude__range", (-90, 90)), ("longitude__range", (-180, 180))),
                name="provider_coordinates_on_earth",
                violation_error_code="latitude",
                violation_error_message="These coordinates are not on Earth.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="provider",
            name="provider_radius_is_plausible",
            constraint=models.CheckConstraint(
                condition=models.Q(("radius_km__range", (1, 500))),
                name="provider_radius_is_plausible",
                violation_error_code="radius_km",
                violation_error_message="The area served must be between 1 and 500 km.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="provider",
            name="provider_takes_a_job_a_day",
            constraint=models.CheckConstraint(
                condition=models.Q(("daily_capacity__gte", 1)),
                name="provider_takes_a_job_a_day",
                violation_error_code="daily_capacity",
                violation_error_message="At least one job a day.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="provider",
            name="provider_can_be_reached",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", ""), ("phone", ""), _negated=True),
                name="provider_can_be_reached",
                violation_error_code="email",
                violation_error_message="Give an e-mail address or a phone number.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="providerdocument",
            name="provider_document_end_not_before_start",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_on", None), ("expires_on__gte", models.F("issued_on")), _connector="OR"),
                name="provider_document_end_not_before_start",
                violation_error_code="expires_on",
                violation_error_message="The last day cannot be before the first day.",
            ),
        ),
        allow_delete("providers_providerdocument"),
    ]
