"""What can be asked for, at which price, where (R1)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from bookings.enums import ClearanceKind, Demand, Execution, Place, PriceMode
from concierge.editions import kept
from concierge.models import Organisation, PublicIdModel, Site, TenantModel

if TYPE_CHECKING:
    from bookings.models.prices import Supplement


class DateRange(Func):
    """``daterange(from, to, '[]')``; an open end is NULL."""

    function = "daterange"
    template = "%(function)s(%(expressions)s, '[]')"
    output_field = DateRangeField()


class NamedModel(models.Model):
    """A name in French, and in English when somebody wrote one."""

    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the language of the page."""
        return (self.name_en or self.name) if (get_language() or "fr").startswith("en") else self.name


class ServiceCategory(PublicIdModel, TenantModel, NamedModel):
    """One of the labels of the inclusive market place by default (domain.md 1.2)."""

    code = models.SlugField(_("code"), max_length=40)
    pictogram = models.CharField(_("pictogram"), max_length=20, default="welcome-desk")
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "code"],
                name="category_code_once",
                violation_error_message=_("Another category already has this code."),
            )
        ]


class VatRate(TenantModel):
    """A rate in per cent from a date on; the rate of a line is the one valid on the day of the order (A4)."""

    code = models.SlugField(_("code"), max_length=20)
    rate = models.DecimalField(_("rate (%)"), max_digits=4, decimal_places=2)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    law_ref = models.CharField(_("legal reference"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("VAT rate")
        verbose_name_plural = _("VAT rates")
        ordering = ["code", "-valid_from"]
        constraints = [
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lte=30), name="vat_rate_is_plausible"),
            ExclusionConstraint(
                name="vat_rate_one_per_day",
                expressions=[
                    ("organisation", RangeOperators.EQUAL),
                    ("code", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Another rate with this code is already valid in this period."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.rate} %"


class ServiceQuerySet(models.QuerySet["Service"]):
    """Reads of services."""

    def offered_at(self, site: Site | int) -> Self:
        """Active services that the site offers, in catalogue order, with everything the price needs."""
        return (
            self.filter(is_active=True, at_sites__site=site, at_sites__is_offered=True)
            .select_related("category")
            .prefetch_related("price_items", "options", "supplements")
            .order_by("category__position", "position", "pk")
        )


class Service(PublicIdModel, TenantModel, NamedModel):
    """Something a client books. Prices include VAT: they are what the client is shown."""

    category = models.ForeignKey(ServiceCategory, models.PROTECT, related_name="services", verbose_name=_("category"))
    code = models.SlugField(_("code"), max_length=40)
    description = models.CharField(_("description"), max_length=300, blank=True)
    description_en = models.CharField(_("description in English"), max_length=300, blank=True)
    pictogram = models.CharField(_("pictogram"), max_length=20, default="welcome-desk")
    price_mode = models.CharField(_("price mode"), max_length=20, choices=PriceMode.choices, default=PriceMode.FIXED)
    unit_price = models.DecimalField(_("price incl. VAT (€)"), max_digits=8, decimal_places=2, null=True, blank=True)
    vat_code = models.SlugField(_("VAT code"), max_length=20, default="standard")
    execution = models.CharField(_("done by"), max_length=20, choices=Execution.choices)
    place = models.CharField(_("place"), max_length=10, choices=Place.choices, default=Place.DESK)
    duration_minutes = models.PositiveSmallIntegerField(_("usual working time (min)"), default=30)
    turnaround_hours = models.PositiveSmallIntegerField(_("usual turnaround (hours)"), default=48)
    skill_code = models.CharField(_("skill (ROME)"), max_length=5, blank=True)
    # What the work asks of whoever does it; people with a restriction are not given it (domain.md L23).
    demands = ArrayField(
        models.CharField(max_length=10, choices=Demand.choices),
        verbose_name=_("the work asks for"),
        default=list,
        blank=True,
        db_default=[],
    )
    # Without these nobody of the team is given the work (workers/rules/clearances.py); words of ClearanceKind.
    clearances = ArrayField(
        models.CharField(max_length=20, choices=ClearanceKind.choices),
        verbose_name=_("clearances that the doer must have"),
        default=list,
        blank=True,
        db_default=[],
    )
    max_quantity = models.PositiveSmallIntegerField(_("most per order"), default=30)
    # Of a price per unit or weight: what is counted, in which steps, and how little may be asked for.
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    quantity_step = models.DecimalField(_("step"), max_digits=6, decimal_places=3, default=Decimal(1))
    smallest_quantity = models.DecimalField(_("least per order"), max_digits=6, decimal_places=3, default=Decimal(1))
    # Services à la personne: shown only where the executing body is declared (domain.md 1.5).
    sap_eligible = models.BooleanField(_("personal service (tax credit)"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "code"],
                name="service_code_once",
                violation_error_message=_("Another service already has this code."),
            ),
            models.CheckConstraint(
                condition=Q(price_mode__in=["per_item", "on_quote"], unit_price=None)
                | Q(
                    price_mode__in=["fixed", "per_unit", "per_half_hour"],
                    unit_price__isnull=False,
                    unit_price__gte=0,
                ),
                name="service_price_fits_its_mode",
                violation_error_message=_(
                    "This way of pricing needs one price; a per-item service has its prices on the items, a service on "
                    "quote has none."
                ),
            ),
            models.CheckConstraint(
                condition=Q(duration_minutes__range=(5, 600)),
                name="service_duration_is_plausible",
                violation_error_message=_("The working time must be between 5 minutes and 10 hours."),
            ),
            models.CheckConstraint(
                condition=Q(clearances__contained_by=ClearanceKind.values), name="service_clearances_are_known"
            ),
            models.CheckConstraint(condition=Q(max_quantity__range=(1, 500)), name="service_max_quantity_is_plausible"),
            models.CheckConstraint(
                condition=Q(price_mode="per_unit", quantity_step__gt=0) & ~Q(unit="") | ~Q(price_mode="per_unit"),
                name="service_unit_is_named",
                violation_error_message=_("Say what is counted (kg, m², basket…) and in which steps."),
            ),
            models.CheckConstraint(
                condition=Q(smallest_quantity__gt=0, smallest_quantity__lte=F("max_quantity")),
                name="service_smallest_quantity_is_plausible",
                violation_error_message=_("The least per order must be above zero and not above the most per order."),
            ),
        ]

    def supplements_on(self, day: dt.date | None = None) -> list[Supplement]:
        """What is added to it on a day; on the day whose prices were put on it, when none is named
        (``pricing.on_day``). Of the supplements that were read with it."""
        counted = day or getattr(self, "priced_on", None)
        return [one for one in self.supplements.all() if one.counts_on(counted)]

    @property
    def is_counted_in_pieces(self) -> bool:
        """Whether whole ones only are ordered: what is handed out is counted, not weighed."""
        if self.price_mode == PriceMode.PER_UNIT:
            return self.quantity_step % 1 == 0
        return self.price_mode in {PriceMode.FIXED, PriceMode.PER_ITEM}

    def gives_tax_credit(self, organisation: Organisation) -> bool:
        """Whether the client may be told of the tax credit: a personal service, done by a body that is declared."""
        return self.sap_eligible and organisation.sap_declared and self.execution == Execution.OWN_TEAM

    @property
    def text(self) -> str:
        """The description in the language of the page."""
        english = (get_language() or "fr").startswith("en")
        return (self.description_en or self.description) if english else self.description


class PriceItem(PublicIdModel, TenantModel, NamedModel):
    """One row of the price grid of a per-item service: a shirt, a pair of heels."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="price_items", verbose_name=_("service"))
    unit_price = models.DecimalField(_("price incl. VAT (€)"), max_digits=8, decimal_places=2)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["position", "pk"]
        constraints = [models.CheckConstraint(condition=Q(unit_price__gte=0), name="price_item_not_negative")]


class ServiceOption(PublicIdModel, TenantModel, NamedModel):
    """An option of a service with its supplement, once per order."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="options", verbose_name=_("service"))
    unit_price = models.DecimalField(_("supplement incl. VAT (€)"), max_digits=8, decimal_places=2)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering = ["position", "pk"]
        constraints = [models.CheckConstraint(condition=Q(unit_price__gte=0), name="service_option_not_negative")]


class ServiceAtSite(TenantModel):
    """A service offered at a site, with its own lead time and limits there."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="services", verbose_name=_("site"))
    service = models.ForeignKey(Service, models.CASCADE, related_name="at_sites", verbose_name=_("service"))
    is_offered = models.BooleanField(_("offered"), default=True)
    lead_time_hours = models.PositiveSmallIntegerField(_("lead time (hours)"), default=2)
    cut_off = models.TimeField(_("orders after this time count for the next day"), null=True, blank=True)
    max_per_day = models.PositiveSmallIntegerField(_("most orders per day"), null=True, blank=True)
    # Orders are gathered once a week, then done: a basket ordered until Tuesday noon.
    weekly_cut_off_day = models.PositiveSmallIntegerField(
        _("orders are gathered on"), choices=list(WEEKDAYS.items()), null=True, blank=True
    )
    weekly_cut_off_time = models.TimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("service at a site")
        verbose_name_plural = _("services at sites")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "service"],
                name="service_once_per_site",
                violation_error_message=_("This service is already offered at this site."),
            ),
            models.CheckConstraint(
                condition=Q(weekly_cut_off_day=None, weekly_cut_off_time=None)
                | Q(weekly_cut_off_day__isnull=False, weekly_cut_off_day__lte=6, weekly_cut_off_time__isnull=False),
                name="service_weekly_cut_off_is_whole",
                violation_error_message=_("Say both the weekday and the time until which orders are gathered."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} · {self.site}"


@kept
def vat_rate_on(organisation_id: int, code: str, day: dt.date) -> VatRate | None:
    """The VAT rate with this code that is valid on that day, or ``None``."""
    return (
        VatRate.objects.filter(organisation_id=organisation_id, code=code, valid_from__lte=day)
        .filter(Q(valid_to=None) | Q(valid_to__gte=day))
        .order_by("-valid_from")
        .first()
    )
