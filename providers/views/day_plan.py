"""The team's page that gives out the work of a day at once, beside one by one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format, time_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from concierge.days import today_at
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.tasks import poke
from providers import perms
from providers.actions.planning import MOST_ORDERS, apply_or_drop, ask_for_plan, at_agreed_prices, to_give_out
from providers.enums import ProposalStatus, RunStatus
from providers.forms.plans import DayForm
from providers.models import AssignmentRun, ProposedAssignment, Provider
from providers.models.runs import PLANNERS
from providers.tasks import plan_days

# Providers asked by one press: each is judged again, written to, and its link made.
MOST_ASKED = 30
# Jobs at agreed prices that are named.
SHOWN = 10


def _sites(request: TenantRequest) -> QuerySet[Site]:
    """Where the person gives out work. Raises ``NotAllowed`` when that is nowhere."""
    if not request.actor.has_role(*PLANNERS):
        raise NotAllowed
    found = Site.objects.visible_to(request.actor).active().order_by("name", "pk")
    own = request.actor.site_ids(*PLANNERS)
    return found if own is None else found.filter(pk__in=own)


@require_http_methods(["GET", "HEAD", "POST"])
def day_page(request: TenantRequest) -> HttpResponse:
    """The newest plan of a day, and asking for another."""
    sites = _sites(request)
    first = sites.first()
    if first is None:
        raise NotAllowed
    typed = request.POST if request.method == "POST" else request.GET
    form = DayForm({"site": first.slug, "day": today_at(first).isoformat(), **typed.dict()}, sites=sites)
    if not form.is_valid():
        return render(request, "providers/day.html", {"form": form, "site": None, "run": None}, status=422)
    site, day = form.cleaned_data["site"], form.cleaned_data["day"]
    if request.method == "POST":
        try:
            ask_for_plan(site, day, by=request.actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            poke(plan_days)
            return redirect(_address(site, day))
    context = {"form": form, **_plan_of(request, site, day)}
    return render(request, "providers/day.html", context, status=422 if form.errors else 200)


def _address(site: Site, day: dt.date) -> str:
    return f"{reverse('providers:day')}?{urlencode({'site': site.slug, 'day': day.isoformat()})}"


def _plan_of(request: TenantRequest, site: Site, day: dt.date) -> dict[str, Any]:
    run = AssignmentRun.objects.visible_to(request.actor).filter(site=site, day=day).order_by("-pk").first()
    rows = _rows(run, site) if run is not None else []
    agreed = at_agreed_prices(site, day)
    return {
        "site": site,
        "day": day,
        "run": run,
        "is_computing": run is not None and run.status == RunStatus.COMPUTING,
        "is_failed": run is not None and run.status == RunStatus.FAILED,
        "compared": _compared(run) if run is not None and run.status == RunStatus.PROPOSED and rows else [],
        "rows": rows,
        "can_apply": any(row["can_apply"] for row in rows),
        "waiting": to_give_out(site, day).count(),
        "agreed": agreed.count(),
        "agreed_orders": agreed[:SHOWN],
        "most": MOST_ORDERS,
    }


def _compared(run: AssignmentRun) -> list[dict[str, str]]:
    """Both plans in numbers, side by side."""

    def km(metres: int) -> str:
        return _("%(km)s km") % {"km": number_format(metres / 1000, decimal_pos=1)}

    lines: list[tuple[str, str, Callable[[Any], str]]] = [
        (_("Average way"), "mean_metres", km),
        (_("Longest ways (95 in 100 are shorter)"), "p95_metres", km),
        (_("Jobs without a provider"), "unserved", str),
        (_("How unevenly work lies (0 even, 1 all on one)"), "gini", lambda one: number_format(one, decimal_pos=2)),
        (_("All together, in km of way"), "cost", km),
    ]
    return [
        {"label": label, "one_by_one": show(run.one_by_one[name]), "at_once": show(run.at_once[name])}
        for label, name, show in lines
    ]


def _rows(run: AssignmentRun, site: Site) -> list[dict[str, Any]]:
    lines = list(
        run.proposals.select_related("work_order__request", "work_order__service", "provider", "alone").order_by(
            "work_order__promised_start", "pk"
        )
    )
    others = {line.why["other"] for line in lines if line.why}
    names = dict(Provider.objects.filter(pk__in=others).order_by("pk").values_list("pk", "name"))
    return [
        {
            "line": line,
            "order": line.work_order,
            "begins": time_format(timezone.localtime(line.work_order.promised_start, ZoneInfo(site.time_zone))),
            "alone": line.alone.name if line.alone else _("nobody"),
            "chosen": line.provider.name if line.provider else _("nobody"),
            "is_other": line.alone_id != line.provider_id,
            "why": why_words(line.why, names) if line.provider else _("By the rules nobody can take it that day."),
            "is_open": line.status == ProposalStatus.PROPOSED,
            "can_apply": line.status == ProposalStatus.PROPOSED and line.provider_id is not None,
            "category": {ProposalStatus.APPLIED: "waiting", ProposalStatus.DROPPED: "cancelled"}.get(
                ProposalStatus(line.status), "open"
            ),
        }
        for line in lines
    ]


def why_words(why: dict[str, int], names: dict[int, str]) -> str:
    """Beside the best other choice: how far, how much work lately, what its place is worth to the rest of the day."""
    if not why:
        return _("Nobody else can.")
    km = number_format(abs(why["farther"]) / 1000, decimal_pos=1)
    way = _("%(km)s km farther") % {"km": km} if why["farther"] > 0 else _("%(km)s km nearer") % {"km": km}
    fewer = why["fewer"]
    work = ""
    if fewer > 0:
        work = ngettext("%(n)d job fewer this month", "%(n)d jobs fewer this month", fewer) % {"n": fewer}
    elif fewer < 0:
        work = ngettext("%(n)d job more this month", "%(n)d jobs more this month", -fewer) % {"n": -fewer}
    spared = ""
    if why["spared"] > 0:
        worth = number_format(why["spared"] / 1000, decimal_pos=1)
        spared = _("a place there is worth %(km)s km less to the rest of the day") % {"km": worth}
    said = ", ".join(part for part in (way, work, spared) if part)
    return _("Beside %(name)s: %(said)s.") % {"name": names[why["other"]], "said": said}


@require_POST
def apply(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask whom the plan names: for one work order, or for those that still hold, some at a time."""
    run = get_object_or_404(AssignmentRun.objects.visible_to(request.actor).select_related("site"), public_id=public_id)
    if not perms.can_plan(request.actor, run.site_id):
        raise NotAllowed
    lines = run.proposals.filter(status=ProposalStatus.PROPOSED, provider__isnull=False)
    if "line" in request.POST:
        lines = lines.filter(public_id__in=_ids(request.POST["line"]))
    done = [
        apply_or_drop(line, by=request.actor)
        for line in lines.select_related("work_order__request", "provider").order_by("work_order_id")[:MOST_ASKED]
    ]
    _say(request, done, left=lines.count())
    return redirect(_address(run.site, run.day))


def _ids(typed: str) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(typed)]
    except ValueError:
        return []


def _say(request: TenantRequest, done: list[ProposedAssignment], *, left: int) -> None:
    asked = sum(line.status == ProposalStatus.APPLIED for line in done)
    dropped = [line.work_order.reference for line in done if line.status == ProposalStatus.DROPPED]
    if asked:
        said = ngettext("%(n)d provider has been asked.", "%(n)d providers have been asked.", asked)
        messages.success(request, said % {"n": asked})
    if dropped:
        said = _("Changed since the plan was made, so left as it is: %(orders)s.")
        messages.warning(request, said % {"orders": ", ".join(dropped)})
    if left:
        said = ngettext(
            "%(n)d job of the plan is left: press again.", "%(n)d jobs of the plan are left: press again.", left
        )
        messages.info(request, said % {"n": left})
    if not done:
        messages.info(request, _("There was nothing left to apply."))
