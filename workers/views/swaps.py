"""Swap a shift: the person asks on the phone, the other says yes or no, a supervisor approves (lifecycles.md 2.5)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from concierge.errors import DomainError
from concierge.tenancy import Actor
from concierge.words import date_words
from workers.actions.refusals import WarningsToAccept
from workers.actions.replacing import pieces_of
from workers.actions.swaps import (
    answer_swap,
    approve_swap,
    ask_swap,
    holders_left,
    refuse_swap,
    shifts_to_swap,
    withdraw_swap,
)
from workers.enums.swaps import SwapStatus
from workers.forms.weeks import DecisionForm, SwapForm
from workers.models import Shift, SwapRequest, Trainee
from workers.models.swaps import SwapRequestQuerySet
from workers.perms import PLAN_ROLES, can_plan_weeks
from workers.views.common import acting, hours_text, posted, refused_status, require, uuid_or_none
from workers.views.day import nobody, own_language, own_trainee
from workers.views.replacing import replace_url

# Requests that one page shows.
MOST = 50


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, shift: uuid.UUID) -> HttpResponse:
    """Which shift of a colleague I would work instead of mine."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    mine = get_object_or_404(
        Shift.objects.current().select_related("week__site", "trainee"), public_id=shift, trainee=trainee
    )
    able = shifts_to_swap(mine, now=timezone.now())
    error: DomainError | None = None
    with own_language(request, trainee):
        form = SwapForm(posted(request), choices=[(str(one.public_id), str(one)) for one in able])
        if form.is_bound and form.is_valid():
            theirs = next(one for one in able if str(one.public_id) == form.cleaned_data["theirs"])
            try:
                ask_swap(mine, theirs, by=acting(request))
            except DomainError as refusal:
                error = refusal
            else:
                messages.success(request, _("Thank you. %(name)s is asked.") % {"name": theirs.trainee.first_name})
                return redirect("workers:my_week")
        context = {
            "mine": shift_words(mine),
            "choices": [
                {"value": one.public_id, "name": one.trainee.first_name, "words": shift_words(one)} for one in able
            ],
            "form": form,
            "error": error,
        }
        status = refused_status(error) if error else 422 if form.errors else 200
        return render(request, "workers/swap.html", context, status=status)


@require_POST
def answer(request: HttpRequest, swap: uuid.UUID, verb: str) -> HttpResponse:
    """Yes, no, or never mind."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    actor = acting(request)
    found = get_object_or_404(SwapRequest.objects.visible_to(actor), public_id=swap)
    if verb not in {"oui", "non", "retirer"}:
        raise Http404
    with own_language(request, trainee):
        try:
            if verb == "retirer":
                withdraw_swap(found, by=actor)
            else:
                answer_swap(found, agrees=verb == "oui", by=actor)
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, _("Thank you. Your supervisor decides.") if verb == "oui" else _("Thank you."))
    return redirect("workers:my_week")


@require_safe
def swaps(request: HttpRequest) -> HttpResponse:
    """Swaps on which both agree, to decide."""
    return _page(request)


@require_POST
def decide(request: HttpRequest, swap: uuid.UUID) -> HttpResponse:
    """Approve, after the labour rules have looked at both, or refuse."""
    actor = acting(request)
    require(can_plan_weeks(actor))
    found = get_object_or_404(swaps_to_decide(actor), public_id=swap)
    require(can_plan_weeks(actor, site_id=found.mine.week.site_id))
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, status=400)
    try:
        if form.cleaned_data["decision"] == "refuse":
            refuse_swap(found, by=actor)
            messages.info(request, _("Refused. Both are told, the week stays as it is."))
            return redirect("workers:swaps")
        approved = approve_swap(found, by=actor, accepted_warnings=form.cleaned_data["accept"])
    except WarningsToAccept as warned:
        accept = [str(one) for one in warned.details["accept"]]  # type: ignore[attr-defined]
        return _page(request, error=warned, asked=found, accept=[*form.cleaned_data["accept"], *accept])
    except DomainError as error:
        return _page(request, error=error, asked=found)
    messages.success(request, _("Approved. Both are told of their new hours."))
    left = _work_left(approved)
    if len(left) > 1:
        return redirect(f"{reverse('workers:swaps')}?{urlencode({'fait': approved.public_id})}")
    for one in left:
        messages.warning(request, one["words"])
        return redirect(one["url"])
    return redirect("workers:swaps")


def _work_left(swap: SwapRequest) -> list[dict[str, str]]:
    """Who still holds work on the day that they gave, and the page on which it goes to others."""
    return [
        {
            "words": _("%(name)s holds work on %(day)s: give it to others.")
            % {"name": person.first_name, "day": date_words(day, "l j F")},
            "url": replace_url(person, day),
        }
        for person, day in holders_left(swap)
        if pieces_of(person, day)
    ]


def _approved(request: HttpRequest, actor: Actor) -> list[dict[str, str]]:
    """What the swap that was just approved left to others."""
    asked = uuid_or_none(request.GET.get("fait", ""))
    if asked is None:
        return []
    found = SwapRequest.objects.visible_to(actor).filter(public_id=asked, status=SwapStatus.APPROVED).for_cards()
    return [
        line for swap in found if can_plan_weeks(actor, site_id=swap.mine.week.site_id) for line in _work_left(swap)
    ]


def swaps_to_decide(actor: Actor) -> SwapRequestQuerySet:
    """Both agree, at the sites that the actor plans."""
    sites = actor.site_ids(*PLAN_ROLES)
    found = SwapRequest.objects.visible_to(actor).filter(status=SwapStatus.AGREED).for_cards()
    return found if sites is None else found.filter(mine__week__site_id__in=sites)


def _page(
    request: HttpRequest,
    *,
    error: DomainError | None = None,
    asked: SwapRequest | None = None,
    accept: list[str] | None = None,
    status: int = 0,
) -> HttpResponse:
    actor = acting(request)
    require(can_plan_weeks(actor))
    found = swaps_to_decide(actor).order_by("mine__starts_at", "pk")
    rows = [
        {
            "public_id": one.public_id,
            "asker": str(one.asker),
            "other": str(one.other),
            "sides": [
                {"name": str(one.asker), "now": shift_words(one.theirs), "before": _within(one.mine)},
                {"name": str(one.other), "now": shift_words(one.mine), "before": _within(one.theirs)},
            ],
            "site": one.mine.week.site.name,
            "error": str(error.message) if error and asked is not None and one.pk == asked.pk else "",
            "accept": accept if accept and asked is not None and one.pk == asked.pk else [],
        }
        for one in found[:MOST]
    ]
    context = {
        "rows": rows,
        "total": found.count(),
        "error": error if asked is None else None,
        "left": _approved(request, actor),
    }
    return render(request, "workers/swaps.html", context, status=status or (error.status if error else 200))


def shift_words(shift: Shift) -> str:
    """Monday 30 November, 8:00 – 13:15."""
    return capfirst(_within(shift))


def _within(shift: Shift) -> str:
    """The same within a sentence."""
    return f"{date_words(shift.day, 'l j F')}, {hours_text(shift.starts_at, shift.ends_at, shift.week.zone)}"


def swap_cards(trainee: Trainee, now: dt.datetime) -> dict[str, list[dict[str, Any]]]:
    """What the person's own week shows: what they are asked, and what they asked."""
    found = SwapRequest.objects.open().for_cards().filter(mine__starts_at__gt=now)
    asked = found.filter(other=trainee, status=SwapStatus.ASKED).order_by("pk")[:MOST]
    own = found.filter(asker=trainee).order_by("pk")[:MOST]
    return {
        "asked": [
            {
                "public_id": one.public_id,
                "name": one.asker.first_name,
                "yours": _within(one.theirs),
                "theirs": shift_words(one.mine),
                "say": _("%(name)s asks: work %(theirs)s instead of %(yours)s?")
                % {"name": one.asker.first_name, "theirs": _within(one.mine), "yours": _within(one.theirs)},
            }
            for one in asked
        ],
        "own": [
            {
                "public_id": one.public_id,
                "words": _("%(mine)s against %(theirs)s with %(name)s")
                % {"mine": shift_words(one.mine), "theirs": _within(one.theirs), "name": one.other.first_name},
                "state": _("Your supervisor decides.")
                if one.status == SwapStatus.AGREED
                else _("%(name)s has not answered yet.") % {"name": one.other.first_name},
            }
            for one in own
        ],
    }
