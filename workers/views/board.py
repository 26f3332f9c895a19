"""The dispatch board of a site and a day, as the template wants it: rows, cards, candidates (R14)."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.models import WorkOrder
from bookings.models.requests import WorkOrderQuerySet
from concierge.enums import Role
from concierge.errors import DomainError
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words, duration_words
from workers.actions.candidates import Candidate, candidates
from workers.enums import MOVABLE, AssignmentStatus, SupervisionMode
from workers.models import Assignment, HelpCall, Occupation, Trainee
from workers.models.plan import TeamDay, team_day
from workers.perms import can_dispatch, can_see_team
from workers.rules.intervals import Interval, civil_day
from workers.views.common import assignment_or_404, clock, hours_text, initials, items_words, pictogram_of, title_of

FIRST_HOUR, LAST_HOUR = 8, 19
# The grid has 64 columns at most: sixteen hours.
MOST_HOURS = 16
QUARTER = dt.timedelta(minutes=15)
# Up to an hour, a card has room for a drawing and a time.
BRIEF = 4
# What the list of unassigned work shows at once; the count tells the rest.
LIST_LENGTH = 30

CARD_STATE = {
    AssignmentStatus.PROPOSED: "waiting",
    AssignmentStatus.ACCEPTED: "open",
    AssignmentStatus.WORKING: "active",
    AssignmentStatus.DONE: "done",
    AssignmentStatus.VALIDATED: "done",
}


@dataclass(frozen=True)
class Focus:
    """What the dispatcher looks at: a site, a day, perhaps a piece of work at a time, perhaps what just happened."""

    actor: Actor
    sites: list[Site]
    site: Site
    day: dt.date
    now: dt.datetime
    work: uuid.UUID | None = None
    card: uuid.UUID | None = None
    at: dt.time | None = None
    mode: str = ""
    person: uuid.UUID | None = None
    done: uuid.UUID | None = None
    error: DomainError | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """Zone of the site."""
        return ZoneInfo(self.site.time_zone)

    def url(self, **changes: object) -> str:
        """Address of the board of this site and day, with changes."""
        wanted = {"site": self.site.slug, "day": self.day.isoformat(), **changes}
        return f"{reverse('workers:board')}?{urlencode({k: v for k, v in wanted.items() if v})}"


def board_context(focus: Focus) -> dict[str, Any]:
    """Everything the board shows."""
    team = team_day(Trainee.objects.visible_to(focus.actor).active().filter(site=focus.site), focus.day, focus.zone)
    first, last = _hours_shown(team)
    unassigned = _unassigned(focus)
    may_dispatch = can_dispatch(focus.actor, site_id=focus.site.pk)
    return {
        "site": focus.site,
        "sites": focus.sites,
        "day": focus.day,
        "is_today": focus.day == focus.now.astimezone(focus.zone).date(),
        "previous_url": focus.url(day=focus.day - dt.timedelta(days=1)),
        "next_url": focus.url(day=focus.day + dt.timedelta(days=1)),
        "today_url": focus.url(day=""),
        "board_url": focus.url(),
        "columns": (last - first) * 4,
        "hours": [_("%(hour)s h") % {"hour": hour} for hour in range(first, last)],
        "rows": [_row(focus, team, trainee, first, last, may_dispatch) for trainee in team.trainees],
        "unassigned": [_order(focus, order) for order in unassigned[:LIST_LENGTH]],
        "unassigned_more": max(0, len(unassigned) - LIST_LENGTH),
        "may_dispatch": may_dispatch,
        "may_see_team": can_see_team(focus.actor),
        "help_calls": _help_calls(focus),
        "to_validate": _to_validate(focus),
        "panel": _panel(focus, team) if may_dispatch else None,
        "done": _done(focus),
        "error": focus.error,
    }


def _hours_shown(team: TeamDay) -> tuple[int, int]:
    """First and last hour of the grid: the usual day, stretched to the work there is."""
    today = civil_day(team.day, team.zone)
    starts, ends = [FIRST_HOUR], [LAST_HOUR]
    for trainee in team.trainees:
        for card in team.cards(trainee):
            if card.planned_start >= today.start:
                starts.append(card.planned_start.astimezone(team.zone).hour)
            if card.planned_end < today.end:
                end = card.planned_end.astimezone(team.zone)
                ends.append(end.hour + (1 if end.minute else 0))
    first = min(starts)
    return first, min(max(ends), first + MOST_HOURS, 24)


def _unassigned(focus: Focus) -> list[WorkOrder]:
    """What the team has to do, nobody has and whose time has come by that day, the most urgent first."""
    today = civil_day(focus.day, focus.zone)
    return list(
        _to_give(focus)
        .filter(site=focus.site, promised_start__lt=today.end)
        .order_by("promised_end", "pk")[: LIST_LENGTH + 200]
    )


def _orders(focus: Focus) -> WorkOrderQuerySet:
    return WorkOrder.objects.visible_to(focus.actor).select_related(
        "service", "site", "request__client", "request__beneficiary"
    )


def _to_give(focus: Focus) -> WorkOrderQuerySet:
    """For the team to do now and in nobody's hands: work of its own, and things to carry to providers and back."""
    return _orders(focus).for_team_now().exclude(pk__in=Assignment.objects.occupying().carrying().values("work_order"))


def _order(focus: Focus, order: WorkOrder) -> dict[str, Any]:
    promised = order.promised_end.astimezone(focus.zone)
    words = _("for %(day)s at %(time)s") % {
        "day": date_words(promised, "D j N"),
        "time": clock(promised, focus.zone),
    }
    return {
        "public_id": order.public_id,
        "title": _title(order, order.leg_now or ""),
        "detail": f"{words} · {duration_words(order.duration_minutes)}",
        "is_late": order.promised_end < focus.now,
        "state": "active" if order.public_id == focus.work else "waiting",
        "url": f"{focus.url(work=order.public_id)}#who",
    }


def _title(order: WorkOrder, leg: str) -> str:
    title = title_of(order, leg)
    items = items_words(order)
    return f"{title}, {items}" if items else title


def _row(focus: Focus, team: TeamDay, trainee: Trainee, first: int, last: int, takes_drops: bool) -> dict[str, Any]:
    start = dt.datetime.combine(focus.day, dt.time(first), focus.zone)
    shown = Interval(start, start + (last - first) * 4 * QUARTER)
    away = team.is_away(trainee)
    drop = reverse("workers:drop", args=[trainee.public_id])
    query = urlencode({"day": focus.day.isoformat(), "hour": first, "site": focus.site.slug})
    return {
        "name": trainee.short_name,
        "initials": initials(trainee),
        "tone": trainee.pk % 6,
        "detail": _("Away") if away else _("Prefers to listen") if trainee.prefers_audio else "",
        "drop_url": f"{drop}?{query}" if takes_drops and not away else "",
        "off": _off(shown, [] if away else team.open_windows(trainee)),
        "cards": [
            *(
                _card(focus, card, shown, team.companions.get(card.pk, ""))
                for card in team.cards(trainee)
                if card.window.overlaps(shown)
            ),
            *(_beside(focus, one, shown) for one in team.accompanied(trainee) if one.window.overlaps(shown)),
        ],
    }


def _off(shown: Interval, opened: list[Interval]) -> list[dict[str, int]]:
    """Columns of the grid outside the usual hours."""
    gaps, cursor = [], shown.start
    for window in [*sorted(opened), Interval(shown.end, shown.end + QUARTER)]:
        if window.start > cursor:
            gaps.append(_columns(Interval(cursor, min(window.start, shown.end)), shown))
        cursor = max(cursor, window.end)
        if cursor >= shown.end:
            break
    return gaps


def _columns(interval: Interval, shown: Interval) -> dict[str, int]:
    """Where an interval lies on the grid: first column (from 1) and number of columns."""
    first = max(0, (interval.start - shown.start) // QUARTER)
    last = -(-(min(interval.end, shown.end) - shown.start) // QUARTER)
    return {"start": first + 1, "span": max(1, last - first)}


def _beside(focus: Focus, one: Occupation, shown: Interval) -> dict[str, Any]:
    """A person of the team accompanies another one: their time is taken."""
    place = _columns(one.window, shown)
    order, hours = one.assignment.work_order, hours_text(one.starts, one.ends, focus.zone)
    return {
        **place,
        "pictogram": pictogram_of(order, one.assignment.leg),
        "brief": clock(one.starts, focus.zone) if place["span"] <= BRIEF else "",
        "title": _("With %(name)s: %(service)s")
        % {"name": one.assignment.trainee.first_name, "service": order.service.label},
        "hours": hours,
        "detail": hours,
        "state": "done" if one.is_over else "open",
        "drag": "",
        "url": "",
    }


def _card(focus: Focus, card: Assignment, shown: Interval, companion: str) -> dict[str, Any]:
    is_late = card.status in MOVABLE and card.planned_start < focus.now
    is_here = card.work_order.site_id == focus.site.pk
    place = _columns(card.window, shown)
    detail = f"{hours_text(card.planned_start, card.planned_end, focus.zone)} · {card.get_status_display()}"
    if companion:
        detail = f"{detail} · {_('with %(name)s') % {'name': companion}}"
    return {
        **place,
        "pictogram": pictogram_of(card.work_order, card.leg),
        "brief": clock(card.planned_start, focus.zone) if place["span"] <= BRIEF else "",
        "title": title_of(card.work_order, card.leg),
        "hours": hours_text(card.planned_start, card.planned_end, focus.zone),
        "detail": detail,
        "state": "failed" if is_late else CARD_STATE[AssignmentStatus(card.status)],
        "drag": str(card.public_id) if is_here and card.status in MOVABLE else "",
        "url": f"{focus.url(card=card.public_id)}#who" if is_here else "",
    }


def _help_calls(focus: Focus) -> list[dict[str, Any]]:
    calls = HelpCall.objects.visible_to(focus.actor).open().filter(trainee__site=focus.site)
    return [
        {
            "public_id": call.public_id,
            "name": call.trainee.short_name,
            "service": call.assignment.work_order.service.label if call.assignment else "",
            "since": clock(call.asked_at, focus.zone),
        }
        for call in calls.select_related("trainee", "assignment__work_order__service")
    ]


def _to_validate(focus: Focus) -> int:
    if focus.actor.user is None or not focus.actor.has_role(Role.SUPERVISOR):
        return 0
    return Assignment.objects.visible_to(focus.actor).to_validate(focus.actor.user).count()


def _done(focus: Focus) -> dict[str, Any] | None:
    """What has just been given, with the way to take it back."""
    if focus.done is None:
        return None
    given = Assignment.objects.visible_to(focus.actor).for_cards().filter(public_id=focus.done).first()
    if given is None or given.status not in MOVABLE:
        return None
    return {
        "words": _("%(service)s is given to %(name)s, %(hours)s.")
        % {
            "service": title_of(given.work_order, given.leg),
            "name": given.trainee.first_name,
            "hours": hours_text(given.planned_start, given.planned_end, focus.zone),
        },
        "undo_url": reverse("workers:unassign", args=[given.public_id]),
        "version": given.version,
    }


def _panel(focus: Focus, team: TeamDay) -> dict[str, Any] | None:
    """Who can take the chosen piece of work, everybody with their reasons."""
    if focus.card is not None:
        card = assignment_or_404(focus.actor, focus.card)
        return _panel_of(focus, team, card.work_order, card) if card.status in MOVABLE else _finished_panel(focus, card)
    if focus.work is not None:
        order: WorkOrder = get_object_or_404(_orders(focus), public_id=focus.work, site=focus.site)
        return _panel_of(focus, team, order, None) if _to_give(focus).filter(pk=order.pk).exists() else None
    return None


def _panel_of(focus: Focus, team: TeamDay, order: WorkOrder, card: Assignment | None) -> dict[str, Any]:
    if order.site_id != focus.site.pk:
        raise Http404
    starts_at = _wanted_start(focus, card)
    mode = focus.mode or (card.supervision_mode if card else "")
    found = candidates(order, team, now=focus.now, starts_at=starts_at, mode=mode, without=card)
    if focus.person is not None:
        found.sort(key=lambda one: one.trainee.public_id != focus.person)
    action = (
        reverse("workers:move", args=[card.public_id]) if card else reverse("workers:assign", args=[order.public_id])
    )
    return {
        **_facts(focus, order, card.leg if card else order.leg_now or ""),
        "card": card,
        "who": card.trainee.short_name if card else "",
        "at": clock(starts_at, focus.zone) if starts_at else "",
        "mode": mode,
        "modes": SupervisionMode.choices,
        "action": action,
        "unassign_url": reverse("workers:unassign", args=[card.public_id]) if card else "",
        "candidates": [_candidate(focus, one, card) for one in found],
    }


def _facts(focus: Focus, order: WorkOrder, leg: str) -> dict[str, Any]:
    start, end = order.promised_start.astimezone(focus.zone), order.promised_end.astimezone(focus.zone)
    return {
        "work": order.public_id,
        "title": _title(order, leg),
        "pictogram": pictogram_of(order, leg),
        "reference": order.reference,
        "client": order.request.met_first_name,
        "duration": duration_words(order.duration_minutes),
        "from": f"{date_words(start, 'D j N')} {clock(start, focus.zone)}",
        "until": f"{date_words(end, 'D j N')} {clock(end, focus.zone)}",
        "close_url": focus.url(),
    }


def _finished_panel(focus: Focus, card: Assignment) -> dict[str, Any]:
    """Work that has begun: who and when, nothing to change."""
    return {
        **_facts(focus, card.work_order, card.leg),
        "card": card,
        "who": card.trainee.short_name,
        "status": card.get_status_display(),
        "category": card.category,
        "hours": hours_text(card.planned_start, card.planned_end, focus.zone),
        "candidates": [],
    }


def _wanted_start(focus: Focus, card: Assignment | None) -> dt.datetime | None:
    if focus.at is not None:
        return dt.datetime.combine(focus.day, focus.at, focus.zone).astimezone(dt.UTC)
    if card is not None and card.planned_start.astimezone(focus.zone).date() == focus.day:
        return card.planned_start
    return None


KIND = {"block": "against", "warn": "against", "for": "for", "info": "neutral"}


def _candidate(focus: Focus, one: Candidate, card: Assignment | None) -> dict[str, Any]:
    is_same = card is not None and (card.trainee_id, card.planned_start, card.supervision_mode) == (
        one.trainee.pk,
        one.starts_at,
        one.mode,
    )
    return {
        "public_id": one.trainee.public_id,
        "name": one.trainee.short_name,
        "first_name": one.trainee.first_name,
        "initials": initials(one.trainee),
        "tone": one.trainee.pk % 6,
        "starts_at": one.starts_at.isoformat(),
        "hours": hours_text(one.starts_at, one.ends_at, focus.zone),
        "start": clock(one.starts_at, focus.zone),
        "mode": one.mode,
        "mode_label": one.mode_label,
        "reasons": [{"kind": KIND[severity], "words": words} for severity, words in one.sentences],
        "is_possible": one.verdict.is_possible,
        "warnings": sorted(one.verdict.warnings),
        "is_same": is_same,
        "together": _together(focus, one, card),
    }


def _together(focus: Focus, one: Candidate, card: Assignment | None) -> dict[str, str] | None:
    """The way out when nobody is free to accompany: the same work at the first time at which somebody is."""
    if one.together_at is None:
        return None
    time = clock(one.together_at, focus.zone)
    subject = {"card": card.public_id} if card else {"work": focus.work}
    return {"time": time, "url": f"{focus.url(**subject, at=time, mode=one.mode)}#who"}
