"""Plain words for people: where a request stands, who holds it, what happened. Never the machine's own words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from django.utils.dates import WEEKDAYS
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from bookings.actions.sellers import charges_vat
from bookings.enums import Execution, Leg, PerformerKind, Place, RequestStatus, WorkOrderStatus
from bookings.models import RequestLine, ServiceRequest, WorkOrder
from bookings.rules.prices import PricedLine, is_weighed, vat_shares
from bookings.views import ahead
from concierge.models import Event, Site
from concierge.words import euros, moment_words, percent, quantity_words, times_words

R, W = RequestStatus, WorkOrderStatus
# Lines of the history that are no good news.
FAILURES = {"work_order.failed", "service_request.cancelled", "service_request.expired"}


def vat_words(site: Site, amounts: Iterable[tuple[Decimal, Decimal]]) -> list[dict[str, str]]:
    """The tax in (rate, amount including it) pairs, as the invoice will say it."""
    if not charges_vat(site):
        return [{"label": _("VAT not applicable, article 293 B of the CGI."), "amount": euros(0)}]
    return [
        {"label": _("of which VAT %(rate)s") % {"rate": percent(share.rate)}, "amount": euros(share.vat)}
        for share in vat_shares(amounts)
    ]


def detail_words(quantity: Decimal, unit: str, price: Decimal, *, is_estimate: bool) -> str:
    """How many at which price; about how much, as long as nobody has weighed it."""
    detail = times_words(quantity, unit, price)
    return _("about %(detail)s") % {"detail": detail} if is_estimate else detail


def charged_words(line: RequestLine) -> str:
    """How many at which price, and how that is known: announced, weighed or counted."""
    detail = detail_words(line.quantity, line.unit, line.unit_price_incl_vat, is_estimate=line.is_estimate)
    if line.measured_quantity is None:
        return detail
    known = _("weighed: %(quantity)s") if is_weighed(line.unit) else _("counted: %(quantity)s")
    if line.quantity == line.measured_quantity:
        return known % {"quantity": detail or quantity_words(line.quantity, line.unit)}
    least = _("the least, %(quantity)s, is charged") % {"quantity": quantity_words(line.quantity, line.unit)}
    return f"{known % {'quantity': quantity_words(line.measured_quantity, line.unit)}} ({least}) · {detail}"


def lines_words(lines: Iterable[PricedLine], *, is_weighed_later: bool = True) -> list[dict[str, str]]:
    """What is ordered and what it comes to, line by line."""
    return [
        {
            "label": line.label,
            "detail": detail_words(
                line.quantity, line.unit, line.unit_price, is_estimate=is_weighed_later and line.is_estimate
            ),
            "amount": euros(line.total),
        }
        for line in lines
    ]


class Stretch(Protocol):
    """An opening of a weekday, of a desk or of a business."""

    @property
    def weekday(self) -> int: ...
    @property
    def opens(self) -> dt.time: ...
    @property
    def closes(self) -> dt.time: ...


def hours_words(hours: Iterable[Stretch]) -> list[str]:
    """Opening hours as people write them: Monday–Friday 09:00–18:00."""
    spans: dict[int, str] = {}
    for hour in sorted(hours, key=lambda h: (h.weekday, h.opens)):
        span = f"{time_format(hour.opens)}–{time_format(hour.closes)}"
        spans[hour.weekday] = f"{spans[hour.weekday]}, {span}" if hour.weekday in spans else span
    runs: list[list[int]] = []
    for weekday, span in spans.items():
        if runs and runs[-1][-1] == weekday - 1 and spans[runs[-1][-1]] == span:
            runs[-1].append(weekday)
        else:
            runs.append([weekday])
    return [
        (str(WEEKDAYS[run[0]]) if len(run) == 1 else f"{WEEKDAYS[run[0]]}–{WEEKDAYS[run[-1]]}") + f" {spans[run[0]]}"
        for run in runs
    ]


def amount_words(line: RequestLine, amount: Decimal) -> str:
    """An amount of a line, or that it is not charged."""
    return euros(amount) if line.is_charged else _("not charged")


def order_lines(found: ServiceRequest) -> dict[str, Any]:
    """What was ordered, line by line, and its total including VAT; work that will not be done is not charged."""
    lines, total, is_estimate = [], Decimal(0), False
    for line in found.lines.select_related("work_order"):
        total += line.total_incl_vat if line.is_charged else 0
        is_estimate |= line.is_estimate and line.is_charged
        lines.append(
            {
                "label": line.description,
                "detail": charged_words(line),
                "amount": amount_words(line, line.total_incl_vat),
                "is_charged": line.is_charged,
            }
        )
    return {"lines": lines, "total": euros(total), "is_estimate": is_estimate}


def holder(work_order: WorkOrder) -> str:
    """Who has the work. Of our own team the client reads no name."""
    if work_order.performer_kind in {PerformerKind.PROVIDER, PerformerKind.PRODUCER}:
        return work_order.performer_label
    if work_order.performer_kind == PerformerKind.OWN_TEAM or work_order.execution == Execution.OWN_TEAM:
        return _("our team")
    return ""


def step_words(work_order: WorkOrder) -> str:
    """The present step of one work order."""
    at_provider = work_order.performer_kind == PerformerKind.PROVIDER
    who = holder(work_order)
    if work_order.performer_kind == PerformerKind.PRODUCER and work_order.status in {W.BOOKED, W.IN_PROGRESS}:
        if work_order.status == W.BOOKED:
            return _("Ordered from %(who)s; you can still change it") % {"who": who}
        return _("%(who)s is preparing it") % {"who": who}
    if work_order.status in {W.READY, W.OFFERING, W.NEEDS_DISPATCH}:
        if work_order.execution == Execution.OWN_TEAM:
            return _("Our team is getting ready")
        return _("We are looking for a craftsperson near you")
    if work_order.status == W.BOOKED:
        if work_order.collected_at is not None:
            return _("We have brought it to %(who)s") % {"who": who}
        return _("%(who)s has accepted") % {"who": who} if at_provider else _("Entrusted to our team")
    words = {
        W.SCHEDULED: _("Planned"),
        W.IN_PROGRESS: _("In progress at %(who)s") % {"who": who} if at_provider else _("In progress in our workshop"),
        W.ON_HOLD: _("On pause for a moment"),
        W.COMPLETED: _("Done, we are fetching it")
        if work_order.leg_now == Leg.RETURN
        else _("Done, we are checking the work"),
        W.REWORK: _("We are improving a detail"),
        W.VERIFIED: _("Ready"),
        W.FAILED: _("This could not be done: we will contact you"),
        W.CANCELLED: _("Cancelled"),
    }
    return words[W(work_order.status)]


def came_to_nothing(request: ServiceRequest, orders: Iterable[WorkOrder]) -> bool:
    """Whether a request ended, and no part of it was done."""
    statuses = {order.status for order in orders}
    return request.status in {R.PARTIALLY_FULFILLED, R.CLOSED} and W.FAILED in statuses <= {W.FAILED, W.CANCELLED}


def headline(request: ServiceRequest, orders: Iterable[WorkOrder]) -> str:
    """One sentence for the whole request."""
    statuses = {order.status for order in orders}
    if came_to_nothing(request, orders):
        closed = request.status == R.CLOSED
        return _("This request is closed.") if closed else _("We could not do what you asked for. We will contact you.")
    looking = any(
        order.status in {W.READY, W.OFFERING, W.NEEDS_DISPATCH} and order.execution != Execution.OWN_TEAM
        for order in orders
    )
    if request.status == R.CONFIRMED and looking:
        return _("Your request is confirmed. We are looking for a craftsperson.")
    if request.status == R.IN_PROGRESS and statuses <= {W.COMPLETED, W.VERIFIED, W.CANCELLED}:
        return _("The work is done. We are checking it.")
    return {
        R.SUBMITTED: _("We have received your request."),
        R.QUALIFYING: _("We study your request."),
        R.AWAITING_CLIENT: _("We need an answer from you."),
        R.AWAITING_APPROVAL: _("Our quote waits for your answer."),
        R.ON_HOLD: _("Your request is on hold."),
        R.EXPIRED: _("We had no answer from you: this request has ended."),
        R.CONFIRMED: _("Your request is confirmed."),
        R.IN_PROGRESS: _("We are working on it."),
        R.FULFILLED: _("Everything is ready."),
        R.PARTIALLY_FULFILLED: _("Part of your request could not be done. We will contact you."),
        R.CLOSED: _("All done. Thank you!"),
        R.CANCELLED: _("This request was cancelled."),
        R.DECLINED: _("We are sorry: we could not take this request."),
    }[R(request.status)]


def next_date(request: ServiceRequest, now: dt.datetime) -> str:
    """What comes next, with its date."""
    site = request.site
    if request.status not in {R.SUBMITTED, R.CONFIRMED, R.IN_PROGRESS, R.FULFILLED} or request.promised_start is None:
        return ""
    if request.status == R.FULFILLED:
        return _("You can collect it at %(site)s.") % {"site": site.name} if request.place == Place.DESK else ""
    if getattr(request, "pre_order", None) is not None:
        return ahead.fetch_words(request.pre_order.run, now)
    if request.promised_start > now:
        when = {"when": moment_words(request.promised_start, site), "site": request.meets_at.name}
        if request.place == Place.HOME and request.beneficiary_name:
            return _("We come to %(name)s on %(when)s.") % {**when, "name": request.beneficiary_name}
        if request.place == Place.HOME:
            return _("We come to your place on %(when)s.") % when
        return _("Bring your things to %(site)s on %(when)s.") % when
    if request.promised_end is None:
        return ""
    if request.promised_end < now:
        return _("We are running late and are sorry. We write to you as soon as it is ready.")
    return _("Ready by %(when)s at the latest.") % {"when": moment_words(request.promised_end, site)}


@dataclass(frozen=True)
class Told:
    """One line of the history."""

    title: str
    when: str
    by: str
    state: str


def history(request: ServiceRequest, orders: Iterable[WorkOrder], told: Iterable[Event]) -> list[Told]:
    """What happened, oldest first, in plain words. Internal steps and names of our people are left out."""
    by_reference = {order.reference: order for order in orders}
    untrue = {"service_request.partially_fulfilled", "service_request.closed"}
    left_out = untrue if came_to_nothing(request, by_reference.values()) else set()
    lines = []
    for event in told:
        if event.name in left_out:
            continue
        order = by_reference.get(str(event.data.get("work_order", "")))
        title = _sentence(event, order)
        if title:
            state = "failed" if event.name in FAILURES else "done"
            lines.append(Told(title, moment_words(event.act_at, request.site), "", state))
    return lines


def _sentence(event: Event, order: WorkOrder | None) -> str:
    whole: dict[str, Any] = {
        "service_request.submitted": _("You sent your request"),
        "service_request.confirmed": _("We confirmed your request"),
        "service_request.fulfilled": _("Everything is ready"),
        "service_request.partially_fulfilled": _("Part of your request is done"),
        "service_request.closed": _("Handed over"),
        "service_request.taken_back": _("Not handed over after all"),
        "service_request.cancelled": _("The request was cancelled"),
        "service_request.measured": _("We weighed or counted what you brought"),
        "service_request.rescheduled": _("The appointment was moved"),
        "service_request.declined": _("We could not take the request"),
        "waitlist.joined": _("You asked to be told of earlier times"),
        "waitlist.left": _("You no longer wait for an earlier time"),
        "waitlist.noticed": _("We told you of an earlier time"),
        "service_request.reviewed": _("We are looking at your request"),
        "quote.sent": _("We sent you a quote"),
        "quote.accepted": _("You accepted the quote"),
        "quote.declined": _("You declined the quote"),
        "quote.changes_requested": _("You asked for a change of the quote"),
        "quote.withdrawn": _("We withdrew the quote"),
        "quote.expired": _("The time to accept the quote is over"),
        "quote.renewal_asked": _("You asked us to renew the quote"),
        "service_request.held": _("Your request was put on hold"),
        "service_request.resumed": _("Your request goes on"),
        "service_request.expired": _("We had no answer, and ended the request"),
        "service_request.revived": _("The request was taken up again"),
        "question.asked": _("We asked you a question"),
        "question.answered": _("You answered our question"),
    }
    if event.name in whole:
        return str(whole[event.name])
    if order is None:
        return ""
    words = {"service": order.service.label, "who": holder(order) or _("our team")}
    if event.name == "work_order.booked":
        if event.data.get("performer_kind") == PerformerKind.PROVIDER:
            return _("%(service)s: accepted by a local craftsperson") % words
        if event.data.get("performer_kind") == PerformerKind.PRODUCER:
            return _("%(service)s: ordered from %(who)s") % words
        return _("%(service)s: entrusted to our team") % words
    part = {
        "work_order.on_its_way": _("%(service)s: on its way to the craftsperson"),
        "work_order.returned": _("%(service)s: back at our desk"),
        "work_order.started": _("%(service)s: work has begun"),
        "work_order.completed": _("%(service)s: work is done"),
        "work_order.verified": _("%(service)s: checked, all is well"),
        "work_order.sent_back": _("%(service)s: we are improving a detail"),
        "work_order.paused": _("%(service)s: on pause for a moment"),
        "work_order.failed": _("%(service)s: could not be done"),
    }.get(event.name, "")
    return part % words if part else ""
