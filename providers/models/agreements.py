"""What is agreed with local businesses (domain.md R33)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from bookings.models.catalogue import DateRange
from bookings.models.requests import REQUEST_ROLES
from concierge.models import PublicIdModel, TenantModel, User
from concierge.tenancy import Actor
from providers.enums import AGREEMENT_CATEGORY, BINDING_AGREEMENTS, AgreementKind, AgreementStatus, Invoicing, Side
from providers.models.businesses import Provider


class ServiceAgreementQuerySet(models.QuerySet["ServiceAgreement"]):
    """Reads of agreements."""

    def visible_to(self, actor: Actor) -> Self:
        """Staff who follow requests and the organisation's own systems: all. A provider: its own, once sent."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system" or actor.has_role(*REQUEST_ROLES):
            return found
        if actor.provider_id is not None:
            return found.shown_to(actor.provider_id)
        return found if actor.kind == "api" else found.none()

    def shown_to(self, provider_id: int) -> Self:
        """What a provider has been sent, or has signed on paper."""
        return self.filter(provider_id=provider_id).filter(Q(status=AgreementStatus.PAPER) | ~Q(seal=""))

    def waiting_for(self, provider_id: int) -> Self:
        """Those that a provider has still to sign."""
        theirs = AgreementSignature.objects.filter(agreement=OuterRef("pk"), side=Side.THEIRS)
        return self.filter(~Exists(theirs), provider_id=provider_id, status=AgreementStatus.SENT)

    def binding(self) -> Self:
        """Agreed by both sides, whatever the day."""
        return self.filter(status__in=BINDING_AGREEMENTS)

    def valid_on(self, day: dt.date) -> Self:
        """In force that day, both ends included."""
        return self.binding().filter(valid_from__lte=day).filter(Q(valid_to=None) | Q(valid_to__gte=day))


class ServiceAgreement(PublicIdModel, TenantModel):
    """What a provider is paid for a service, from a date on, and on which terms (R33).

    A draft binds nobody. Of those that bind, no two ever cover the same day of the same service.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="agreements", verbose_name=_("provider"))
    service = models.ForeignKey(Service, models.PROTECT, related_name="agreements", verbose_name=_("service"))
    status = models.CharField(
        _("status"), max_length=20, choices=AgreementStatus.choices, default=AgreementStatus.DRAFT
    )
    kind = models.CharField(
        _("what the provider is paid"), max_length=20, choices=AgreementKind.choices, db_default=AgreementKind.PURCHASE
    )
    purchase_price = models.DecimalField(
        _("price paid per item, incl. VAT (€)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    commission_percent = models.DecimalField(
        _("commission kept (%)"), max_digits=4, decimal_places=2, null=True, blank=True
    )
    commission_fixed = models.DecimalField(
        _("commission kept per job (€)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    invoicing = models.CharField(
        _("who invoices whom"), max_length=20, choices=Invoicing.choices, db_default=Invoicing.PROVIDER_TO_US
    )
    mandate_signed_on = models.DateField(_("mandate for self-billing signed on"), null=True, blank=True)
    vat_rate = models.DecimalField(
        _("VAT rate of the provider (%)"), max_digits=4, decimal_places=2, null=True, blank=True
    )
    notice_hours = models.PositiveSmallIntegerField(_("minimum notice (hours)"), db_default=0)
    cancel_hours = models.PositiveSmallIntegerField(_("work may be given back until (hours before)"), db_default=0)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid until (included)"), null=True, blank=True)

    # Written as a draft, with placeholders; ``content`` is what was sent, ``seal`` its SHA-256: signing posts it back.
    text = models.TextField(_("text"), blank=True)
    content = models.JSONField(_("content"), default=dict, blank=True)
    seal = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    decline_comment = models.CharField(_("comment"), max_length=500, blank=True)

    objects = ServiceAgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["service__position", "-valid_from", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=AgreementStatus.values), name="service_agreement_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "paper", "withdrawn"]) | (~Q(seal="") & Q(sent_at__isnull=False)),
                name="service_agreement_sent_is_sealed",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="purchase",
                    purchase_price__isnull=False,
                    commission_percent__isnull=True,
                    commission_fixed__isnull=True,
                )
                | Q(
                    kind="commission",
                    purchase_price__isnull=True,
                    commission_percent__isnull=False,
                    commission_fixed__isnull=True,
                )
                | Q(
                    kind="fixed_commission",
                    purchase_price__isnull=True,
                    commission_percent__isnull=True,
                    commission_fixed__isnull=False,
                )
                | Q(
                    kind="introduction",
                    purchase_price__isnull=True,
                    commission_percent__isnull=True,
                    commission_fixed__isnull=True,
                ),
                name="service_agreement_price_fits_its_kind",
                violation_error_message=_("Give the amount of this kind of agreement, and no other."),
            ),
            models.CheckConstraint(
                condition=Q(purchase_price__isnull=True) | Q(purchase_price__gte=0),
                name="service_agreement_price_not_negative",
                violation_error_message=_("The price cannot be negative."),
            ),
            models.CheckConstraint(
                condition=Q(commission_percent__isnull=True) | Q(commission_percent__gte=0, commission_percent__lt=100),
                name="service_agreement_commission_is_plausible",
                violation_error_message=_("The commission must be between 0 and 100 per cent."),
            ),
            models.CheckConstraint(
                condition=Q(commission_fixed__isnull=True) | Q(commission_fixed__gte=0),
                name="service_agreement_fixed_commission_not_negative",
                violation_error_message=_("The commission cannot be negative."),
            ),
            models.CheckConstraint(
                condition=Q(kind="introduction", invoicing="provider_to_client")
                | (~Q(kind="introduction") & Q(invoicing__in=["provider_to_us", "we_self_bill"])),
                name="service_agreement_introduction_is_invoiced_by_the_provider",
                violation_error_message=_("Introduced only, the provider invoices the client; otherwise we do."),
            ),
            models.CheckConstraint(
                condition=~Q(invoicing="we_self_bill") | Q(mandate_signed_on__isnull=False),
                name="service_agreement_self_billing_has_a_mandate",
                violation_error_message=_("Self-billing needs a mandate that the provider has signed."),
            ),
            models.CheckConstraint(
                condition=Q(vat_rate__isnull=True) | Q(vat_rate__gte=0, vat_rate__lte=30),
                name="service_agreement_vat_is_plausible",
                violation_error_message=_("A VAT rate lies between 0 and 30 per cent."),
            ),
            models.CheckConstraint(
                condition=Q(notice_hours__lte=720, cancel_hours__lte=720),
                name="service_agreement_hours_are_plausible",
                violation_error_message=_("At most 720 hours: thirty days."),
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="service_agreement_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            ExclusionConstraint(
                name="service_agreements_do_not_overlap",
                expressions=[
                    ("provider", RangeOperators.EQUAL),
                    ("service", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=["paper", "signed"]),
                violation_error_message=_("An agreement for this service already covers some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} · {self.service}"

    # Of no request in particular: of all that come.
    asked_by = None

    @property
    def due_at(self) -> dt.datetime:
        """Until when the link to one that was sent is to be used: a month. Who comes later asks for another."""
        return (self.sent_at or timezone.now()) + dt.timedelta(days=30)

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return AGREEMENT_CATEGORY[self.status]

    @property
    def is_binding(self) -> bool:
        """Whether both sides have agreed."""
        return self.status in BINDING_AGREEMENTS

    @property
    def waits_for_provider(self) -> bool:
        """Whether it was sent, and the provider has neither signed nor said no."""
        return self.status == AgreementStatus.SENT and not self.signatures.filter(side=Side.THEIRS).exists()

    def is_in_force(self, day: dt.date) -> bool:
        """Whether it counts that day."""
        return self.is_binding and self.valid_from <= day and (self.valid_to is None or self.valid_to >= day)


class AgreementSignature(TenantModel):
    """One side has signed what was sent: by whose name, when, by which way. Never changed."""

    agreement = models.ForeignKey(
        ServiceAgreement, models.PROTECT, related_name="signatures", verbose_name=_("agreement")
    )
    side = models.CharField(_("side"), max_length=10, choices=Side.choices)
    name = models.CharField(_("name"), max_length=120)
    at = models.DateTimeField(_("signed at"))
    channel = models.CharField(_("channel"), max_length=20)
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("account"))

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "side"],
                name="agreement_signed_once_per_side",
                violation_error_message=_("This agreement is already signed on your side."),
            ),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="agreement_signature_side_is_known"),
            models.CheckConstraint(condition=~Q(name=""), name="agreement_signature_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.agreement} · {self.get_side_display()}"
