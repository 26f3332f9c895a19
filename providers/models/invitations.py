"""Invitations of local businesses, and the link by which one opens its own file (domain.md R32, trust.md S14, S16)."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor
from providers.enums import INVITATION_CATEGORY, InvitationStatus
from providers.models.businesses import Provider
from providers.models.links import MAX_CODE_TRIES, PersonalLink


class ProviderInvitationQuerySet(models.QuerySet["ProviderInvitation"]):
    """Reads of invitations."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the organisation; who may read them is for ``perms``."""
        return self.filter(organisation=actor.organisation)

    def with_is_expired(self) -> Self:
        """Each says whether it ``is_expired``: under way, and no link of it opens any more."""
        alive = InvitationLink.objects.filter(
            invitation=OuterRef("pk"), revoked_at=None, expires_at__gt=timezone.now(), code_tries__lt=MAX_CODE_TRIES
        )
        return self.annotate(is_expired=Q(status=InvitationStatus.SENT) & ~Exists(alive))


class ProviderInvitation(PublicIdModel, TenantModel):
    """A local business is asked to open its file itself. Its provider begins with the first step, to be checked by the
    team after the last one."""

    # Of rows that were read ``with_is_expired``.
    is_expired: bool

    name = models.CharField(_("name of the business"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = PhoneNumberField(_("phone"), blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=[("fr", "Français"), ("en", "English")], default="fr"
    )
    status = models.CharField(
        _("state"), max_length=10, choices=InvitationStatus.choices, default=InvitationStatus.SENT
    )
    provider = models.OneToOneField(
        Provider, models.SET_NULL, null=True, blank=True, related_name="invitation", verbose_name=_("provider")
    )
    # Of the last steps, until the team has them: keys of services, and what was signed by whom.
    wanted = ArrayField(models.BigIntegerField(), default=list, db_default=[], blank=True)
    has_hours = models.BooleanField(default=False, db_default=False)
    charter = models.TextField(_("charter as it was shown"), blank=True, db_default="")
    signed_by = models.CharField(_("signed by"), max_length=120, blank=True, db_default="")
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)
    refusal = models.CharField(_("why the file was refused"), max_length=300, blank=True, db_default="")
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = ProviderInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation of a provider")
        verbose_name_plural = _("invitations of providers")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=InvitationStatus.values), name="provider_invitation_status_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(email="", phone=""),
                name="provider_invitation_can_be_delivered",
                violation_error_message=_("Give an e-mail address or a phone number."),
                violation_error_code="email",
            ),
            models.CheckConstraint(
                condition=~Q(status="used") | Q(provider__isnull=False, used_at__isnull=False) & ~Q(signed_by=""),
                name="provider_invitation_used_made_a_provider",
            ),
            models.CheckConstraint(
                condition=Q(status="refused") & ~Q(refusal="") | ~Q(status="refused") & Q(refusal=""),
                name="provider_invitation_refused_says_why",
                violation_error_message=_("Say why: they read it."),
                violation_error_code="reason",
            ),
            models.UniqueConstraint(
                fields=["organisation", "email"],
                condition=Q(status="sent") & ~Q(email=""),
                name="provider_invitation_open_once_per_address",
                violation_error_message=_("This address has an invitation that is still open."),
            ),
            models.UniqueConstraint(
                fields=["organisation", "phone"],
                condition=Q(status="sent", email="") & ~Q(phone=""),
                name="provider_invitation_open_once_per_phone",
                violation_error_message=_("This number has an invitation that is still open."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def category(self) -> str:
        """For its badge."""
        return INVITATION_CATEGORY[self.status]


class InvitationLink(PersonalLink):
    """The link of one invitation."""

    about, page, renewal = "invitation", "providers:invitation", "providers:invitation-renew"
    need = ("provider", "organisation")

    invitation = models.ForeignKey(
        ProviderInvitation, models.CASCADE, related_name="links", verbose_name=_("invitation")
    )

    class Meta:
        verbose_name = _("link of an invitation")
        verbose_name_plural = _("links of invitations")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(code_tries__lte=MAX_CODE_TRIES),
                name="invitation_link_tries_limited",
                violation_error_message=_("Too many wrong codes. Ask us for a new link."),
            ),
            models.CheckConstraint(
                condition=Q(reported_at__isnull=True) | Q(revoked_at__isnull=False),
                name="invitation_link_reported_is_revoked",
            ),
            models.UniqueConstraint(
                fields=["invitation"], condition=Q(revoked_at__isnull=True), name="invitation_link_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"invitation · {self.invitation_id}"
