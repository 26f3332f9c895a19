"""The skills passport: the person's own page and paper, and the paper for their supervisor (R25, R18)."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from concierge.days import today_of
from concierge.errors import DomainError
from concierge.words import date_words
from workers.actions.learning import answer_situation
from workers.actions.passport import passport_of, passport_pdf
from workers.enums import OWN_WORDS, QUESTIONS
from workers.models import Assignment, Trainee
from workers.views.common import acting
from workers.views.day import nobody, own_language, own_trainee
from workers.views.skills import found_person


@require_safe
def my_passport(request: HttpRequest) -> HttpResponse:
    """What I can do: big, few words, read aloud."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    with own_language(request, trainee):
        return render(request, "workers/passport.html", _passport(trainee))


@require_safe
def my_passport_pdf(request: HttpRequest) -> HttpResponse:
    """The paper, for the person themself."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    return _paper(trainee)


@require_safe
def passport_paper(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """The paper, for whoever may open the person's file."""
    return _paper(found_person(request, trainee))


@require_POST
def reflect(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """How did it go? Three faces to each question; any may be left out."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    found = get_object_or_404(
        Assignment.objects.select_related("work_order", "trainee"), trainee=trainee, public_id=assignment
    )
    with own_language(request, trainee):
        try:
            answer_situation(
                found, answers={name: request.POST.get(name, "") for name in QUESTIONS}, by=acting(request)
            )
        except DomainError as error:
            messages.warning(request, str(error.message))
        else:
            messages.success(request, _("Thank you for telling us."))
    return redirect("workers:day")


def _paper(trainee: Trainee) -> HttpResponse:
    pdf = passport_pdf(trainee, language=trainee.language, now=timezone.now())
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = (
        f'attachment; filename="passeport-{slugify(trainee.first_name) or "competences"}.pdf"'
    )
    return answer


def _passport(trainee: Trainee) -> dict[str, Any]:
    passport = passport_of(trainee, today=today_of(trainee.organisation))
    trades = [
        {
            "label": trade.label,
            "level": str(OWN_WORDS[trade.level]),
            "rung": trade.rung,
            "times": trade.times_words,
            "say": f"{trade.label}. {OWN_WORDS[trade.level]}. {trade.times_words}.",
        }
        for trade in passport.trades
    ]
    return {
        "first_name": trainee.first_name,
        "trades": trades,
        "clearances": [
            {
                "label": one.get_kind_display(),
                "until": date_words(one.valid_until, "j F Y") if one.valid_until else "",
            }
            for one in passport.clearances
        ],
        "goals": [
            {
                "label": goal.label,
                "level": str(OWN_WORDS[goal.wanted_level]),
                "by": date_words(goal.wanted_by, "j F Y") if goal.wanted_by else "",
            }
            for goal in passport.goals
        ],
    }
