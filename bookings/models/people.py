"""Who books for somebody else, and on whose word."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from bookings.models.clients import Client
from concierge.models import Organisation, PublicIdModel, TenantModel, User
from concierge.tenancy import Actor

# The sentences somebody agreed to, by version: what was agreed at a time stays provable (P09).
# Never change one: add one.
NEWS_FOR_BENEFICIARY = "beneficiary-news-1"
ACCOMPANIED = "accompanied-1"
CONSENTS = {
    NEWS_FOR_BENEFICIARY: _("This person agrees that we write to them about this request."),
    ACCOMPANIED: _("This person agrees that I book services for them and that you keep their details for that."),
}


# People one client may have on their list.
MOST_HELPED = 50


class PrescriberQuerySet(models.QuerySet["Prescriber"]):
    """Reads of prescribers."""

    def active(self) -> Self:
        """Those who may book now."""
        return self.filter(paused_at=None)


class Prescriber(PublicIdModel, TenantModel):
    """A social worker or another professional who books for people they accompany (lifecycles.md 1.1: referrer)."""

    user = models.ForeignKey(User, models.PROTECT, related_name="prescribers", verbose_name=_("account"))
    structure = models.CharField(_("structure"), max_length=120)
    phone = PhoneNumberField(_("phone"), blank=True)
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = PrescriberQuerySet.as_manager()

    class Meta:
        verbose_name = _("prescriber")
        verbose_name_plural = _("prescribers")
        ordering = ["structure", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user"],
                name="prescriber_once_per_organisation",
                violation_error_message=_("This person is already a prescriber here."),
            ),
            models.CheckConstraint(condition=~Q(structure=""), name="prescriber_has_a_structure"),
        ]

    def __str__(self) -> str:
        return f"{self.user.get_full_name()}, {self.structure}"


def prescriber_id_of(user: User, organisation: Organisation) -> int | None:
    """Key of the prescriber a signed-in user is here, unless paused."""
    found = Prescriber.objects.active().filter(organisation=organisation, user=user).order_by("pk")
    return found.values_list("pk", flat=True).first()


class AccompanimentQuerySet(models.QuerySet["Accompaniment"]):
    """Reads of who accompanies whom."""

    def visible_to(self, actor: Actor) -> Self:
        """A prescriber: people they brought themselves and still accompany. Nobody else has a page of them."""
        if actor.prescriber_id is None:
            return self.none()
        return self.filter(organisation=actor.organisation, prescriber_id=actor.prescriber_id, ended_at=None)

    def called(self, text: str) -> Self:
        """Part of a name."""
        found = self
        for part in text.split()[:4]:
            found = found.filter(Q(client__first_name__icontains=part) | Q(client__last_name__icontains=part))
        return found


class Accompaniment(PublicIdModel, TenantModel):
    """A prescriber speaks for a person, who agreed.

    E-mail, number and address are as the prescriber gave them: nobody has proved them, and what others write into the
    person's own record later is not shown here (P05).
    """

    prescriber = models.ForeignKey(
        Prescriber, models.PROTECT, related_name="accompaniments", verbose_name=_("prescriber")
    )
    client = models.ForeignKey(Client, models.PROTECT, related_name="accompaniments", verbose_name=_("person"))
    email = models.EmailField(_("e-mail"), blank=True)
    phone = PhoneNumberField(_("phone"), blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=5, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    consent = models.CharField(_("agreed to"), max_length=40)
    consent_at = models.DateTimeField(_("agreed on"))
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = AccompanimentQuerySet.as_manager()

    class Meta:
        verbose_name = _("accompaniment")
        verbose_name_plural = _("accompaniments")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["organisation", "prescriber", "-id"], name="accompaniment_by_prescriber")]
        constraints = [
            models.UniqueConstraint(fields=["prescriber", "client"], name="accompaniment_once"),
            models.CheckConstraint(condition=~Q(consent=""), name="accompaniment_was_agreed_to"),
        ]

    def __str__(self) -> str:
        return str(self.client)
