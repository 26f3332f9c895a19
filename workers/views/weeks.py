"""The working times of a site's week: prepare, look at what the law says, publish (R21, L13, L14)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from concierge.days import today_at
from concierge.errors import DomainError
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words, duration_words, short_moment_words
from workers.actions.candidates import explain
from workers.actions.consents import note_consent
from workers.actions.people import set_availability
from workers.actions.weeks import NothingToPublish, copy_week, fill_week, plan_hours, publish_week
from workers.enums import WEEKDAYS
from workers.forms import cleaned
from workers.forms.weeks import ConsentForm, DaysForm, WeekForm
from workers.models.weeks import AGREED_AWAY, PersonWeek, WeekPlan, days_of, read_week
from workers.perms import can_edit_person, can_plan_weeks, can_see_team
from workers.rules.candidates import Severity
from workers.rules.shifts import DayHours, hours_of
from workers.views.common import (
    acting,
    answered,
    chosen_day,
    chosen_site,
    page_number,
    posted,
    require,
    team_sites,
    trainee_or_404,
)
from workers.views.person_tabs import head_of
from workers.views.swaps import swaps_to_decide

# People in one table, and those of other tables that it names, or whose warnings it shows to be read.
PAGE, MOST_ELSEWHERE = 50, 20
KINDS = {Severity.BLOCK: "against", Severity.WARN: "warning", Severity.INFO: "note"}


@require_safe
def week(request: HttpRequest) -> HttpResponse:
    """Everybody's hours of a week."""
    return _page(request)


@require_POST
def prepare(request: HttpRequest) -> HttpResponse:
    """Draft everybody who has no hours yet: from their usual days, or from the week before."""
    actor = acting(request)
    try:
        site, monday, data = _asked(request)
        draft = copy_week if data["how"] == "last" else fill_week
        filled = draft(site, monday, by=actor, version=data["version"])
    except DomainError as error:
        return _page(request, error=error)
    words = ngettext("Hours of one person were prepared.", "Hours of %(n)d people were prepared.", filled)
    messages.info(request, words % {"n": filled} if filled else _("Nothing to prepare: nobody is without hours here."))
    return redirect(week_url(site, monday))


@require_POST
def publish(request: HttpRequest) -> HttpResponse:
    """Give the week to the people; or show the next ones whose warnings have to be read before."""
    actor = acting(request)
    try:
        site, monday, data = _asked(request)
        if data["next"]:
            return _page(request)
        plan = read_week(site, monday, now=timezone.now())
        if plan.week is None:
            raise NothingToPublish
        publish_week(plan.week, by=actor, version=data["version"], accepted_warnings=data["accept"])
    except DomainError as error:
        return _page(request, error=error)
    messages.success(request, _("Published. Everybody whose hours changed is told."))
    return redirect(week_url(site, monday))


@require_POST
def note_agreement(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """The person told the team that they agree to hours of which they learn late (L13, L14)."""
    actor = acting(request)
    person = trainee_or_404(actor, trainee)
    require(can_plan_weeks(actor, site_id=person.site_id))
    try:
        data = cleaned(ConsentForm(request.POST))
        monday = _monday(data["semaine"].isoformat(), person.site)
        days = note_consent(person, monday, agreed_on=data["agreed_on"], by=actor)
    except DomainError as error:
        return _page(request, error=error, site=person.site)
    words = ngettext(
        "Noted: %(name)s agrees to the hours of one day.",
        "Noted: %(name)s agrees to the hours of %(n)d days.",
        len(days),
    )
    messages.success(request, words % {"name": person.first_name, "n": len(days)})
    return redirect(week_url(person.site, monday))


@require_http_methods(["GET", "HEAD", "POST"])
def person_week(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """One person's hours of a week."""
    actor = acting(request)
    person = trainee_or_404(actor, trainee)
    require(can_plan_weeks(actor, site_id=person.site_id))
    site = person.site
    monday = _monday(request.GET.get("semaine", ""), site)
    plan = read_week(site, monday, now=timezone.now())
    mine = next((one for one in plan.people if one.trainee.pk == person.pk), None)
    days, today = days_of(monday), today_at(site)
    form = DaysForm(
        posted(request),
        labels=[_day_label(plan, mine, day) for day in days],
        known={place: mine.days[day] for place, day in enumerate(days) if mine and day in mine.days},
        version=plan.version,
        locked=frozenset(place for place, day in enumerate(days) if day < today),
        dates=days,
        zone=plan.zone,
    )

    def save() -> None:
        given = {days[place]: hours for place, hours in form.cleaned_data["hours"].items()}
        plan_hours(site, monday, person, given, by=actor, version=form.cleaned_data["version"])

    status = answered(form, save) if form.is_bound else 200
    if not status:
        messages.success(request, _("Saved in the draft. Publish the week when everybody’s hours are right."))
        return redirect(week_url(site, monday))
    context = {
        "name": str(person),
        "week": _period(monday),
        "form": form,
        "back_url": week_url(site, monday),
        "figures": _hours_words(mine) if mine else "",
        "reasons": _reasons(plan, mine) if mine else [],
    }
    return render(request, "workers/week_person.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def usual_hours(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """When somebody is usually here. No reason is asked (P01)."""
    actor = acting(request)
    person = trainee_or_404(actor, trainee)
    require(can_edit_person(actor, site_id=person.site_id))
    rules: dict[int, list[tuple[dt.time, dt.time]]] = {}
    for rule in person.availability.all():
        rules.setdefault(rule.weekday, []).append((rule.starts, rule.ends))
    known = {weekday: hours for weekday, windows in rules.items() if (hours := hours_of(windows)) is not None}
    form = DaysForm(posted(request), labels=[capfirst(str(name)) for name in WEEKDAYS], known=known)

    def save() -> None:
        windows = [
            (weekday, start, end)
            for weekday, hours in form.cleaned_data["hours"].items()
            if hours is not None
            for start, end in hours.windows
        ]
        set_availability(person, hours=windows, by=actor)

    status = answered(form, save) if form.is_bound else 200
    if not status:
        messages.success(request, _("Saved."))
        return redirect("workers:trainee", trainee=person.public_id)
    context = {**head_of(request, person), "form": form}
    return render(request, "workers/usual_hours.html", context, status=status)


def week_url(site: Site, monday: dt.date) -> str:
    """Address of a week of a site."""
    return f"{reverse('workers:week')}?{urlencode({'site': site.slug, 'semaine': monday.isoformat()})}"


def _asked(request: HttpRequest) -> tuple[Site, dt.date, dict[str, Any]]:
    """What was sent: a site the actor plans, a Monday, and the rest."""
    actor = acting(request)
    require(can_plan_weeks(actor))
    data = cleaned(WeekForm(request.POST))
    site = chosen_site(_sites(actor), data["site"])
    require(can_plan_weeks(actor, site_id=site.pk))
    return site, _monday(data["semaine"].isoformat(), site), data


def _sites(actor: Actor) -> list[Site]:
    require(can_see_team(actor))
    return [site for site in team_sites(actor) if can_see_team(actor, site_id=site.pk)]


def _monday(text: str, site: Site) -> dt.date:
    """Monday of the week of the day named, of the coming week when none is."""
    today = today_at(site)
    day = chosen_day(text, today=today) if text else today + dt.timedelta(days=7)
    return day - dt.timedelta(days=day.weekday())


def _page(request: HttpRequest, *, error: DomainError | None = None, site: Site | None = None) -> HttpResponse:
    actor = acting(request)
    sites = _sites(actor)
    given = request.POST if request.method == "POST" else request.GET
    site = site or chosen_site(sites, given.get("site", ""))
    monday = _monday(given.get("semaine", ""), site)
    plan = read_week(site, monday, now=timezone.now())
    may_plan = can_plan_weeks(actor, site_id=site.pk)
    page = Paginator(plan.people, PAGE).get_page(page_number(given.get("page", "1")))
    base = week_url(site, monday)
    is_blocked = any(reason.severity == Severity.BLOCK for one in plan.people for reason in one.created)
    is_asked = may_plan and plan.is_changed and not is_blocked
    # Read before, of the draft as it is still.
    read = request.POST.getlist("accept") if request.POST.get("version") == str(plan.version) else []
    reading = _reading(plan, page, read) if is_asked else {}
    context = {
        "sites": [{"slug": one.slug, "name": one.name, "is_shown": one == site} for one in sites],
        "site": site,
        "week": _period(monday),
        "monday": monday.isoformat(),
        "today": today_at(site).isoformat(),
        "version": plan.version,
        "days": [_head(plan, day) for day in days_of(monday)],
        "people": [_row(plan, one, may_plan=may_plan) for one in page],
        "count": page.paginator.count,
        "previous": f"{base}&page={page.previous_page_number()}" if page.has_previous() else "",
        "next": f"{base}&page={page.next_page_number()}" if page.has_next() else "",
        "left_out": plan.left_out,
        "findings": _findings(plan, page, may_plan=may_plan),
        "elsewhere": {} if is_asked else _elsewhere(plan, page.number, base),
        "reading": reading,
        "page": page.number,
        "is_blocked": is_blocked,
        "is_changed": plan.is_changed,
        "published": _published(plan),
        "is_empty": not any(one.days for one in plan.people),
        "may_plan": may_plan,
        "may_prepare": may_plan and any(not one.days and one.contract_minutes for one in plan.people),
        "previous_url": week_url(site, monday - dt.timedelta(days=7)),
        "next_url": week_url(site, monday + dt.timedelta(days=7)),
        "to_decide": swaps_to_decide(actor).count() if can_plan_weeks(actor) else 0,
        "error": error,
    }
    return render(request, "workers/week.html", context, status=error.status if error else 200)


def _findings(plan: WeekPlan, people: Iterable[PersonWeek], *, may_plan: bool) -> list[dict[str, Any]]:
    """What the Labour Code says of each."""
    return [
        {
            "name": str(one.trainee),
            "href": _person_url(one, plan.monday) if may_plan else "",
            "reasons": told,
            "consent": one.trainee.public_id if may_plan and _would_agree(one) else None,
        }
        for one in people
        if (told := _reasons(plan, one))
    ]


def _reading(plan: WeekPlan, page: Collection[PersonWeek], read: Iterable[str]) -> dict[str, Any]:
    """Warnings that are confirmed by publishing: those of the people on this page, of as many others as one reads at
    once, and those that were ``read`` before. Nobody confirms what no page has shown them."""
    asked = {
        one.trainee.pk: codes
        for one in plan.people
        if (codes := {one.accepts(reason) for reason in one.created if reason.severity == Severity.WARN})
    }
    shown = {one.trainee.pk for one in page}
    seen = {code for text in read for code in text.split()}
    waiting = [one for one in plan.people if asked.get(one.trainee.pk, set()) - seen and one.trainee.pk not in shown]
    now = waiting[:MOST_ELSEWHERE]
    shown |= {one.trainee.pk for one in now}
    codes = {code for key, of_person in asked.items() for code in of_person if key in shown or code in seen}
    return {
        "others": _findings(plan, now, may_plan=True),
        "left": len(waiting) - len(now),
        "codes": " ".join(sorted(codes)),
    }


def _elsewhere(plan: WeekPlan, shown: int, base: str) -> dict[str, Any]:
    """Whose changed hours on other pages are forbidden or ask for a confirmation, the forbidden ones first."""
    found: dict[Severity, list[dict[str, Any]]] = {Severity.BLOCK: [], Severity.WARN: []}
    for place, one in enumerate(plan.people):
        number, said = place // PAGE + 1, {reason.severity for reason in one.created}
        worst = next((each for each in found if each in said), None)
        if worst is not None and number != shown:
            kind = KINDS[worst]
            found[worst].append({"name": str(one.trainee), "href": f"{base}&page={number}", "kind": kind})
    rows = [row for each in found.values() for row in each]
    return {"rows": rows[:MOST_ELSEWHERE], "more": max(0, len(rows) - MOST_ELSEWHERE), "total": len(rows)}


def _published(plan: WeekPlan) -> str:
    if plan.edition is None:
        return ""
    figures = {"n": plan.edition.number, "moment": short_moment_words(plan.edition.published_at, plan.site)}
    return _("Version %(n)d, published on %(moment)s") % figures


def _head(plan: WeekPlan, day: dt.date) -> dict[str, Any]:
    return {"label": date_words(day, "D j"), "is_holiday": day in plan.holidays}


def _row(plan: WeekPlan, one: PersonWeek, *, may_plan: bool) -> dict[str, Any]:
    return {
        "name": str(one.trainee),
        "href": _person_url(one, plan.monday) if may_plan else "",
        "days": [_cell(plan, one, day) for day in days_of(plan.monday)],
        "figures": _hours_words(one),
        "is_over": one.minutes > one.contract_minutes,
    }


def _cell(plan: WeekPlan, one: PersonWeek, day: dt.date) -> dict[str, Any]:
    return {
        **_head(plan, day),
        "windows": windows_words(one.days.get(day)),
        "is_away": day in one.away,
        "is_changed": day in one.changed and bool(one.published),
        "said": _said(one, day),
    }


def _said(one: PersonWeek, day: dt.date) -> str:
    """What the person said of the hours of a day that were told late, and when."""
    said = one.said_of(day)
    if said is None:
        return ""
    if said.answered_on is None:
        return str(said.get_status_display())
    figures = {"said": said.get_status_display(), "day": date_words(said.answered_on, "j F")}
    return _("%(said)s (%(day)s)") % figures


def _would_agree(one: PersonWeek) -> bool:
    """Whether something that an agreement settles speaks against the week, or waits for an answer."""
    return bool(one.to_agree) and (bool(one.said) or any(reason.code in AGREED_AWAY for reason in one.reasons))


def windows_words(hours: DayHours | None) -> list[str]:
    """The stretches of a day: ``8:00 – 12:00``."""
    return [f"{start:%H:%M} – {end:%H:%M}" for start, end in hours.windows] if hours else []


def _hours_words(one: PersonWeek) -> str:
    planned = duration_words(one.minutes) if one.minutes else _("0 h")
    figures = {"planned": planned, "contract": duration_words(one.contract_minutes)}
    return _("%(planned)s of %(contract)s") % figures


def _reasons(plan: WeekPlan, one: PersonWeek) -> list[dict[str, str]]:
    """Findings as sentences, the most serious first; the same sentence once."""
    order = (Severity.BLOCK, Severity.WARN, Severity.INFO)
    found = sorted(one.reasons, key=lambda reason: order.index(reason.severity))
    told = {explain(reason, zone=plan.zone): KINDS[reason.severity] for reason in reversed(found)}
    return [{"kind": kind, "words": words} for words, kind in reversed(told.items())]


def _person_url(one: PersonWeek, monday: dt.date) -> str:
    address = reverse("workers:person_week", args=[one.trainee.public_id])
    return f"{address}?{urlencode({'semaine': monday.isoformat()})}"


def _day_label(plan: WeekPlan, mine: PersonWeek | None, day: dt.date) -> str:
    words = capfirst(date_words(day, "l j F"))
    if mine is not None and day in mine.away:
        return _("%(day)s – away") % {"day": words}
    return _("%(day)s – public holiday") % {"day": words} if day in plan.holidays else words


def _period(monday: dt.date) -> str:
    return _("Week of %(day)s") % {"day": date_words(monday, "l j F Y")}
