"""Words and choices of orders ahead, for clients and for the team."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.enums import HandOut, RequestStatus
from bookings.models import PreOrder, PreOrderPlan, PreOrderRun, ServiceAtSite, ServiceRequest
from concierge.models import Site
from concierge.words import date_words, euros, moment_words

# Hand-outs shown to choose from, and the count of pieces below which the page says how many are left.
MOST_SHOWN, FEW = 8, 10
# Nobody asks again for what we declined, and a quote is for one time.
NOT_REPEATED = {RequestStatus.DECLINED, RequestStatus.AWAITING_APPROVAL, RequestStatus.QUALIFYING}


def window_words(run: PreOrderRun) -> str:
    """Thursday 3 December from 12:00 to 14:00, in the time of the site."""
    zone = ZoneInfo(run.site.time_zone)
    starts, ends = (timezone.localtime(at, zone) for at in (run.handout_starts_at, run.handout_ends_at))
    return _("%(day)s from %(start)s to %(end)s") % {
        "day": date_words(starts, "l j F"),
        "start": date_format(starts, "TIME_FORMAT"),
        "end": date_format(ends, "TIME_FORMAT"),
    }


def choices(plan: PreOrderPlan, *, chosen: str, now: dt.datetime) -> list[dict[str, Any]]:
    """The coming hand-outs, as cards: when, until when to order, what is left."""
    coming = PreOrderRun.objects.filter(plan=plan).taking_orders(now).select_related("site")[:MOST_SHOWN]
    return [
        {
            "value": str(run.public_id),
            "title": capfirst(window_words(run)),
            "until": _("Order before %(when)s") % {"when": moment_words(run.orders_close_at, run.site)},
            "left": left_words(run),
            "moved": run.reason_words,
            "is_full": run.left <= 0,
            "checked": str(run.public_id) == chosen,
        }
        for run in coming
    ]


def coming_at(site: Site, now: dt.datetime) -> list[dict[str, Any]]:
    """The next hand-outs of a site that take orders, of whatever it still offers there, soonest first."""
    offered = ServiceAtSite.objects.filter(site=site, is_offered=True, service__is_active=True)
    mine = PreOrderRun.objects.filter(site=site, plan__service__in=offered.values("service"), taken__lt=F("capacity"))
    coming = mine.taking_orders(now).select_related("site", "plan__service")[:MOST_SHOWN]
    return [
        {
            "run": run,
            "service": run.plan.service,
            "when": capfirst(window_words(run)),
            "until": _("Order before %(when)s") % {"when": moment_words(run.orders_close_at, run.site)},
            "left": left_words(run),
        }
        for run in coming
    ]


def left_words(run: PreOrderRun) -> str:
    """What is left, when that is little."""
    if run.left <= 0:
        return _("Nothing left")
    if run.left > FEW:
        return ""
    return ngettext("Only %(left)d left", "Only %(left)d left", run.left) % {"left": run.left}


def fetch_words(run: PreOrderRun, now: dt.datetime) -> str:
    """What the client does next."""
    if run.handout_ends_at <= now:
        return ""
    when = {"when": window_words(run), "site": run.site.name}
    if run.takes_orders(now):
        when["until"] = moment_words(run.orders_close_at, run.site)
        return _("Fetch it at %(site)s on %(when)s. You can change or cancel until %(until)s.") % when
    return _("Fetch it at %(site)s on %(when)s.") % when


def can_repeat(found: ServiceRequest) -> bool:
    """Whether the client may ask for it again and again. What is for somebody else, or was asked for by a prescriber,
    is not: a regular request knows its client only, and somebody would be sent to the wrong home."""
    is_own = found.beneficiary_id is None and found.prescriber_id is None
    return is_own and found.status not in NOT_REPEATED


def shown_to_client(found: ServiceRequest) -> dict[str, Any]:
    """What the tracking page says of an order ahead: the hand-out, replacements, what may still be changed."""
    order = PreOrder.objects.select_related("run__site", "run__plan__producer").filter(request=found).first()
    repeats = {"can_repeat": can_repeat(found)}
    if order is None:
        return {"pre_order": None, **repeats}
    now = timezone.now()
    may_refuse = order.hand_out == HandOut.EXPECTED and now < order.run.handout_starts_at
    return {
        "pre_order": order,
        **repeats,
        "window": window_words(order.run),
        "until": moment_words(order.run.orders_close_at, order.run.site),
        "can_change": order.run.takes_orders(now) and found.status == RequestStatus.CONFIRMED,
        "replaced": [
            {
                "one": one,
                "price": euros(one.new_unit_price),
                "can_refuse": may_refuse and one.refused_at is None,
                "is_refused": one.refused_at is not None,
            }
            for one in order.substitutions.all()
        ],
        "kept_until": moment_words(order.kept_until, order.run.site)
        if order.hand_out == HandOut.KEPT and order.kept_until
        else "",
        "was_missed": order.hand_out == HandOut.NO_SHOW and order.settled_at is not None,
    }
