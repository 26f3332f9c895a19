"""Local businesses: who they are, and who acts for them (domain.md R32)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Left, Now, Right
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField
from stdnum.fr import tva as vat_number

from bookings.models import Service
from bookings.models.requests import REQUEST_ROLES
from concierge.models import Organisation, PublicIdModel, TenantModel, User
from concierge.numbers import check_siret
from concierge.tenancy import Actor
from providers.enums import BINDING_AGREEMENTS, TravelMode


def check_vat_number(value: str) -> None:
    """A French VAT number: FR, two check characters, the SIREN. Raises ``ValidationError``."""
    if not vat_number.is_valid(value):
        raise ValidationError(_("This VAT number is not valid: it begins with FR, its key must match."), code="vat")


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
        return self.filter(agreements__service=service, agreements__status__in=BINDING_AGREEMENTS).distinct()

    def to_consider(self, service: Service, others: Iterable[int]) -> Self:
        """Those, and some known by their key."""
        agreeing = Q(agreements__service=service, agreements__status__in=BINDING_AGREEMENTS)
        return self.filter(agreeing | Q(pk__in=list(others))).distinct()


class Provider(PublicIdModel, TenantModel):
    """A local business that carries out work: ``daily_capacity`` work orders, ``radius_km`` around its address."""

    name = models.CharField(_("name"), max_length=120)
    legal_name = models.CharField(_("legal name"), max_length=160, blank=True)
    contact_name = models.CharField(_("contact"), max_length=120, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = PhoneNumberField(_("phone"), blank=True)
    siret = models.CharField(_("SIRET"), max_length=14, validators=[check_siret])
    vat_number = models.CharField(_("VAT number"), max_length=13, blank=True, validators=[check_vat_number])
    is_vat_exempt = models.BooleanField(_("charges no VAT (article 293 B of the tax code)"), default=False)
    street = models.CharField(_("street"), max_length=200)
    postcode = models.CharField(_("postcode"), max_length=5)
    city = models.CharField(_("city"), max_length=100)
    # Unknown until somebody finds the address: then nobody is kept out by a distance.
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    radius_km = models.PositiveSmallIntegerField(_("area served (km)"), default=10)
    travel_mode = models.CharField(
        _("how they come"),
        max_length=10,
        choices=TravelMode.choices,
        default=TravelMode.CAR,
        db_default=TravelMode.CAR,
    )
    daily_capacity = models.PositiveSmallIntegerField(_("jobs per day"), default=5)
    language = models.CharField(
        _("language"), max_length=2, choices=[("fr", "Français"), ("en", "English")], default="fr"
    )
    is_local = models.BooleanField(_("independent local business"), default=True)
    is_ess = models.BooleanField(_("social economy"), default=False)
    is_insertion = models.BooleanField(_("work integration"), default=False)
    is_sheltered = models.BooleanField(_("sheltered employment (ESAT, EA)"), default=False)
    has_refashion_label = models.BooleanField(_("Refashion label (repair bonus)"), default=False)
    charter_signed_on = models.DateField(_("charter signed on"), null=True, blank=True)
    # When it was last told that only a missing paper keeps it from being asked.
    paper_asked_at = models.DateTimeField(_("paper asked for at"), null=True, blank=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    # It opened its file itself, and the team has not said yes.
    is_to_check = models.BooleanField(_("to be checked"), default=False, db_default=False)
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
                condition=Q(vat_number="") | Q(vat_number__regex=r"^FR[0-9A-HJ-NP-Z]{2}[0-9]{9}$"),
                name="provider_vat_number_is_french",
                violation_error_message=_("This VAT number is not valid: it begins with FR, its key must match."),
                violation_error_code="vat_number",
            ),
            models.CheckConstraint(
                condition=Q(vat_number="") | Q(Exact(Right("vat_number", 9), Left("siret", 9))),
                name="provider_vat_number_is_its_own",
                violation_error_message=_("This VAT number is not that of this SIRET: both contain the same SIREN."),
                violation_error_code="vat_number",
            ),
            models.CheckConstraint(
                condition=Q(vat_number="") | Q(is_vat_exempt=False),
                name="provider_vat_number_or_exempt_not_both",
                violation_error_message=_("Either a VAT number, or no VAT by article 293 B: not both."),
                violation_error_code="is_vat_exempt",
            ),
            models.CheckConstraint(
                condition=Q(postcode__regex=r"^[0-9]{5}$"),
                name="provider_postcode_has_five_digits",
                violation_error_message=_("A French postcode has five digits."),
                violation_error_code="postcode",
            ),
            models.CheckConstraint(
                condition=Q(latitude=None)
                | Q(longitude=None)
                | Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="provider_coordinates_on_earth",
                violation_error_message=_("These coordinates are not on Earth."),
                violation_error_code="latitude",
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__isnull=False, longitude__isnull=False),
                name="provider_coordinates_are_whole",
                violation_error_message=_("Give both coordinates, or none."),
                violation_error_code="longitude",
            ),
            models.CheckConstraint(
                condition=Q(radius_km__range=(1, 500)),
                name="provider_radius_is_plausible",
                violation_error_message=_("The area served must be between 1 and 500 km."),
                violation_error_code="radius_km",
            ),
            models.CheckConstraint(
                condition=Q(travel_mode__in=TravelMode.values), name="provider_travel_mode_is_known"
            ),
            models.CheckConstraint(
                condition=Q(daily_capacity__gte=1),
                name="provider_takes_a_job_a_day",
                violation_error_message=_("At least one job a day."),
                violation_error_code="daily_capacity",
            ),
            models.CheckConstraint(
                condition=Q(is_to_check=False) | Q(is_active=False), name="provider_to_check_is_asked_nothing"
            ),
            models.CheckConstraint(
                condition=~Q(email="", phone=""),
                name="provider_can_be_reached",
                violation_error_message=_("Give an e-mail address or a phone number."),
                violation_error_code="email",
            ),
        ]

    def __str__(self) -> str:
        return self.name


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
