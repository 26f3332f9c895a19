"""The statement of a month: for a provider of its own work, for the team of each provider's."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.rules.ahead import csv_text
from concierge.days import today_of, zone_of
from concierge.middleware import TenantRequest
from concierge.words import date_words, euros, percent, quantity_words
from providers.enums import Invoicing
from providers.models import Provider
from providers.models.statements import Job, Total, jobs_of, totals_of
from providers.views.space import own_provider
from providers.views.staff import pages_around, see_providers

# Jobs on a page.
PAGE = 50
FIRST = dt.date(2020, 1, 1)


@require_safe
def my_statement(request: TenantRequest) -> HttpResponse:
    """What I did in a month, and what is to be invoiced."""
    return _page(request, own_provider(request), csv=reverse("providers:space-statement-csv"))


@require_safe
def my_statement_csv(request: TenantRequest) -> HttpResponse:
    """The same as a table for one's own books."""
    return _csv(request, own_provider(request))


@require_safe
def statement(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """What a provider did in a month."""
    found = _provider(request, public_id)
    return _page(request, found, csv=reverse("providers:statement-csv", args=[public_id]), is_team=True)


@require_safe
def statement_csv(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """The same as a table for our books."""
    return _csv(request, _provider(request, public_id))


def _provider(request: TenantRequest, public_id: uuid.UUID) -> Provider:
    see_providers(request)
    return get_object_or_404(Provider.objects.visible_to(request.actor), public_id=public_id)


def _month(request: TenantRequest) -> tuple[dt.date, dt.date]:
    """The first day of the month asked for, and of this one. What is no month, or still to come, is this one."""
    this = today_of(request.organisation).replace(day=1)
    try:
        asked = dt.date.fromisoformat(f"{request.GET.get('mois', '')}-01")
    except ValueError:
        return this, this
    return (asked if FIRST <= asked <= this else this), this


def _page(request: TenantRequest, provider: Provider, *, csv: str, is_team: bool = False) -> HttpResponse:
    month, this = _month(request)
    jobs = jobs_of(provider, month, zone_of(request.organisation))
    page = Paginator(jobs, PAGE).get_page(request.GET.get("page"))
    before, after = month - relativedelta(months=1), month + relativedelta(months=1)
    context = {
        "layout": "layouts/staff.html" if is_team else "layouts/public.html",
        "is_team": is_team,
        "provider": provider,
        "month": date_words(month, "F Y"),
        "rows": [_row(job) for job in page],
        "totals": [_total(one) for one in totals_of(jobs)],
        "before": f"?mois={before:%Y-%m}" if before >= FIRST else "",
        "after": f"?mois={after:%Y-%m}" if after <= this else "",
        "csv": f"{csv}?mois={month:%Y-%m}",
        **pages_around(request, page),
    }
    return render(request, "providers/statement.html", context)


def _row(job: Job) -> dict[str, Any]:
    return {
        "day": date_words(job.done_on, "j F"),
        "reference": job.work_order.reference,
        "service": job.work_order.service.label,
        "quantity": quantity_words(job.work_order.quantity, job.work_order.unit),
        "price": euros(job.price),
        "excl": euros(job.excl_vat) if job.excl_vat is not None else "–",
        "vat": _vat(job.vat_rate),
        "is_checked": job.is_checked,
    }


def _total(total: Total) -> dict[str, Any]:
    return {
        "label": Invoicing(total.invoicing).label,
        "jobs": total.jobs,
        "price": euros(total.price),
        "excl": euros(total.excl_vat) if total.excl_vat is not None else "",
    }


def _vat(rate: Decimal | None) -> str:
    if rate is None:
        return _("not stated")
    return percent(rate) if rate else _("none (CGI art. 293 B)")


def _csv(request: TenantRequest, provider: Provider) -> HttpResponse:
    month, _this = _month(request)
    head = [
        _("Done on"),
        _("Reference"),
        _("Service"),
        _("Quantity"),
        _("Amount incl. VAT"),
        _("VAT (%)"),
        _("Amount excl. VAT"),
        _("Invoicing"),
        _("Checked by us"),
    ]
    rows = [
        [
            job.done_on.isoformat(),
            job.work_order.reference,
            job.work_order.service.label,
            quantity_words(job.work_order.quantity, job.work_order.unit),
            _number(job.price),
            _number(job.vat_rate),
            _number(job.excl_vat),
            str(job.invoicing.label),
            _("yes") if job.is_checked else _("no"),
        ]
        for job in jobs_of(provider, month, zone_of(request.organisation))
    ]
    name = f"releve-{month:%Y-%m}.csv"
    return HttpResponse(
        csv_text([head, *rows]),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


def _number(amount: Decimal | None) -> str:
    """As spreadsheets of the country read it."""
    return "" if amount is None else f"{amount:f}".replace(".", ",")
