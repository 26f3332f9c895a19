"""People somebody books for, as that client knows them."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from bookings.models.clients import Client
from concierge.models import PublicIdModel, TenantModel


class HelpedPersonQuerySet(models.QuerySet["HelpedPerson"]):
    """Reads of people somebody books for."""

    def of(self, client_id: int) -> Self:
        """On the list of a client now, under whichever record."""
        family = Client.objects.family_of(client_id).values("pk")
        return self.filter(owner__in=family, ended_at=None)

    def named(self, first_name: str, last_name: str) -> Self:
        """Of this name, however it is written."""
        return self.filter(first_name__iexact=first_name, last_name__iexact=last_name)


class HelpedPerson(PublicIdModel, TenantModel):
    """A parent, a neighbour: whom a client books for (R2), in the client's own words.

    What is here was typed by the client or for them, never read from anybody's record: ``person`` is that record, once
    something was booked, and nothing of it is shown.
    """

    owner = models.ForeignKey(Client, models.PROTECT, related_name="helped_people", verbose_name=_("client"))
    person = models.ForeignKey(
        Client, models.PROTECT, null=True, blank=True, related_name="helped_as", verbose_name=_("person")
    )
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("last name"), max_length=80)
    phone = PhoneNumberField(_("phone"), blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=5, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = HelpedPersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("person somebody books for")
        verbose_name_plural = _("people somebody books for")
        ordering = ["last_name", "first_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "owner",
                Lower("first_name"),
                Lower("last_name"),
                condition=Q(ended_at=None),
                name="helped_person_once",
                violation_error_message=_("This person is on your list already."),
            ),
            models.CheckConstraint(condition=~Q(first_name="") & ~Q(last_name=""), name="helped_person_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"
