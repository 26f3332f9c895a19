"""Regular requests: the team's list and page, and the client's own page by the tracking link."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions import pricing, recurrences
from bookings.enums import OccurrenceStatus, RecurrenceStatus
from bookings.forms.booking import wishes_of
from bookings.forms.recurrence import PauseForm, RepeatForm, SeriesFilters
from bookings.models import Occurrence, Recurrence, Service, ServiceRequest
from bookings.views.orders_ahead import asked_of
from bookings.views.requests import _actor
from bookings.views.tracking import bearer, link_page
from concierge.days import today_at
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words, moment_words

PAGE = 50
# Days of one regular request shown at once, the newest and those to come.
MOST_DAYS = 40


@login_required
@require_safe
def series_list(request: HttpRequest) -> HttpResponse:
    """Regular requests, those with a failure first, 50 a page."""
    actor = _actor(request)
    form = SeriesFilters(request.GET, sites=Site.objects.visible_to(actor))
    wanted = form.cleaned_data if form.is_valid() else {}
    failed = Count("occurrences", filter=Q(occurrences__status=OccurrenceStatus.FAILED))
    found = Recurrence.objects.visible_to(actor).annotate(failed=failed)
    if wanted.get("site"):
        found = found.filter(site=wanted["site"])
    if wanted.get("status") == "failed":
        found = found.filter(failed__gt=0)
    elif wanted.get("status"):
        found = found.filter(status=wanted["status"])
    text = wanted.get("q", "").replace("\x00", "").strip()
    if text:
        named = Q(name__icontains=text) | Q(client__last_name__icontains=text) | Q(client__first_name__icontains=text)
        found = found.filter(named)
    after = request.GET.get("after", "")
    start = min(int(after), 10_000) if after.isascii() and after.isdigit() and len(after) < 6 else 0
    rows = list(found.select_related("site", "client").order_by("-failed", "-pk")[start : start + PAGE + 1])
    kept = {name: request.GET[name] for name in ("q", "site", "status") if request.GET.get(name)}
    context = {
        "rows": [_row(one) for one in rows[:PAGE]],
        "form": form,
        "is_filtered": bool(kept),
        "next": "?" + urlencode({**kept, "after": str(start + PAGE)}) if len(rows) > PAGE else "",
    }
    return render(request, "bookings/series_list.html", context)


def _row(found: Recurrence) -> dict[str, Any]:
    return {
        "found": found,
        "failed": found.failed,  # type: ignore[attr-defined]  # annotated
        "rhythm": rhythm_words(found),
    }


def rhythm_words(found: Recurrence) -> str:
    """Every Monday at 10:00, as far as that can be said."""
    parts = dict(part.split("=", 1) for part in found.rule.split(";"))
    every = int(parts.get("INTERVAL", "1"))
    words = {
        "DAILY": _("every day") if every == 1 else _("every %(count)d days") % {"count": every},
        "WEEKLY": _("every week") if every == 1 else _("every %(count)d weeks") % {"count": every},
        "MONTHLY": _("every month") if every == 1 else _("every %(count)d months") % {"count": every},
    }[parts["FREQ"]]
    first = next(iter(found.days(found.starts_on, found.starts_on + dt.timedelta(days=400), most=1)), found.starts_on)
    form = "j" if parts["FREQ"] == "MONTHLY" else "l"
    day = date_words(first, form) if parts["FREQ"] != "DAILY" else ""
    time = date_format(dt.datetime.combine(first, found.at), "TIME_FORMAT")
    return _("%(rhythm)s (%(day)s) at %(time)s") % {"rhythm": words, "day": day, "time": time} if day else words


def days_of(found: Recurrence) -> list[dict[str, Any]]:
    """Its days, the coming first ones first, then the past."""
    now = timezone.now()
    ones = found.occurrences.select_related("request").order_by("-due_on")[:MOST_DAYS]
    zone = ZoneInfo(found.site.time_zone)
    return [
        {
            "one": one,
            "when": moment_words(one.starts_at, found.site),
            "moved": one.starts_at.astimezone(zone).date() != one.due_on,
            "is_coming": one.starts_at > now,
            "can_skip": one.starts_at > now and one.status in {OccurrenceStatus.PLANNED, OccurrenceStatus.BOOKED},
            "can_retry": one.starts_at > now and one.status == OccurrenceStatus.FAILED,
        }
        for one in reversed(ones)
    ]


def _context(found: Recurrence, form: PauseForm | None = None) -> dict[str, Any]:
    return {
        "found": found,
        "rhythm": rhythm_words(found),
        "days": days_of(found),
        "is_over": found.status == RecurrenceStatus.ENDED,
        "is_paused": found.status == RecurrenceStatus.PAUSED,
        "pause_form": form or PauseForm(),
        "paused": _("from %(first)s to %(last)s")
        % {"first": date_words(found.paused_from), "last": date_words(found.paused_until)}
        if found.paused_from and found.paused_until
        else "",
    }


def _find(actor: Actor, public_id: Any) -> Recurrence:
    found = Recurrence.objects.visible_to(actor).select_related("site", "client", "payer_account", "plan__producer")
    return get_object_or_404(found, public_id=public_id)


@login_required
@require_safe
def series_page(request: HttpRequest, public_id: Any) -> HttpResponse:
    """One regular request: its coming days, what failed and why."""
    actor = _actor(request)
    found = _find(actor, public_id)
    may = perms.can_run_hand_outs(actor, found.site)
    return render(request, "bookings/series.html", {**_context(found), "may": may})


def _change(found: Recurrence, verb: str, request: HttpRequest, actor: Actor) -> PauseForm | None:
    """Do it; a form that is not right comes back."""
    if verb == "pause":
        form = PauseForm(request.POST)
        if not form.is_valid():
            return form
        recurrences.pause_recurrence(found, first=form.cleaned_data["first"], last=form.cleaned_data["last"], by=actor)
        messages.success(request, _("Paused. What was booked on these days is cancelled."))
    elif verb == "reprendre":
        recurrences.resume_recurrence(found, by=actor)
        messages.success(request, _("It goes on. The coming days are planned again."))
    elif verb == "arreter":
        recurrences.end_recurrence(found, by=actor)
        messages.success(request, _("It has ended. What was booked later is cancelled."))
    else:
        raise Http404
    return None


@login_required
@require_POST
def change_series(request: HttpRequest, public_id: Any, verb: str) -> HttpResponse:
    """Pause, resume, end."""
    actor = _actor(request)
    found = _find(actor, public_id)
    if not perms.can_run_hand_outs(actor, found.site):
        raise NotAllowed
    try:
        wrong = _change(found, verb, request, actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        wrong = None
    if wrong is not None:
        context = {**_context(found, wrong), "may": True}
        return render(request, "bookings/series.html", context, status=422)
    return redirect("bookings:series", public_id=public_id)


@login_required
@require_POST
def change_occurrence(request: HttpRequest, public_id: Any, verb: str) -> HttpResponse:
    """One day: left out, or tried again."""
    actor = _actor(request)
    one = get_object_or_404(
        Occurrence.objects.visible_to(actor).select_related("recurrence__site"), public_id=public_id
    )
    if not perms.can_run_hand_outs(actor, one.recurrence.site):
        raise NotAllowed
    _change_day(request, one, verb, actor)
    return redirect("bookings:series", public_id=one.recurrence.public_id)


def _change_day(request: HttpRequest, one: Occurrence, verb: str, actor: Actor) -> None:
    if verb not in {"passer", "reessayer"}:
        raise Http404
    try:
        if verb == "passer":
            recurrences.skip_occurrence(one, by=actor)
            messages.success(request, _("Left out, this time only."))
            return
        tried = recurrences.retry_occurrence(one, by=actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return
    if tried.status == OccurrenceStatus.BOOKED:
        messages.success(request, _("Booked."))
    else:
        messages.error(request, _("Still not possible: %(reason)s") % {"reason": tried.reason})


# --- the client, by the link of a request ----------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@link_page
def repeat(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """Ask for the same again and again."""
    occurrence = Occurrence.objects.filter(request=found).first()
    if occurrence is not None:
        return redirect("bookings:track-series", token=token)
    today = today_at(found.site)
    local = found.promised_start.astimezone(ZoneInfo(found.site.time_zone)) if found.promised_start else None
    first = max(local.date() + dt.timedelta(days=7), today) if local else today
    form = RepeatForm(
        request.POST if request.method == "POST" else None,
        initial={"starts_on": first, "at": local.time() if local else None, "name": _services(found)},
    )
    context = {"found": found, "form": form, "token": token, "services": _services(found)}
    if not form.is_valid():
        return render(request, "bookings/repeat.html", context, status=422 if form.is_bound else 200)
    actor = bearer(request, found)
    services = list(Service.objects.offered_at(found.site))
    try:
        asked = asked_of(found, pricing.tariffs_of(found.site, today, services=services))
        typed = {name: form.cleaned_data[name] for name in ("name", "starts_on", "at", "ends_on", "holiday_rule")}
        wanted = recurrences.Wanted(
            rule=form.rule, wishes=wishes_of(asked), payer=found.payer_account, note=found.note, **typed
        )
        made = recurrences.start_recurrence(found.client, found.site, wanted, by=actor)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return render(request, "bookings/repeat.html", context, status=error.status)
    messages.success(request, _("It is noted: “%(name)s” comes back by itself.") % {"name": made.name})
    return render(request, "bookings/series_begun.html", {**_context(made), "token": token})


def _services(found: ServiceRequest) -> str:
    return ", ".join(dict.fromkeys(order.service.label for order in found.work_orders.select_related("service")))


@require_http_methods(["GET", "HEAD", "POST"])
@link_page
def series_by_link(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The regular request that this request is a day of: pause, resume, end, leave a day out."""
    day = Occurrence.objects.select_related("recurrence__site", "recurrence__client").filter(request=found).first()
    if day is None:
        raise Http404
    series, actor, form = day.recurrence, bearer(request, found), None
    if request.method == "POST":
        verb = request.POST.get("verb", "")
        try:
            if verb in {"passer", "reessayer"}:
                key = request.POST.get("day", "")
                one = next((o for o in series.occurrences.all()[:MOST_DAYS] if str(o.public_id) == key), None)
                if one is None:
                    raise Http404
                _change_day(request, one, verb, actor)
            else:
                form = _change(series, verb, request, actor)
        except DomainError as error:
            messages.error(request, str(error.message))
        if form is None:
            return redirect("bookings:track-series", token=token)
    context = {**_context(series, form), "token": token}
    return render(request, "bookings/series_by_link.html", context, status=422 if form else 200)
