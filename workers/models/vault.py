"""Facts about health, justice and obstacles, kept apart and encrypted (domain.md 4.1, R28, R42, P01).

A row says nothing in clear but whose it is. What it says is a code, never a sentence. Only the person's own social
adviser reads it, after saying what for; each reading is a row that stays.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge import encryption
from concierge.enums import Role
from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor
from workers.enums.vault import READING_ACTS, FactCode, FollowUpBy, VaultAct, VaultPurpose
from workers.models.people import Trainee


@dataclass(frozen=True)
class Fact:
    """What a row says once it is opened."""

    code: FactCode
    follow_up: FollowUpBy


class SensitiveFactQuerySet(models.QuerySet["SensitiveFact"]):
    """Reads of facts: rows, not what they say."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the people whose own social adviser the actor is, at a site where they are one. Nobody else."""
        if actor.user is None or not actor.has_role(Role.SOCIAL_ADVISER):
            return self.none()
        own = self.filter(organisation=actor.organisation, trainee__adviser=actor.user)
        sites = actor.site_ids(Role.SOCIAL_ADVISER)
        return own if sites is None else own.filter(trainee__site__in=sites)

    def current(self) -> Self:
        """Those that still hold."""
        return self.filter(ended_at=None)


class SensitiveFact(PublicIdModel, TenantModel):
    """One fact about one person."""

    trainee = models.ForeignKey(Trainee, models.PROTECT, related_name="sensitive_facts", verbose_name=_("trainee"))
    sealed = models.TextField(editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True, editable=False)

    objects = SensitiveFactQuerySet.as_manager()

    class Meta:
        verbose_name = _("fact kept apart")
        verbose_name_plural = _("facts kept apart")
        ordering = ["pk"]
        indexes = [models.Index(fields=["organisation", "trainee"], name="sensitive_fact_of_trainee")]
        constraints = [
            models.CheckConstraint(condition=Q(sealed__startswith=encryption.MARK), name="sensitive_fact_is_encrypted"),
        ]

    def __str__(self) -> str:
        """Never what it says."""
        return str(self.public_id)

    def open(self) -> Fact:
        """What it says. Raises ``encryption.Unreadable``."""
        said = json.loads(encryption.decrypt(self.sealed))
        return Fact(FactCode(said["code"]), FollowUpBy(said["follow_up"]))

    def seal(self, fact: Fact) -> None:
        """Encrypt what it says."""
        self.sealed = encryption.encrypt(json.dumps({"code": fact.code.value, "follow_up": fact.follow_up.value}))


class VaultReadingQuerySet(models.QuerySet["VaultReading"]):
    """Reads of who read."""

    def visible_to(self, actor: Actor) -> Self:
        """The person's own adviser, and heads of the network."""
        if actor.has_role(Role.NETWORK_HEAD):
            sites = actor.site_ids(Role.NETWORK_HEAD)
            found = self.filter(organisation=actor.organisation)
            return found if sites is None else found.filter(trainee__site__in=sites)
        if actor.user is None or not actor.has_role(Role.SOCIAL_ADVISER):
            return self.none()
        own = self.filter(organisation=actor.organisation, trainee__adviser=actor.user)
        sites = actor.site_ids(Role.SOCIAL_ADVISER)
        return own if sites is None else own.filter(trainee__site__in=sites)


class VaultReading(TenantModel):
    """Who opened or changed the facts of whom, when and what for. Never changed (R42)."""

    trainee = models.ForeignKey(Trainee, models.PROTECT, related_name="vault_readings", verbose_name=_("trainee"))
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("reader")
    )
    reader_label = models.CharField(_("name of the reader"), max_length=120)
    act = models.CharField(_("what was done"), max_length=10, choices=VaultAct.choices)
    purpose = models.CharField(_("what for"), max_length=20, choices=VaultPurpose.choices, blank=True)
    at = models.DateTimeField(_("at"))

    objects = VaultReadingQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading of facts kept apart")
        verbose_name_plural = _("readings of facts kept apart")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["organisation", "trainee", "at"], name="vault_reading_of_trainee")]
        constraints = [
            models.CheckConstraint(condition=Q(act__in=VaultAct.values), name="vault_reading_act_is_known"),
            models.CheckConstraint(
                condition=~Q(act__in=READING_ACTS) | Q(purpose__in=VaultPurpose.values),
                name="vault_is_read_for_a_purpose",
                violation_error_message=_("Say what you open these facts for."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} · {self.at:%Y-%m-%d %H:%M}"


@encryption.holds
def _sealed_facts() -> models.QuerySet[SensitiveFact]:
    return SensitiveFact.objects.all()
