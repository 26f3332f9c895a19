"""Where local businesses go, and how much of what they take on which day (domain.md R32)."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from concierge.models import Site, TenantModel
from providers.models.businesses import Provider

MOST_A_DAY = 200


class ProviderSite(TenantModel):
    """A site whose work a provider takes. Without any it takes that of every site."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="served_sites", verbose_name=_("provider"))
    site = models.ForeignKey(Site, models.CASCADE, related_name="+", verbose_name=_("site"))

    class Meta:
        verbose_name = _("site that a provider serves")
        verbose_name_plural = _("sites that providers serve")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "site"],
                name="provider_site_once",
                violation_error_message=_("This site is already in the list."),
            )
        ]

    def __str__(self) -> str:
        return str(self.site)


class ProviderArea(TenantModel):
    """A commune that a provider serves, by its postcode. Without any, the distance around its address counts."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="served_areas", verbose_name=_("provider"))
    postcode = models.CharField(_("postcode"), max_length=5)
    name = models.CharField(_("name"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("commune that a provider serves")
        verbose_name_plural = _("communes that providers serve")
        ordering = ["postcode", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "postcode", "name"],
                name="provider_area_once",
                violation_error_message=_("This commune is already in the list."),
            ),
            models.CheckConstraint(
                condition=Q(postcode__regex=r"^[0-9]{5}$"),
                name="provider_area_postcode_has_five_digits",
                violation_error_message=_("A French postcode has five digits."),
                violation_error_code="postcode",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.postcode} {self.name}".strip()


class ProviderCapacity(TenantModel):
    """Jobs that a provider takes at most: of one service or of all, on one weekday (0 = Monday) or on each.

    What holds for all of it on every day is ``Provider.daily_capacity``.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="capacities", verbose_name=_("provider"))
    service = models.ForeignKey(
        Service, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("service")
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), null=True, blank=True)
    per_day = models.PositiveSmallIntegerField(_("jobs a day at most"))

    class Meta:
        verbose_name = _("capacity of a provider")
        verbose_name_plural = _("capacities of providers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "service", "weekday"],
                nulls_distinct=False,
                name="provider_capacity_once",
                violation_error_message=_("This service has a number for this day already."),
            ),
            models.CheckConstraint(
                condition=Q(service__isnull=False) | Q(weekday__isnull=False),
                name="provider_capacity_is_of_something",
                violation_error_message=_("Choose a service or a day: the number for all of it is in the file."),
                violation_error_code="service",
            ),
            models.CheckConstraint(
                condition=Q(weekday__isnull=True) | Q(weekday__isnull=False, weekday__lte=6),
                name="provider_capacity_weekday_exists",
                violation_error_message=_("This day does not exist."),
                violation_error_code="weekday",
            ),
            models.CheckConstraint(
                condition=Q(per_day__range=(0, MOST_A_DAY)),
                name="provider_capacity_is_plausible",
                violation_error_message=_("Between 0 and 200 jobs a day."),
                violation_error_code="per_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service or '*'} {'*' if self.weekday is None else self.weekday}: {self.per_day}"


def fitting(
    found: QuerySet[Provider], *, site_id: int, postcode: str, service_id: int, weekday: int
) -> QuerySet[Provider]:
    """Providers with what they take of such work, as columns of the same query: ``has_sites`` and ``at_site``,
    ``has_areas`` and ``in_area``, ``most_that_day`` and ``most_of_service`` (``None``: nothing was said)."""
    own = {"provider": OuterRef("pk")}
    sites, areas = ProviderSite.objects.filter(**own).order_by(), ProviderArea.objects.filter(**own).order_by()
    that_day = ProviderCapacity.objects.filter(Q(weekday=weekday) | Q(weekday=None), **own)
    first = F("weekday").asc(nulls_last=True)
    return found.annotate(
        has_sites=Exists(sites),
        at_site=Exists(sites.filter(site=site_id)),
        has_areas=Exists(areas),
        in_area=Exists(areas.filter(postcode=postcode)),
        most_that_day=Subquery(that_day.filter(service=None).order_by(first).values("per_day")[:1]),
        most_of_service=Subquery(that_day.filter(service=service_id).order_by(first).values("per_day")[:1]),
    )
