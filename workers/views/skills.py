"""What a person can do and on which evidence, their goals and clearances: the supervisor's page (domain R25)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST, require_safe

from bookings.enums import ClearanceKind
from concierge.days import today_of
from concierge.errors import DomainError
from concierge.rome import rome
from concierge.words import date_words, duration_words
from workers.actions.clearances import Terms, note_clearance, withdraw_clearance
from workers.actions.passport import Passport, Trade, passport_of
from workers.actions.skills import UNDO_WITHIN, Basis, end_goal, raise_skill, set_goal, undo_step
from workers.enums import USUAL_TRADES, Evidence, GoalStatus, OwnView, SkillLevel
from workers.forms import ClearanceForm, GoalForm, StepForm, cleaned
from workers.models import Clearance, LearningGoal, LearningSituation, SkillStep, Trainee
from workers.perms import can_note_clearance, can_see_team, can_set_skill
from workers.rules.candidates import LEVELS
from workers.views.common import acting, initials, require, trainee_or_404
from workers.views.person_tabs import Button, head_of

# What the page shows at once of work done and of steps; counts tell the rest.
SHOWN = 10
# What somebody may have typed, to be shown again.
TYPED = (
    *("rome_code", "level", "evidence", "note", "own_view", "wanted_level", "wanted_by"),
    *("kind", "valid_from", "valid_until", "document_number"),
)
# Trades that a search finds at most.
FOUND = 12


@require_safe
def skills(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Everything about somebody's learning; ``?metier=`` searches a trade to begin."""
    return _page(request, found_person(request, trainee))


@require_POST
def save_step(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """The own supervisor says that somebody has come to a level."""
    found = found_person(request, trainee)
    require(can_set_skill(acting(request), found))

    def act() -> str:
        data = cleaned(StepForm(request.POST))
        shown = data["situation"]
        basis = Basis(
            own_view=data["own_view"],
            evidence=Evidence.SITUATION if shown else data["evidence"] or Evidence.SEEN,
            situation=get_object_or_404(found.situations, public_id=shown) if shown else None,
            note=data["note"],
        )
        step = raise_skill(
            found, rome_code=data["rome_code"], level=SkillLevel(data["level"]), basis=basis, by=acting(request)
        )
        return _("%(skill)s: %(level)s.") % {"skill": step.label, "level": step.get_level_to_display()}

    return _done(request, found, act)


@require_POST
def take_back_step(request: HttpRequest, trainee: uuid.UUID, step: uuid.UUID) -> HttpResponse:
    """It was a slip of the finger."""
    found = found_person(request, trainee)
    require(can_set_skill(acting(request), found))
    slip = get_object_or_404(SkillStep, trainee=found, public_id=step)

    def act() -> str:
        undo_step(slip, by=acting(request))
        return _("Taken back.")

    return _done(request, found, act)


@require_POST
def add_goal(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """What they want to reach, and by when."""
    found = found_person(request, trainee)
    require(can_set_skill(acting(request), found))

    def act() -> str:
        data = cleaned(GoalForm(request.POST))
        set_goal(
            found,
            rome_code=data["rome_code"],
            wanted_level=SkillLevel(data["wanted_level"]),
            wanted_by=data["wanted_by"],
            today=today_of(found.organisation),
            by=acting(request),
        )
        return _("Saved.")

    return _done(request, found, act)


@require_POST
def finish_goal(request: HttpRequest, trainee: uuid.UUID, goal: uuid.UUID) -> HttpResponse:
    """Achieved, or given up."""
    found = found_person(request, trainee)
    require(can_set_skill(acting(request), found))
    chosen = get_object_or_404(LearningGoal.objects.select_related("trainee"), trainee=found, public_id=goal)

    def act() -> str:
        status = GoalStatus.ACHIEVED if "achieved" in request.POST else GoalStatus.DROPPED
        end_goal(chosen, status=status, by=acting(request))
        return _("Saved.")

    return _done(request, found, act)


@require_POST
def add_clearance(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """A licence or certificate."""
    found = found_person(request, trainee)
    require(can_note_clearance(acting(request), found))

    def act() -> str:
        data = cleaned(ClearanceForm(request.POST))
        terms = Terms(data["valid_from"], data["valid_until"], data["document_number"])
        note_clearance(found, kind=ClearanceKind(data["kind"]), terms=terms, by=acting(request))
        return _("Saved.")

    return _done(request, found, act)


@require_POST
def remove_clearance(request: HttpRequest, trainee: uuid.UUID, clearance: uuid.UUID) -> HttpResponse:
    """Typed wrong, or taken away."""
    found = found_person(request, trainee)
    require(can_note_clearance(acting(request), found))
    chosen = get_object_or_404(Clearance.objects.select_related("trainee"), trainee=found, public_id=clearance)

    def act() -> str:
        withdraw_clearance(chosen, by=acting(request))
        return _("Taken out of the file.")

    return _done(request, found, act)


def found_person(request: HttpRequest, public_id: uuid.UUID) -> Trainee:
    """A person whose file the actor may open: 403, or 404."""
    actor = acting(request)
    require(can_see_team(actor))
    found = trainee_or_404(actor, public_id)
    require(can_see_team(actor, site_id=found.site_id))
    return found


def _done(request: HttpRequest, trainee: Trainee, act: Callable[[], str]) -> HttpResponse:
    """Do it and come back to the page; refused, the page with what was typed and why."""
    try:
        words = act()
    except DomainError as error:
        return _page(request, trainee, error=error)
    messages.success(request, words)
    return redirect("workers:skills", trainee=trainee.public_id)


def _passport_button(trainee: Trainee) -> Button:
    return Button(reverse("workers:passport_pdf", args=[trainee.public_id]), _("Passport (PDF)"), "download")


def _page(request: HttpRequest, trainee: Trainee, *, error: DomainError | None = None) -> HttpResponse:
    actor = acting(request)
    zone = ZoneInfo(trainee.site.time_zone)
    passport = passport_of(trainee, today=today_of(trainee.organisation))
    done = trainee.situations.evidence()
    shown = list(done.prefetch_related("steps")[: SHOWN + 1])
    steps = list(trainee.skill_steps.all()[: SHOWN + 1])
    levels = {trade.code: trade.level for trade in passport.trades}
    words = request.GET.get("metier", "")[:60]
    context = {
        **head_of(request, trainee, _passport_button(trainee)),
        "public_id": trainee.public_id,
        "name": str(trainee),
        "first_name": trainee.first_name,
        "initials": initials(trainee),
        "tone": trainee.pk % 6,
        "may_raise": can_set_skill(actor, trainee),
        "may_note": can_note_clearance(actor, trainee),
        "trades": [_trade(trade, trainee) for trade in passport.trades],
        "situations": [_situation(one, zone, levels) for one in shown[:SHOWN]],
        "more_situations": done.count() - SHOWN if len(shown) > SHOWN else 0,
        "steps": [_step(one, zone, actor.user.pk if actor.user else None) for one in steps[:SHOWN]],
        "more_steps": trainee.skill_steps.count() - SHOWN if len(steps) > SHOWN else 0,
        "goals": passport.goals,
        "clearances": _clearances(trainee, passport),
        "metier": words,
        "found": _trades_to_begin(words, levels),
        "trade_choices": _trade_choices(words, levels),
        "levels": SkillLevel.choices,
        "kinds": ClearanceKind.choices,
        "own_views": OwnView.choices,
        "evidences": [choice for choice in Evidence.choices if choice[0] != Evidence.SITUATION],
        "typed": {name: request.POST.get(name, "") for name in TYPED},
        "error": error,
    }
    return render(request, "workers/skills.html", context, status=error.status if error else 200)


def _trade(trade: Trade, trainee: Trainee) -> dict[str, Any]:
    following = LEVELS[trade.rung + 1] if trade.rung + 1 < len(LEVELS) else ""
    return {
        "code": trade.code,
        "label": trade.label,
        "level": trade.level_label,
        "rung": trade.rung,
        "times": trade.times_words,
        "last": date_words(trade.until, "j F Y") if trade.until else "",
        "reached": date_words(trade.reached_on, "j F Y") if trade.reached_on else "",
        "next": following,
        "next_label": str(SkillLevel(following).label) if following else "",
        "higher": [(value, SkillLevel(value).label) for value in LEVELS[max(trade.rung, 1) :]],
    }


def _situation(one: LearningSituation, zone: ZoneInfo, levels: dict[str, str]) -> dict[str, Any]:
    level = levels.get(one.rome_code, "")
    following = LEVELS[LEVELS.index(level) + 1] if level != LEVELS[-1] else ""
    is_used = any(step.undone_at is None for step in one.steps.all())
    return {
        "public_id": one.public_id,
        "code": one.rome_code,
        "label": one.label,
        "day": date_words(one.done_at.astimezone(zone), "D j F"),
        "duration": duration_words(one.minutes),
        "mode": one.get_mode_display(),
        "seen": one.get_level_seen_display(),
        "comment": one.comment,
        "faces": one.faces,
        "own_view": one.own_view,
        "went_badly": one.went_badly,
        "sent_back": one.times_sent_back,
        # One tap: the person feels ready, the work bears it and no step rests on it yet.
        "next": "" if is_used or one.own_view == OwnView.NOT_YET else following,
        "next_label": str(SkillLevel(following).label) if following else "",
    }


def _step(one: SkillStep, zone: ZoneInfo, user_id: int | None) -> dict[str, Any]:
    can_undo = (
        one.undone_at is None and one.made_by_id == user_id is not None and timezone.now() - one.made_at < UNDO_WITHIN
    )
    return {
        "public_id": one.public_id,
        "label": one.label,
        "was": one.get_level_from_display() or _("not started"),
        "now": one.get_level_to_display(),
        "holds": one.level_from == one.level_to,
        "evidence": one.get_evidence_display(),
        "note": "" if one.note in _labels_of(one.evidence) else one.note,
        "when": date_words(one.made_at.astimezone(zone), "j F Y"),
        "by": one.by_label,
        "is_undone": one.undone_at is not None,
        "can_undo": can_undo,
    }


def _clearances(trainee: Trainee, passport: Passport) -> list[dict[str, Any]]:
    """Those in the file, with how they stand."""
    today = passport.today
    found = []
    for one in Clearance.objects.held().filter(trainee=trainee)[:50]:
        is_over = one.valid_until is not None and one.valid_until < today
        is_ending = one.valid_until is not None and not is_over and (one.valid_until - today).days <= 60
        found.append(
            {
                "public_id": one.public_id,
                "label": one.get_kind_display(),
                "number": one.document_number,
                "first": date_words(one.valid_from, "j F Y"),
                "last": date_words(one.valid_until, "j F Y") if one.valid_until else "",
                "category": "failed" if is_over else "waiting" if is_ending else "done",
                "state": _("Over") if is_over else _("Ends soon") if is_ending else _("Valid"),
            }
        )
    return found


def _labels_of(evidence: str) -> set[str]:
    """What the evidence is called in every language: a note that says no more than that is not shown twice."""
    found = set()
    for language, _name in settings.LANGUAGES:
        with override(language):
            found.add(str(Evidence(evidence).label))
    return found


def _trades_to_begin(words: str, levels: dict[str, str]) -> list[dict[str, str]]:
    """Trades that the search finds and that are not begun."""
    return [
        {"code": trade.code, "label": trade.label, "family": trade.family}
        for trade in rome().search(words, most=FOUND)
        if trade.code not in levels
    ]


def _trade_choices(words: str, levels: dict[str, str]) -> list[tuple[str, str]]:
    """What a goal may be about: what is found, what they do, what a concierge usually does."""
    searched = [trade.code for trade in rome().search(words, most=FOUND)]
    usual = [code for code in USUAL_TRADES if rome().is_current(code)]
    codes = dict.fromkeys([*searched, *levels, *usual])
    return [(code, rome().label(code)) for code in codes]
