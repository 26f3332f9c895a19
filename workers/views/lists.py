"""The two lists beside the board: what is to be given, and what runs late. Both are searched and paged."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from bookings.models import WorkOrder
from bookings.models.requests import WorkOrderQuerySet
from concierge.words import date_words, duration_words
from workers.enums import AssignmentStatus
from workers.models import Assignment
from workers.rules.intervals import civil_day
from workers.views.common import clock, hours_text, items_words, title_of

if TYPE_CHECKING:
    from workers.views.board import Focus

# What a list shows at once.
LIST_LENGTH = 30
# A promise that ends so soon is late unless somebody finishes now.
SOON = dt.timedelta(hours=1)


def orders_of(focus: Focus) -> WorkOrderQuerySet:
    """Work orders the dispatcher may see, with everything a card shows."""
    return WorkOrder.objects.visible_to(focus.actor).select_related(
        "service", "site", "request__client", "request__beneficiary"
    )


def to_give(focus: Focus) -> WorkOrderQuerySet:
    """For the team to do now and in nobody's hands: work of its own, and things to carry to providers and back."""
    return (
        orders_of(focus).for_team_now().exclude(pk__in=Assignment.objects.occupying().carrying().values("work_order"))
    )


def unassigned(focus: Focus) -> dict[str, Any]:
    """What the team has to do, nobody has and whose time has come by that day, the most urgent first."""
    today = civil_day(focus.day, focus.zone)
    waiting = to_give(focus).filter(site=focus.site, promised_start__lt=today.end).order_by("promised_end", "pk")
    return _page(focus, _searched(waiting, focus.text), "page", lambda order: _order(focus, order))


def late(focus: Focus) -> dict[str, Any]:
    """What is in somebody's hands and runs late, whatever the day."""
    found = Assignment.objects.visible_to(focus.actor).filter(work_order__site=focus.site).for_cards()
    found = found.running_late(focus.now, soon=SOON)
    return _page(focus, _searched(found, focus.text, "work_order__"), "late", lambda card: _late(focus, card))


def _searched(rows: QuerySet[Any], text: str, prefix: str = "") -> QuerySet[Any]:
    """Rows whose work, reference or client has the text in it."""
    if not text:
        return rows
    named = (
        "reference",
        "request__reference",
        "service__name",
        "service__name_en",
        "request__client__first_name",
        "request__client__last_name",
        "request__beneficiary__first_name",
        "request__beneficiary__last_name",
    )
    about = Q()
    for name in named:
        about |= Q(**{f"{prefix}{name}__icontains": text})
    return rows.filter(about)


def _page(focus: Focus, rows: QuerySet[Any], name: str, shown: Any) -> dict[str, Any]:
    """One page of a list, how many there are in all, and the addresses of the pages around."""
    many = rows.order_by().count()
    last = max(1, -(-many // LIST_LENGTH))
    page = min(focus.pages.get(name, 1), last)
    first = (page - 1) * LIST_LENGTH
    return {
        "rows": [shown(row) for row in rows[first : first + LIST_LENGTH]] if many else [],
        "many": many,
        "previous": focus.url(**{name: page - 1 if page > 2 else ""}) if page > 1 else "",
        "next": focus.url(**{name: page + 1}) if page < last else "",
        "page": page,
        "last": last,
    }


def _order(focus: Focus, order: WorkOrder) -> dict[str, Any]:
    promised = order.promised_end.astimezone(focus.zone)
    words = _("for %(day)s at %(time)s") % {
        "day": date_words(promised, "D j N"),
        "time": clock(promised, focus.zone),
    }
    is_late = order.promised_end < focus.now
    soon = not is_late and order.promised_end < focus.now + SOON
    return {
        "public_id": order.public_id,
        "title": order_title(order, order.leg_now or ""),
        "detail": f"{words} · {duration_words(order.duration_minutes)}",
        "badge": _("Late") if is_late else _("Soon") if soon else "",
        "category": "failed" if is_late else "waiting",
        "state": "failed" if is_late else "active" if order.public_id == focus.work else "waiting",
        "url": f"{focus.url(work=order.public_id)}#who",
    }


def _late(focus: Focus, card: Assignment) -> dict[str, Any]:
    day = card.planned_start.astimezone(focus.zone)
    planned = hours_text(card.planned_start, card.planned_end, focus.zone)
    when = planned if day.date() == focus.now.astimezone(focus.zone).date() else f"{date_words(day, 'D j N')} {planned}"
    return {
        "title": title_of(card.work_order, card.leg),
        "detail": f"{card.trainee.short_name} · {when}",
        "badges": _why_late(focus, card),
        "url": f"{focus.url(card=card.public_id, day=day.date().isoformat())}#who",
    }


def _why_late(focus: Focus, card: Assignment) -> list[dict[str, str]]:
    """Every reason why it is on the list; the worst first."""
    promised = card.work_order.promised_end
    at = {"time": clock(promised, focus.zone)}
    found = []
    if promised < focus.now:
        found.append({"category": "failed", "label": _("Promise passed")})
    elif promised < focus.now + SOON:
        found.append({"category": "waiting", "label": _("Promised for %(time)s") % at})
    if card.status == AssignmentStatus.WORKING and card.planned_end < focus.now:
        found.append({"category": "active", "label": _("Not finished in time")})
    elif card.status != AssignmentStatus.WORKING and card.planned_start < focus.now:
        found.append({"category": "failed", "label": _("Not started")})
    return found


def order_title(order: WorkOrder, leg: str) -> str:
    """What is to be done, and how much of it."""
    title = title_of(order, leg)
    items = items_words(order)
    return f"{title}, {items}" if items else title
