"""The person's own week: which days, from when to when. Few words, big, read aloud, on paper too (R18, R19)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from concierge.days import today_at
from concierge.errors import DomainError
from concierge.words import date_words, duration_words, moment_words
from workers.actions.consents import answer_consents
from workers.models import Absence, Appointment, HoursConsent, Shift, Trainee
from workers.models.weeks import days_of
from workers.rules.intervals import civil_day
from workers.rules.shifts import DayHours
from workers.views.common import acting, chosen_day, uuid_or_none
from workers.views.day import nobody, own_language, own_trainee
from workers.views.swaps import swap_cards
from workers.views.weeks import windows_words

# Days that one card asks about.
MOST_DAYS = 31


@require_safe
def my_week(request: HttpRequest) -> HttpResponse:
    """My days of a week as they were published."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    today = today_at(trainee.site)
    day = chosen_day(request.GET.get("semaine", ""), today=today)
    monday = day - dt.timedelta(days=day.weekday())
    now = timezone.now()
    with own_language(request, trainee):
        context = {
            **_week(trainee, monday, today, now),
            "swaps": swap_cards(trainee, now),
            "late": _told_late(trainee, today),
            "refused": _refused(trainee, today),
            "last_day": _last_day(trainee),
        }
        return render(request, "workers/my_week.html", context)


@require_POST
def answer_hours(request: HttpRequest, verb: str) -> HttpResponse:
    """Yes or no to hours of which I learnt late."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    if verb not in {"oui", "non"}:
        raise Http404
    seen = [one for text in request.POST.getlist("seen")[:MOST_DAYS] if (one := uuid_or_none(text))]
    with own_language(request, trainee):
        try:
            answer_consents(trainee, seen, agrees=verb == "oui", by=acting(request))
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(
                request, _("Thank you.") if verb == "oui" else _("Thank you. Talk about it with your supervisor.")
            )
    return redirect("workers:my_week")


def _last_day(trainee: Trainee) -> dict[str, str] | None:
    """The last day of somebody who leaves the team, from the moment it is said."""
    if trainee.last_on is None:
        return None
    label = capfirst(date_words(trainee.last_on, "l j F"))
    return {"label": label, "say": _("Your last day on the team: %(day)s.") % {"day": label}}


def _refused(trainee: Trainee, today: dt.date) -> list[dict[str, Any]]:
    """Hours to come to which I said no: I may still say yes."""
    said_no = HoursConsent.objects.to_reconsider(trainee, today)[:MOST_DAYS]
    return [
        {
            "seen": one.public_id,
            "day": capfirst(date_words(one.day, "l j F")),
            "hours": ", ".join(windows_words(one.hours)) or _("You do not work"),
        }
        for one in said_no
    ]


def _told_late(trainee: Trainee, today: dt.date) -> dict[str, Any]:
    """Days of which the hours were told late, to say yes or no to; a no is no fault."""
    asked = list(HoursConsent.objects.to_answer(trainee, today)[:MOST_DAYS])
    days = [
        (capfirst(date_words(one.day, "l j F")), ", ".join(windows_words(one.hours)) or _("You do not work"))
        for one in asked
    ]
    spoken = ". ".join(_("%(day)s: %(hours)s") % {"day": day, "hours": hours} for day, hours in days)
    return {
        "seen": [one.public_id for one in asked],
        "days": days,
        "say": _("Your hours have changed. %(days)s. Do you agree? You may say no.") % {"days": spoken},
    }


def _week(trainee: Trainee, monday: dt.date, today: dt.date, now: dt.datetime) -> dict[str, Any]:
    days, zone = days_of(monday), ZoneInfo(trainee.site.time_zone)
    told = list(Shift.objects.filter(trainee=trainee, day__range=(days[0], days[-1])))
    shifts = {one.day: one for one in told if one.until_id is None}
    absences = Absence.objects.filter(trainee=trainee, starts_on__lte=days[-1], ends_on__gte=days[0])
    away = {day for one in absences for day in days if one.starts_on <= day <= one.ends_on}
    hours = {day: shift.hours(zone) for day, shift in shifts.items() if day not in away}
    return {
        "week": _("Week of %(day)s") % {"day": date_words(monday, "l j F")},
        "days": [
            {
                **_day(day, hours.get(day), rest=_rest(trainee, day, away), is_today=day == today),
                "swap": shifts[day].public_id if day in hours and shifts[day].starts_at > now else None,
            }
            for day in days
        ],
        "interviews": _interviews(trainee, days, zone),
        # A week of which every day became free was published too.
        "is_published": bool(told),
        "total": duration_words(sum(one.minutes for one in hours.values())),
        "name": trainee.first_name,
        "previous_url": _url(monday - dt.timedelta(days=7)),
        "next_url": _url(monday + dt.timedelta(days=7)),
    }


def _interviews(trainee: Trainee, days: Sequence[dt.date], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Appointments with the social adviser: when, where and with whom."""
    opening, closing = civil_day(days[0], zone).start, civil_day(days[-1], zone).end
    mine = Appointment.objects.pending().filter(trainee=trainee, starts_at__gte=opening, starts_at__lt=closing)
    rows = []
    for one in mine.select_related("adviser"):
        when, place = capfirst(moment_words(one.starts_at, trainee.site)), one.place or trainee.site.name
        who = one.adviser.get_short_name() if one.adviser else ""
        title = _("Appointment with %(name)s") % {"name": who} if who else _("Appointment")
        rows.append({"when": when, "title": title, "place": place, "say": f"{title}. {when}. {place}."})
    return rows


def _rest(trainee: Trainee, day: dt.date, away: set[dt.date]) -> str:
    """Why there are no hours on a day."""
    if trainee.last_on is not None and day > trainee.last_on:
        return _("You are no longer on the team")
    return _("You are away") if day in away else _("You do not work")


def _day(day: dt.date, hours: DayHours | None, *, rest: str, is_today: bool) -> dict[str, Any]:
    label = capfirst(date_words(day, "l j F"))
    if hours is None:
        return {"label": label, "is_off": True, "rest": rest, "is_today": is_today, "say": f"{label}. {rest}."}
    times = f"{hours.starts:%H:%M} – {hours.ends:%H:%M}"
    pause = (
        _("Break from %(start)s to %(end)s")
        % {"start": f"{hours.break_starts:%H:%M}", "end": f"{hours.break_ends:%H:%M}"}
        if hours.break_starts and hours.break_ends
        else ""
    )
    spoken = _("%(day)s. You work from %(start)s to %(end)s. %(pause)s") % {
        "day": label,
        "start": f"{hours.starts:%H:%M}",
        "end": f"{hours.ends:%H:%M}",
        "pause": pause,
    }
    return {"label": label, "is_off": False, "times": times, "pause": pause, "is_today": is_today, "say": spoken}


def _url(monday: dt.date) -> str:
    return f"{reverse('workers:my_week')}?{urlencode({'semaine': monday.isoformat()})}"
