"""Two people want to work each other's published shift (lifecycles.md 2.5: swap_request → reassigned)."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, TenantModel, User
from concierge.tenancy import Actor
from workers.enums.swaps import OPEN_SWAPS, SwapStatus
from workers.models.people import TEAM_ROLES, Trainee
from workers.models.shifts import Shift


class SwapRequestQuerySet(models.QuerySet["SwapRequest"]):
    """Reads of swap requests."""

    def visible_to(self, actor: Actor) -> Self:
        """Team staff: those of their sites. A trainee: those they asked or were asked. Everybody else: none."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system":
            return found
        if actor.has_role(*TEAM_ROLES):
            sites = actor.site_ids(*TEAM_ROLES)
            return found if sites is None else found.filter(mine__week__site_id__in=sites)
        if actor.trainee_id:
            return found.filter(Q(asker_id=actor.trainee_id) | Q(other_id=actor.trainee_id))
        return found.none()

    def open(self) -> Self:
        """Nobody has ended them."""
        return self.filter(status__in=OPEN_SWAPS)

    def for_cards(self) -> Self:
        """With everything a line shows."""
        return self.select_related("asker", "other", "mine__week__site", "theirs__week__site")


class SwapRequest(PublicIdModel, TenantModel):
    """``asker`` gives ``mine`` and works ``theirs``, which is ``other``'s; nothing changes before it is approved."""

    mine = models.ForeignKey(Shift, models.CASCADE, related_name="swaps_asked", verbose_name=_("shift given"))
    theirs = models.ForeignKey(Shift, models.CASCADE, related_name="swaps_wanted", verbose_name=_("shift wanted"))
    asker = models.ForeignKey(Trainee, models.CASCADE, related_name="swaps_asked", verbose_name=_("who asks"))
    other = models.ForeignKey(Trainee, models.CASCADE, related_name="swaps_answered", verbose_name=_("who is asked"))
    status = models.CharField(_("status"), max_length=10, choices=SwapStatus.choices, default=SwapStatus.ASKED)
    asked_at = models.DateTimeField(_("asked at"), db_default=Now(), editable=False)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )

    objects = SwapRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("swap request")
        verbose_name_plural = _("swap requests")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=SwapStatus.values), name="swap_status_is_known"),
            models.CheckConstraint(
                condition=~Q(asker=F("other")),
                name="swap_between_two_people",
                violation_error_message=_("Choose a shift of somebody else."),
            ),
            models.UniqueConstraint(
                fields=["mine"],
                condition=Q(status__in=OPEN_SWAPS),
                name="swap_one_open_per_shift",
                violation_error_message=_("You have already asked to swap this shift."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asker} ⇄ {self.other}"
