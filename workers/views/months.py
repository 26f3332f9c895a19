"""Months of hours: who is complete, what blocks, close, open again, take away (R20, R35, R42)."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from concierge.days import today_at
from concierge.errors import DomainError
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words, figures, short_moment_words
from workers.actions.timesheets import close_month, note_export, note_site_export, reopen_month
from workers.forms import cleaned
from workers.forms.hours import CloseForm, ReasonForm
from workers.gateways import Taken, csv_of, pdf_of, xlsx_of
from workers.models import TimesheetMonth, Trainee
from workers.models.annex_hours import AnnexMonth, annex_months
from workers.models.time import HOURS_ROLES
from workers.models.timesheets import PersonHours, hours_of, site_month
from workers.perms import can_export_hours, can_reopen, can_see_months, can_write_hours
from workers.rules.time import month_end
from workers.views.common import acting, chosen_site, require
from workers.views.hour_words import (
    days_words,
    minutes_words,
    month_asked,
    months_around,
    person_words,
    totals_words,
    until_words,
)
from workers.views.person_tabs import Button, head_of

# People on a page.
PAGE = 50
# Full-time places are read with two decimals.
HUNDREDTH = Decimal("0.01")
FILES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@require_safe
def months(request: HttpRequest) -> HttpResponse:
    """A month of a site."""
    return _page(request, _site(request, request.GET.get("site", "")))


@require_POST
def close(request: HttpRequest, slug: str) -> HttpResponse:
    """The hours of the month are settled."""
    site = _site(request, slug)
    month = _month_posted(request, site)
    try:
        close_month(site, month, by=acting(request), **cleaned(CloseForm(request.POST)))
    except DomainError as error:
        return _page(request, site, month=month, error=error)
    messages.success(request, _("The month is closed. Its hours are not changed any more."))
    return redirect(_address(site, month))


@require_POST
def reopen(request: HttpRequest, slug: str) -> HttpResponse:
    """Something has to be corrected after all."""
    site = _site(request, slug)
    require(can_reopen(acting(request), site_id=site.pk))
    month = _month_posted(request, site)
    try:
        reopen_month(site, month, reason=cleaned(ReasonForm(request.POST))["reason"], by=acting(request))
    except DomainError as error:
        return _page(request, site, month=month, error=error)
    messages.success(request, _("The month is open again."))
    return redirect(_address(site, month))


@require_POST
def month_file(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Everybody's month as a table."""
    site = _site(request, slug)
    if kind not in {"csv", "xlsx"}:
        raise Http404
    month = _month_posted(request, site)
    note_site_export(site, month, kind, by=acting(request))
    people = site_month(site, month, now=timezone.now())
    draw = csv_of if kind == "csv" else xlsx_of
    return _file(draw(people, _taken(request, site, month)), kind, f"heures-{site.slug}-{month:%Y-%m}")


@require_safe
def person_month(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """One person's month, day by day, as the accounts and the supervisor read it."""
    found = _person(request, trainee)
    zone = ZoneInfo(found.site.time_zone)
    month = month_asked(request, zone)
    actor = acting(request)
    hours = _hours(found, month)
    context: dict[str, Any] = {
        **head_of(request, found, *_lists(actor, found, month)),
        **person_words(found),
        "full_name": str(found),
        "month": date_words(month, "F Y"),
        "month_code": f"{month:%Y-%m}",
        "days": days_words(hours),
        "totals": totals_words(hours, today_at(found.site)),
        "sheet": _sheet_words(_sheet(found.site, month)),
        "may_correct": can_write_hours(actor, found),
        **months_around(month, zone),
    }
    return render(request, "workers/person_month.html", context)


def _lists(actor: Actor, found: Trainee, month: dt.date) -> list[Button]:
    """The lists that one comes to a person's month from."""
    buttons = []
    if can_see_months(actor, site_id=found.site_id):
        buttons.append(Button(_address(found.site, month), _("Months of hours"), "table"))
    if can_write_hours(actor, found):
        buttons.append(Button(reverse("workers:hours"), _("The team's hours"), "list-checks"))
    return buttons


@require_POST
def person_file(request: HttpRequest, trainee: uuid.UUID, kind: str) -> HttpResponse:
    """One person's month as a file: a table, a spreadsheet, a document to sign."""
    found = _person(request, trainee)
    if kind not in FILES:
        raise Http404
    month = month_asked(request, ZoneInfo(found.site.time_zone), request.POST.get("mois", ""))
    note_export(found, month, kind, by=acting(request))
    hours, taken = _hours(found, month), _taken(request, found.site, month)
    content = (
        pdf_of(hours, taken) if kind == "pdf" else csv_of([hours], taken) if kind == "csv" else xlsx_of([hours], taken)
    )
    return _file(content, kind, f"heures-{month:%Y-%m}-{str(found.public_id)[:8]}")


def _site(request: HttpRequest, slug: str) -> Site:
    return chosen_site(_sites(acting(request)), slug)


def _sites(actor: Actor) -> list[Site]:
    """Sites whose months the actor may open, by name."""
    require(can_see_months(actor))
    wanted = actor.site_ids(*HOURS_ROLES)
    sites = Site.objects.visible_to(actor).order_by("name", "pk")
    return list(sites if wanted is None else sites.filter(pk__in=wanted))


def _person(request: HttpRequest, public_id: uuid.UUID) -> Trainee:
    """Somebody of the actor's organisation whose month they may read. 404 for others', 403 for whoever may not."""
    actor = acting(request)
    everybody = Trainee.objects.filter(organisation=actor.organisation).select_related("site", "supervisor")
    found: Trainee = get_object_or_404(everybody, public_id=public_id)
    require(can_export_hours(actor, found) or can_write_hours(actor, found))
    return found


def _hours(trainee: Trainee, month: dt.date) -> PersonHours:
    (found,) = hours_of(Trainee.objects.filter(pk=trainee.pk), month, month_end(month), now=timezone.now())
    return found


def _month_posted(request: HttpRequest, site: Site) -> dt.date:
    return month_asked(request, ZoneInfo(site.time_zone), request.POST.get("mois", ""))


def _sheet(site: Site, month: dt.date) -> TimesheetMonth | None:
    rows = TimesheetMonth.objects.filter(site=site, month=month).select_related("site", "closed_by", "reopened_by")
    return rows.order_by("pk").first()


def _taken(request: HttpRequest, site: Site, month: dt.date) -> Taken:
    actor = acting(request)
    sheet = _sheet(site, month) or TimesheetMonth(organisation=actor.organisation, site=site, month=month)
    return Taken(who=actor.label or str(actor.user), at=timezone.now(), organisation=actor.organisation, sheet=sheet)


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=FILES[kind],
        headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "private, no-store"},
    )


def _address(site: Site, month: dt.date) -> str:
    return f"{reverse('workers:months')}?site={site.slug}&mois={month:%Y-%m}"


def _page(
    request: HttpRequest, site: Site, *, month: dt.date | None = None, error: DomainError | None = None
) -> HttpResponse:
    actor, zone = acting(request), ZoneInfo(site.time_zone)
    asked = month or month_asked(request, zone)
    people = site_month(site, asked, now=timezone.now())
    ordered = sorted(people, key=lambda one: (not one.unsettled, not one.missing))
    page = Paginator(ordered, PAGE).get_page(request.GET.get("page"))
    sheet = _sheet(site, asked)
    today = today_at(site)
    base = f"?site={site.slug}&mois={asked:%Y-%m}&page="
    context: dict[str, Any] = {
        "site": site,
        "sites": _sites(actor),
        "month": date_words(asked, "F Y"),
        "month_code": f"{asked:%Y-%m}",
        "people": [_row(one, actor, today) for one in page],
        "until": until_words(asked, month_end(asked), today),
        "count": len(people),
        "unsettled": sum(len(one.unsettled) for one in people),
        "missing": sum(len(one.missing) for one in people),
        "unconfirmed": sum(len(one.unconfirmed) for one in people),
        "worked": minutes_words(sum(one.worked for one in people)),
        "paid": minutes_words(sum(one.paid for one in people)),
        "annexes": [_annex_row(one) for one in annex_months(people)],
        "sheet": _sheet_words(sheet),
        "is_over": month_end(asked) < today,
        "may_reopen": can_reopen(actor, site_id=site.pk),
        "reason_form": ReasonForm(request.POST if error and "reason" in request.POST else None),
        "previous": f"{base}{page.previous_page_number()}" if page.has_previous() else "",
        "next": f"{base}{page.next_page_number()}" if page.has_next() else "",
        "error": error,
        **months_around(asked, zone, site=site.slug),
    }
    return render(request, "workers/months.html", context, status=error.status if error else 200)


def _row(one: PersonHours, actor: Actor, today: dt.date) -> dict[str, Any]:
    running = sum(1 for entry in one.unsettled if entry.is_running)
    contested = sum(1 for entry in one.unsettled if entry.contested_at)
    return {
        **person_words(one.trainee),
        **totals_words(one, today),
        "unsettled": len(one.unsettled) - running - contested,
        "running": running,
        "contested": contested,
        "missing": len(one.missing),
        "unconfirmed": len(one.unconfirmed),
        "is_complete": not one.unsettled and not one.missing,
        "may_correct": can_write_hours(actor, one.trainee),
    }


def _annex_row(one: AnnexMonth) -> dict[str, Any]:
    """Hours of an annex, the full-time places they make, and those agreed with the State."""
    annex, etp = one.annex, one.etp
    return {
        "number": annex.number if annex else "",
        "employer": annex.employer.name if annex else "",
        "basis": annex.get_hours_basis_display() if annex else "",
        "hours": minutes_words(one.minutes),
        "people": one.people,
        "etp": number_format(etp.quantize(HUNDREDTH, ROUND_HALF_UP), 2, use_l10n=True) if etp is not None else "",
        "agreed": number_format(annex.agreed_etp, 2, use_l10n=True) if annex else "",
        "divisor": figures(annex.etp_hours) if annex else "",
    }


def _sheet_words(sheet: TimesheetMonth | None) -> dict[str, Any]:
    """What became of the month."""
    if sheet is None:
        return {"is_closed": False, "closed": "", "reopened": "", "reason": "", "version": 0}
    closed = reopened = ""
    words = _("%(when)s, %(name)s")
    if sheet.closed_at:
        closed = words % {"when": short_moment_words(sheet.closed_at, sheet.site), "name": sheet.closed_by or "–"}
    if sheet.reopened_at:
        reopened = words % {"when": short_moment_words(sheet.reopened_at, sheet.site), "name": sheet.reopened_by or "–"}
    return {
        "is_closed": sheet.is_closed,
        "closed": closed,
        "reopened": reopened,
        "reason": sheet.reopen_reason,
        "version": sheet.version,
    }
