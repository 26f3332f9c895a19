"""Agreements get kinds, terms and states; those there are keep their meaning. An offer names the one it was sent on."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.db import migrations, models

import bookings.models.catalogue
from concierge.tenancy import ProtectTenant

# Signed outside of this system; no price and no commission meant: all that the client pays. Not an UPDATE: the owner
# of a table sees no rows of it under its policy, and rows with open triggers cannot be altered.
KEEP_THEIR_MEANING = """
ALTER TABLE providers_serviceagreement
    ALTER COLUMN status TYPE varchar(20) USING 'paper',
    ALTER COLUMN kind TYPE varchar(20) USING CASE WHEN purchase_price IS NULL THEN 'commission' ELSE 'purchase' END,
    ALTER COLUMN commission_percent TYPE numeric(4, 2)
        USING CASE WHEN purchase_price IS NULL THEN COALESCE(commission_percent, 0) END
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0060_recurrence_spot"),
        ("concierge", "0012_overseas"),
        ("providers", "0007_provider_files"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="serviceagreement",
            name="service_agreement_has_one_price",
        ),
        migrations.RemoveConstraint(
            model_name="serviceagreement",
            name="service_agreement_price_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="serviceagreement",
            name="service_agreement_commission_is_plausible",
        ),
        migrations.RemoveConstraint(
            model_name="serviceagreement",
            name="service_agreements_do_not_overlap",
        ),
        migrations.AddField(
            model_name="offer",
            name="agreement",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="offers",
                to="providers.serviceagreement",
                verbose_name="agreement",
            ),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="cancel_hours",
            field=models.PositiveSmallIntegerField(
                db_default=0, verbose_name="work may be given back until (hours before)"
            ),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="commission_fixed",
            field=models.DecimalField(
                blank=True, decimal_places=2, max_digits=8, null=True, verbose_name="commission kept per job (€)"
            ),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="invoicing",
            field=models.CharField(
                choices=[
                    ("provider_to_us", "The provider invoices us"),
                    ("we_self_bill", "We write the provider’s invoices (self-billing)"),
                    ("provider_to_client", "The provider invoices the client"),
                ],
                db_default="provider_to_us",
                max_length=20,
                verbose_name="who invoices whom",
            ),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="kind",
            field=models.CharField(
                choices=[
                    ("purchase", "A price per item"),
                    ("commission", "The client’s price less a commission in %"),
                    ("fixed_commission", "The client’s price less a fixed commission"),
                    ("introduction", "Introduction only: the client pays the provider"),
                ],
                db_default="purchase",
                max_length=20,
                verbose_name="what the provider is paid",
            ),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="mandate_signed_on",
            field=models.DateField(blank=True, null=True, verbose_name="mandate for self-billing signed on"),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="notice_hours",
            field=models.PositiveSmallIntegerField(db_default=0, verbose_name="minimum notice (hours)"),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="status",
            field=models.CharField(
                choices=[("draft", "Draft"), ("paper", "Signed on paper"), ("withdrawn", "Given up")],
                default="draft",
                max_length=20,
                verbose_name="status",
            ),
        ),
        migrations.AddField(
            model_name="serviceagreement",
            name="vat_rate",
            field=models.DecimalField(
                blank=True, decimal_places=2, max_digits=4, null=True, verbose_name="VAT rate of the provider (%)"
            ),
        ),
        migrations.AlterField(
            model_name="consideredprovider",
            name="rule",
            field=models.CharField(
                blank=True,
                choices=[
                    ("inactive", "No longer works with us"),
                    ("no_agreement", "No agreement in force today"),
                    ("document_missing", "A required document is missing"),
                    ("document_expired", "A document has expired"),
                    ("out_of_area", "The place of the work is outside their area"),
                    ("closed", "Closed that day"),
                    ("no_capacity", "Fully booked that day"),
                    ("too_soon", "The work has to begin before they can answer"),
                    ("already_answered", "Has already said no to this job"),
                    ("too_short_notice", "Asks for more notice than there is left"),
                ],
                max_length=20,
                verbose_name="rule that removed it",
            ),
        ),
        migrations.RunSQL(KEEP_THEIR_MEANING, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["draft", "paper", "withdrawn"])),
                name="service_agreement_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("commission_fixed__isnull", True),
                        ("commission_percent__isnull", True),
                        ("kind", "purchase"),
                        ("purchase_price__isnull", False),
                    ),
                    models.Q(
                        ("commission_fixed__isnull", True),
                        ("commission_percent__isnull", False),
                        ("kind", "commission"),
                        ("purchase_price__isnull", True),
                    ),
                    models.Q(
                        ("commission_fixed__isnull", False),
                        ("commission_percent__isnull", True),
                        ("kind", "fixed_commission"),
                        ("purchase_price__isnull", True),
                    ),
                    models.Q(
                        ("commission_fixed__isnull", True),
                        ("commission_percent__isnull", True),
                        ("kind", "introduction"),
                        ("purchase_price__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="service_agreement_price_fits_its_kind",
                violation_error_message="Give the amount of this kind of agreement, and no other.",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("purchase_price__isnull", True), ("purchase_price__gte", 0), _connector="OR"),
                name="service_agreement_price_not_negative",
                violation_error_message="The price cannot be negative.",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("commission_percent__isnull", True),
                    models.Q(("commission_percent__gte", 0), ("commission_percent__lt", 100)),
                    _connector="OR",
                ),
                name="service_agreement_commission_is_plausible",
                violation_error_message="The commission must be between 0 and 100 per cent.",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("commission_fixed__isnull", True), ("commission_fixed__gte", 0), _connector="OR"),
                name="service_agreement_fixed_commission_not_negative",
                violation_error_message="The commission cannot be negative.",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("invoicing", "provider_to_client"), ("kind", "introduction")),
                    models.Q(
                        models.Q(("kind", "introduction"), _negated=True),
                        ("invoicing__in", ["provider_to_us", "we_self_bill"]),
                    ),
                    _connector="OR",
                ),
                name="service_agreement_introduction_is_invoiced_by_the_provider",
                violation_error_message="Introduced only, the provider invoices the client; otherwise we do.",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("invoicing", "we_self_bill"), _negated=True),
                    ("mandate_signed_on__isnull", False),
                    _connector="OR",
                ),
                name="service_agreement_self_billing_has_a_mandate",
                violation_error_message="Self-billing needs a mandate that the provider has signed.",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("vat_rate__isnull", True), models.Q(("vat_rate__gte", 0), ("vat_rate__lte", 30)), _connector="OR"
                ),
                name="service_agreement_vat_is_plausible",
                violation_error_message="A VAT rate lies between 0 and 30 per cent.",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("cancel_hours__lte", 720), ("notice_hours__lte", 720)),
                name="service_agreement_hours_are_plausible",
                violation_error_message="At most 720 hours: thirty days.",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceagreement",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status__in", ["paper"])),
                expressions=[
                    ("provider", "="),
                    ("service", "="),
                    (bookings.models.catalogue.DateRange("valid_from", "valid_to"), "&&"),
                ],
                name="service_agreements_do_not_overlap",
                violation_error_message="An agreement for this service already covers some of these days.",
            ),
        ),
        ProtectTenant("Offer"),
    ]
