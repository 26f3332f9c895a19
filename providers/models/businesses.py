"""Local businesses: who they are, when they answer, their papers and prices (domain.md R32, R33)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField
from stdnum.fr import siret as siret_number

from bookings.models import Service
from bookings.models.availability import Seconds, SecondsRange
from bookings.models.catalogue import DateRange
from bookings.models.requests import REQUEST_ROLES
from concierge.models import Organisation, PublicIdModel, TenantModel, User
from concierge.tenancy import Actor
from providers.enums import DocumentKind


def check_siret(value: str) -> None:
    """A SIRET has fourteen digits and a right check digit. Raises ``ValidationError``."""
    if not siret_number.is_valid(value):
        raise ValidationError(_("This SIRET is not valid: please check its fourteen digits."), code="siret")


class ProviderQuerySet(models.QuerySet["Provider"]):
    """Reads of providers."""

    def visible_to(self, actor: Actor) -> Self:
        """Staff who follow requests and the organisation's own systems: all. A provider: itself. Others: none."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system" or actor.has_role(*REQUEST_ROLES):
            return found
        if actor.provider_id is not None:
            return found.filter(pk=actor.provider_id)
        return found if actor.kind == "api" else found.none()

    def active(self) -> Self:
        """Those who may be asked."""
        return self.filter(is_active=True)

    def agreeing_on(self, service: Service) -> Self:
        """Those with whom this service was ever agreed: the ones to consider for it."""
        return self.filter(agreements__service=service).distinct()

    def to_consider(self, service: Service, others: Iterable[int]) -> Self:
        """Those, and some known by their key."""
        return self.filter(Q(agreements__service=service) | Q(pk__in=list(others))).distinct()


class Provider(PublicIdModel, TenantModel):
    """A local business that carries out work: ``daily_capacity`` work orders, ``radius_km`` around its address."""

    name = models.CharField(_("name"), max_length=120)
    contact_name = models.CharField(_("contact"), max_length=120, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = PhoneNumberField(_("phone"), blank=True)
    siret = models.CharField(_("SIRET"), max_length=14, validators=[check_siret])
    street = models.CharField(_("street"), max_length=200)
    postcode = models.CharField(_("postcode"), max_length=5)
    city = models.CharField(_("city"), max_length=100)
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6)
    radius_km = models.PositiveSmallIntegerField(_("area served (km)"), default=10)
    daily_capacity = models.PositiveSmallIntegerField(_("jobs per day"), default=5)
    language = models.CharField(
        _("language"), max_length=2, choices=[("fr", "Français"), ("en", "English")], default="fr"
    )
    is_local = models.BooleanField(_("independent local business"), default=True)
    is_ess = models.BooleanField(_("social economy"), default=False)
    is_insertion = models.BooleanField(_("work-integration or sheltered employment"), default=False)
    charter_signed_on = models.DateField(_("charter signed on"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = ProviderQuerySet.as_manager()

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "siret"],
                name="provider_siret_once_per_organisation",
                violation_error_message=_("Another provider already has this SIRET."),
            ),
            models.CheckConstraint(condition=Q(siret__regex=r"^[0-9]{14}$"), name="provider_siret_has_fourteen_digits"),
            models.CheckConstraint(
                condition=Q(postcode__regex=r"^[0-9]{5}$"),
                name="provider_postcode_has_five_digits",
                violation_error_message=_("A French postcode has five digits."),
            ),
            models.CheckConstraint(
                condition=Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="provider_coordinates_on_earth",
                violation_error_message=_("These coordinates are not on Earth."),
            ),
            models.CheckConstraint(
                condition=Q(radius_km__range=(1, 500)),
                name="provider_radius_is_plausible",
                violation_error_message=_("The area served must be between 1 and 500 km."),
            ),
            models.CheckConstraint(condition=Q(daily_capacity__gte=1), name="provider_takes_a_job_a_day"),
            models.CheckConstraint(
                condition=~Q(email="", phone=""),
                name="provider_can_be_reached",
                violation_error_message=_("Give an e-mail address or a phone number."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProviderHours(TenantModel):
    """One opening of one weekday (0 = Monday), wall-clock time: answers are due within these hours."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="opening_hours", verbose_name=_("provider"))
    weekday = models.PositiveSmallIntegerField(_("weekday"))
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        verbose_name = _("provider's opening hours")
        verbose_name_plural = _("providers' opening hours")
        ordering = ["weekday", "opens", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="provider_hours_weekday_exists"),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")),
                name="provider_hours_end_after_start",
                violation_error_message=_("The closing time must be after the opening time."),
            ),
            ExclusionConstraint(
                name="provider_hours_do_not_overlap",
                expressions=[
                    ("provider", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (SecondsRange(Seconds("opens"), Seconds("closes")), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("These hours overlap other hours of the same day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.opens:%H:%M}–{self.closes:%H:%M}"


class ProviderDocument(PublicIdModel, TenantModel):
    """A paper seen by staff. The latest of each kind counts; after ``expires_on`` no new job is offered (R32)."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="documents", verbose_name=_("provider"))
    kind = models.CharField(_("kind"), max_length=20, choices=DocumentKind.choices)
    reference = models.CharField(_("number"), max_length=80, blank=True)
    issued_on = models.DateField(_("issued on"))
    expires_on = models.DateField(_("valid until (included)"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["kind", "-issued_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="provider_document_kind_is_known"),
            models.CheckConstraint(
                condition=Q(expires_on=None) | Q(expires_on__gte=F("issued_on")),
                name="provider_document_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.provider}"


class ServiceAgreementQuerySet(models.QuerySet["ServiceAgreement"]):
    """Reads of agreements."""

    def valid_on(self, day: dt.date) -> Self:
        """In force that day, both ends included."""
        return self.filter(valid_from__lte=day).filter(Q(valid_to=None) | Q(valid_to__gte=day))


class ServiceAgreement(PublicIdModel, TenantModel):
    """What a provider is paid for a service, from a date on (R33).

    Either a purchase price per item, or the share of the client's price that the concierge keeps, or neither: the
    provider then gets all that the client pays.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="agreements", verbose_name=_("provider"))
    service = models.ForeignKey(Service, models.PROTECT, related_name="agreements", verbose_name=_("service"))
    purchase_price = models.DecimalField(
        _("price paid per item, incl. VAT (€)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    commission_percent = models.DecimalField(
        _("commission kept (%)"), max_digits=4, decimal_places=2, null=True, blank=True
    )
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid until (included)"), null=True, blank=True)

    objects = ServiceAgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["service__position", "-valid_from", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(purchase_price=None) | Q(commission_percent=None),
                name="service_agreement_has_one_price",
                violation_error_message=_("Agree either on a purchase price or on a commission, not on both."),
            ),
            models.CheckConstraint(
                condition=Q(purchase_price=None) | Q(purchase_price__gte=0),
                name="service_agreement_price_not_negative",
                violation_error_message=_("The price cannot be negative."),
            ),
            models.CheckConstraint(
                condition=Q(commission_percent=None) | Q(commission_percent__gte=0, commission_percent__lt=100),
                name="service_agreement_commission_is_plausible",
                violation_error_message=_("The commission must be between 0 and 100 %."),
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
                violation_error_message=_("An agreement for this service already covers some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} · {self.service}"


class ProviderMember(TenantModel):
    """A user who acts for a provider."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="members", verbose_name=_("provider"))
    user = models.ForeignKey(User, models.CASCADE, related_name="provider_members", verbose_name=_("user"))

    class Meta:
        verbose_name = _("member of a provider")
        verbose_name_plural = _("members of providers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user"],
                name="provider_member_user_once_per_organisation",
                violation_error_message=_("This person already acts for a provider."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.provider}"


def acts_for_stopped(user: User | AnonymousUser, organisation: Organisation) -> bool:
    """Whether a signed-in user acts here for a provider that was stopped."""
    found = ProviderMember.objects.filter(organisation=organisation, provider__is_active=False)
    return user.is_authenticated and found.filter(user=user).exists()


def provider_id_of(user: User, organisation: Organisation) -> int | None:
    """Key of the active provider a signed-in user acts for here."""
    members = ProviderMember.objects.filter(organisation=organisation, user=user, provider__is_active=True)
    return members.values_list("provider_id", flat=True).first()
