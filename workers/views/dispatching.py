"""The dispatch board and what is done on it. Every form works without JavaScript; a drop posts to the same actions."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from concierge.errors import DomainError
from concierge.models import Site
from workers.actions.dispatch import assign_work_order, move_assignment, unassign
from workers.actions.undo import last_step, undo
from workers.actions.work import answer_help
from workers.enums import OCCUPYING, SupervisionMode
from workers.forms import AssignForm, DropForm, UndoForm, VersionForm, cleaned
from workers.models import Assignment, HelpCall
from workers.perms import can_answer, can_dispatch, dispatches
from workers.views.board import Focus, board_context
from workers.views.common import (
    acting,
    assignment_or_404,
    chosen_day,
    chosen_site,
    order_or_404,
    page_number,
    require,
    team_sites,
    title_of,
    trainee_or_404,
    uuid_or_none,
)

# What is looked for in the lists, at most.
LONGEST_TEXT = 100


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """What is late, who is here, who can take what (domain.md 6.8)."""
    focus = focus_of(request)
    if focus is None:
        return render(request, "workers/no_site.html")
    return show(request, focus)


@require_POST
def assign(request: HttpRequest, work_order: uuid.UUID) -> HttpResponse:
    """Give unassigned work to a person of the team."""
    actor = acting(request)
    order = order_or_404(actor, work_order)
    require(can_dispatch(actor, site_id=order.site_id))
    focus = focus_at(request, order.site, work=order.public_id)
    try:
        data = cleaned(AssignForm(request.POST))
        focus = aimed(focus, data["trainee"], data["starts_at"], data["supervision_mode"])
        given = assign_work_order(
            order,
            trainee_or_404(actor, data["trainee"]),
            starts_at=data["starts_at"],
            supervision_mode=data["supervision_mode"],
            accepted_warnings=data["accept"],
            by=actor,
        )
    except DomainError as error:
        return show(request, replace(focus, error=error))
    return after(request, focus, done=given)


@require_POST
def move(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """Another time or another person, before the work starts."""
    actor = acting(request)
    card = assignment_or_404(actor, assignment)
    require(can_dispatch(actor, site_id=card.work_order.site_id))
    focus = focus_at(request, card.work_order.site, card=card.public_id)
    try:
        data = cleaned(AssignForm(request.POST))
        focus = aimed(focus, data["trainee"], data["starts_at"], data["supervision_mode"])
        moved = move_assignment(
            card,
            trainee=trainee_or_404(actor, data["trainee"]),
            starts_at=data["starts_at"],
            supervision_mode=data["supervision_mode"],
            accepted_warnings=data["accept"],
            version=data["version"],
            by=actor,
        )
    except DomainError as error:
        return show(request, replace(focus, error=error))
    return after(request, focus, done=moved)


@require_POST
def take_back(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """Undo: nobody has the work any more."""
    actor = acting(request)
    card = assignment_or_404(actor, assignment)
    require(can_dispatch(actor, site_id=card.work_order.site_id))
    focus = focus_at(request, card.work_order.site, work=card.work_order.public_id)
    focus = replace(focus, day=card.planned_start.astimezone(focus.zone).date())
    try:
        unassign(card, version=cleaned(VersionForm(request.POST))["version"], by=actor)
    except DomainError as error:
        return show(request, replace(focus, work=None, card=card.public_id, error=error))
    messages.success(
        request,
        _("%(service)s is to be given again.") % {"service": title_of(card.work_order, card.leg)},
    )
    return after(request, focus)


@require_POST
def drop(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """A card dropped on a person's row: done when nothing speaks against it, else the panel opens to confirm."""
    actor = acting(request)
    person = trainee_or_404(actor, trainee)
    require(can_dispatch(actor, site_id=person.site_id))
    data = cleaned(DropForm({**request.GET.dict(), **request.POST.dict()}))
    focus = replace(focus_at(request, person.site), day=data["day"])
    starts_at = column_start(data, focus.zone)
    card = Assignment.objects.visible_to(actor).for_cards().filter(public_id=data["item"]).first()
    subject = {"card": card.public_id} if card else {"work": data["item"]}
    focus = aimed(replace(focus, **subject), person.public_id, starts_at, "")
    try:
        if card is not None:
            require(can_dispatch(actor, site_id=card.work_order.site_id))
            given = move_assignment(card, trainee=person, starts_at=starts_at, version=data["version"], by=actor)
        else:
            order = order_or_404(actor, data["item"])
            require(can_dispatch(actor, site_id=order.site_id))
            given = assign_work_order(order, person, starts_at=starts_at, by=actor)
    except DomainError as error:
        return show(request, replace(focus, error=error))
    return after(request, focus, done=given)


@require_POST
def undo_last(request: HttpRequest) -> HttpResponse:
    """Put back what was changed last, if the rules and the others let it."""
    actor = acting(request)
    step = last_step(actor, now=timezone.now())
    site = step.assignment.work_order.site if step else None
    require(can_dispatch(actor, site_id=site.pk) if site else dispatches(actor))
    focus = focus_at(request, site or chosen_site(team_sites(actor), ""))
    try:
        undone = undo(cleaned(UndoForm(request.POST))["step"], by=actor)
    except DomainError as error:
        return show(request, replace(focus, error=error))
    messages.success(request, _("Undone."))
    return after(request, focus, done=undone if undone.status in OCCUPYING else None)


@require_POST
def answer(request: HttpRequest, call: uuid.UUID) -> HttpResponse:
    """Somebody is on the way to the person who called."""
    actor = acting(request)
    found: HelpCall = get_object_or_404(
        HelpCall.objects.visible_to(actor).select_related("trainee__site"), public_id=call
    )
    require(can_answer(actor, found))
    answer_help(found, by=actor)
    messages.success(request, _("%(name)s is told that you are coming.") % {"name": found.trainee.first_name})
    return after(request, focus_at(request, found.trainee.site))


def focus_of(request: HttpRequest) -> Focus | None:
    """What the address asks to look at; ``None`` when the actor has no site at all. 404 for what is not theirs."""
    sites = team_sites(acting(request))
    if not sites:
        return None
    asked = request.GET
    site = chosen_site(sites, asked.get("site", ""))
    now = timezone.now()
    mode = asked.get("mode", "")
    return Focus(
        actor=acting(request),
        sites=sites,
        site=site,
        now=now,
        day=chosen_day(asked.get("day", ""), today=now.astimezone(ZoneInfo(site.time_zone)).date()),
        work=uuid_or_none(asked.get("work", "")),
        card=uuid_or_none(asked.get("card", "")),
        done=uuid_or_none(asked.get("done", "")),
        at=time_or_none(asked.get("at", "")),
        mode=mode if mode in SupervisionMode.values else "",
        person=uuid_or_none(asked.get("person", "")),
        more=page_number(asked.get("more", "0")),
        text=asked.get("q", "").strip()[:LONGEST_TEXT],
        pages={name: number for name in ("page", "late") if (number := page_number(asked.get(name, ""))) > 1},
    )


def focus_at(
    request: HttpRequest, site: Site, *, work: uuid.UUID | None = None, card: uuid.UUID | None = None
) -> Focus:
    """The same page for a form that was sent: its site, the day it was on."""
    now = timezone.now()
    day = request.POST.get("day") or request.GET.get("day", "")
    today = now.astimezone(ZoneInfo(site.time_zone)).date()
    return Focus(
        actor=acting(request),
        sites=team_sites(acting(request)),
        site=site,
        now=now,
        day=chosen_day(day, today=today),
        work=work,
        card=card,
    )


def aimed(focus: Focus, person: uuid.UUID, starts_at: dt.datetime, mode: str) -> Focus:
    """The same page looking at that person at that time, should the action be refused."""
    local = starts_at.astimezone(focus.zone)
    return replace(focus, person=person, day=local.date(), at=local.time().replace(microsecond=0), mode=mode)


def show(request: HttpRequest, focus: Focus) -> HttpResponse:
    """The board: the whole page, or only the element that a drop replaces."""
    template = "workers/_board.html" if request.headers.get("HX-Request") else "workers/board.html"
    status = focus.error.status if focus.error else 200
    return render(request, template, board_context(focus), status=status)


def after(request: HttpRequest, focus: Focus, *, done: Assignment | None = None) -> HttpResponse:
    """Back to the board, with the way to undo what was just done."""
    done_id = done.public_id if done else None
    day = done.planned_start.astimezone(focus.zone).date() if done else focus.day
    focus = replace(focus, work=None, card=None, person=None, at=None, mode="", done=done_id, day=day)
    if request.headers.get("HX-Request"):
        return show(request, focus)
    return redirect(focus.url(done=done_id))


def column_start(data: dict[str, object], zone: ZoneInfo) -> dt.datetime:
    """When the quarter of an hour under the pointer begins."""
    day, hour, column = data["day"], data["hour"], data["column"]
    if not (isinstance(day, dt.date) and isinstance(hour, int) and isinstance(column, int)):
        raise Http404
    morning = dt.datetime.combine(day, dt.time(hour), zone)
    return (morning + dt.timedelta(minutes=15 * (column - 1))).astimezone(dt.UTC)


def time_or_none(text: str) -> dt.time | None:
    """A time of day in the address, ignored when it is not one."""
    try:
        found = parse_time(text)
    except ValueError:
        return None
    return found.replace(tzinfo=None) if found else None
