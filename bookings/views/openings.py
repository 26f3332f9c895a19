"""The team's pages: when people are received, and who comes when."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions import catalogue, openings
from bookings.enums import PLACE_FOR_TEAM, Place
from bookings.forms.openings import ClosureForm, PresenceForm, RuleForm, WeekForm
from bookings.models import Closure, Presence, calendar
from bookings.models.strays import Strays
from bookings.views.steps import clock
from bookings.views.words import hours_words
from concierge.errors import DomainError, NotAllowed
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words

PAGE = ["GET", "HEAD", "POST"]
Act = Callable[[dict[str, Any]], Any]


def site_to_see(request: HttpRequest, slug: str, *, to_change: bool = False) -> tuple[Site, Actor]:
    """A site whose hours somebody sees, or may change; others are not found."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by TenantMiddleware
    sites = Site.objects.visible_to(actor).prefetch_related("opening_hours")
    site = get_object_or_404(sites, slug=slug)
    if not perms.sees_openings(actor, site):
        if perms.can_read_requests(actor):
            raise Http404
        raise NotAllowed
    if to_change and not perms.can_set_openings(actor, site):
        raise NotAllowed
    return site, actor


@login_required
@require_safe
def openings_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Hours, how times are offered, stands, closures, and what clients can book because of them."""
    site, actor = site_to_see(request, slug)
    now = timezone.now()
    today = timezone.localdate(now, ZoneInfo(site.time_zone))
    stands = list(Presence.objects.filter(site=site).still_to_come(today).select_related("account")[:100])
    rules = [
        {"place": place, "label": PLACE_FOR_TEAM[place], "rule": openings.rule_of(site, place)}
        for place in (Place.DESK, Place.HOME)
    ]
    context = {
        "site": site,
        "hours": hours_words(site.opening_hours.all()),
        "rules": rules,
        "stands": [{"stand": one, "when": _when(one), "is_holiday": _is_on_holiday(site, one)} for one in stands],
        "closures": [
            {"closure": one, "days": _days(one)}
            for one in Closure.objects.filter(site=site, ends_on__gte=today).order_by("starts_on")[:100]
        ],
        "strays": Strays(site, now).number,
        "can_change": perms.can_set_openings(actor, site),
        **_effect(request, site, stands, now),
    }
    return render(request, "bookings/openings.html", context)


def _when(stand: Presence) -> str:
    day = date_words(stand.held_on, "l j F Y") if stand.held_on else str(stand.get_weekday_display())
    return f"{capfirst(day)} {stand.opens:%H:%M}–{stand.closes:%H:%M}"


def _is_on_holiday(site: Site, stand: Presence) -> bool:
    """Whether it is planned once, on a public holiday."""
    return bool(stand.held_on and calendar.public_holidays(site, stand.held_on, stand.held_on))


def _days(closure: Closure) -> str:
    first, last = (date_words(day, "j F Y") for day in (closure.starts_on, closure.ends_on))
    return first if first == last else f"{first} – {last}"


def _effect(request: HttpRequest, site: Site, stands: list[Presence], now: dt.datetime) -> dict[str, Any]:
    """Day by day, the times that somebody may book now: at the desk, for a visit, or at one stand."""
    asked = request.GET.get("quoi", Place.DESK.value)
    stand = next((one for one in stands if str(one.public_id) == asked), None)
    place = Place.HOME if asked == Place.HOME else Place.DESK
    free = calendar.slots_left(site, place, now=now, days=calendar.BOOKABLE_DAYS, presence=stand)
    zone = ZoneInfo(site.time_zone)
    days = []
    for day, members in itertools.groupby(free, key=lambda slot: slot.starts_at.astimezone(zone).date()):
        times = list(members)
        days.append(
            {
                "day": capfirst(date_words(day, "D j N")),
                "times": len(times),
                "first": clock(times[0].starts_at, site),
                "last": clock(times[-1].starts_at, site),
            }
        )
    shown = str(stand.public_id) if stand else place.value
    choices = [(place.value, str(PLACE_FOR_TEAM[place])) for place in (Place.DESK, Place.HOME)]
    choices += [(str(one.public_id), one.name) for one in stands]
    return {
        "days": days,
        "why_nothing": ""
        if days
        else openings.why_nothing(site, place, now=now, presence=stand) or _("Everything is taken."),
        "tabs": [{"value": value, "label": label, "current": value == shown} for value, label in choices],
    }


def _form_page(request: HttpRequest, site: Site, form: forms.BaseForm, act: Act, **context: Any) -> HttpResponse:
    """Show a form; when it is right, act, say so, and say at once when clients are offered nothing because of it."""
    back = reverse("bookings:openings", args=[site.slug])
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                nothing = act(form.cleaned_data)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error.message))
            else:
                messages.success(request, _("Saved."))
                if nothing:
                    messages.warning(request, _("Clients are offered no time: %(why)s") % {"why": nothing})
                return redirect(back)
    page = {"site": site, "form": form, "back": back, "remove": "", **context}
    return render(request, "bookings/opening_form.html", page, status=status)


def _typed(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


@login_required
@require_http_methods(PAGE)
def week(request: HttpRequest, slug: str) -> HttpResponse:
    """The opening hours of the desk."""
    site, actor = site_to_see(request, slug, to_change=True)
    form = WeekForm(_typed(request), hours=list(site.opening_hours.all()))

    def act(given: dict[str, Any]) -> str:
        catalogue.set_opening(site, given["hours"], by=actor)
        fresh = Site.objects.prefetch_related("opening_hours").get(pk=site.pk)
        return openings.why_nothing(fresh, Place.DESK, now=timezone.now())

    lead = _("One line per day, for example 9:00–12:30, 14:00–18:00. An empty line is a closed day.")
    return _form_page(request, site, form, act, title=_("Opening hours"), lead=lead)


@login_required
@require_http_methods(PAGE)
def rhythm(request: HttpRequest, slug: str, place: str) -> HttpResponse:
    """How times are offered: how long one takes, how often one begins, how many at once."""
    site, actor = site_to_see(request, slug, to_change=True)
    if place not in Place.values:
        raise Http404
    form = RuleForm(_typed(request), instance=openings.rule_of(site, place), place=place)

    def act(given: dict[str, Any]) -> str:
        catalogue.set_slots(
            site,
            place=Place(place),
            minutes=given["slot_minutes"],
            step=given["step_minutes"],
            capacity=given["capacity"],
            travel=given.get("travel_minutes", 0),
            by=actor,
        )
        return openings.why_nothing(site, place, now=timezone.now())

    lead = str(PLACE_FOR_TEAM[Place(place)])
    return _form_page(request, site, form, act, title=_("How times are offered"), lead=lead)


@login_required
@require_http_methods(PAGE)
def closure(request: HttpRequest, slug: str, day: str = "") -> HttpResponse:
    """Close on some days, or change what was said. Closures never overlap, so the first day names one."""
    site, actor = site_to_see(request, slug, to_change=True)
    known = _closure(site, day) if day else None
    form = ClosureForm(_typed(request), instance=known or Closure(organisation_id=site.organisation_id, site=site))

    def act(given: dict[str, Any]) -> str:
        if known is None:
            openings.close_site(site, **given, by=actor)
        else:
            openings.change_closure(known, **given, by=actor)
        return openings.why_nothing(site, Place.DESK, now=timezone.now())

    remove = reverse("bookings:closure-remove", args=[site.slug, day]) if known else ""
    title = _("Change the closure") if known else _("Close on some days")
    return _form_page(request, site, form, act, title=title, lead="", remove=remove)


def _closure(site: Site, day: str) -> Closure:
    try:
        return get_object_or_404(Closure, site=site, starts_on=dt.date.fromisoformat(day))
    except ValueError as error:
        raise Http404 from error


@login_required
@require_POST
def remove_closure(request: HttpRequest, slug: str, day: str) -> HttpResponse:
    """Open on these days after all."""
    site, actor = site_to_see(request, slug, to_change=True)
    openings.reopen_site(_closure(site, day), by=actor)
    messages.success(request, _("The closure is gone: these days can be booked again."))
    return redirect("bookings:openings", site.slug)


@login_required
@require_http_methods(PAGE)
def presence(request: HttpRequest, slug: str, public_id: uuid.UUID | None = None) -> HttpResponse:
    """A stand somewhere else: new, or changed."""
    site, actor = site_to_see(request, slug, to_change=True)
    known = get_object_or_404(Presence, site=site, public_id=public_id) if public_id else None
    form = PresenceForm(_typed(request), instance=known or Presence(organisation_id=site.organisation_id, site=site))

    def act(given: dict[str, Any]) -> str:
        row = openings.set_presence(site, known, by=actor, **given)
        if _is_on_holiday(site, row) and openings.is_to_come(site, row):
            messages.info(request, _("This day is a public holiday: the stand will be open."))
        return openings.why_nothing(site, Place.DESK, now=timezone.now(), presence=row)

    remove = reverse("bookings:presence-remove", args=[site.slug, known.public_id]) if known else ""
    title = _("Change the stand") if known else _("New stand")
    return _form_page(request, site, form, act, title=title, lead="", remove=remove)


@login_required
@require_POST
def remove_presence(request: HttpRequest, slug: str, public_id: uuid.UUID) -> HttpResponse:
    """No stand there any more."""
    site, actor = site_to_see(request, slug, to_change=True)
    openings.remove_presence(get_object_or_404(Presence, site=site, public_id=public_id), by=actor)
    messages.success(request, _("The stand is gone. Appointments already made there stay as they are."))
    return redirect("bookings:openings", site.slug)
