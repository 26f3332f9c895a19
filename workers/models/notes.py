"""Follow-up notes: how somebody gets on at work, in versions, never taken away silently (lifecycles.md 1.5)."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from concierge.enums import Role
from concierge.models import PublicIdModel, TenantModel, User
from concierge.tenancy import Actor
from workers.models.people import Trainee


class ProgressNoteQuerySet(models.QuerySet["ProgressNote"]):
    """Reads of notes."""

    def visible_to(self, actor: Actor) -> Self:
        """The person's own supervisor and social adviser, and the person. Nobody else (P01)."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system":
            return found
        allowed = Q(pk=None)
        own = ((Role.SUPERVISOR, "supervisor"), (Role.SOCIAL_ADVISER, "adviser"))
        for role, place in own:
            if actor.user is None or not actor.has_role(role):
                continue
            sites = actor.site_ids(role)
            of_sites = Q(trainee__site_id__isnull=False) if sites is None else Q(trainee__site_id__in=sites)
            allowed |= Q(**{f"trainee__{place}": actor.user}) & of_sites
        if actor.trainee_id:
            allowed |= Q(trainee_id=actor.trainee_id)
        return found.filter(allowed)

    def current(self) -> Self:
        """The latest version of each, the newest first."""
        return self.filter(is_current=True).order_by("-written_on", "-pk")


class ProgressNote(PublicIdModel, TenantModel):
    """What somebody of the team wrote about a person's progress. No health, no justice: those have their own vault."""

    trainee = models.ForeignKey(Trainee, models.PROTECT, related_name="progress_notes", verbose_name=_("trainee"))
    author = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("written by")
    )
    text = models.TextField(_("note"), max_length=2000)
    written_on = models.DateField(_("written on"))
    recorded_at = models.DateTimeField(_("recorded at"))
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    is_current = models.BooleanField(_("counts"), default=True)
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )

    objects = ProgressNoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("follow-up note")
        verbose_name_plural = _("follow-up notes")
        ordering = ["-written_on", "-pk"]
        indexes = [models.Index(fields=["trainee", "-written_on"], name="progress_note_by_trainee")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""),
                name="progress_note_says_something",
                violation_error_message=_("Write something."),
            ),
            models.CheckConstraint(
                condition=Q(replaces=None, version=1) | Q(replaces__isnull=False, version__gt=1),
                name="progress_note_versions_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trainee} · {self.written_on}"
