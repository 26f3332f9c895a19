"""Words about regular requests: their rhythm, their order, their days, and what to do about one that failed."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.actions import kept_orders, pricing
from bookings.actions.day_reasons import reason_words
from bookings.enums import OccurrenceStatus
from bookings.models import Occurrence, Recurrence, ServiceRequest
from bookings.views.rhythm import rhythm_words
from bookings.views.words import lines_words
from concierge.days import today_at
from concierge.errors import DomainError
from concierge.tenancy import Actor
from concierge.words import date_words, moment_words

# Days of one regular request shown at once: the last ones, and those to come.
MOST_PAST, MOST_COMING = 10, 40
# Regular requests of a person shown at the desk.
MOST_AT_DESK = 5
# Edits of one regular request that a link follows.
MOST_EDITS = 100
# What helps, by the code of the refusal; the last one for all others.
_MEND_ORDER = gettext_lazy("Change the order from that day on, or leave the day out.")
_MEND_TIME = gettext_lazy("Move it to a time that is free: change day or time from that day on, or leave the day out.")
_MEND_PAYER = gettext_lazy("Renew their rights and try again, or change it so that the client pays from that day on.")
ADVICE: dict[str, str | Promise] = {
    "bad_order": _MEND_ORDER,
    "price_missing": gettext_lazy("Enter the missing price or VAT rate in the catalogue, then try again."),
    "payer_refused": _MEND_PAYER,
    "no_run": gettext_lazy("Leave it out, or tell the client when the next hand-out is."),
    "left_behind": gettext_lazy("Change its day from that day on, or end it; then tell the client."),
    "run_full": gettext_lazy("Raise what the hand-out holds with the producer, then try again, or leave the day out."),
    "orders_closed": gettext_lazy("Too late for this hand-out: leave it out and tell the client."),
    "slot_taken": _MEND_TIME,
    "slot_not_offered": _MEND_TIME,
    "day_full": _MEND_TIME,
    "outside_area": gettext_lazy("Their address is no longer served: leave the day out and call the client."),
}
ADVICE_OTHERWISE = gettext_lazy("Mend what is said here, then try again; or leave the day out and call the client.")


def advice_on(failed: Occurrence) -> str | Promise:
    """What helps with a day that could not be booked."""
    return ADVICE.get(failed.reason_code, ADVICE_OTHERWISE)


def days_of(found: Recurrence) -> list[dict[str, Any]]:
    """Its last days and those to come, in the order of time."""
    now = timezone.now()
    known = found.occurrences.select_related("request")
    past = known.filter(starts_at__lte=now).order_by("-starts_at", "-pk")[:MOST_PAST]
    coming = known.filter(starts_at__gt=now).order_by("starts_at", "pk")[:MOST_COMING]
    ones = [*reversed(past), *coming]
    zone = ZoneInfo(found.site.time_zone)
    return [
        {
            "one": one,
            "when": moment_words(one.starts_at, found.site),
            "moved": _moved_words(one) if one.starts_at.astimezone(zone).date() != one.due_on else "",
            "is_coming": one.starts_at > now,
            "can_skip": one.status == OccurrenceStatus.FAILED
            or (one.starts_at > now and one.status in {OccurrenceStatus.PLANNED, OccurrenceStatus.BOOKED}),
            "reason": reason_words(one),
            "advice": advice_on(one) if one.status == OccurrenceStatus.FAILED else "",
            "can_retry": one.starts_at > now and one.status == OccurrenceStatus.FAILED,
        }
        for one in ones
    ]


def _moved_words(one: Occurrence) -> str:
    """Why it is not on its usual day: somebody moved the appointment, or the site is closed."""
    if one.request is not None and one.request.sequence:
        return _("moved, instead of %(day)s") % {"day": date_words(one.due_on)}
    return _("moved: the desk is closed on the usual day")


def order_words(found: Recurrence) -> dict[str, Any]:
    """What is ordered each time, at today's prices; or why it can no longer be ordered."""
    keys = [str(one["service"]) for one in found.wishes]
    day = today_at(found.site)
    offered = [one for one in pricing.offered_on(found.site_id, day) if str(one.public_id) in keys]
    try:
        tariffs = pricing.tariffs_of(found.site, day, services=offered)
        lines = pricing.price_order(tariffs, kept_orders.wishes_of(found))
    except DomainError as error:
        return {"lines": [], "refusal": str(error.message)}
    return {"lines": lines_words(lines), "refusal": ""}


def cut_off_words(found: Recurrence) -> str:
    """Until when an order ahead of each time may still be changed or left out."""
    if found.plan is None:
        return ""
    return _("Each order may be changed or left out until %(cut_off)s before the hand-out.") % {
        "cut_off": weekly_moment(found.plan.cut_off_weekday, found.plan.cut_off_time)
    }


def weekly_moment(weekday: int, time: dt.time) -> str:
    """Tuesday at 12:00."""
    day = dt.date(2024, 1, 1) + dt.timedelta(days=weekday)  # a Monday, and as many days later
    words = date_format(dt.datetime.combine(day, time), "TIME_FORMAT")
    return _("%(day)s at %(time)s") % {"day": date_format(day, "l"), "time": words}


def regular_rows(client_id: int, actor: Actor) -> list[dict[str, Any]]:
    """What comes back by itself for a person, for the desk: the troubled ones first."""
    failed = Count("occurrences", filter=Q(occurrences__status=OccurrenceStatus.FAILED))
    found = Recurrence.objects.visible_to(actor).of_client(client_id).going_on().annotate(failed=failed)
    ordered = found.select_related("site").order_by("-failed", "-pk")[:MOST_AT_DESK]
    return [{"found": one, "failed": one.failed, "rhythm": rhythm_words(one)} for one in ordered]  # type: ignore[attr-defined]  # annotated


def regular_of(found: ServiceRequest) -> dict[str, Any] | None:
    """The regular request that a request is a day of, in a few words for its page."""
    day = Occurrence.objects.select_related("recurrence__site", "recurrence__plan").filter(request=found).first()
    if day is None:
        return None
    series = latest(day.recurrence)
    return {"found": series, "rhythm": rhythm_words(series), "cut_off": cut_off_words(series)}


def latest(series: Recurrence) -> Recurrence:
    """What it has become, however often it was edited."""
    for _edit in range(MOST_EDITS):
        later = series.continued_by.select_related("site", "client", "plan").order_by("-pk").first()
        if later is None:
            break
        series = later
    return series
