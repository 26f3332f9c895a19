"""Orders ahead: who produces, when orders close, when they are handed out, what became of each (R7)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from bookings.enums import (
    HAND_OUT_CATEGORY,
    RUN_CATEGORY,
    HandOut,
    HolidayRule,
    NoShowPolicy,
    RequestStatus,
    RunReason,
    RunStatus,
)
from bookings.models.catalogue import Service
from bookings.models.lines import RequestLine
from bookings.models.requests import REQUEST_ROLES, ServiceRequest
from bookings.rules.ahead import Rhythm
from concierge.editions import kept
from concierge.models import PublicIdModel, Site, TenantModel
from concierge.tenancy import Actor


class Producer(PublicIdModel, TenantModel):
    """Who receives order sheets: a grower, a bakery. No file, agreement or offer is needed to order from one; of one
    that is also a provider of the apps above, ``provider_id`` is the public identifier there."""

    name = models.CharField(_("name"), max_length=160)
    email = models.EmailField(_("e-mail for order sheets"), blank=True)
    phone = PhoneNumberField(_("phone"), blank=True)
    address = models.CharField(_("address"), max_length=250, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=[("fr", "Français"), ("en", "English")], default="fr"
    )
    provider_id = models.UUIDField(_("provider"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("producer")
        verbose_name_plural = _("producers")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                name="producer_name_once",
                violation_error_message=_("Another producer already has this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name


def seen_by(actor: Actor) -> Q:
    """The team: what is at the sites where they hold a role; the organisation's keys: all; others none."""
    mine = Q(organisation=actor.organisation)
    if actor.kind == "system" or (actor.kind == "api" and actor.provider_id is None):
        return mine
    if not actor.is_staff:
        return Q(pk__in=[])
    sites = actor.site_ids(*REQUEST_ROLES)
    return mine if sites is None else mine & Q(site_id__in=sites)


class PreOrderPlanQuerySet(models.QuerySet["PreOrderPlan"]):
    """Reads of plans."""

    def visible_to(self, actor: Actor) -> Self:
        """Of the sites where the actor follows requests."""
        return self.filter(seen_by(actor))


class PreOrderPlan(PublicIdModel, TenantModel):
    """How a service is ordered ahead and handed out at a site, week after week."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="pre_order_plans", verbose_name=_("site"))
    service = models.ForeignKey(Service, models.PROTECT, related_name="pre_order_plans", verbose_name=_("service"))
    producer = models.ForeignKey(Producer, models.PROTECT, related_name="plans", verbose_name=_("producer"))
    handout_weekday = models.PositiveSmallIntegerField(_("day of the hand-out"))
    handout_opens = models.TimeField(_("handed out from"))
    handout_closes = models.TimeField(_("handed out until"))
    cut_off_weekday = models.PositiveSmallIntegerField(_("orders close on"))
    cut_off_time = models.TimeField(_("orders close at"))
    every_weeks = models.PositiveSmallIntegerField(_("every (weeks)"), default=1)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)
    holiday_rule = models.CharField(
        _("when the site is closed that day"), max_length=10, choices=HolidayRule.choices, default=HolidayRule.BEFORE
    )
    capacity = models.PositiveIntegerField(_("most pieces a hand-out"), default=50)
    no_show_policy = models.CharField(
        _("what nobody fetched"), max_length=10, choices=NoShowPolicy.choices, default=NoShowPolicy.CHARGED
    )
    grace_minutes = models.PositiveSmallIntegerField(_("waited after the end (min)"), default=30)
    is_active = models.BooleanField(_("active"), default=True)

    objects = PreOrderPlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("order-ahead plan")
        verbose_name_plural = _("order-ahead plans")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "service"],
                condition=Q(is_active=True),
                name="pre_order_plan_once_per_site_and_service",
                violation_error_message=_("This service is already ordered ahead at this site."),
            ),
            models.CheckConstraint(
                condition=Q(handout_weekday__lte=6, cut_off_weekday__lte=6), name="pre_order_plan_weekdays_exist"
            ),
            models.CheckConstraint(
                condition=Q(handout_closes__gt=F("handout_opens")),
                name="pre_order_plan_end_after_start",
                violation_error_message=_("The hand-out must end after it begins."),
            ),
            models.CheckConstraint(
                condition=Q(every_weeks__range=(1, 8)),
                name="pre_order_plan_rhythm_is_plausible",
                violation_error_message=_("A hand-out comes every one to eight weeks."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="pre_order_plan_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            models.CheckConstraint(
                condition=Q(capacity__range=(1, 2000)),
                name="pre_order_plan_capacity_is_plausible",
                violation_error_message=_("A hand-out has between 1 and 2,000 pieces."),
            ),
            models.CheckConstraint(
                condition=Q(grace_minutes__lte=240),
                name="pre_order_plan_grace_is_plausible",
                violation_error_message=_("We wait at most four hours after the end."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} · {self.site}"

    @property
    def rhythm(self) -> Rhythm:
        """As rules understand it."""
        return Rhythm(
            self.handout_weekday,
            self.handout_opens,
            self.handout_closes,
            self.cut_off_weekday,
            self.cut_off_time,
            self.every_weeks,
            self.starts_on,
            self.ends_on,
        )


class OrderSheetQuerySet(models.QuerySet["OrderSheet"]):
    """Reads of order sheets."""

    def visible_to(self, actor: Actor) -> Self:
        """Of the hand-outs that the actor sees."""
        return self.filter(pk__in=PreOrderRun.objects.visible_to(actor).order_by().values("sheet"))


class OrderSheet(PublicIdModel, TenantModel):
    """What a producer is asked for at one cut-off, over all sites. ``content`` is written once and never changed."""

    producer = models.ForeignKey(Producer, models.PROTECT, related_name="sheets", verbose_name=_("producer"))
    closed_at = models.DateTimeField(_("orders closed at"))
    content = models.JSONField(_("content"))
    created_at = models.DateTimeField(_("made at"), db_default=Now(), editable=False)

    objects = OrderSheetQuerySet.as_manager()

    class Meta:
        verbose_name = _("order sheet")
        verbose_name_plural = _("order sheets")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["producer", "closed_at"], name="order_sheet_once_per_producer_and_cut_off")
        ]

    def __str__(self) -> str:
        return f"{self.producer} {self.closed_at:%Y-%m-%d}"


class PreOrderRunQuerySet(models.QuerySet["PreOrderRun"]):
    """Reads of runs."""

    def visible_to(self, actor: Actor) -> Self:
        """Of the sites where the actor follows requests."""
        return self.filter(seen_by(actor))

    def taking_orders(self, now: dt.datetime) -> Self:
        """Still open, soonest first."""
        open_now = self.filter(status=RunStatus.OPEN, orders_close_at__gt=now, plan__is_active=True)
        return open_now.order_by("handout_starts_at", "pk")


class PreOrderRun(PublicIdModel, TenantModel):
    """One hand-out with its own checked counter of pieces. ``due_on`` is its day by the rhythm, which makes it once."""

    plan = models.ForeignKey(PreOrderPlan, models.PROTECT, related_name="runs", verbose_name=_("plan"))
    site = models.ForeignKey(Site, models.PROTECT, related_name="pre_order_runs", verbose_name=_("site"))
    due_on = models.DateField(_("day of the rhythm"))
    orders_close_at = models.DateTimeField(_("orders until"))
    handout_starts_at = models.DateTimeField(_("handed out from"))
    handout_ends_at = models.DateTimeField(_("handed out until"))
    capacity = models.PositiveIntegerField(_("most pieces"))
    # That of the plan when people began to order for it.
    no_show_policy = models.CharField(
        _("what nobody fetched"), max_length=10, choices=NoShowPolicy.choices, default=NoShowPolicy.CHARGED
    )
    taken = models.PositiveIntegerField(_("pieces ordered"), default=0)
    status = models.CharField(_("status"), max_length=10, choices=RunStatus.choices, default=RunStatus.OPEN)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    sheet = models.ForeignKey(
        OrderSheet, models.PROTECT, null=True, blank=True, related_name="runs", verbose_name=_("order sheet")
    )

    objects = PreOrderRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("hand-out")
        verbose_name_plural = _("hand-outs")
        ordering = ["handout_starts_at", "pk"]
        indexes = [models.Index(fields=["organisation", "site", "handout_starts_at"], name="pre_order_run_by_site")]
        constraints = [
            models.UniqueConstraint(fields=["plan", "due_on"], name="pre_order_run_once_a_day"),
            models.CheckConstraint(
                condition=Q(taken__lte=F("capacity")),
                name="pre_order_run_not_over_capacity",
                violation_error_message=_("This hand-out is full."),
            ),
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="pre_order_run_status_is_known"),
            models.CheckConstraint(
                condition=Q(handout_ends_at__gt=F("handout_starts_at"))
                & Q(handout_starts_at__gte=F("orders_close_at")),
                name="pre_order_run_moments_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.due_on}"

    @property
    def reason_words(self) -> str:
        """Why it is not as usual, in the language of the reader; or what somebody typed."""
        is_typed = self.status == RunStatus.CANCELLED or self.reason not in RunReason.values
        return self.reason if is_typed else str(RunReason(self.reason).label)

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return RUN_CATEGORY[self.status].value

    @property
    def left(self) -> int:
        """Pieces that may still be ordered."""
        return self.capacity - self.taken

    def takes_orders(self, now: dt.datetime) -> bool:
        """Whether orders may be made, changed or cancelled."""
        return self.status == RunStatus.OPEN and now < self.orders_close_at


class PreOrderQuerySet(models.QuerySet["PreOrder"]):
    """Reads of orders ahead."""

    def collected_on(self, site: Site, day: dt.date) -> Self:
        """What is handed out at a site on a day, over all plans; what is kept there until then, or was fetched late
        that day, too."""
        zone = ZoneInfo(site.time_zone)
        begins, ends = (dt.datetime.combine(one, dt.time(0), tzinfo=zone) for one in (day, day + dt.timedelta(days=1)))
        late = Q(hand_out=HandOut.KEPT) | Q(marked_at__gte=begins, marked_at__lt=ends)
        kept = Q(run__handout_starts_at__lt=begins, kept_until__gte=begins) & late
        that_day = Q(run__handout_starts_at__gte=begins, run__handout_starts_at__lt=ends)
        return self.filter(that_day | kept, run__site=site).exclude(request__status=RequestStatus.CANCELLED)


class PreOrder(PublicIdModel, TenantModel):
    """A request that is handed out in a run: how many pieces it takes of it, and what became of it there."""

    request = models.OneToOneField(
        ServiceRequest, models.PROTECT, related_name="pre_order", verbose_name=_("request"), editable=False
    )
    run = models.ForeignKey(PreOrderRun, models.PROTECT, related_name="pre_orders", verbose_name=_("hand-out"))
    pieces = models.PositiveIntegerField(_("pieces"))
    sent_key = models.UUIDField(_("sent once with"), default=uuid.uuid4, editable=False)
    hand_out = models.CharField(_("at the hand-out"), max_length=20, choices=HandOut.choices, default=HandOut.EXPECTED)
    marked_at = models.DateTimeField(_("marked at"), null=True, blank=True)
    marked_by = models.CharField(_("marked by"), max_length=120, blank=True)
    kept_until = models.DateTimeField(_("kept until"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True, editable=False)

    objects = PreOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order ahead")
        verbose_name_plural = _("orders ahead")
        ordering = ["pk"]
        indexes = [models.Index(fields=["organisation", "run", "id"], name="pre_order_of_run")]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "sent_key"], name="pre_order_sent_once"),
            models.CheckConstraint(condition=Q(pieces__gte=1), name="pre_order_has_a_piece"),
            models.CheckConstraint(condition=Q(hand_out__in=HandOut.values), name="pre_order_hand_out_is_known"),
            models.CheckConstraint(
                condition=Q(hand_out="expected", marked_at=None)
                | (~Q(hand_out="expected") & Q(marked_at__isnull=False)),
                name="pre_order_marked_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.hand_out}"

    @property
    def category(self) -> str:
        """Fixed meaning of what became of it."""
        return HAND_OUT_CATEGORY[self.hand_out].value


class Substitution(PublicIdModel, TenantModel):
    """One thing of an order replaced by another at the same or a lower price; the client may refuse it until then."""

    pre_order = models.ForeignKey(PreOrder, models.PROTECT, related_name="substitutions", verbose_name=_("order ahead"))
    line = models.ForeignKey(RequestLine, models.PROTECT, related_name="+", verbose_name=_("line"))
    old_description = models.CharField(_("instead of"), max_length=250)
    old_unit_price = models.DecimalField(_("price before incl. VAT (€)"), max_digits=8, decimal_places=2)
    new_description = models.CharField(_("replaced by"), max_length=250)
    new_unit_price = models.DecimalField(_("price incl. VAT (€)"), max_digits=8, decimal_places=2)
    refused_at = models.DateTimeField(_("refused at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("substitution")
        verbose_name_plural = _("substitutions")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(new_unit_price__lte=F("old_unit_price"), new_unit_price__gte=0),
                name="substitution_is_not_dearer",
                violation_error_message=_("The replacement may not cost more than what was ordered."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.old_description} → {self.new_description}"


def plan_of(site: Site, service: Service) -> PreOrderPlan | None:
    """The active plan by which a service is ordered ahead at a site."""
    plans = PreOrderPlan.objects.filter(site=site, service=service, is_active=True).order_by("pk")
    return plans.select_related("service", "producer", "site").first()


def any_ahead(site: Site, services: Collection[Service]) -> bool:
    """Whether one of the services is ordered ahead at the site."""
    return not ahead_at(site.pk).isdisjoint(service.pk for service in services)


@kept
def ahead_at(site_id: int) -> frozenset[int]:
    """Keys of the services that have an active plan at a site."""
    found = PreOrderPlan.objects.filter(site_id=site_id, is_active=True)
    return frozenset(found.order_by().values_list("service_id", flat=True))
