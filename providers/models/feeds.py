"""Addresses under which a provider's calendar reads its work by itself, without signing in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.enums import PerformerKind, Place, WorkOrderStatus
from bookings.models import WorkOrder
from bookings.models.appointments import MOST_SHOWN, SHOWN_AHEAD, SHOWN_BACK
from bookings.rules.ics import Entry
from concierge.models import Event, PublicIdModel, TenantModel, User
from providers.enums import OfferStatus
from providers.models.businesses import Provider
from providers.models.offers import Offer
from providers.rules.hours import must_begin_by

GONE = (WorkOrderStatus.CANCELLED, WorkOrderStatus.FAILED)


class ProviderFeedQuerySet(models.QuerySet["ProviderFeed"]):
    """Reads of feeds."""

    def live(self) -> Self:
        """Not ended."""
        return self.filter(ended_at=None)


class ProviderFeed(PublicIdModel, TenantModel):
    """One person's address for the work of the provider they act for. A new one takes the place of the one before.

    What it shows is asked when it is read: whoever no longer acts for the provider reads nothing.
    """

    provider = models.ForeignKey(
        Provider, models.CASCADE, related_name="calendar_feeds", verbose_name=gettext_lazy("provider")
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=gettext_lazy("account"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    given_at = models.DateTimeField(gettext_lazy("given at"))
    ended_at = models.DateTimeField(gettext_lazy("ended at"), null=True, blank=True)

    objects = ProviderFeedQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("calendar subscription of a provider")
        verbose_name_plural = gettext_lazy("calendar subscriptions of providers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "user"],
                name="provider_feed_once",
                violation_error_message=gettext_lazy("There is already an address for this calendar."),
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True)
                | models.Q(ended_at__isnull=False, ended_at__gte=models.F("given_at")),
                name="provider_feed_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.provider}"


@dataclass(frozen=True)
class WorkCalendar:
    """What a provider's calendar is given, and since when it is so."""

    entries: list[Entry]
    since: dt.datetime


def work_calendar(provider: Provider, *, now: dt.datetime, zone: ZoneInfo, url: str) -> WorkCalendar:
    """Work in hand and done (confirmed), and what waits for an answer (tentative): from four weeks back to half a year
    ahead, 500 of each at most.

    Of whoever is visited only the town is said, and no name: calendars are copied to other people's machines (P05).
    """
    today = dt.datetime.combine(now.astimezone(zone).date(), dt.time(0), tzinfo=zone)
    window = {"promised_end__gte": today - SHOWN_BACK, "promised_start__lt": today + SHOWN_AHEAD}
    held = WorkOrder.objects.filter(performer_kind=PerformerKind.PROVIDER, performer_id=provider.pk, **window)
    held = held.exclude(status__in=GONE).select_related("request", "service", "site")
    asked = Offer.objects.filter(
        provider=provider,
        status=OfferStatus.SENT,
        due_at__gt=now,
        **{f"work_order__{name}": value for name, value in window.items()},
    )
    asked = asked.select_related("work_order__request", "work_order__service", "work_order__site")
    orders = list(held.order_by("promised_start", "pk")[:MOST_SHOWN])
    offers = list(asked.order_by("due_at", "pk")[:MOST_SHOWN])
    told = dict(
        Event.objects.filter(subject_id__in=[one.public_id for one in orders])
        .order_by()
        .values_list("subject_id")
        .annotate(at=Max("recorded_at"))
    )
    entries = [_entry(one, "CONFIRMED", told.get(one.public_id, one.created_at), url) for one in orders]
    entries += [_entry(one.work_order, "TENTATIVE", one.sent_at, url, due_at=one.due_at) for one in offers]
    return WorkCalendar(entries, since=max([today, *(one.changed_at for one in entries)]))


def _entry(
    order: WorkOrder, status: str, changed_at: dt.datetime, url: str, *, due_at: dt.datetime | None = None
) -> Entry:
    zone, asked = ZoneInfo(order.site.time_zone), order.request
    at_home = asked.place == Place.HOME
    work = dt.timedelta(minutes=order.duration_minutes)
    # A visit lasts as long as its work; what is left at the desk is ready by its end.
    begins = must_begin_by(order.promised_start, order.promised_end, work, at_home=at_home)
    where = asked if at_home else order.site
    said = _("Request %(reference)s") % {"reference": order.reference}
    summary = order.service.label
    if due_at is not None:
        local = due_at.astimezone(zone)
        summary = _("To be answered: %(service)s") % {"service": summary}
        said += "\n" + _("Please answer by %(day)s at %(time)s.") % {"day": f"{local:%d/%m}", "time": f"{local:%H:%M}"}
    return Entry(
        uid=f"{order.public_id}@concierge",
        sequence=order.version,
        status=status,
        starts_at=begins,
        ends_at=max(order.promised_end, begins),
        changed_at=changed_at,
        zone=zone,
        summary=summary,
        location=f"{where.postcode} {where.city}",
        description=said,
        url=url,
    )
