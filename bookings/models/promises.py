"""What a request waits for beside its work: a question to its client, a pause of its clock, who follows it up."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.enums import HoldReason, RequestStatus
from bookings.models.requests import ServiceRequest
from concierge.models import PublicIdModel, TenantModel, User


class ClientQuestion(PublicIdModel, TenantModel):
    """A question that the client answers on the tracking page. Open until answered or given up."""

    request = models.ForeignKey(ServiceRequest, models.PROTECT, related_name="questions", verbose_name=_("request"))
    text = models.CharField(_("question"), max_length=500)
    asked_at = models.DateTimeField(_("asked at"))
    due_at = models.DateTimeField(_("answer expected by"))
    answer = models.CharField(_("answer"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    # Ended without an answer: the request was given up, or went another way.
    dropped_at = models.DateTimeField(_("given up at"), null=True, blank=True)

    class Meta:
        verbose_name = _("question to a client")
        verbose_name_plural = _("questions to clients")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "request"],
                condition=Q(answered_at=None, dropped_at=None),
                name="question_open_once_per_request",
                violation_error_message=_("A question to this client is already open."),
            ),
            models.CheckConstraint(
                condition=Q(due_at__gt=F("asked_at")),
                name="question_due_after_asked",
                violation_error_message=_("The answer cannot be expected before the question."),
            ),
            models.CheckConstraint(condition=~Q(text=""), name="question_says_something"),
            models.CheckConstraint(
                condition=Q(answered_at=None, answer="") | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="question_answer_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_open(self) -> bool:
        """Whether the client may still answer."""
        return self.answered_at is None and self.dropped_at is None


class Pause(TenantModel):
    """The time in which a request stood still. Its promise moves by that much; what was promised before stays here."""

    request = models.ForeignKey(ServiceRequest, models.PROTECT, related_name="pauses", verbose_name=_("request"))
    reason = models.CharField(_("reason"), max_length=10, choices=HoldReason.choices)
    note = models.CharField(_("a word for the client"), max_length=200, blank=True)
    held_from = models.CharField(_("held from"), max_length=20, choices=RequestStatus.choices)
    held_at = models.DateTimeField(_("held at"))
    # When somebody looks at it again, whatever happens.
    until = models.DateTimeField(_("look again on"))
    resumed_at = models.DateTimeField(_("resumed at"), null=True, blank=True)
    promised_before = models.DateTimeField(_("promised before"), null=True, blank=True)
    # Keys of the work orders that this pause stopped, and that go on with it.
    stopped = ArrayField(models.BigIntegerField(), default=list, editable=False)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "request"],
                condition=Q(resumed_at=None),
                name="pause_open_once_per_request",
                violation_error_message=_("This request is already on hold."),
            ),
            models.CheckConstraint(condition=Q(reason__in=HoldReason.values), name="pause_reason_is_known"),
            models.CheckConstraint(
                condition=Q(until__gt=F("held_at")),
                name="pause_looked_at_after_held",
                violation_error_message=_("Choose a day from tomorrow on."),
            ),
            models.CheckConstraint(
                condition=Q(resumed_at=None) | Q(resumed_at__gte=F("held_at")), name="pause_ends_after_its_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} · {self.held_at:%Y-%m-%d}"


class FollowUp(TenantModel):
    """What the team agreed about a request that has gone silent: who cares for it, and until when it may rest."""

    request = models.OneToOneField(ServiceRequest, models.PROTECT, related_name="follow_up", verbose_name=_("request"))
    owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("followed up by")
    )
    snoozed_until = models.DateTimeField(_("rests until"), null=True, blank=True)
    snooze_reason = models.CharField(_("why it may rest"), max_length=200, blank=True)
    note = models.CharField(_("last call"), max_length=500, blank=True)
    noted_at = models.DateTimeField(_("noted at"), null=True, blank=True)

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(snoozed_until=None) | ~Q(snooze_reason=""),
                name="follow_up_rest_has_a_reason",
                violation_error_message=_("Say why it may rest."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.request_id)
