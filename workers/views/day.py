"""What do I do now, where, how? One big card at a time, few words, read aloud (R18, R19)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.enums import RequestStatus
from bookings.models.access import access_for_team
from concierge.errors import DomainError, WrongState
from concierge.words import date_words
from workers.actions.work import acknowledge, call_for_help, decline, finish_assignment, start_assignment
from workers.enums import (
    CLOCK_KINDS,
    FACE_WORDS,
    OCCUPYING,
    QUESTIONS,
    AssignmentStatus,
    DeclineReason,
    TimeKind,
)
from workers.forms import DeclineForm, cleaned
from workers.models import Assignment, Occupation, TimeEntry, Trainee
from workers.rules.intervals import Interval, civil_day
from workers.views.common import acting, clock, hours_text, items_words, pictogram_of, title_of, way_of

S = AssignmentStatus
# How long "somebody is coming" stays on the page.
ANSWER_SHOWN = dt.timedelta(minutes=15)
# A button pressed twice, or by a telephone that lost the answer: it is already so, and nothing is said.
ALREADY = {
    "acknowledge": (S.ACCEPTED, S.WORKING, S.DONE, S.VALIDATED),
    "start": (S.WORKING, S.DONE, S.VALIDATED),
    "finish": (S.DONE, S.VALIDATED),
    "decline": (S.DECLINED,),
}


@require_safe
def day(request: HttpRequest) -> HttpResponse:
    """Today's cards of the person who is signed in."""
    return show_day(request)


@require_POST
def seen(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """I have seen it."""
    return _step(request, assignment, "acknowledge", acknowledge)


@require_POST
def start(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """I start."""
    return _step(request, assignment, "start", start_assignment)


@require_POST
def finish(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """I have finished."""
    return _step(request, assignment, "finish", finish_assignment)


@require_POST
def refuse(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """I cannot do this one."""

    def say_no(found: Assignment, **by: Any) -> Assignment:
        return decline(found, reason=DeclineReason(cleaned(DeclineForm(request.POST))["reason"]), **by)

    return _step(request, assignment, "decline", say_no)


@require_POST
def ask_help(request: HttpRequest) -> HttpResponse:
    """Somebody please come."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    working = Assignment.objects.filter(trainee=trainee, status=S.WORKING).order_by("planned_start", "pk").first()
    call_for_help(trainee, assignment=working, by=acting(request))
    return redirect("workers:day")


def _step(request: HttpRequest, public_id: uuid.UUID, verb: str, action: Callable[..., Assignment]) -> HttpResponse:
    """One step of the person's own work; 404 for anybody else's."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    found = get_object_or_404(Assignment.objects.select_related("work_order"), trainee=trainee, public_id=public_id)
    try:
        action(found, by=acting(request))
    except WrongState as error:
        found.refresh_from_db()
        if found.status not in ALREADY[verb]:
            return show_day(request, error=error)
    except DomainError as error:
        return show_day(request, error=error)
    if verb == "decline":
        with own_language(request, trainee):
            messages.info(request, _("Thank you for telling us. Somebody else will do it."))
    return redirect("workers:day")


def own_trainee(request: HttpRequest) -> Trainee | None:
    """The person of the team who is signed in."""
    trainee_id = acting(request).trainee_id
    return None if trainee_id is None else Trainee.objects.select_related("site").get(pk=trainee_id)


def nobody(request: HttpRequest) -> HttpResponse:
    """An account without a person of the team behind it."""
    return render(request, "workers/day_nobody.html", status=403)


def own_language(request: HttpRequest, trainee: Trainee) -> translation.override:
    """The person's own language, unless they have chosen another on this telephone."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    return translation.override(translation.get_language() if chosen else trainee.language)


def show_day(request: HttpRequest, *, error: DomainError | None = None) -> HttpResponse:
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    with own_language(request, trainee):
        context = {**_day(trainee), "error": error, "reasons": DeclineReason.choices}
        return render(request, "workers/day.html", context, status=error.status if error else 200)


def _day(trainee: Trainee) -> dict[str, Any]:
    zone = ZoneInfo(trainee.site.time_zone)
    now = timezone.now()
    today = civil_day(now.astimezone(zone).date(), zone)
    # Work begun and not finished stays in front, whatever the day.
    of_today = Q(planned_start__lt=today.end, planned_end__gt=today.start) | Q(status=S.WORKING)
    found = list(Assignment.objects.filter(of_today, trainee=trainee).holding().for_cards().select_related("situation"))
    # What is at work comes first, what may not begin last, then by time.
    ahead = sorted(
        (card for card in found if card.status in OCCUPYING),
        key=lambda card: (card.status != S.WORKING, _is_held(card), card.planned_start, card.pk),
    )
    return {
        "first_name": trainee.first_name,
        "today": date_words(now.astimezone(zone), "l j F"),
        "current": {**_card(ahead[0], zone), "access": access_for_team(ahead[0].work_order)} if ahead else None,
        "later": [_card(card, zone) for card in ahead[1:]],
        "finished": [_card(card, zone) for card in found if card.status not in OCCUPYING],
        "asked": _asked(found, today.start),
        "beside": _beside(trainee, today, zone),
        "help_call": trainee.help_calls.open().first(),
        "clock": _clock_of(trainee, zone, ahead[0] if ahead else None),
        "clock_kinds": [(kind.value, kind.label) for kind in CLOCK_KINDS],
        "help_coming": trainee.help_calls.filter(answered_at__gte=now - ANSWER_SHOWN).exists(),
    }


def _beside(trainee: Trainee, today: Interval, zone: ZoneInfo) -> list[dict[str, str]]:
    """Whom they accompany today: when, what, where."""
    found = Occupation.objects.taking().companions().filter(trainee=trainee).between(today).for_cards()
    return [
        {
            "name": one.assignment.trainee.first_name,
            "title": title_of(one.assignment.work_order, one.assignment.leg),
            "pictogram": pictogram_of(one.assignment.work_order, one.assignment.leg),
            "time": hours_text(one.starts, one.ends, zone),
            "place": way_of(one.assignment.work_order, one.assignment.leg)[0],
        }
        for one in found
    ]


def _asked(found: list[Assignment], morning: dt.datetime) -> dict[str, Any] | None:
    """The three questions about what was finished last today, until they are answered."""
    open_ones = [
        card
        for card in found
        if card.done_at is not None and card.done_at >= morning and hasattr(card, "situation") and _is_open(card)
    ]
    if not open_ones:
        return None
    last = max(open_ones, key=lambda card: (card.done_at or morning, card.pk))
    title = title_of(last.work_order, last.leg)
    questions = [
        {"name": name, "words": words, "faces": list(FACE_WORDS[name].items())} for name, words in QUESTIONS.items()
    ]
    spoken = [f"{one['words']} {', '.join(str(words) for _face, words in one['faces'])}." for one in questions]
    return {
        "public_id": last.public_id,
        "title": title,
        "questions": questions,
        "say": f"{title}. {' '.join(spoken)}",
    }


def _is_open(card: Assignment) -> bool:
    return card.status in {S.DONE, S.VALIDATED} and card.situation.answered_at is None


def _clock_of(trainee: Trainee, zone: ZoneInfo, card: Assignment | None) -> dict[str, Any]:
    """What of the person's time runs: the card in front, a break in it, or something that is no assignment."""
    running = TimeEntry.objects.running().filter(trainee=trainee).order_by("pk").first()
    of_card = running is not None and card is not None and running.assignment_id == card.pk
    is_break = running is not None and running.kind == TimeKind.BREAK
    return {
        "is_break": is_break,
        # Of the card in front, its own buttons speak.
        "is_other": running is not None and not of_card,
        "card_runs": of_card and not is_break,
        "kind": str(running.get_kind_display()) if running else "",
        "since": _("since %(time)s") % {"time": clock(running.starts_at, zone)}
        if running and running.starts_at
        else "",
    }


def _card(card: Assignment, zone: ZoneInfo) -> dict[str, Any]:
    order = card.work_order
    place, map_url = way_of(order, card.leg)
    title = title_of(order, card.leg)
    items = items_words(order)
    client = order.request.met_first_name
    is_waiting = _is_held(card) and card.status != S.WORKING
    held = _("Not now: this request stands still. Ask your supervisor.") if is_waiting else ""
    return {
        "public_id": card.public_id,
        "pictogram": pictogram_of(order, card.leg),
        "title": title,
        "time": hours_text(card.planned_start, card.planned_end, zone),
        "items": items,
        "client": client,
        "place": place,
        "map_url": map_url,
        "status": card.status,
        "held": held,
        "mode": card.get_supervision_mode_display() if card.supervision_mode != "autonomous" else "",
        "say": f"{_say(title, card.planned_start, card.planned_end, zone, items, client, place)} {held}".strip(),
    }


def _is_held(card: Assignment) -> bool:
    """The request stands still: its work does not begin."""
    return card.work_order.request.status == RequestStatus.ON_HOLD


def _say(title: str, start: dt.datetime, end: dt.datetime, zone: ZoneInfo, items: str, client: str, place: str) -> str:
    """What the browser's voice reads."""
    words = _("%(title)s. From %(start)s to %(end)s. For %(client)s. %(place)s.") % {
        "title": f"{title}, {items}" if items else title,
        "start": clock(start, zone),
        "end": clock(end, zone),
        "client": client,
        "place": place,
    }
    return str(words)
