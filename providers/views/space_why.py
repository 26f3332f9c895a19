"""Why a provider was asked, and why not: read by itself, about itself only (R34, S04)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from concierge.middleware import TenantRequest
from concierge.words import date_words
from providers.enums import RoundMode
from providers.models import ConsideredProvider, Offer
from providers.views.space import own_provider
from providers.views.words import SCORE_PARTS, UNKNOWN

SEARCHES = 30
# Against the cheapest of all: whoever knows its own price would know theirs.
OTHERS_SHOW = frozenset({"price"})
# What it can do about the rule that kept it out.
ADVICE: dict[str, Any] = {
    "inactive": gettext_lazy("We were not working together then."),
    "no_agreement": gettext_lazy("Nothing was agreed for this service that day."),
    "document_missing": gettext_lazy("One of your documents was missing: send it under “My documents”."),
    "document_expired": gettext_lazy("One of your documents had expired: send the new one under “My documents”."),
    "document_ends": gettext_lazy("One of your documents ends before the day of the work: send the next one."),
    "out_of_area": gettext_lazy("The place of the work was outside the area that you serve."),
    "closed": gettext_lazy("You had said that you are closed that day."),
    "no_capacity": gettext_lazy("Your day was already full with us."),
    "too_soon": gettext_lazy("The work had to begin before you open."),
    "too_short_notice": gettext_lazy("There was less time than the notice that you ask for."),
    "service_full": gettext_lazy("Your day was already full with us for this service."),
    "site_not_served": gettext_lazy("The work was for a site that you do not serve."),
    "already_answered": gettext_lazy("You had already said no to this job."),
}


@require_safe
def why_me(request: TenantRequest) -> HttpResponse:
    """The last searches that looked at me: whether I was asked, and why or why not."""
    me = own_provider(request)
    asked = Offer.objects.filter(round=OuterRef("round"), provider=me)
    lines = (
        ConsideredProvider.objects.filter(provider=me)
        .select_related("round__work_order__service", "round__work_order__site")
        .annotate(was_asked=Exists(asked), looked_at=Count("round__considered"))
        .order_by("-round_id", "pk")[:SEARCHES]
    )
    return render(request, "providers/space_why.html", {"me": me, "rows": [why_words(line) for line in lines]})


def why_words(line: ConsideredProvider) -> dict[str, Any]:
    """About itself: never the name, the price or the points of another."""
    searched, order = line.round, line.round.work_order
    began = searched.started_at.astimezone(ZoneInfo(order.site.time_zone))
    others = line.looked_at - 1  # type: ignore[attr-defined]  # annotated
    was_asked = line.was_asked  # type: ignore[attr-defined]  # annotated
    if was_asked:
        said, category = (_("A person chose you") if searched.mode == RoundMode.DIRECT else _("You were asked")), "done"
    elif line.rule:
        said, category = _("You were not asked"), "cancelled"
    else:
        said, category = _("Others were asked first"), "waiting"
    return {
        "service": order.service,
        "day": f"{date_words(began, 'j F')}, {time_format(began)}",
        "said": said,
        "category": category,
        "why_not": ADVICE.get(line.rule, "") if line.rule else "",
        "parts": _parts(line, searched.judged_by.get("weights", {})),
        "unknown": [UNKNOWN[name] for name in line.unknown if name not in OTHERS_SHOW],
        "others": others,
    }


def _parts(line: ConsideredProvider, weights: dict[str, int]) -> list[dict[str, str]]:
    """What each rule gave; nothing at all spoke neither for nor against."""
    return [
        {
            "kind": "for" if points else "neutral",
            "words": _("%(label)s: %(points)s out of %(most)s")
            % {"label": label, "points": number_format(points, decimal_pos=1), "most": weights[name]},
        }
        for name, label in SCORE_PARTS.items()
        if name in line.score_parts and name in weights and name not in OTHERS_SHOW
        for points in [Decimal(line.score_parts[name])]
    ]
