"""Days without somebody: who is away, who replaces them, and the person's own "I am away" (6.8). No reason is asked."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from concierge.days import today_at, today_of
from concierge.errors import DomainError, Invalid
from concierge.tenancy import Actor
from concierge.words import date_words
from workers.actions.absences import (
    can_take_back,
    can_undo,
    end_absence,
    note_absence,
    take_back_absence,
    undo_absence,
    work_held,
)
from workers.forms import AbsenceForm, LastDayForm
from workers.models import Absence, Trainee
from workers.models.people import AbsenceQuerySet
from workers.perms import TEAM_PAGE_ROLES, can_dispatch, can_see_team
from workers.views.common import acting, answered, page_number, posted, require, trainee_or_404
from workers.views.day import nobody, own_language, own_trainee
from workers.views.replacing import replace_url

PAGE = 25
# Days of one absence that its page lists; the others are counted.
MOST_DAYS = 31
# Of the person's own page.
MOST_OWN = 20


@require_safe
def absences(request: HttpRequest) -> HttpResponse:
    """Who is away now and later, the soonest first; with ``?avant=1`` who was, the latest first."""
    actor = acting(request)
    require(can_see_team(actor))
    today, is_past = today_of(actor.organisation), bool(request.GET.get("avant"))
    found = _of_team(actor).select_related("trainee__site")
    found = (
        found.filter(ends_on__lt=today).order_by("-ends_on", "pk")
        if is_past
        else found.filter(ends_on__gte=today).order_by("starts_on", "pk")
    )
    page = Paginator(found, PAGE).get_page(page_number(request.GET.get("page", "1")))
    held = {} if is_past else work_held(list(page))
    kept: dict[str, str | int] = {"avant": "1"} if is_past else {}
    context = {
        "rows": [_row(one, held.get(one.pk, Counter())) for one in page],
        "total": page.paginator.count,
        "is_past": is_past,
        "previous": "?" + urlencode({**kept, "page": page.previous_page_number()}) if page.has_previous() else "",
        "next": "?" + urlencode({**kept, "page": page.next_page_number()}) if page.has_next() else "",
    }
    return render(request, "workers/absences.html", context)


@require_safe
def absence(request: HttpRequest, trainee: uuid.UUID, first: str) -> HttpResponse:
    """One absence: each day with work, and the page that gives it to others."""
    return _page(request, _absence_or_404(acting(request), trainee, first))


@require_POST
def end(request: HttpRequest, trainee: uuid.UUID, first: str) -> HttpResponse:
    """The person is back earlier."""
    actor = acting(request)
    found = _absence_or_404(actor, trainee, first)
    form = LastDayForm(request.POST)
    status = answered(form, lambda: end_absence(found, last_on=form.cleaned_data["last_on"], by=actor))
    if status:
        return _page(request, found, form=form, status=status)
    messages.success(request, _("Saved."))
    return redirect(absence_url(found))


@require_POST
def undo(request: HttpRequest, trainee: uuid.UUID, first: str) -> HttpResponse:
    """Take it back: whoever wrote it within five minutes, else anybody who may write it."""
    actor = acting(request)
    found = _absence_or_404(actor, trainee, first)
    try:
        _take_back(found, actor)
    except DomainError as error:
        return _page(request, found, error=error)
    messages.info(request, _("The absence is taken back."))
    return redirect("workers:absences")


@require_http_methods(["GET", "HEAD", "POST"])
def my_absence(request: HttpRequest) -> HttpResponse:
    """I am away: from when to when."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    actor, today = acting(request), today_at(trainee.site)
    form = AbsenceForm(posted(request))

    def tell() -> None:
        first, last = form.cleaned_data["starts_on"], form.cleaned_data["ends_on"]
        if first < today:
            raise Invalid(_("This day is past. Talk to your supervisor."), field="starts_on")
        note_absence(trainee, starts_on=first, ends_on=last, by=actor)

    with own_language(request, trainee):
        status = answered(form, tell) if form.is_bound else 200
        if form.is_bound and not status:
            messages.success(request, _("Thank you. Your supervisor is told."))
            return redirect("workers:my_absence")
        now = timezone.now()
        own = trainee.absences.filter(ends_on__gte=today)[:MOST_OWN]
        rows = [
            {
                "words": _days(one),
                "first": one.starts_on.isoformat(),
                "may_undo": can_undo(one, actor, now=now) or can_take_back(one, actor, today=today),
            }
            for one in own
        ]
        return render(request, "workers/my_absence.html", {"form": form, "rows": rows}, status=status)


@require_POST
def undo_mine(request: HttpRequest, first: str) -> HttpResponse:
    """I am there after all."""
    trainee = own_trainee(request)
    if trainee is None:
        return nobody(request)
    found = trainee.absences.filter(starts_on=_date(first)).select_related("trainee__site").first()
    if found is None:
        raise Http404
    with own_language(request, trainee):
        try:
            _take_back(found, acting(request))
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            messages.info(request, _("You are there. Thank you."))
    return redirect("workers:my_absence")


def _take_back(found: Absence, actor: Actor) -> None:
    """Undo it while that is possible: then companions come back too."""
    if can_undo(found, actor, now=timezone.now()):
        undo_absence(found, by=actor)
    else:
        take_back_absence(found, by=actor)


def absence_url(found: Absence) -> str:
    """Address of the page of an absence: a person and a first day name it, for no two overlap."""
    return reverse("workers:one_absence", args=[found.trainee.public_id, found.starts_on.isoformat()])


def _of_team(actor: Actor) -> AbsenceQuerySet:
    sites = actor.site_ids(*TEAM_PAGE_ROLES)
    found = Absence.objects.visible_to(actor)
    return found if sites is None else found.filter(trainee__site_id__in=sites)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error


def _absence_or_404(actor: Actor, trainee: uuid.UUID, first: str) -> Absence:
    person: Trainee = trainee_or_404(actor, trainee)
    require(can_see_team(actor, site_id=person.site_id))
    found = Absence.objects.filter(trainee=person, starts_on=_date(first)).select_related("trainee__site").first()
    if found is None:
        raise Http404
    return found


def _row(one: Absence, held: Counter[dt.date]) -> dict[str, Any]:
    return {
        "name": str(one.trainee),
        "href": absence_url(one),
        "site": one.trainee.site.name,
        "first": date_words(one.starts_on, "D j N Y"),
        "last": date_words(one.ends_on, "D j N Y"),
        "pieces": sum(held.values()),
    }


def _page(
    request: HttpRequest,
    found: Absence,
    *,
    error: DomainError | None = None,
    form: LastDayForm | None = None,
    status: int = 0,
) -> HttpResponse:
    actor, person = acting(request), found.trainee
    held = work_held([found])[found.pk]
    today = today_at(person.site)
    days = [(day, pieces) for day, pieces in sorted(held.items()) if day >= today]
    context = {
        "name": str(person),
        "first_name": person.first_name,
        "person_id": person.public_id,
        "first": found.starts_on.isoformat(),
        "when": _days(found),
        "days": [
            {"label": date_words(day, "l j F"), "pieces": pieces, "href": replace_url(person, day)}
            for day, pieces in days[:MOST_DAYS]
        ],
        "days_more": max(0, len(days) - MOST_DAYS),
        "may_replace": can_dispatch(actor, site_id=person.site_id),
        "may_undo": can_undo(found, actor, now=timezone.now()),
        "may_take_back": can_take_back(found, actor, today=today),
        "may_end": found.ends_on >= today and found.starts_on < found.ends_on,
        "form": form or LastDayForm(),
        "error": error,
    }
    return render(request, "workers/absence.html", context, status=status or (error.status if error else 200))


def _days(one: Absence) -> str:
    if one.starts_on == one.ends_on:
        return date_words(one.starts_on, "l j F Y")
    figures = {"first": date_words(one.starts_on, "l j F"), "last": date_words(one.ends_on, "l j F Y")}
    return _("From %(first)s to %(last)s") % figures
