"""Work that somebody began and left is finished for them, with the time at which it really ended."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from concierge.tenancy import Actor
from concierge.words import date_words
from workers.actions.closing import finish_for
from workers.enums import AssignmentStatus
from workers.forms import CloseWorkForm
from workers.models import Assignment, TimeEntry, Trainee
from workers.perms import can_dispatch, can_write_hours
from workers.views.common import (
    acting,
    answered,
    assignment_or_404,
    clock,
    hours_text,
    pictogram_of,
    posted,
    require,
    title_of,
)

# Pieces of work that a page names.
MOST = 10


@require_http_methods(["GET", "HEAD", "POST"])
def close_work(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """When it ended; then it waits to be checked."""
    actor = acting(request)
    card = assignment_or_404(actor, assignment)
    require(can_dispatch(actor, site_id=card.work_order.site_id))
    zone = ZoneInfo(card.work_order.site.time_zone)
    form = CloseWorkForm(posted(request), initial=_proposed(card, zone))

    def save() -> object:
        data = form.cleaned_data
        done_at = dt.datetime.combine(data["day"], data["done"], zone).astimezone(dt.UTC)
        return finish_for(card, done_at=done_at, version=data["version"], by=actor)

    status = answered(form, save) if form.is_bound else 200
    day = card.planned_start.astimezone(zone).date()
    board = f"{reverse('workers:board')}?{urlencode({'site': card.work_order.site.slug, 'day': day.isoformat()})}"
    if not status:
        _tell(request, card)
        return redirect(board)
    if form.is_bound:
        card = assignment_or_404(actor, assignment)
    return render(request, "workers/close_work.html", _context(card, form, zone, board), status=status or 200)


def _context(card: Assignment, form: CloseWorkForm, zone: ZoneInfo, board: str) -> dict[str, Any]:
    begun = card.started_at
    return {
        "form": form,
        "title": title_of(card.work_order, card.leg),
        "pictogram": pictogram_of(card.work_order, card.leg),
        "name": card.trainee.short_name,
        "first_name": card.trainee.first_name,
        "reference": card.work_order.reference,
        "planned": f"{date_words(card.planned_start.astimezone(zone), 'l j F')}, "
        + hours_text(card.planned_start, card.planned_end, zone),
        "begun": f"{date_words(begun.astimezone(zone), 'l j F')}, {clock(begun, zone)}" if begun else "",
        "status": card.get_status_display(),
        "category": card.category,
        "is_open": card.status == AssignmentStatus.WORKING,
        "board_url": board,
    }


def _proposed(card: Assignment, zone: ZoneInfo) -> dict[str, Any]:
    """When their clock stopped, else when it was planned to end, as far as that has come."""
    clocked = TimeEntry.objects.current().filter(assignment=card).exclude(ends_at=None)
    end = clocked.order_by("-ends_at").values_list("ends_at", flat=True).first() or card.planned_end
    begun = card.started_at or card.planned_start
    is_known = begun < end <= timezone.now()
    return {
        "day": (end if is_known else begun).astimezone(zone).date(),
        "done": end.astimezone(zone).time().replace(second=0, microsecond=0) if is_known else None,
        "version": card.version,
    }


def _tell(request: HttpRequest, card: Assignment) -> None:
    messages.success(
        request,
        _("Finished. What %(name)s did waits for their supervisor to check it.") % {"name": card.trainee.first_name},
    )
    supposed = TimeEntry.objects.current().filter(assignment=card, end_is_supposed=True)
    if supposed.exists() and can_write_hours(acting(request), card.trainee):
        messages.warning(request, _("The end of their hours was supposed: correct it on the page of the team’s hours."))


def begun_by(trainee: Trainee, actor: Actor) -> list[dict[str, str]]:
    """Work that the person began and has not finished, with the page that finishes it for whoever may."""
    found = Assignment.objects.visible_to(actor).filter(trainee=trainee, status=AssignmentStatus.WORKING)
    return [
        {
            "words": title_of(one.work_order, one.leg),
            "url": reverse("workers:close_work", args=[one.public_id])
            if can_dispatch(actor, site_id=one.work_order.site_id)
            else "",
        }
        for one in found.for_cards().order_by("planned_start", "pk")[:MOST]
    ]
