"""The person's own month: each day, how long, "it is right" or "it is not right"; and what is written about them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from concierge.days import today_at
from concierge.errors import DomainError
from concierge.words import date_words
from workers.actions import time as clocks
from workers.actions.hours import confirm_entries, contest_entries
from workers.enums import TimeKind
from workers.forms import cleaned
from workers.forms.hours import ClockForm, ContestForm
from workers.models import Assignment, ProgressNote, TimeEntry, TimesheetMonth, Trainee
from workers.models.timesheets import hours_of
from workers.rules.time import month_end
from workers.views.common import acting
from workers.views.day import nobody, own_language, own_trainee, show_day
from workers.views.hour_words import days_words, month_asked, months_around, totals_words

# Notes on the person's own page; there are few, and more are a question for the supervisor.
MOST_NOTES = 100


@require_safe
def my_hours(request: HttpRequest) -> HttpResponse:
    """My month."""
    return _month(request)


@require_POST
def say_hours(request: HttpRequest) -> HttpResponse:
    """It is right, or it is not: of one day, or of all of the month."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    zone = ZoneInfo(trainee.site.time_zone)
    month = month_asked(request, zone, request.POST.get("mois", ""))
    try:
        data = cleaned(ContestForm(request.POST))
        day = data["day"]
        first, last = (day, day) if day else (month, month_end(month))
        found = list(TimeEntry.objects.current().touching(first, last).filter(trainee=trainee).order_by("pk"))
        if data["verb"] == "right":
            confirm_entries(found, by=acting(request))
        else:
            contest_entries([one for one in found if not one.is_running], by=acting(request), note=data["note"])
    except DomainError as error:
        return _month(request, month=month, error=error)
    return redirect(f"{reverse('workers:my_hours')}?mois={month:%Y-%m}" + (f"#jour-{day}" if day else ""))


@require_safe
def my_notes(request: HttpRequest) -> HttpResponse:
    """What my supervisor and my social adviser wrote about how I get on."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    notes = ProgressNote.objects.visible_to(acting(request)).filter(trainee=trainee).current()
    notes = notes.select_related("author")[:MOST_NOTES]
    with own_language(request, trainee):
        lines = [
            {"day": date_words(note.written_on, "j F Y"), "author": str(note.author or ""), "text": note.text}
            for note in notes
        ]
        return render(request, "workers/my_notes.html", {"notes": lines})


@require_POST
def clock_in(request: HttpRequest) -> HttpResponse:
    """I begin something that is no assignment."""
    return _clock(request, "in")


@require_POST
def clock_out(request: HttpRequest) -> HttpResponse:
    """I have finished it."""
    return _clock(request, "out")


@require_POST
def pause(request: HttpRequest) -> HttpResponse:
    """I take a break."""
    return _clock(request, "pause")


@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    """I go on."""
    return _clock(request, "resume")


def _clock(request: HttpRequest, verb: str) -> HttpResponse:
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    try:
        _press(request, trainee, verb)
    except DomainError as error:
        return show_day(request, error=error)
    return redirect("workers:day")


def _press(request: HttpRequest, trainee: Trainee, verb: str) -> None:
    by = acting(request)
    if verb == "in":
        clocks.clock_in(trainee, kind=TimeKind(cleaned(ClockForm(request.POST))["kind"]), by=by)
    elif verb == "out":
        clocks.clock_out(trainee, by=by)
    elif verb == "pause":
        clocks.pause(trainee, by=by)
    else:
        clocks.resume(trainee, assignment=_work_of(request, trainee), by=by)


def _work_of(request: HttpRequest, trainee: Trainee) -> Assignment | None:
    """The work named on the button, if it is the person's."""
    named = request.POST.get("assignment", "")
    found = Assignment.objects.filter(trainee=trainee, status="working").order_by("pk")
    return next((one for one in found if str(one.public_id) == named), None)


def _month(request: HttpRequest, *, month: dt.date | None = None, error: DomainError | None = None) -> HttpResponse:
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    zone = ZoneInfo(trainee.site.time_zone)
    asked = month or month_asked(request, zone)
    (hours,) = hours_of(Trainee.objects.filter(pk=trainee.pk), asked, month_end(asked), now=timezone.now())
    with own_language(request, trainee):
        days = days_words(hours)
        context: dict[str, Any] = {
            "month": date_words(asked, "F Y"),
            "month_code": f"{asked:%Y-%m}",
            "days": days[::-1],
            "to_say": any(day["can_say"] and not (day["is_confirmed"] or day["is_contested"]) for day in days),
            "totals": totals_words(hours, today_at(trainee.site)),
            "is_closed": TimesheetMonth.objects.filter(site=trainee.site, month=asked, status="closed").exists(),
            "trainee_id": trainee.public_id,
            "error": error,
            **months_around(asked, zone),
        }
        return render(request, "workers/my_hours.html", context, status=error.status if error else 200)
