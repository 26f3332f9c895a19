"""How to get in at somebody's home: encrypted, read by the team and who goes there, forgotten soon after (R8)."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.enums import Execution, PerformerKind, Place
from bookings.enums import WorkOrderStatus as W
from bookings.models.clients import Client
from bookings.models.requests import ServiceRequest, WorkOrder
from concierge import encryption
from concierge.models import TenantModel
from concierge.tenancy import Actor

# Whoever holds it is on the way, or there.
AT_WORK = frozenset({W.BOOKED, W.SCHEDULED, W.IN_PROGRESS, W.ON_HOLD, W.REWORK})
# What is typed, at most.
LONGEST_ACCESS = 500


def visits_to_home_of(request: ServiceRequest) -> models.QuerySet[ServiceRequest]:
    """Those to the client of this visit at the same address, also under a record that is the same person. Visits to
    somebody they asked for go elsewhere."""
    return ServiceRequest.objects.filter(
        client__in=Client.objects.family_of(request.client.kept_id).values("pk"),
        beneficiary=None,
        place=Place.HOME,
        street=request.street,
        postcode=request.postcode,
        city=request.city,
    )


class AccessNoteQuerySet(models.QuerySet["AccessNote"]):
    """Reads of access notes."""

    def of_this_home(self, request: ServiceRequest) -> Self:
        """What is still known of how to get in where this visit goes: what was written last comes first."""
        return self.filter(request__in=visits_to_home_of(request)).order_by("-written_at", "-pk")


class AccessNote(TenantModel):
    """Door code, floor, dog: of one visit. In a table of its own, so that nothing that reads requests reads it too."""

    request = models.OneToOneField(
        ServiceRequest, models.PROTECT, related_name="access_note", verbose_name=_("request"), editable=False
    )
    sealed = models.TextField(editable=False)
    written_at = models.DateTimeField(_("written at"), db_default=Now(), editable=False)

    objects = AccessNoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("access note")
        verbose_name_plural = _("access notes")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(sealed__startswith=encryption.MARK), name="access_note_is_encrypted"),
        ]

    def __str__(self) -> str:
        return str(self.request_id)

    @property
    def text(self) -> str:
        """What was typed. Empty when no key of the settings reads it any more."""
        try:
            return encryption.decrypt(self.sealed)
        except encryption.Unreadable:
            return ""


def access_of(request: ServiceRequest) -> AccessNote | None:
    """What is known of how to get in, if anything."""
    try:
        return request.access_note
    except AccessNote.DoesNotExist:
        return None


@encryption.holds
def every_access_note() -> models.QuerySet[AccessNote]:
    """Those of the current tenant."""
    return AccessNote.objects.all()


def access_for_holder(work_order: WorkOrder, actor: Actor) -> str:
    """What the provider that holds a visit reads of how to get in: while it is theirs, and until their work is done.
    Nobody reads it of an offer."""
    theirs = work_order.performer_kind == PerformerKind.PROVIDER and work_order.performer_id == actor.provider_id
    return _while_at_work(work_order) if theirs else ""


def access_for_team(work_order: WorkOrder) -> str:
    """What whoever of our own team does this work reads of it, until it is done."""
    return _while_at_work(work_order) if work_order.execution == Execution.OWN_TEAM else ""


def _while_at_work(work_order: WorkOrder) -> str:
    note = access_of(work_order.request) if work_order.request.place == Place.HOME else None
    return note.text if note is not None and work_order.status in AT_WORK else ""
