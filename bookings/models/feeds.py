"""Addresses under which a calendar reads appointments by itself, without signing in."""

from __future__ import annotations

import secrets
from typing import Self

from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, Site, TenantModel, User


def new_feed_token() -> str:
    """The secret of an address: 256 random bits."""
    return secrets.token_urlsafe(32)


def feed_hash(token: str) -> str:
    """Keyed by the server's secret: the table alone opens nothing."""
    return salted_hmac("bookings.calendar-feed", token, algorithm="sha256").hexdigest()


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    """Reads of feeds."""

    def live(self) -> Self:
        """Not ended."""
        return self.filter(ended_at=None)

    def of(self, user: User, site: Site | None) -> Self:
        """The one address that a person may have for their own appointments, or for those of a site."""
        return self.filter(user=user, site=site)


class CalendarFeed(PublicIdModel, TenantModel):
    """One person's address for one calendar: their own appointments, or (``site``) those of a site they work at.

    A new address takes the place of the one before. What it shows is asked when it is read: whoever is no longer the
    client, or no longer works at the site, reads nothing.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="calendar_feeds", verbose_name=_("account"))
    site = models.ForeignKey(
        Site, models.CASCADE, null=True, blank=True, related_name="calendar_feeds", verbose_name=_("site")
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    given_at = models.DateTimeField(_("given at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar subscription")
        verbose_name_plural = _("calendar subscriptions")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user", "site"], name="calendar_feed_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None)
                | models.Q(ended_at__isnull=False, ended_at__gte=models.F("given_at")),
                name="calendar_feed_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.site or ''}"
