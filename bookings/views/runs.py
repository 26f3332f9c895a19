"""The team's pages of orders ahead: coming hand-outs, one of them, its order sheet. Plans: ``views/plans``."""

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
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions import cut_offs, hand_outs
from bookings.actions.sheets import csv_of, pdf_of
from bookings.enums import HandOut, LineKind, RequestStatus, RunStatus
from bookings.forms.ahead import RunFilters, SubstitutionForm
from bookings.forms.requests import ReasonForm
from bookings.models import OrderSheet, PreOrder, PreOrderPlan, PreOrderRun, RequestLine
from bookings.models.requests import REQUEST_ROLES
from bookings.rules import ahead as rules
from bookings.views.ahead import window_words
from bookings.views.requests import _actor
from concierge.errors import DomainError, NotAllowed
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import moment_words, short_moment_words

PAGE = 50
# A hand-out stays among the coming ones until this long after its end: its list is still needed.
STILL_COMING = dt.timedelta(days=1)


@login_required
@require_safe
def runs_list(request: HttpRequest) -> HttpResponse:
    """Coming hand-outs, soonest first, 50 a page; others by their state."""
    actor = _actor(request)
    form = RunFilters(request.GET, sites=Site.objects.visible_to(actor))
    wanted = form.cleaned_data if form.is_valid() else {}
    found = PreOrderRun.objects.visible_to(actor)
    if wanted.get("site"):
        found = found.filter(site=wanted["site"])
    if wanted.get("status"):
        found = found.filter(status=wanted["status"]).order_by("-handout_starts_at", "-pk")
    else:
        found = found.filter(handout_ends_at__gt=timezone.now() - STILL_COMING).order_by("handout_starts_at", "pk")
    start = _offset(request)
    rows = list(
        found.select_related("site", "plan__service", "plan__producer").annotate(
            orders=Count("pre_orders", filter=~Q(pre_orders__request__status=RequestStatus.CANCELLED))
        )[start : start + PAGE + 1]
    )
    kept = {name: request.GET[name] for name in ("site", "status") if request.GET.get(name)}
    context = {
        "rows": [_row(run) for run in rows[:PAGE]],
        "form": form,
        "is_filtered": bool(kept),
        "next": "?" + urlencode({**kept, "after": str(start + PAGE)}) if len(rows) > PAGE else "",
        "plans": _plans(actor),
        "desks": _desks(actor),
        "can_plan": perms.can_plan_ahead(actor),
    }
    return render(request, "bookings/runs.html", context)


def _offset(request: HttpRequest) -> int:
    """Where the page begins; nonsense is the beginning."""
    after = request.GET.get("after", "")
    return min(int(after), 10_000) if after.isascii() and after.isdigit() and len(after) < 6 else 0


def _row(run: PreOrderRun) -> dict[str, Any]:
    return {
        "run": run,
        "when": window_words(run),
        "until": short_moment_words(run.orders_close_at, run.site),
        "orders": run.orders,  # type: ignore[attr-defined]  # annotated
    }


def _desks(actor: Actor) -> list[Site]:
    """Sites whose list of the day the person reads."""
    mine, found = actor.site_ids(*REQUEST_ROLES), Site.objects.visible_to(actor).active()
    return list((found if mine is None else found.filter(pk__in=mine)).order_by("name", "pk")[:PAGE])


def _plans(actor: Actor) -> list[PreOrderPlan]:
    mine = PreOrderPlan.objects.visible_to(actor).filter(is_active=True).select_related("service", "producer", "site")
    return list(mine.order_by("site__name", "pk")[:PAGE])


def find_run(actor: Actor, public_id: Any) -> PreOrderRun:
    """A run that the team member may see, or 404."""
    found = PreOrderRun.objects.visible_to(actor).select_related("site", "plan__service", "plan__producer", "sheet")
    return get_object_or_404(found, public_id=public_id)


@login_required
@require_safe
def run_page(request: HttpRequest, public_id: Any) -> HttpResponse:
    """One hand-out: what was ordered so far, its sheet, what can be done."""
    actor = _actor(request)
    return _page(request, actor, find_run(actor, public_id))


def _page(
    request: HttpRequest, actor: Actor, run: PreOrderRun, *, form: Any = None, error: DomainError | None = None
) -> HttpResponse:
    lines = RequestLine.objects.filter(request__pre_order__run=run).exclude(request__status=RequestStatus.CANCELLED)
    counted = lines.values_list("description", "quantity", "kind").order_by("description", "pk")
    _sites, rows = rules.add_up(rules.Ordered("", text, int(quantity)) for text, quantity, _kind in counted)
    items = sorted({text for text, _quantity, kind in counted if kind == LineKind.ITEM})
    orders = PreOrder.objects.filter(run=run).exclude(request__status=RequestStatus.CANCELLED)
    may = perms.can_run_hand_outs(actor, run.site)
    context = {
        "run": run,
        "when": window_words(run),
        "day": run.handout_starts_at.astimezone(ZoneInfo(run.site.time_zone)).date(),
        "until": moment_words(run.orders_close_at, run.site),
        "rows": rows,
        "orders": orders.count(),
        "handed": orders.filter(hand_out=HandOut.HANDED_OVER).count(),
        "missed": orders.filter(hand_out=HandOut.NO_SHOW).count(),
        "can_cancel": may and run.status == RunStatus.OPEN,
        "can_substitute": may and run.status == RunStatus.CLOSED and bool(items),
        "form": form or SubstitutionForm(ordered=items),
        "error": error,
    }
    status = error.status if error else 422 if form is not None and form.errors else 200
    return render(request, "bookings/run.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_run(request: HttpRequest, public_id: Any) -> HttpResponse:
    """Call a hand-out off: a page that asks why, then a POST that acts."""
    actor = _actor(request)
    run = find_run(actor, public_id)
    if not perms.can_run_hand_outs(actor, run.site):
        raise NotAllowed
    form = ReasonForm(request.POST if request.method == "POST" else None)
    form.fields["reason"].required = True
    context = {"run": run, "when": window_words(run), "form": form}
    if not form.is_valid():
        return render(request, "bookings/cancel_run.html", context, status=422 if form.is_bound else 200)
    try:
        cut_offs.cancel_run(run, reason=form.cleaned_data["reason"], by=actor)
    except DomainError as error:
        form.add_error(None, str(error.message))
        return render(request, "bookings/cancel_run.html", context, status=error.status)
    messages.success(request, _("The hand-out is cancelled. Everybody who ordered is told."))
    return redirect("bookings:run", public_id=public_id)


@login_required
@require_POST
def substitute(request: HttpRequest, public_id: Any) -> HttpResponse:
    """Replace one thing by another in every order of the hand-out."""
    actor = _actor(request)
    run = find_run(actor, public_id)
    if not perms.can_run_hand_outs(actor, run.site):
        raise NotAllowed
    lines = RequestLine.objects.filter(request__pre_order__run=run, kind=LineKind.ITEM)
    ordered = sorted(set(lines.values_list("description", flat=True).order_by("description")))
    form = SubstitutionForm(request.POST, ordered=ordered)
    if not form.is_valid():
        return _page(request, actor, run, form=form)
    try:
        made = hand_outs.substitute(run, by=actor, **form.cleaned_data)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return _page(request, actor, run, form=form)
    messages.success(request, _("Replaced in %(count)d orders; the clients are told.") % {"count": len(made)})
    return redirect("bookings:run", public_id=public_id)


def _sheet(request: HttpRequest, public_id: Any) -> OrderSheet:
    """The sheet, for whoever sees one of its runs."""
    runs = PreOrderRun.objects.visible_to(_actor(request)).filter(sheet__public_id=public_id)
    if not runs.exists():
        raise Http404
    return OrderSheet.objects.select_related("producer").get(public_id=public_id)


@login_required
@require_safe
def sheet_pdf(request: HttpRequest, public_id: Any) -> HttpResponse:
    """The order sheet on paper."""
    sheet = _sheet(request, public_id)
    answer = HttpResponse(pdf_of(sheet), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{_file_name(sheet)}.pdf"'
    return answer


@login_required
@require_safe
def sheet_csv(request: HttpRequest, public_id: Any) -> HttpResponse:
    """The order sheet for a spreadsheet."""
    sheet = _sheet(request, public_id)
    answer = HttpResponse(csv_of(sheet), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{_file_name(sheet)}.csv"'
    return answer


def _file_name(sheet: OrderSheet) -> str:
    zone = ZoneInfo(sheet.content["time_zone"])
    return f"bon-de-commande-{sheet.closed_at.astimezone(zone):%Y-%m-%d}"
