"""Regular requests: the team's list and page, and the client's own page by the tracking link."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions import pricing, recurrence_days, recurrence_pauses, recurrences
from bookings.actions.day_reasons import reason_words
from bookings.enums import OccurrenceStatus, RecurrenceStatus
from bookings.forms.booking import wishes_of
from bookings.forms.recurrence import PauseForm, RepeatForm, SeriesFilters
from bookings.models import Occurrence, Recurrence, Service, ServiceRequest
from bookings.views.ahead import can_repeat
from bookings.views.orders_ahead import asked_of
from bookings.views.requests import _actor
from bookings.views.rhythm import rhythm_words
from bookings.views.series_words import cut_off_words, days_of, latest, order_words
from bookings.views.tracking import bearer, link_page
from concierge.days import today_at
from concierge.errors import DomainError, Invalid, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words, moment_words

PAGE = 50


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
    ordered = found.select_related("site", "client__merged_into").order_by("-failed", "-pk")
    rows = list(ordered[start : start + PAGE + 1])
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


def _context(found: Recurrence, form: PauseForm | None = None) -> dict[str, Any]:
    return {
        "found": found,
        "rhythm": rhythm_words(found),
        "days": days_of(found),
        "order": order_words(found),
        "is_over": found.status == RecurrenceStatus.ENDED,
        "is_paused": found.status == RecurrenceStatus.PAUSED,
        "pause_form": form or PauseForm(),
        "paused": _("from %(first)s to %(last)s")
        % {"first": date_words(found.paused_from), "last": date_words(found.paused_until)}
        if found.paused_from and found.paused_until
        else "",
    }


def _find(actor: Actor, public_id: Any) -> Recurrence:
    related = ("site", "client", "payer_account", "plan__producer", "continues")
    found = Recurrence.objects.visible_to(actor).select_related(*related)
    return get_object_or_404(found, public_id=public_id)


@login_required
@require_safe
def series_page(request: HttpRequest, public_id: Any) -> HttpResponse:
    """One regular request: its coming days, what failed and why."""
    actor = _actor(request)
    found = _find(actor, public_id)
    return render(request, "bookings/series.html", _staff_context(found, actor))


def _staff_context(found: Recurrence, actor: Actor, form: PauseForm | None = None) -> dict[str, Any]:
    later = found.continued_by.order_by("-pk").first()
    return {**_context(found, form), "may": perms.can_run_hand_outs(actor, found.site), "later": later}


def _change(found: Recurrence, verb: str, request: HttpRequest, actor: Actor) -> PauseForm | None:
    """Do it; a form that is not right comes back."""
    if verb == "pause":
        form = PauseForm(request.POST)
        if not form.is_valid():
            return form
        try:
            standing = recurrence_pauses.pause_recurrence(found, by=actor, **form.cleaned_data)
        except Invalid as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            return form
        _say_done(request, found, _("Paused."), _("Paused. What was booked on these days is cancelled."), standing)
    elif verb == "reprendre":
        recurrence_pauses.resume_recurrence(found, by=actor)
        messages.success(request, _("It goes on. The coming days are planned again."))
    elif verb == "arreter":
        standing = recurrences.end_recurrence(found, by=actor)
        _say_done(request, found, _("It has ended."), _("It has ended. What was booked later is cancelled."), standing)
    else:
        raise Http404
    return None


def _say_done(request: HttpRequest, found: Recurrence, done: str, all_gone: str, standing: list[Occurrence]) -> None:
    """That it is done; and which days take place all the same, and are paid."""
    if not standing:
        messages.success(request, all_gone)
        return
    days = ", ".join(moment_words(one.starts_at, found.site) for one in standing)
    stands = _("Too late to cancel, so it takes place as ordered: %(days)s.") % {"days": days}
    messages.warning(request, f"{done} {stands}")


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
        return render(request, "bookings/series.html", _staff_context(found, actor, wrong), status=422)
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
            recurrence_days.skip_occurrence(one, by=actor)
            messages.success(request, _("Left out, this time only."))
            return
        tried = recurrence_days.retry_occurrence(one, by=actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return
    if tried.status == OccurrenceStatus.BOOKED:
        messages.success(request, _("Booked."))
    else:
        messages.error(request, _("Still not possible: %(reason)s") % {"reason": reason_words(tried)})


# --- the client, by the link of a request ----------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@link_page
def repeat(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """Ask for the same again and again."""
    occurrence = Occurrence.objects.filter(request=found).first()
    if occurrence is not None:
        return redirect("bookings:track-series", token=token)
    if not can_repeat(found):
        messages.error(request, _("This request cannot be repeated by itself. Please call us: we note it with you."))
        return redirect("bookings:track", token=token)
    if "fait" in request.GET:
        return _begun(request, token, found)
    today = today_at(found.site)
    local = found.promised_start.astimezone(ZoneInfo(found.site.time_zone)) if found.promised_start else None
    first = max(local.date() + dt.timedelta(days=7), today) if local else today
    form = RepeatForm(
        request.POST if request.method == "POST" else None,
        initial={
            "key": uuid.uuid4(),
            "starts_on": first,
            "at": local.time() if local else None,
            "name": _services(found),
        },
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
        key = form.cleaned_data["key"] or uuid.uuid4()
        # Of this request only: nobody can name what somebody else began.
        named = uuid.uuid5(found.public_id, str(key))
        made = recurrences.start_recurrence(found.client, found.site, wanted, by=actor, public_id=named)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return render(request, "bookings/repeat.html", context, status=error.status)
    messages.success(request, _("It is noted: “%(name)s” comes back by itself.") % {"name": made.name})
    return redirect(reverse("bookings:track-repeat", args=[token]) + f"?fait={made.public_id}")


def _begun(request: HttpRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """What was begun a moment ago; a page of its own, so that a reload begins nothing."""
    mine = Recurrence.objects.of_client(found.client.kept_id).select_related("site", "client", "plan")
    try:
        made = get_object_or_404(mine, public_id=uuid.UUID(request.GET["fait"]))
    except ValueError as error:
        raise Http404 from error
    return render(request, "bookings/series_begun.html", {**_context(made), "token": token})


def _services(found: ServiceRequest) -> str:
    return ", ".join(dict.fromkeys(order.service.label for order in found.work_orders.select_related("service")))


@require_http_methods(["GET", "HEAD", "POST"])
@link_page
def series_by_link(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The regular request that this request is a day of, as it goes on now: pause, resume, end, leave a day out."""
    day = Occurrence.objects.filter(request=found).first()
    if day is None:
        raise Http404
    series = Recurrence.objects.select_related("site", "client", "plan").get(pk=day.recurrence_id)
    return _client_page(request, latest(series), bearer(request, found), token)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def my_series(request: TenantRequest, public_id: Any) -> HttpResponse:
    """The same in a signed-in client's own space."""
    actor = request.actor
    if actor.client_id is None:
        raise Http404
    mine = Recurrence.objects.of_client(actor.client_id).select_related("site", "client", "plan")
    return _client_page(request, get_object_or_404(mine, public_id=public_id), actor, "")


def _client_page(request: HttpRequest, series: Recurrence, actor: Actor, token: str) -> HttpResponse:
    form = None
    if request.method == "POST":
        verb = request.POST.get("verb", "")
        try:
            if verb in {"passer", "reessayer"}:
                _change_day(request, _day_of(series, request.POST.get("day", "")), verb, actor)
            else:
                form = _change(series, verb, request, actor)
        except DomainError as error:
            messages.error(request, str(error.message))
        if form is None:
            return redirect(request.path)
    context = {**_context(series, form), "token": token, "cut_off": cut_off_words(series)}
    return render(request, "bookings/series_by_link.html", context, status=422 if form else 200)


def _day_of(series: Recurrence, key: str) -> Occurrence:
    try:
        return get_object_or_404(series.occurrences, public_id=uuid.UUID(key))
    except ValueError as error:
        raise Http404 from error
