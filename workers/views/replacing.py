"""Somebody is ill: one page gives their day to others, piece by piece (domain.md 6.8)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from concierge.errors import DomainError
from concierge.words import WHOLE, date_words
from workers.actions.candidates import Candidate
from workers.actions.replacing import Line, Outcome, propose_replacements, replace_day
from workers.forms import choices_of
from workers.models import Trainee
from workers.perms import can_dispatch
from workers.views.common import acting, chosen_day, hours_text, pictogram_of, require, title_of, trainee_or_404


@require_http_methods(["GET", "HEAD", "POST"])
def replace_trainee(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Each piece of the person's day with the best replacement; what is ticked is applied, each line judged again."""
    actor = acting(request)
    person = trainee_or_404(actor, trainee)
    require(can_dispatch(actor, site_id=person.site_id))
    zone, now = ZoneInfo(person.site.time_zone), timezone.now()
    today = now.astimezone(zone).date()
    day = chosen_day(request.POST.get("day") or request.GET.get("day", ""), today=today)
    outcomes: list[Outcome] = []
    error: DomainError | None = None
    if request.method == "POST":
        try:
            outcomes = replace_day(person, day, choices_of(request.POST), by=actor, now=now)
        except DomainError as refusal:
            error = refusal
    lines = propose_replacements(person, day, now=now)
    context = {
        "person": person.short_name,
        "first_name": person.first_name,
        "public_id": person.public_id,
        "day": day,
        "lines": [_line(line, zone) for line in lines],
        "results": [_result(outcome, zone) for outcome in outcomes],
        "error": error,
        "board_url": f"{reverse('workers:board')}?{urlencode({'site': person.site.slug, 'day': day.isoformat()})}",
        "previous_url": f"?day={day - dt.timedelta(days=1)}" if day > today else "",
        "next_url": f"?day={day + dt.timedelta(days=1)}",
    }
    refused = error.status if error else 409 if outcomes and all(one.error for one in outcomes) else 200
    return render(request, "workers/replace.html", context, status=refused)


def replace_url(trainee: Trainee, day: dt.date) -> str:
    """Where the day of somebody is given to others."""
    return f"{reverse('workers:replace', args=[trainee.public_id])}?{urlencode({'day': day.isoformat()})}"


def _line(line: Line, zone: ZoneInfo) -> dict[str, Any]:
    piece = line.assignment
    order = piece.work_order
    promised = order.promised_end.astimezone(zone)
    return {
        "public_id": piece.public_id,
        "version": piece.version,
        "title": title_of(order, piece.leg),
        "pictogram": pictogram_of(order, piece.leg),
        "hours": hours_text(piece.planned_start, piece.planned_end, zone),
        "client": order.request.met_first_name,
        "promised": f"{date_words(promised, 'D j N')} {promised:%H:%M}",
        "options": [_option(one, line, zone) for one in line.choices],
        "proposed": _option(line.proposed, line, zone) if line.proposed else None,
    }


def _option(one: Candidate, line: Line, zone: ZoneInfo) -> dict[str, Any]:
    warnings = [words for severity, words in one.sentences if severity == "warn"]
    hours = hours_text(one.starts_at, one.ends_at, zone)
    label = f"{one.trainee.short_name}, {hours}"
    if warnings:
        label = _("%(who)s – to be confirmed: %(why)s") % {"who": label, "why": _joined(warnings)}
    return {
        "value": f"{one.trainee.public_id}@{one.starts_at.isoformat()}@{','.join(sorted(one.verdict.warnings))}",
        "label": label,
        "name": one.trainee.short_name,
        "hours": hours,
        "is_other_time": one.starts_at != line.assignment.planned_start,
        "warnings": warnings,
        "reasons": [words for severity, words in one.sentences if severity == "for"],
    }


def _joined(words: Iterable[str]) -> str:
    return f"{WHOLE}· ".join(words)


def _result(outcome: Outcome, zone: ZoneInfo) -> dict[str, Any]:
    title = title_of(outcome.assignment.work_order, outcome.assignment.leg)
    hours = hours_text(outcome.assignment.planned_start, outcome.assignment.planned_end, zone)
    if outcome.error is not None:
        words = {"what": f"{title}, {hours}", "why": outcome.error.message}
        return {"kind": "against", "words": _("%(what)s: %(why)s") % words}
    if outcome.now is None:
        return {"kind": "neutral", "words": _("%(what)s is to be given again.") % {"what": f"{title}, {hours}"}}
    figures = {
        "what": title,
        "name": outcome.now.trainee.short_name,
        "hours": hours_text(outcome.now.planned_start, outcome.now.planned_end, zone),
    }
    return {"kind": "for", "words": _("%(what)s goes to %(name)s, %(hours)s.") % figures}
