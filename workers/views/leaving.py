"""Somebody leaves the team: what follows from their last day is read before it is written; the way back."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from concierge.days import today_at
from concierge.errors import DomainError
from concierge.tenancy import Actor
from concierge.words import date_words
from workers.actions.leaving import check_day, leave_team, return_to_team, still_doing
from workers.actions.leaving_undone import can_undo, undo_leaving
from workers.forms.people import LeaveForm
from workers.models import Assignment, Contract, Trainee
from workers.models.holdings import Holdings, holdings_of
from workers.perms import can_let_go
from workers.views.closing import begun_by
from workers.views.common import acting, answered, hours_text, require, title_of, trainee_or_404
from workers.views.person_tabs import first_page_of, head_of

# Pieces of work that the page names.
MOST = 10


@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """The last day, what follows from it, then yes."""
    found, actor = _found(request, trainee), acting(request)
    today = today_at(found.site)
    is_sure = request.method == "POST"
    if found.last_on is not None and not is_sure:
        return redirect("workers:trainee", trainee=found.public_id)
    asked = request.GET if "last_on" in request.GET else None
    form = LeaveForm(request.POST if is_sure else asked, initial={"last_on": today})

    def act() -> None:
        if is_sure:
            leave_team(found, by=actor, **form.cleaned_data)
        else:
            check_day(found, form.cleaned_data["last_on"], today=today)

    status = answered(form, act) if form.is_bound else 200
    if is_sure and not status:
        _say(request, found, form.cleaned_data["last_on"], today)
        return redirect("workers:trainee", trainee=found.public_id)
    day = form.cleaned_data.get("last_on") if form.is_bound else today
    context = {
        **head_of(request, found),
        "form": form,
        "back": first_page_of(actor, found),
        "seen": _seen(found, day, today) if day else None,
        "begun": begun_by(found, actor),
    }
    return render(request, "workers/leave.html", context, status=status if is_sure else 200)


@require_POST
def come_back(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """They stay after all, or are back."""
    found = _found(request, trainee)
    try:
        return_to_team(found, by=acting(request))
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        said = _("%(name)s stays on the team.") if found.is_active else _("%(name)s is on the team again.")
        messages.success(request, said % {"name": found.first_name})
    return redirect("workers:trainee", trainee=found.public_id)


@require_POST
def undo(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """It was a mistake."""
    found = _found(request, trainee)
    try:
        missing = undo_leaving(found, by=acting(request))
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Undone: %(name)s is on the team as before.") % {"name": found.first_name})
        if missing:
            words = ngettext(
                "One piece of work could not be given back to them: see the board.",
                "%(n)d pieces of work could not be given back to them: see the board.",
                missing,
            )
            messages.warning(request, words % {"n": missing})
    return redirect("workers:trainee", trainee=found.public_id)


def leaving_of(trainee: Trainee, actor: Actor) -> dict[str, Any] | None:
    """What the overview says of somebody whose last day was said; nothing of the others."""
    if trainee.last_on is None:
        return None
    may = can_let_go(actor, site_id=trainee.site_id)
    after = max(trainee.last_on + dt.timedelta(days=1), today_at(trainee.site))
    return {
        "first_name": trainee.first_name,
        "forgotten_on": _kept_until(trainee.last_on),
        "begun": begun_by(trainee, actor),
        "contracts": may and Contract.objects.between(after, after).ours().filter(trainee=trainee).exists(),
        "may_return": may,
        "may_undo": may and can_undo(trainee, actor, now=timezone.now()),
    }


def _found(request: HttpRequest, public_id: uuid.UUID) -> Trainee:
    actor = acting(request)
    require(can_let_go(actor))
    found = trainee_or_404(actor, public_id)
    require(can_let_go(actor, site_id=found.site_id))
    return found


def _say(request: HttpRequest, trainee: Trainee, day: dt.date, today: dt.date) -> None:
    said = _("%(name)s is no longer on the team.") if day < today else _("%(name)s leaves the team: last day %(day)s.")
    messages.success(request, said % {"name": trainee.first_name, "day": date_words(day, "l j F")})


def _kept_until(last_on: dt.date) -> dt.date:
    """The day until which a file is kept at least, as the nightly purge counts."""
    return last_on + dt.timedelta(days=settings.KEEP_DAYS["former_files"])


def _seen(trainee: Trainee, day: dt.date, today: dt.date) -> dict[str, Any]:
    held = holdings_of(trainee, day, today=today)
    zone = ZoneInfo(trainee.site.time_zone)
    return {
        "day": day,
        "when": _when(trainee, day, today),
        "obstacle": still_doing(held) if day < today else "",
        "pieces": held.pieces,
        "shown": [_piece(one, zone) for one in held.pieces[:MOST]],
        "more": max(0, len(held.pieces) - MOST),
        "ended": _ended(held),
        "kept_until": _kept_until(day),
        "stays": _stays(held),
        "has_contracts": bool(held.contracts),
        "has_account": trainee.user_id is not None,
    }


def _when(trainee: Trainee, day: dt.date, today: dt.date) -> str:
    words = {"name": trainee.first_name, "day": date_words(day, "l j F Y")}
    if day < today:
        return _("%(name)s was on the team until %(day)s included: it counts at once.") % words
    return _("%(name)s is on the team until the end of %(day)s; the day after it ends by itself.") % words


def _piece(one: Assignment, zone: ZoneInfo) -> str:
    day = date_words(one.planned_start.astimezone(zone), "D j N")
    return f"{title_of(one.work_order, one.leg)} – {day}, {hours_text(one.planned_start, one.planned_end, zone)}"


def _ended(held: Holdings) -> list[str]:
    """What ends besides, as far as there is any."""
    lines = (
        (len(held.shifts), ngettext("Published hours of %(n)d day", "Published hours of %(n)d days", len(held.shifts))),
        (len(held.absences), ngettext("%(n)d absence", "%(n)d absences", len(held.absences))),
        (len(held.swaps), ngettext("%(n)d swap of shifts", "%(n)d swaps of shifts", len(held.swaps))),
        (
            len(held.beside),
            ngettext(
                "%(n)d piece of work of somebody whom they were to accompany: it has to be looked at",
                "%(n)d pieces of work of others whom they were to accompany: they have to be looked at",
                len(held.beside),
            ),
        ),
    )
    return [words % {"n": count} for count, words in lines if count]


def _stays(held: Holdings) -> list[str]:
    """What nobody ends by this: contracts, appointments (how many, never what for), work that has begun or waits to be
    checked."""
    lines = []
    for contract in held.contracts:
        words = {"employer": contract.employer.name}
        if contract.last_on:
            words["day"] = date_words(contract.last_on, "j F Y")
            lines.append(_("The contract with %(employer)s runs until %(day)s: end it if need be.") % words)
        else:
            lines.append(_("The contract with %(employer)s has no last day: end it.") % words)
    if held.appointments:
        counted = ngettext(
            "%(n)d appointment with the social adviser stays planned: the adviser is written to",
            "%(n)d appointments with the social adviser stay planned: the adviser is written to",
            held.appointments,
        )
        lines.append(counted % {"n": held.appointments})
    if held.begun:
        counted = ngettext("%(n)d piece of work is under way", "%(n)d pieces of work are under way", len(held.begun))
        lines.append(counted % {"n": len(held.begun)})
    if held.to_check:
        counted = ngettext(
            "%(n)d piece of work done has to be checked", "%(n)d pieces of work done have to be checked", held.to_check
        )
        lines.append(counted % {"n": held.to_check})
    return lines
