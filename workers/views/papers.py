"""The day on paper, for whoever has no telephone: a sheet per person, and its codes scanned back (R18)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from concierge.errors import DomainError
from concierge.models import Site
from concierge.words import date_words
from workers.actions.meanwhile import now_with
from workers.actions.paper import PaperOutcome, record_paper
from workers.enums import MOVABLE, OCCUPYING, AssignmentStatus
from workers.forms import PaperForm
from workers.models import Assignment, Trainee
from workers.perms import can_dispatch
from workers.rules.intervals import civil_day
from workers.views.common import (
    acting,
    assignment_or_404,
    chosen_day,
    chosen_site,
    hours_text,
    items_words,
    page_number,
    pictogram_of,
    require,
    team_sites,
    title_of,
    uuid_or_none,
    way_of,
)

# Sheets printed at once: the people of a page, by name.
SHEETS = 12


@require_safe
def papers(request: HttpRequest) -> HttpResponse:
    """Sheets to print: the whole team page by page, or one person."""
    actor = acting(request)
    sites = team_sites(actor)
    if not sites:
        return render(request, "workers/no_site.html")
    site = chosen_site(sites, request.GET.get("site", ""))
    require(can_dispatch(actor, site_id=site.pk))
    zone = ZoneInfo(site.time_zone)
    day = chosen_day(request.GET.get("day", ""), today=timezone.now().astimezone(zone).date())
    cards = Assignment.objects.visible_to(actor).filter(trainee__site=site, status__in=OCCUPYING)
    cards = cards.between(civil_day(day, zone))
    people = Trainee.objects.filter(pk__in=cards.order_by().values("trainee_id")).order_by(
        "first_name", "last_name", "pk"
    )
    person = uuid_or_none(request.GET.get("person", ""))
    shown = people.filter(public_id=person) if person else people
    page = max(1, page_number(request.GET.get("page", "")))
    printed = list(shown[(page - 1) * SHEETS : page * SHEETS + 1])
    query = {"site": site.slug, "day": day.isoformat()}
    found = list(cards.filter(trainee__in=printed[:SHEETS]).for_cards().order_by("planned_start", "pk"))
    context = {
        "site": site,
        "day": day,
        "people": [
            {
                "name": one.short_name,
                "url": f"?{urlencode({**query, 'person': one.public_id})}",
                "is_alone": one.public_id == person,
            }
            for one in people[:LINKS]
        ],
        "sheets": [
            _sheet(request, one, site, day, [c for c in found if c.trainee_id == one.pk]) for one in printed[:SHEETS]
        ],
        "all_url": f"?{urlencode(query)}" if person else "",
        "previous_url": f"?{urlencode({**query, 'page': page - 1})}" if page > 1 else "",
        "next_url": f"?{urlencode({**query, 'page': page + 1})}" if len(printed) > SHEETS else "",
        "board_url": f"{reverse('workers:board')}?{urlencode(query)}",
    }
    return render(request, "workers/papers.html", context)


# Names that one can choose from.
LINKS = 100


def _sheet(request: HttpRequest, person: Trainee, site: Site, day: dt.date, cards: list[Assignment]) -> dict[str, Any]:
    """One person's day, in their own language."""
    zone = ZoneInfo(site.time_zone)
    with translation.override(person.language):
        return {
            "language": person.language,
            "name": person.short_name,
            "day": date_words(day, "l j F"),
            "cards": [_on_paper(request, card, zone) for card in cards],
        }


def _on_paper(request: HttpRequest, card: Assignment, zone: ZoneInfo) -> dict[str, Any]:
    place, _map = way_of(card.work_order, card.leg)
    return {
        "pictogram": pictogram_of(card.work_order, card.leg),
        "title": title_of(card.work_order, card.leg),
        "items": items_words(card.work_order),
        "hours": hours_text(card.planned_start, card.planned_end, zone),
        "place": place,
        "client": card.work_order.request.met_first_name,
        "qr": _code(request, card),
    }


def _code(request: HttpRequest, card: Assignment) -> SafeString:
    """What is scanned back: an address that says nothing of anybody and opens for who is signed in only."""
    address = f"{reverse('workers:paper', args=[card.public_id])}?{urlencode({'v': card.version})}"
    code = segno.make(request.build_absolute_uri(address), error="m").svg_inline(omitsize=True, border=2)
    return mark_safe(code)  # noqa: S308 - made here


@require_http_methods(["GET", "HEAD", "POST"])
def paper(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """A sheet's code was scanned: write down what stands beside it."""
    actor = acting(request)
    card = assignment_or_404(actor, assignment)
    require(can_dispatch(actor, site_id=card.work_order.site_id))
    zone = ZoneInfo(card.work_order.site.time_zone)
    form = PaperForm(request.POST if request.method == "POST" else None, initial=_as_planned(card, zone))
    error: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            _record(request, card, form.cleaned_data, zone)
        except DomainError as refusal:
            error = refusal
            if refusal.field in form.fields:
                form.add_error(refusal.field, str(refusal.message))
            card = assignment_or_404(actor, assignment)
        else:
            messages.success(request, _("Written down."))
            return redirect(f"{reverse('workers:paper', args=[card.public_id])}?v=0")
    context = _scanned(request, card, form, zone)
    status = error.status if error else 400 if form.is_bound else 200
    return render(request, "workers/paper.html", {**context, "error": error}, status=status)


def _record(request: HttpRequest, card: Assignment, data: dict[str, Any], zone: ZoneInfo) -> None:
    day = card.planned_start.astimezone(zone).date()

    def at(time: dt.time | None) -> dt.datetime | None:
        return None if time is None else dt.datetime.combine(day, time, zone).astimezone(dt.UTC)

    record_paper(
        card,
        outcome=PaperOutcome(data["outcome"]),
        started_at=at(data["started"]),
        done_at=at(data["done"]),
        needed_help=data["needed_help"],
        version=data["version"],
        by=acting(request),
    )


def _as_planned(card: Assignment, zone: ZoneInfo) -> dict[str, Any]:
    started, done = card.started_at or card.planned_start, card.done_at or card.planned_end
    return {
        "started": started.astimezone(zone).time().replace(second=0, microsecond=0),
        "done": done.astimezone(zone).time().replace(second=0, microsecond=0),
        "version": card.version,
        "outcome": PaperOutcome.DONE,
    }


def _scanned(request: HttpRequest, card: Assignment, form: PaperForm, zone: ZoneInfo) -> dict[str, Any]:
    printed = request.GET.get("v", "")
    holder = now_with(card) if card.status == AssignmentStatus.CANCELLED else None
    return {
        "form": form,
        "title": title_of(card.work_order, card.leg),
        "pictogram": pictogram_of(card.work_order, card.leg),
        "name": card.trainee.short_name,
        "day": date_words(card.planned_start.astimezone(zone), "l j F"),
        "hours": hours_text(card.planned_start, card.planned_end, zone),
        "status": card.get_status_display(),
        "category": card.category,
        "is_open": card.status in OCCUPYING,
        "really": hours_text(card.started_at, card.done_at, zone) if card.started_at and card.done_at else "",
        "was_changed": printed not in {"", "0", str(card.version)} and card.status in MOVABLE,
        "holder": holder.trainee.short_name if holder else "",
        "holder_url": reverse("workers:paper", args=[holder.public_id]) if holder else "",
        "board_url": f"{reverse('workers:board')}?"
        + urlencode({"site": card.work_order.site.slug, "day": card.planned_start.astimezone(zone).date().isoformat()}),
    }
