"""Personal links that need no login (trust.md S16, DR10)."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import secrets
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, TenantModel
from providers.enums import LinkPurpose
from providers.models.agreements import ServiceAgreement
from providers.models.businesses import Provider
from providers.models.offers import Offer
from providers.models.prices import NEED, PriceRequest

# What a business is asked by a link.
Asked = Offer | PriceRequest | ServiceAgreement

MAX_CODE_TRIES = 5


def new_nonce() -> str:
    """128 random bits."""
    return secrets.token_hex(16)


def token_of(nonce: str) -> str:
    """The secret text of a link: an HMAC of its nonce under the installation's key, so that it is stored nowhere."""
    digest = salted_hmac("providers.link.token", nonce, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def code_of(nonce: str) -> str:
    """The four digits written beside the link; a person types them, a mail scanner does not."""
    return f"{int(salted_hmac('providers.link.code', nonce, algorithm='sha256').hexdigest(), 16) % 10_000:04d}"


def hash_of(token: str) -> str:
    """What is stored and looked up: SHA-256 of the token, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


class PersonalLink(PublicIdModel, TenantModel):
    """What opens one page without login. Looking needs the link, acting needs its four digits too."""

    # Which field names what it is about, the page that it opens, and what that page shows.
    about: ClassVar[str]
    page: ClassVar[str]
    need: ClassVar[tuple[str, ...]]
    # Where whoever holds one that is over asks for another; empty: nowhere.
    renewal: ClassVar[str] = ""

    nonce = models.CharField(max_length=32, default=new_nonce, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(_("wrong codes"), default=0)
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    reported_at = models.DateTimeField(_("reported as misdirected at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        abstract = True

    @property
    def subject(self) -> Any:
        """What it is about: an offer, a question about a price, an invitation."""
        return getattr(self, self.about)

    @property
    def provider(self) -> Provider | None:
        """Whose link it is; of an invitation nobody's before its first step."""
        found: Provider | None = self.subject.provider
        return found

    def lets_act_at(self, now: dt.datetime) -> bool:
        """Whether whoever holds it and its digits may still act: not revoked, expired, or locked by wrong digits."""
        return self.revoked_at is None and self.expires_at > now and self.code_tries < MAX_CODE_TRIES


class AccessLink(PersonalLink):
    """A link bound to one purpose and one offer."""

    about, page, renewal = "offer", "providers:offer-link", "providers:offer-link-renew"
    need = ("provider", "round", "work_order__service", "work_order__site", "work_order__request")

    purpose = models.CharField(_("purpose"), max_length=10, choices=LinkPurpose.choices, default=LinkPurpose.OFFER)
    offer = models.ForeignKey(Offer, models.CASCADE, related_name="links", verbose_name=_("offer"))

    class Meta:
        verbose_name = _("personal link")
        verbose_name_plural = _("personal links")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(code_tries__lte=MAX_CODE_TRIES),
                name="access_link_tries_limited",
                violation_error_message=_("Too many wrong codes. Ask us for a new link."),
            ),
            models.CheckConstraint(
                condition=Q(reported_at=None) | Q(revoked_at__isnull=False), name="access_link_reported_is_revoked"
            ),
            models.UniqueConstraint(
                fields=["offer"], condition=Q(revoked_at=None), name="access_link_open_once_per_offer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} · {self.offer_id}"


class PriceLink(PersonalLink):
    """A link bound to one question about a price."""

    about, page, need = "price_request", "providers:price-link", NEED

    price_request = models.ForeignKey(
        PriceRequest, models.CASCADE, related_name="links", verbose_name=_("price request")
    )

    class Meta:
        verbose_name = _("personal link to a price request")
        verbose_name_plural = _("personal links to price requests")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(code_tries__lte=MAX_CODE_TRIES),
                name="price_link_tries_limited",
                violation_error_message=_("Too many wrong codes. Ask us for a new link."),
            ),
            models.CheckConstraint(
                condition=Q(reported_at__isnull=True) | Q(revoked_at__isnull=False),
                name="price_link_reported_is_revoked",
            ),
            models.UniqueConstraint(
                fields=["price_request"], condition=Q(revoked_at=None), name="price_link_open_once_per_request"
            ),
        ]

    def __str__(self) -> str:
        return f"price · {self.price_request_id}"


class AgreementLink(PersonalLink):
    """A link bound to one agreement that waits for the provider's signature."""

    about, page, need = "agreement", "providers:agreement-link", ("provider", "service", "organisation")
    renewal = "providers:agreement-link-renew"

    agreement = models.ForeignKey(ServiceAgreement, models.CASCADE, related_name="links", verbose_name=_("agreement"))

    class Meta:
        verbose_name = _("personal link to an agreement")
        verbose_name_plural = _("personal links to agreements")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(code_tries__lte=MAX_CODE_TRIES),
                name="agreement_link_tries_limited",
                violation_error_message=_("Too many wrong codes. Ask us for a new link."),
            ),
            models.CheckConstraint(
                condition=Q(reported_at__isnull=True) | Q(revoked_at__isnull=False),
                name="agreement_link_reported_is_revoked",
            ),
            models.UniqueConstraint(
                fields=["agreement"], condition=Q(revoked_at=None), name="agreement_link_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"agreement · {self.agreement_id}"
