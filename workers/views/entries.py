"""One time in all its versions, corrected or taken away; and a time that nobody has written yet (R20)."""

from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from concierge.days import today_of
from concierge.errors import DomainError, Invalid
from concierge.words import date_words, short_moment_words
from workers.actions.hours import add_entry, correct_entry, withdraw_entry
from workers.forms import cleaned
from workers.forms.hours import AddHoursForm, HoursForm
from workers.models import TimeEntry
from workers.perms import can_see_hours, can_write_hours
from workers.views.common import acting, clock, require
from workers.views.hour_cards import Typed
from workers.views.hour_words import entry_line, minutes_words
from workers.views.hours import back_to_list, show_list, team_of, where_of

# Versions shown of one time.
MOST_VERSIONS = 20


@require_http_methods(["GET", "HEAD", "POST"])
def entry(request: HttpRequest, entry: uuid.UUID) -> HttpResponse:
    """A time and what was said of it before; the form that corrects it."""
    actor = acting(request)
    require(can_see_hours(actor))
    found = get_object_or_404(TimeEntry.objects.visible_to(actor).with_words(), public_id=entry)
    require(can_write_hours(actor, found.trainee))
    zone = ZoneInfo(found.trainee.site.time_zone)
    if request.method != "POST":
        return _entry_page(request, found, HoursForm(initial=_as_typed(found, zone)))
    form = HoursForm(request.POST)
    try:
        if request.POST.get("verb") == "withdraw":
            withdraw_entry(found, reason=request.POST.get("reason", "")[:200], by=actor)
            messages.success(request, _("Taken away: it counts no more."))
        else:
            cleaned(form)
            correct_entry(found, form.said(zone), reason=form.cleaned_data["reason"], by=actor)
            messages.success(request, _("Corrected and validated. The person finds it in their month."))
    except DomainError as error:
        _at_its_field(form, error)
        if request.POST.get("inside"):
            return show_list(request, error=error, typed=_typed(found, form, error))
        return _entry_page(request, found, form, error=error)
    return back_to_list(request)


def _typed(found: TimeEntry, form: HoursForm, error: DomainError) -> Typed:
    """What was typed in the list, with what is wrong of it."""
    errors = {name: " ".join(str(one) for one in said) for name, said in form.errors.items()} or {
        "": str(error.message)
    }
    return Typed(found.public_id, {name: str(value) for name, value in form.data.items()}, errors)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Hours or an absence of somebody of the team."""
    actor = acting(request)
    require(can_see_hours(actor))
    people = list(team_of(actor).active().select_related("site"))
    choices = [(str(one.public_id), str(one)) for one in people]
    if request.method != "POST":
        wanted = {name: request.GET[name] for name in ("trainee", "day") if name in request.GET}
        today = today_of(actor.organisation)
        return _add_page(request, AddHoursForm(initial={"day": today, "kind": "work", **wanted}, people=choices))
    form = AddHoursForm(request.POST, people=choices)
    try:
        data = cleaned(form)
        person = next((one for one in people if str(one.public_id) == data["trainee"]), None)
        if person is None:
            raise Http404
        add_entry(person, form.said(ZoneInfo(person.site.time_zone)), by=actor)
    except DomainError as error:
        _at_its_field(form, error)
        return _add_page(request, form, error=error)
    messages.success(request, _("Saved."))
    return back_to_list(request)


def _at_its_field(form: Any, error: DomainError) -> None:
    """What an action refuses, beside the field that it is about."""
    if not form.is_bound or (form.errors and isinstance(error, Invalid)):
        return
    form.is_valid()
    names = {"starts_at": "starts", "ends_at": "ends", "minutes": "absence"}
    name = names.get(error.field or "", error.field)
    form.add_error(name if name in form.fields else None, str(error.message))


def _add_page(request: HttpRequest, form: AddHoursForm, *, error: DomainError | None = None) -> HttpResponse:
    return render(request, "workers/hours_add.html", {"form": form, **where_of(request)}, status=_status(error))


def _entry_page(
    request: HttpRequest, found: TimeEntry, form: HoursForm, *, error: DomainError | None = None
) -> HttpResponse:
    zone = ZoneInfo(found.trainee.site.time_zone)
    context = {
        "line": (line := entry_line(found, zone)),
        "lines": [line],
        "name": str(found.trainee),
        "day": date_words(found.starts_on, "l j F Y"),
        "is_current": found.is_current,
        "versions": _versions(found, zone),
        "form": form,
        "error": error,
        **where_of(request),
    }
    return render(request, "workers/hours_entry.html", context, status=_status(error))


def _status(error: DomainError | None) -> int:
    if error is None:
        return 200
    return 422 if error.status == 400 else error.status


def _as_typed(found: TimeEntry, zone: ZoneInfo) -> dict[str, Any]:
    given: dict[str, Any] = {"kind": found.kind, "day": found.starts_on}
    if found.minutes is not None:
        return {**given, "absence": f"{found.minutes // 60}:{found.minutes % 60:02d}"}
    if found.starts_at:
        given["starts"] = clock(found.starts_at, zone)
    if found.ends_at:
        given["ends"] = clock(found.ends_at, zone)
        given["next_day"] = found.ends_at.astimezone(zone).date() != found.starts_on
    return given


def _versions(found: TimeEntry, zone: ZoneInfo) -> list[dict[str, Any]]:
    """What was said before, the newest first."""
    lines: list[dict[str, Any]] = []
    version: TimeEntry | None = found
    while version is not None and len(lines) < MOST_VERSIONS:
        line = entry_line(version, zone)
        lines.append(
            {
                "title": " ".join(
                    part for part in (line["kind"], line["times"] or minutes_words(version.length)) if part
                ),
                "when": short_moment_words(version.recorded_at, found.trainee.site),
                "by": str(version.written_by) if version.written_by else version.get_source_display(),
                "why": version.reason or version.withdrawn_because,
            }
        )
        version = TimeEntry.objects.with_words().filter(pk=version.replaces_id).first() if version.replaces_id else None
    return lines
