"""Whose PASS, contract or step is about to slip: the social adviser's first page (R23, domain.md 6.8)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from dateutil.relativedelta import relativedelta
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from concierge.days import today_of
from concierge.enums import Role
from concierge.tenancy import Actor
from concierge.words import date_words, short_moment_words
from workers.enums.exits import DYNAMIC, ExitCategory
from workers.enums.passes import AppointmentKind, DiagnosisMaker
from workers.forms.pathway import DeadlineFilters
from workers.models.outcomes import outcomes_of
from workers.models.pathway import KINDS, MOST, Asked, Line, lines
from workers.perms import can_see_contracts, can_see_pathways
from workers.views.common import acting, require
from workers.views.exit_words import after_words

PER_PAGE = 25
# Days left under which a line asks for something now, and soon.
NOW, SOON = 31, 92


@never_cache
@require_safe
def deadlines(request: HttpRequest) -> HttpResponse:
    """One line per thing that ends, opens or takes place, the most urgent first."""
    actor = acting(request)
    require(can_see_pathways(actor))
    form = DeadlineFilters(request.GET)
    form.is_valid()
    data = form.cleaned_data
    is_adviser = actor.has_role(Role.SOCIAL_ADVISER)
    of = data.get("of") or ("mine" if is_adviser else "all")
    months, kind = data.get("months") or 3, data.get("kind", "")
    today = today_of(actor.organisation)
    asked = Asked(actor, today, months, only_mine=of == "mine", kinds=(kind,) if kind else KINDS)
    found, is_cut = lines(asked)
    pages = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    shown = DeadlineFilters(initial={"of": of, "kind": kind, "months": months})
    context = {
        "form": shown,
        "rows": [row_of(line, today, actor) for line in pages],
        "total": len(found),
        "is_cut": is_cut,
        "most": MOST,
        "outcomes": _outcomes(actor, today),
        "is_filtered": bool(kind) or of == "mine" or months != max(12, months),
        "all_url": "?of=all&months=12",
        "previous": _page(request, pages.previous_page_number()) if pages.has_previous() else "",
        "next": _page(request, pages.next_page_number()) if pages.has_next() else "",
    }
    return render(request, "workers/deadlines.html", context)


def _outcomes(actor: Actor, today: dt.date) -> dict[str, Any]:
    """How the pathways of the last twelve months ended, as the State counts them."""
    found = outcomes_of(actor, today - relativedelta(months=12), today, today=today)
    return {
        "total": found.total,
        "lasting": found.of(ExitCategory.DURABLE),
        "lasting_percent": found.percent(ExitCategory.DURABLE),
        "dynamic": found.of(*DYNAMIC),
        "dynamic_percent": found.percent(*DYNAMIC),
        "unsaid": found.of(""),
    }


def _page(request: HttpRequest, number: int) -> str:
    query = request.GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


def row_of(line: Line, today: dt.date, actor: Actor) -> dict[str, Any]:
    """A line as people read it; its link opens the tab of the file where something can be done."""
    days = (line.day - today).days
    of_contracts = line.kind == "contract" and can_see_contracts(actor, site_id=line.person.site_id)
    what, note = _words(line)
    return {
        "kind": line.kind,
        "what": what,
        "note": note,
        "name": str(line.person),
        "site": line.person.site.name,
        "adviser": str(line.person.adviser) if line.person.adviser else "",
        "url": reverse("workers:contracts" if of_contracts else "workers:pass", args=[line.person.public_id]),
        "day": short_moment_words(line.at, line.person.site) if line.at else date_words(line.day, "j N Y"),
        "in": _in_words(days),
        "category": "failed" if days < 0 else "waiting" if days <= NOW else "active" if days <= SOON else "open",
    }


def _in_words(days: int) -> str:
    if days < 0:
        return ngettext("%(n)d day ago", "%(n)d days ago", -days) % {"n": -days}
    if days == 0:
        return _("today")
    return ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days}


def _words(line: Line) -> tuple[str, str]:
    """What it is, and what is worth knowing of it."""
    detail = line.detail
    if line.kind == "pass":
        left = line.days_left or 0
        parts = [ngettext("%(n)d day of PASS left", "%(n)d days of PASS left", left) % {"n": left}]
        if detail["state"] == "suspended":
            parts.append(_("suspended"))
        if detail["differs"]:
            parts.append(_("differs from the State’s platform"))
        return _("The PASS ends"), ", ".join(parts)
    if line.kind == "contract":
        return _("The contract ends"), str(detail["employer"])
    if line.kind == "window":
        opens = bool(detail["opens"])
        return (_("A prolongation may be asked for"), "") if opens else (_("Last day to ask for a prolongation"), "")
    if line.kind == "request":
        asked = date_words(detail["asked_on"], "j F Y")  # type: ignore[arg-type]  # a date
        return _("A prolongation waits for an answer"), _("asked for on %(day)s") % {"day": asked}
    if line.kind == "suspension":
        return _("A suspension is to be written down again"), _("The hire that had ended it was withdrawn")
    if line.kind == "exit":
        tries = int(str(detail["tries"]))
        note = ngettext("tried once", "tried %(n)d times", tries) % {"n": tries} if tries else ""
        return _("What has become of them: %(when)s") % {"when": after_words(int(str(detail["months"])))}, note
    if line.kind == "diagnosis":
        return _("The diagnosis counts no more after"), str(DiagnosisMaker(str(detail["made_by"])).label)
    return str(AppointmentKind(str(detail["kind"])).label), ""
