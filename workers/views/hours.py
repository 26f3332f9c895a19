"""The supervisor's list: the whole team's hours on one page, what needs a look first (R20)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, Min, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from concierge.days import zone_of
from concierge.enums import Role
from concierge.errors import DomainError
from concierge.tenancy import Actor
from concierge.words import date_words
from workers.actions.hours import Said, add_entry, last_validation, undo_validation, validate_entries
from workers.actions.time import supposed_end
from workers.enums import ABSENCE_KINDS, TimeKind, TimeSource
from workers.forms import MissingForm, PickForm, cleaned
from workers.models import Assignment, TimeEntry, Trainee
from workers.models.people import TraineeQuerySet
from workers.models.timesheets import Missing, PersonHours, hours_of
from workers.perms import can_see_hours
from workers.views.common import acting, chosen_day, clock, require
from workers.views.hour_words import entry_line, minutes_words, missing_words, person_words, week_days

# Lines to look at on a page, and validated ones below them.
PAGE, MOST_DONE = 50, 100


@require_safe
def hours(request: HttpRequest) -> HttpResponse:
    """A day or a week of the team."""
    return show_list(request)


@require_POST
def validate(request: HttpRequest) -> HttpResponse:
    """What is ticked, or everything without a remark in the days shown."""
    actor = acting(request)
    require(can_see_hours(actor))
    try:
        data = cleaned(PickForm(request.POST))
        found = _everything_plain(request, actor) if data["all"] else _picked(actor, data["entry"])
        done = validate_entries(found, by=actor, answer=data["answer"])
    except DomainError as error:
        return show_list(request, error=error)
    words = ngettext("%(n)d entry validated.", "%(n)d entries validated.", len(done)) % {"n": len(done)}
    messages.success(request, words)
    return back_to_list(request)


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what I validated just now."""
    require(can_see_hours(acting(request)))
    try:
        taken = undo_validation(by=acting(request))
    except DomainError as error:
        return show_list(request, error=error)
    words = ngettext("%(n)d entry is to be validated again.", "%(n)d entries are to be validated again.", len(taken))
    messages.info(request, words % {"n": len(taken)})
    return back_to_list(request)


@require_POST
def fill(request: HttpRequest) -> HttpResponse:
    """A day without hours: it was as planned, or the person was absent."""
    actor = acting(request)
    require(can_see_hours(actor))
    try:
        data = cleaned(MissingForm(request.POST))
        person = team_of(actor).filter(public_id=data["trainee"]).first()
        if person is None:
            raise Http404
        _fill(person, data["day"], data["kind"], actor)
    except DomainError as error:
        return show_list(request, error=error)
    messages.success(request, _("Saved."))
    return back_to_list(request)


def _fill(person: Trainee, day: dt.date, kind: str, by: Actor) -> None:
    """Write the planned hours of a day, or the absence of so many minutes. Nothing missing: nothing to write."""
    (found,) = hours_of(Trainee.objects.filter(pk=person.pk), day, day, now=timezone.now())
    for one in found.missing:
        if kind in ABSENCE_KINDS:
            add_entry(person, Said(kind, day=day, minutes=one.minutes or None), by=by)
            continue
        work: list[Assignment | None] = list(one.assignments) or [None] * len(one.planned)
        windows = [given.window for given in one.assignments] or one.planned
        for window, given in zip(windows, work, strict=True):
            said = Said(TimeKind.WORK, starts_at=window.start, ends_at=window.end, assignment=given)
            add_entry(person, said, by=by, source=TimeSource.PLANNED)


def team_of(actor: Actor) -> TraineeQuerySet:
    """Whose hours the actor may write: their own team; a site manager stands in for everybody of the site."""
    found = Q(pk=None)
    if actor.user is not None and actor.has_role(Role.SUPERVISOR):
        sites = actor.site_ids(Role.SUPERVISOR)
        found |= Q(supervisor=actor.user) if sites is None else Q(supervisor=actor.user, site_id__in=sites)
    if actor.has_role(Role.SITE_MANAGER):
        sites = actor.site_ids(Role.SITE_MANAGER)
        found |= Q(pk__isnull=False) if sites is None else Q(site_id__in=sites)
    return Trainee.objects.filter(found, organisation=actor.organisation)


def show_list(request: HttpRequest, *, error: DomainError | None = None) -> HttpResponse:
    """The list, with what went wrong on top."""
    actor = acting(request)
    require(can_see_hours(actor))
    zone = zone_of(actor.organisation)
    first, last, day = _period(request, zone)
    people = _people(actor, first, last)
    rows = [row for one in people for row in _rows(one, actor)]
    todo = sorted((row for row in rows if row["rank"] < 2), key=lambda row: (row["rank"], row["day"], row["name"]))
    done = [row for row in rows if row["rank"] == 2]
    page = Paginator(todo, PAGE).get_page(request.GET.get("page") or request.POST.get("page"))
    shown = list(page)
    context = {
        **_navigation(first, last, day),
        "first_rows": [row for row in shown if row["rank"] == 0],
        "plain_rows": [row for row in shown if row["rank"] == 1],
        "plain_count": sum(1 for row in todo if row["rank"] == 1),
        "count": len(todo),
        "done_rows": done[:MOST_DONE],
        "done_count": len(done),
        "people": [_sum(one) for one in people],
        "kinds": [(kind.value, kind.label) for kind in ABSENCE_KINDS],
        "stands_in": actor.has_role(Role.SITE_MANAGER),
        "undo_count": len(last_validation(actor) or []),
        "older": _older(actor, first),
        "to_check": _to_check(actor),
        "previous": _page_link(day, first, page.previous_page_number()) if page.has_previous() else "",
        "next": _page_link(day, first, page.next_page_number()) if page.has_next() else "",
        "page": page.number,
        "error": error,
    }
    return render(request, "workers/hours.html", context, status=error.status if error else 200)


def back_to_list(request: HttpRequest) -> HttpResponse:
    """The days that were shown."""
    zone = zone_of(acting(request).organisation)
    first, _last, day = _period(request, zone)
    return redirect(reverse("workers:hours") + _link(day, first))


def _period(request: HttpRequest, zone: ZoneInfo) -> tuple[dt.date, dt.date, dt.date | None]:
    """First and last day shown; the day itself when one is asked for, else a week."""
    given = request.POST if request.method == "POST" else request.GET
    today = timezone.now().astimezone(zone).date()
    if given.get("jour"):
        day = chosen_day(given["jour"], today=today)
        return day, day, day
    asked = chosen_day(given.get("semaine", ""), today=today)
    monday = asked - dt.timedelta(days=asked.weekday())
    return monday, monday + dt.timedelta(days=6), None


def _people(actor: Actor, first: dt.date, last: dt.date) -> list[PersonHours]:
    written = TimeEntry.objects.current().touching(first, last).filter(trainee_id=OuterRef("pk"))
    return hours_of(team_of(actor).filter(Q(is_active=True) | Exists(written)), first, last, now=timezone.now())


def _rows(one: PersonHours, actor: Actor) -> list[dict[str, Any]]:
    """Lines of a person: 0 what needs a look, 1 what has no remark, 2 what is validated."""
    today = timezone.now().astimezone(one.zone).date()
    who = {**person_words(one.trainee), "is_own": actor.user is not None and one.trainee.supervisor_id == actor.user.pk}
    found = [_gap_row(gap, one, who) for gap in one.missing]
    for entry in one.entries:
        rank = 2 if entry.validated_at else 0 if entry.has_remark else 1
        if entry.is_running and entry.starts_on == today:
            rank = 2
        found.append(
            {
                **who,
                **entry_line(entry, one.zone),
                "rank": rank,
                "day": entry.starts_on,
                "day_words": date_words(entry.starts_on, "D j N"),
                "ends": _supposed(one.trainee, entry, one.zone) if rank == 0 and entry.is_running else None,
                "gap": None,
                "is_contested": entry.contested_at is not None and rank == 0,
            }
        )
    return found


def _gap_row(gap: Missing, one: PersonHours, who: dict[str, Any]) -> dict[str, Any]:
    words = missing_words(gap, one.zone)
    return {**who, "rank": 0, "day": gap.day, "day_words": date_words(gap.day, "D j N"), "gap": words, "ends": None}


def _supposed(person: Trainee, entry: TimeEntry, zone: ZoneInfo) -> dict[str, str] | None:
    """The end that the supervisor is proposed for a time that nobody ended."""
    end = supposed_end(person, entry, timezone.now())
    if end is None or entry.starts_at is None:
        return None
    return {
        "label": clock(end, zone),
        "starts": clock(entry.starts_at, zone),
        "kind": entry.kind,
        "next_day": "on" if end.astimezone(zone).date() != entry.starts_on else "",
    }


def _sum(one: PersonHours) -> dict[str, Any]:
    return {
        **person_words(one.trainee),
        "worked": minutes_words(one.worked),
        "planned": minutes_words(one.planned_minutes),
        "difference": minutes_words(one.worked - one.planned_minutes),
        "todo": len([entry for entry in one.unsettled if not entry.is_running]) + len(one.missing),
    }


def _navigation(first: dt.date, last: dt.date, day: dt.date | None) -> dict[str, Any]:
    monday = first - dt.timedelta(days=first.weekday())
    sunday = monday + dt.timedelta(days=6)
    week = _("From %(first)s to %(last)s") % {"first": date_words(monday, "j F"), "last": date_words(sunday, "j F Y")}
    return {
        "period": date_words(first, "l j F Y") if day else week,
        "days": [
            {"label": date_words(one, "D j"), "href": _link(one, monday), "is_shown": one == day}
            for one in week_days(monday)
        ],
        "week_link": _link(None, monday),
        "whole_week": day is None,
        "before": _link(None, monday - dt.timedelta(days=7)),
        "after": _link(None, monday + dt.timedelta(days=7)),
        "week_code": monday.isoformat(),
        "day_code": day.isoformat() if day else "",
    }


def _link(day: dt.date | None, monday: dt.date) -> str:
    return f"?jour={day.isoformat()}" if day else f"?semaine={monday.isoformat()}"


def _page_link(day: dt.date | None, monday: dt.date, page: int) -> str:
    return f"{_link(day, monday)}&{urlencode({'page': page})}"


def _older(actor: Actor, first: dt.date) -> dict[str, Any] | None:
    """How much waits from before the days shown, and where the oldest is."""
    waiting = TimeEntry.objects.to_validate().filter(trainee__in=team_of(actor), starts_on__lt=first)
    found = waiting.aggregate(n=Count("pk"), day=Min("starts_on"))
    return {"n": found["n"], "href": f"?semaine={found['day'].isoformat()}"} if found["n"] else None


def _to_check(actor: Actor) -> int:
    """Work of the own team that waits to be looked at: the evidence beside the hours."""
    if actor.user is None or not actor.has_role(Role.SUPERVISOR):
        return 0
    return Assignment.objects.visible_to(actor).to_validate(actor.user).count()


def _everything_plain(request: HttpRequest, actor: Actor) -> list[TimeEntry]:
    first, last, _day = _period(request, zone_of(actor.organisation))
    people = _people(actor, first, last)
    return [entry for one in people for entry in one.entries if entry.validated_at is None and not entry.has_remark]


def _picked(actor: Actor, public_ids: list[uuid.UUID]) -> list[TimeEntry]:
    """The entries that were ticked. 404 for what the actor may not see."""
    found = list(TimeEntry.objects.visible_to(actor).filter(public_id__in=public_ids).order_by("pk"))
    if len(found) != len(set(public_ids)):
        raise Http404
    return found
