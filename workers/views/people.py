"""The people of the team: what they can do, when they are here, what comes next. No cause, no case file (P01)."""

from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from concierge.days import today_at
from concierge.errors import DomainError
from concierge.tenancy import Actor
from concierge.words import date_words, duration_words
from workers.actions.absences import note_absence, work_held
from workers.enums import WEEKDAYS
from workers.forms import AbsenceForm, cleaned
from workers.forms.people import InviteForm
from workers.models import Trainee
from workers.models.contracts import read_file
from workers.perms import can_edit_person, can_let_go, can_see_contracts, can_see_team, can_write_contracts
from workers.views.absences import absence_url
from workers.views.common import acting, hours_text, require, title_of, trainee_or_404
from workers.views.leaving import leaving_of
from workers.views.person_tabs import head_of

# How much of the plan ahead a person's page shows.
UPCOMING = 20


@require_safe
def trainee_page(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """One person."""
    return _page(request, _found(request, trainee))


@require_POST
def save_absence(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Days without the person."""
    found = _found(request, trainee)
    require(can_see_team(acting(request), site_id=found.site_id))
    form = AbsenceForm(request.POST)
    try:
        data = cleaned(form)
        absence = note_absence(found, starts_on=data["starts_on"], ends_on=data["ends_on"], by=acting(request))
    except DomainError as error:
        return _page(request, found, error=error, form=form)
    messages.success(request, _("Saved."))
    if work_held([absence])[absence.pk]:
        return redirect(absence_url(absence))
    return redirect("workers:trainee", trainee=found.public_id)


def _found(request: HttpRequest, public_id: uuid.UUID) -> Trainee:
    actor = acting(request)
    require(can_see_team(actor))
    found = trainee_or_404(actor, public_id)
    require(can_see_team(actor, site_id=found.site_id))
    return found


def _page(
    request: HttpRequest, trainee: Trainee, *, error: DomainError | None = None, form: AbsenceForm | None = None
) -> HttpResponse:
    today = timezone.now().astimezone(ZoneInfo(trainee.site.time_zone)).date()
    context = {
        **head_of(request, trainee),
        **_facts(trainee, acting(request)),
        "week": _week(trainee),
        "absences": [
            {"starts_on": one.starts_on, "ends_on": one.ends_on, "href": absence_url(one)}
            for one in trainee.absences.filter(ends_on__gte=today)
        ],
        **_upcoming(trainee),
        "leaving": leaving_of(trainee, acting(request)),
        "absence_form": form or AbsenceForm(),
        "invite_form": InviteForm(),
        "error": error,
    }
    return render(request, "workers/trainee.html", context, status=error.status if error else 200)


def _facts(trainee: Trainee, actor: Actor) -> dict[str, Any]:
    """Who accompanies the person, what they can do, their hours; last day and account for those who may know."""
    sees_contracts = can_see_contracts(actor, site_id=trainee.site_id)
    words = _contract_words(trainee)
    today = today_at(trainee.site)
    return {
        "supervisor": str(trainee.supervisor) if trainee.supervisor else "",
        "adviser": str(trainee.adviser) if trainee.adviser else "",
        "mentor": str(trainee.mentor) if trainee.mentor else "",
        "referrer": f"{trainee.referrer.user} – {trainee.referrer.structure}" if trainee.referrer else "",
        "hours": words["hours"],
        "until": words["until"] if sees_contracts else "",
        "prefers_audio": trainee.prefers_audio,
        "restrictions": [str(one) for one in trainee.restrictions.between(today, today)],
        "birth_date": trainee.birth_date if can_write_contracts(actor, site_id=trainee.site_id) else None,
        "has_account": trainee.user_id is not None,
        "may_edit": can_edit_person(actor, site_id=trainee.site_id),
        "may_let_go": can_let_go(actor, site_id=trainee.site_id),
        "skills": [
            {"label": skill.label, "level": skill.get_level_display(), "code": skill.rome_code}
            for skill in trainee.skills.all()
        ],
    }


def _contract_words(trainee: Trainee) -> dict[str, str]:
    """Hours and last day of today's contract, else of the next one; empty without any."""
    today = today_at(trainee.site)
    file = read_file(trainee)
    ahead = [one for one in file.contracts if one.is_worked_here and one.starts_on > today]
    contract = file.contract_on(today) or min(ahead, key=lambda one: one.starts_on, default=None)
    if contract is None:
        return {"hours": "", "until": ""}
    minutes = file.minutes_on(max(today, contract.starts_on))
    until = date_words(contract.ends_on, "j F Y") if contract.ends_on else ""
    return {"hours": duration_words(minutes), "until": until}


def _week(trainee: Trainee) -> list[dict[str, Any]]:
    """The usual week, day by day."""
    hours: dict[int, list[str]] = {}
    for rule in trainee.availability.all():
        hours.setdefault(rule.weekday, []).append(f"{rule.starts:%H:%M} – {rule.ends:%H:%M}")
    return [{"day": str(name), "spans": hours.get(weekday, [])} for weekday, name in enumerate(WEEKDAYS)]


def _upcoming(trainee: Trainee) -> dict[str, Any]:
    """The next work, and how much more there is."""
    zone = ZoneInfo(trainee.site.time_zone)
    ahead = trainee.assignments.occupying().filter(planned_end__gte=timezone.now())
    found = list(ahead.for_cards()[: UPCOMING + 1])
    rows = [
        {
            "title": title_of(card.work_order, card.leg),
            "day": date_words(card.planned_start.astimezone(zone), "l j F"),
            "hours": hours_text(card.planned_start, card.planned_end, zone),
            "mode": card.get_supervision_mode_display(),
            "status": card.get_status_display(),
            "category": card.category,
        }
        for card in found[:UPCOMING]
    ]
    return {"upcoming": rows, "more_upcoming": ahead.count() - UPCOMING if len(found) > UPCOMING else 0}
