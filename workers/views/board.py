"""The dispatch board of a site and a day, as the template wants it: rows, cards, candidates (R14)."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.models import WorkOrder
from concierge.enums import Role
from concierge.errors import DomainError
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words, duration_words
from workers.actions.candidates import Candidate, best_candidates
from workers.actions.refusals import WarningsToAccept
from workers.enums import MOVABLE, AssignmentStatus, SupervisionMode
from workers.models import Assignment, HelpCall, Trainee
from workers.models.cards import cards_of
from workers.models.plan import judged_day
from workers.models.presence import Presence, presence_of
from workers.perms import can_dispatch, can_see_team
from workers.rules.intervals import Interval
from workers.views.common import assignment_or_404, clock, hours_text, initials, pictogram_of, title_of
from workers.views.lists import late, order_title, orders_of, to_give, unassigned
from workers.views.live import news_url
from workers.views.rows import QUARTER, hours_shown, rows
from workers.views.undoing import undo_offer

# Stands for a piece of work in an address that the page completes.
ANY = uuid.UUID(int=0)
# People that the panel adds each time more of them are asked for.
PEOPLE_AT_ONCE = 12


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
    # Who is looked at first, and how often more people were asked for.
    person: uuid.UUID | None = None
    more: int = 0
    done: uuid.UUID | None = None
    error: DomainError | None = None
    # What is looked for in the two lists, and which page of each.
    text: str = ""
    pages: dict[str, int] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """Zone of the site."""
        return ZoneInfo(self.site.time_zone)

    def url(self, name: str = "workers:board", /, **changes: object) -> str:
        """Address of the board, or of another page, of this site and day, with changes."""
        wanted = {"site": self.site.slug, "day": self.day.isoformat(), "q": self.text, **self.pages, **changes}
        return f"{reverse(name)}?{urlencode({k: v for k, v in wanted.items() if v})}"

    @cached_property
    def card_url(self) -> str:
        """Address of the same page looking at a card, up to the card's id."""
        return f"{self.url()}&card="

    @property
    def here(self) -> str:
        """Address of the very same page, with what is open on it."""
        at = self.at.isoformat("minutes") if self.at else ""
        return self.url(work=self.work, card=self.card, at=at, mode=self.mode, person=self.person, more=self.more)


def board_context(focus: Focus) -> dict[str, Any]:
    """Everything the board shows."""
    people = Trainee.objects.visible_to(focus.actor).active().filter(site=focus.site)
    presence = presence_of(people, focus.day, focus.zone)
    cards = cards_of(presence)
    first, last = hours_shown(presence, cards)
    start = dt.datetime.combine(focus.day, dt.time(first), focus.zone)
    shown = Interval(start, start + (last - first) * 4 * QUARTER)
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
        "map_url": focus.url("workers:map"),
        "papers_url": focus.url("workers:papers"),
        "columns": (last - first) * 4,
        "hours": [_("%(hour)s h") % {"hour": hour} for hour in range(first, last)],
        "rows": rows(focus, presence, cards, shown, may_dispatch),
        "unassigned": unassigned(focus),
        "late": late(focus),
        "text": focus.text,
        "all_url": replace(focus, text="", pages={}).url(),
        "may_dispatch": may_dispatch,
        "may_see_team": can_see_team(focus.actor),
        "help_calls": _help_calls(focus),
        "to_validate": _to_validate(focus),
        "panel": _panel(focus, presence) if may_dispatch else None,
        "done": _done(focus),
        "undo": undo_offer(focus.actor, focus.now, focus.zone),
        "error": focus.error,
        "here_url": focus.here,
        "news_url": news_url(focus.actor),
        "check_url": _check_url(focus, first, last) if may_dispatch else "",
    }


def _check_url(focus: Focus, first: int, last: int) -> str:
    """Where the page asks, when something is picked up, on which rows it may be put down."""
    query = urlencode(
        {"site": focus.site.slug, "day": focus.day.isoformat(), "hour": first, "columns": (last - first) * 4}
    )
    return f"{reverse('workers:check_drops', args=[ANY])}?{query}"


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
    """What has just been given."""
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
    }


def _panel(focus: Focus, presence: Presence) -> dict[str, Any] | None:
    """Who can take the chosen piece of work, everybody with their reasons."""
    if focus.card is not None:
        card = assignment_or_404(focus.actor, focus.card)
        return (
            _panel_of(focus, presence, card.work_order, card)
            if card.status in MOVABLE
            else _finished_panel(focus, card)
        )
    if focus.work is not None:
        order: WorkOrder = get_object_or_404(orders_of(focus), public_id=focus.work, site=focus.site)
        return _panel_of(focus, presence, order, None) if to_give(focus).filter(pk=order.pk).exists() else None
    return None


def _panel_of(focus: Focus, presence: Presence, order: WorkOrder, card: Assignment | None) -> dict[str, Any]:
    if order.site_id != focus.site.pk:
        raise Http404
    starts_at = _wanted_start(focus, card)
    mode = focus.mode or (card.supervision_mode if card else "")
    found = best_candidates(
        order,
        judged_day(presence),
        now=focus.now,
        most=PEOPLE_AT_ONCE * (focus.more + 1),
        starts_at=starts_at,
        mode=mode,
        without=card,
        also=focus.person,
    )
    others = len(presence.trainees) - len(found)
    opened = (card.public_id, None) if card else (None, order.public_id)
    again = replace(focus, more=focus.more + 1, card=opened[0], work=opened[1])
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
        "people": sorted((one.short_name, one.public_id) for one in presence.trainees),
        "person": focus.person,
        "others": others,
        "more_url": again.here if others else "",
    }


def _facts(focus: Focus, order: WorkOrder, leg: str) -> dict[str, Any]:
    start, end = order.promised_start.astimezone(focus.zone), order.promised_end.astimezone(focus.zone)
    return {
        "work": order.public_id,
        "title": order_title(order, leg),
        "pictogram": pictogram_of(order, leg),
        "reference": order.reference,
        "client": order.request.met_first_name,
        "duration": duration_words(order.duration_minutes),
        "from": f"{date_words(start, 'D j N')} {clock(start, focus.zone)}",
        "until": f"{date_words(end, 'D j N')} {clock(end, focus.zone)}",
        "close_url": focus.url(),
    }


def _finished_panel(focus: Focus, card: Assignment) -> dict[str, Any]:
    """Work that has begun: who and when; it can be finished for whoever left it."""
    return {
        **_facts(focus, card.work_order, card.leg),
        "card": card,
        "who": card.trainee.short_name,
        "status": card.get_status_display(),
        "category": card.category,
        "hours": hours_text(card.planned_start, card.planned_end, focus.zone),
        "finish_url": reverse("workers:close_work", args=[card.public_id])
        if card.status == AssignmentStatus.WORKING
        else "",
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
        "warnings": sorted(one.verdict.warnings | _asked_to_accept(focus, one)),
        "is_same": is_same,
        "together": _together(focus, one, card),
    }


def _asked_to_accept(focus: Focus, one: Candidate) -> set[str]:
    """What the verb has just asked to accept of this person, whatever the page finds: the button offers that too."""
    if not isinstance(focus.error, WarningsToAccept) or one.trainee.public_id != focus.person:
        return set()
    return set(cast("list[str]", focus.error.details["reasons"]))


def _together(focus: Focus, one: Candidate, card: Assignment | None) -> dict[str, str] | None:
    """The way out when nobody is free to accompany: the same work at the first time at which somebody is."""
    if one.together_at is None:
        return None
    time = clock(one.together_at, focus.zone)
    subject = {"card": card.public_id} if card else {"work": focus.work}
    return {"time": time, "url": f"{focus.url(**subject, at=time, mode=one.mode)}#who"}
