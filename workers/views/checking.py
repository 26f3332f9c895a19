"""The supervisor's question: did they do it? One list, two buttons each (domain.md 6.8)."""

from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.enums import Leg
from concierge.enums import Role
from concierge.errors import DomainError
from concierge.words import date_words, duration_words
from workers.actions.learning import Word
from workers.actions.work import send_back, validate_assignment
from workers.enums import SendBackReason, SkillLevel
from workers.forms import CheckForm, SendBackForm, cleaned
from workers.models import Assignment
from workers.perms import can_validate
from workers.views.common import (
    acting,
    assignment_or_404,
    hours_text,
    initials,
    items_words,
    pictogram_of,
    require,
    title_of,
)

# One screen of work; the rest follows as this is checked.
PAGE = 50


@require_safe
def to_validate(request: HttpRequest) -> HttpResponse:
    """Work that the supervisor's own team has finished."""
    return _list(request)


@require_POST
def validate(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """Well done."""
    found = assignment_or_404(acting(request), assignment)
    require(can_validate(acting(request), found))
    try:
        seen = cleaned(CheckForm(request.POST))
        validate_assignment(found, by=acting(request), word=Word(seen["level_seen"], seen["comment"]))
    except DomainError as error:
        return _list(request, error=error)
    messages.success(request, _("Checked: well done, %(name)s.") % {"name": found.trainee.first_name})
    return redirect("workers:to_validate")


@require_POST
def return_work(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """To be done again, with a reason."""
    found = assignment_or_404(acting(request), assignment)
    require(can_validate(acting(request), found))
    try:
        reason = SendBackReason(cleaned(SendBackForm(request.POST))["reason"])
        send_back(found, reason=reason, by=acting(request))
    except DomainError as error:
        return _list(request, error=error)
    messages.success(
        request, _("%(name)s finds this work on the page of the day.") % {"name": found.trainee.first_name}
    )
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """Where the work was shown: this list, or the days of the team's hours."""
    if not request.POST.get("inside"):
        return redirect("workers:to_validate")
    shown = {name: request.POST[name] for name in ("jour", "semaine", "page") if name in request.POST}
    return redirect(f"{reverse('workers:hours')}?{urlencode(shown)}")


def _list(request: HttpRequest, *, error: DomainError | None = None) -> HttpResponse:
    actor = acting(request)
    require(actor.has_role(Role.SUPERVISOR))
    waiting = Assignment.objects.visible_to(actor).for_cards().select_related("situation")
    mine = waiting.to_validate(actor.user) if actor.user else waiting.none()
    found = list(mine[: PAGE + 1])
    context = {
        "items": [finished_words(assignment) for assignment in found[:PAGE]],
        "more": mine.count() - PAGE if len(found) > PAGE else 0,
        "reasons": SendBackReason.choices,
        "levels": SkillLevel.choices,
        "error": error,
    }
    return render(request, "workers/to_validate.html", context, status=error.status if error else 200)


def finished_words(assignment: Assignment) -> dict[str, Any]:
    """Finished work as its supervisor reads it. Needs ``for_cards`` and the situation."""
    zone = ZoneInfo(assignment.work_order.site.time_zone)
    started, done = assignment.started_at or assignment.planned_start, assignment.done_at or assignment.planned_end
    return {
        "public_id": assignment.public_id,
        "done_on": done.astimezone(zone).date(),
        "title": title_of(assignment.work_order, assignment.leg),
        "pictogram": pictogram_of(assignment.work_order, assignment.leg),
        "can_send_back": assignment.leg == Leg.WORK,
        "reference": assignment.work_order.reference,
        "quantity": items_words(assignment.work_order),
        "name": assignment.trainee.short_name,
        "first_name": assignment.trainee.first_name,
        "initials": initials(assignment.trainee),
        "tone": assignment.trainee.pk % 6,
        "mode": assignment.get_supervision_mode_display(),
        "faces": assignment.situation.faces if hasattr(assignment, "situation") else [],
        "teaches": hasattr(assignment, "situation"),
        "day": date_words(started.astimezone(zone), "l j F"),
        "planned": hours_text(assignment.planned_start, assignment.planned_end, zone),
        "real": hours_text(started, done, zone),
        "duration": duration_words(round((done - started).total_seconds() / 60)),
    }
