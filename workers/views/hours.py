"""The supervisor's list: the whole team's hours on one page, what needs a look first (R20)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from workers.actions.day_checks import Checked, fill_days, validate_page
from workers.actions.hours import last_validation, undo_validation
from workers.actions.learning import Word
from workers.enums import ABSENCE_KINDS, SendBackReason, SkillLevel
from workers.forms import cleaned
from workers.forms.hours import MissingForm, PickForm, word_of
from workers.models import Assignment, TimeEntry, Trainee
from workers.models.assignments import AssignmentQuerySet
from workers.models.people import TraineeQuerySet
from workers.models.timesheets import PersonHours, hours_of
from workers.perms import can_see_hours
from workers.rules.intervals import Interval, civil_day
from workers.views.common import acting, chosen_day, page_number, require
from workers.views.hour_cards import Typed, card_of, is_plain_work, todo_of
from workers.views.hour_findings import findings_words
from workers.views.hour_words import week_days

# People on a page, and pieces of finished work read at once.
PAGE, MOST_WORK = 20, 200


@require_safe
def hours(request: HttpRequest) -> HttpResponse:
    """A day or a week of the team."""
    return show_list(request)


@require_POST
def validate(request: HttpRequest) -> HttpResponse:
    """What is ticked, or everything without a remark in the days shown: hours, and what was learnt beside them."""
    actor = acting(request)
    require(can_see_hours(actor))
    try:
        data = cleaned(PickForm(request.POST))
        entries = _everything_plain(request, actor) if data["all"] else _picked(actor, data["entry"])
        works = _all_work(request, actor) if data["all_work"] else _picked_work(request, actor, data["work"])
        done = validate_page(entries, works, by=actor, answer=data["answer"])
    except DomainError as error:
        return show_list(request, error=error)
    messages.success(request, _validated_words(done))
    return back_to_list(request)


def _validated_words(done: Checked) -> str:
    entries = ngettext("%(n)d entry validated.", "%(n)d entries validated.", done.entries) % {"n": done.entries}
    if not done.works:
        return entries
    works = ngettext("%(n)d piece of work checked.", "%(n)d pieces of work checked.", done.works) % {"n": done.works}
    return f"{entries} {works}" if done.entries else works


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
    """Days without hours: they were as planned, or the person was absent."""
    actor = acting(request)
    require(can_see_hours(actor))
    try:
        data = cleaned(MissingForm(request.POST))
        person = team_of(actor).filter(public_id=data["trainee"]).first()
        if person is None:
            raise Http404
        fill_days(person, data["day"], kind=data["kind"], by=actor)
    except DomainError as error:
        return show_list(request, error=error)
    messages.success(request, _("Saved."))
    return back_to_list(request)


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


def show_list(request: HttpRequest, *, error: DomainError | None = None, typed: Typed | None = None) -> HttpResponse:
    """The list, with what went wrong on top, or in the correction that was ``typed``."""
    actor = acting(request)
    require(can_see_hours(actor))
    zone = zone_of(actor.organisation)
    first, last, day = _period(request, zone)
    people = _people(actor, first, last)
    works = _works(actor, first, last)
    todo = {one.trainee.pk: todo_of(one, works[one.trainee.pk]) for one in people}
    # What asks for something first; within it, by name. Of hundreds of people only those of the page are put in words.
    people.sort(key=lambda one: todo[one.trainee.pk] == 0)
    page = Paginator(people, PAGE).get_page(request.GET.get("page") or request.POST.get("page"))
    context = {
        **_navigation(first, last, day),
        "cards": [card_of(one, works[one.trainee.pk], actor, typed=typed) for one in page],
        "labour": findings_words(list(page), first, last),
        "plain_count": len(_plain(people)),
        "plain_work": len(_plain_work(works)),
        "todo": sum(todo.values()),
        "settled": sum(1 for count in todo.values() if not count),
        "count": len(people),
        "kinds": [(kind.value, kind.label) for kind in ABSENCE_KINDS],
        "levels": SkillLevel.choices,
        "reasons": SendBackReason.choices,
        "stands_in": actor.has_role(Role.SITE_MANAGER),
        "undo_count": len(last_validation(actor) or []),
        "older": _older(actor, first),
        "other_work": _other_work(actor, works),
        "previous": _page_link(day, first, page.previous_page_number()) if page.has_previous() else "",
        "next": _page_link(day, first, page.next_page_number()) if page.has_next() else "",
        "page": page.number,
        "error": None if typed else error,
    }
    return render(request, "workers/hours.html", context, status=error.status if error else 200)


def where_of(request: HttpRequest) -> dict[str, Any]:
    """The days that a page beside the list comes back to (``workers/_hours_where.html``)."""
    given = request.POST if request.method == "POST" else request.GET
    first, _last, day = _period(request, zone_of(acting(request).organisation))
    return {
        "week_code": first.isoformat(),
        "day_code": day.isoformat() if day else "",
        "page": page_number(given.get("page", "")),
        "back": reverse("workers:hours") + _link(day, first),
    }


def back_to_list(request: HttpRequest) -> HttpResponse:
    """The days that were shown."""
    zone = zone_of(acting(request).organisation)
    first, _last, day = _period(request, zone)
    page = page_number(request.POST.get("page", ""))
    link = _page_link(day, first, page) if page > 1 else _link(day, first)
    return redirect(reverse("workers:hours") + link)


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


def _works(actor: Actor, first: dt.date, last: dt.date) -> dict[int, list[Assignment]]:
    """Finished work of the own team, of these days, that nobody has looked at: by person, the oldest first."""
    found: dict[int, list[Assignment]] = defaultdict(list)
    if actor.user is None or not actor.has_role(Role.SUPERVISOR):
        return found
    zone = zone_of(actor.organisation)
    days = Interval(civil_day(first, zone).start, civil_day(last, zone).end)
    waiting = _waiting_work(actor).filter(done_at__gte=days.start, done_at__lt=days.end)
    for assignment in waiting.for_cards().select_related("situation")[:MOST_WORK]:
        found[assignment.trainee_id].append(assignment)
    return found


def _waiting_work(actor: Actor) -> AssignmentQuerySet:
    """Finished work that the actor is to look at."""
    seen = Assignment.objects.visible_to(actor)
    return seen.to_validate(actor.user) if actor.user is not None else seen.none()


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


def _other_work(actor: Actor, works: Mapping[int, Sequence[Assignment]]) -> int:
    """How much finished work waits from other days."""
    if actor.user is None or not actor.has_role(Role.SUPERVISOR):
        return 0
    return _waiting_work(actor).count() - sum(len(found) for found in works.values())


def _plain(people: Sequence[PersonHours]) -> list[TimeEntry]:
    return [entry for one in people for entry in one.entries if entry.validated_at is None and not entry.has_remark]


def _plain_work(works: Mapping[int, Sequence[Assignment]]) -> list[tuple[Assignment, Word]]:
    return [(one, Word()) for found in works.values() for one in found if is_plain_work(one)]


def _everything_plain(request: HttpRequest, actor: Actor) -> list[TimeEntry]:
    first, last, _day = _period(request, zone_of(actor.organisation))
    return _plain(_people(actor, first, last))


def _all_work(request: HttpRequest, actor: Actor) -> list[tuple[Assignment, Word]]:
    first, last, _day = _period(request, zone_of(actor.organisation))
    return _plain_work(_works(actor, first, last))


def _picked(actor: Actor, public_ids: list[uuid.UUID]) -> list[TimeEntry]:
    """The entries that were ticked. 404 for what the actor may not see."""
    found = list(TimeEntry.objects.visible_to(actor).filter(public_id__in=public_ids).order_by("pk"))
    if len(found) != len(set(public_ids)):
        raise Http404
    return found


def _picked_work(request: HttpRequest, actor: Actor, public_ids: list[uuid.UUID]) -> list[tuple[Assignment, Word]]:
    """The finished work that was ticked, with the word on each. 404 for what the actor may not see."""
    if not public_ids:
        return []
    found = list(Assignment.objects.visible_to(actor).for_cards().filter(public_id__in=public_ids).order_by("pk"))
    if len(found) != len(set(public_ids)):
        raise Http404
    return [(one, word_of(request.POST, one.public_id)) for one in found]
