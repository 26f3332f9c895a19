"""What a social adviser has planned with a person, and the diagnosis that opened the way (R23, R28).

No field says what was talked about, nor why somebody did not come.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.models import Event, PublicIdModel, TenantModel
from concierge.tenancy import Actor
from workers.enums.passes import AppointmentKind, AppointmentStatus, DiagnosisMaker
from workers.models.passes import pathways_of
from workers.models.people import Trainee


class DiagnosisQuerySet(models.QuerySet["Diagnosis"]):
    """Reads of diagnoses."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of people whose pathway the actor follows."""
        return self.filter(pathways_of(actor))


class Diagnosis(PublicIdModel, TenantModel):
    """Somebody looked whether the person is eligible: when and by whom, never what was found."""

    trainee = models.ForeignKey(Trainee, models.PROTECT, related_name="diagnoses", verbose_name=_("trainee"))
    made_on = models.DateField(_("made on"))
    made_by = models.CharField(_("made by"), max_length=10, choices=DiagnosisMaker.choices)
    # What the law made of it on that day.
    ends_on = models.DateField(_("counts until"), editable=False)
    entered_label = models.CharField(_("written down by"), max_length=120, editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = DiagnosisQuerySet.as_manager()

    class Meta:
        verbose_name = _("diagnosis of eligibility")
        verbose_name_plural = _("diagnoses of eligibility")
        ordering = ["-made_on", "-pk"]
        indexes = [models.Index(fields=["organisation", "ends_on"], name="diagnosis_by_end")]
        constraints = [
            models.UniqueConstraint(
                fields=["trainee", "made_on", "made_by"],
                name="diagnosis_written_down_once",
                violation_error_message=_("This diagnosis is written down already."),
            ),
            models.CheckConstraint(condition=Q(made_by__in=DiagnosisMaker.values), name="diagnosis_maker_is_known"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("made_on")), name="diagnosis_end_not_before_start"),
        ]

    def __str__(self) -> str:
        return f"{self.made_on} → {self.ends_on}"


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    """Reads of appointments."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of people whose pathway the actor follows."""
        return self.filter(pathways_of(actor))

    def pending(self) -> Self:
        """To come, or past and nobody has said yet whether the person came."""
        return self.filter(status=AppointmentStatus.PENDING)


class Appointment(PublicIdModel, TenantModel):
    """An interview of a person with their social adviser."""

    trainee = models.ForeignKey(Trainee, models.PROTECT, related_name="appointments", verbose_name=_("trainee"))
    adviser = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="appointments",
        verbose_name=_("social adviser"),
    )
    starts_at = models.DateTimeField(_("at"))
    place = models.CharField(_("place"), max_length=120, blank=True)
    kind = models.CharField(_("kind"), max_length=20, choices=AppointmentKind.choices)
    status = models.CharField(
        _("state"), max_length=10, choices=AppointmentStatus.choices, default=AppointmentStatus.PENDING
    )
    decided_at = models.DateTimeField(_("outcome noted at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("appointment with a social adviser")
        verbose_name_plural = _("appointments with social advisers")
        ordering = ["starts_at", "pk"]
        indexes = [
            models.Index(
                fields=["organisation", "starts_at"], condition=Q(status="pending"), name="appointment_pending"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["trainee", "starts_at"],
                condition=~Q(status="cancelled"),
                name="appointment_once_at_a_time",
                violation_error_message=_("This person already has an appointment at that time."),
            ),
            models.CheckConstraint(condition=Q(kind__in=AppointmentKind.values), name="appointment_kind_is_known"),
            models.CheckConstraint(
                condition=Q(status=AppointmentStatus.PENDING, decided_at=None)
                | (Q(status__in=AppointmentStatus.values, decided_at__isnull=False) & ~Q(status="pending")),
                name="appointment_outcome_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"


def times_before(appointments: Sequence[Appointment]) -> dict[uuid.UUID, list[dt.datetime]]:
    """When the appointments were to be before they were moved, the last time last: one query for all of them."""
    moves = Event.objects.filter(
        name="appointment.moved",
        subject_type=Appointment._meta.label_lower,
        subject_id__in=[one.public_id for one in appointments],
    )
    found: dict[uuid.UUID, list[dt.datetime]] = defaultdict(list)
    for subject, data in moves.order_by("pk").values_list("subject_id", "data"):
        if data["before"] != data["after"]:
            found[subject].append(dt.datetime.fromisoformat(data["before"]))
    return found
