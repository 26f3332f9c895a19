"""The team's page of the matching rules: what holds, what others would have changed, and deciding them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.models import Service
from concierge.days import today_of
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.words import date_words
from providers import perms
from providers.actions.matching_policies import decide_rules, last_edition, terms_for
from providers.actions.previews import Preview, preview
from providers.enums import Obstacle, TravelMode
from providers.forms.rules import RulesForm
from providers.models import MatchingPolicy, Provider
from providers.rules.terms import MatchingTerms
from providers.views.staff import BY_PROVIDER
from providers.views.words import SCORE_PARTS

# Editions, searches and providers that the page shows.
SHOWN_EDITIONS, SHOWN_SEARCHES, SHOWN_PROVIDERS = 10, 25, 50


@require_http_methods(["GET", "HEAD", "POST"])
def rules_page(request: TenantRequest) -> HttpResponse:
    """The rules for a service, or for all; with ``preview``, what those typed would have changed."""
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    services = Service.objects.filter(organisation=request.organisation, execution__in=BY_PROVIDER)
    code = request.GET.get("service", "")
    service = get_object_or_404(services, code=code) if code else None
    today = today_of(request.organisation)
    if request.method == "POST":
        form = RulesForm(request.POST)
        if form.is_valid() and _decided(request, service, form):
            return redirect(_address(service))
    elif "preview" in request.GET:
        form = RulesForm({"valid_from": today.isoformat(), **request.GET.dict()})
    else:
        form = RulesForm(initial=_initial(request, service))
    typed = form.cleaned_data if form.is_bound and (form.is_valid() or form.errors) else {}
    found = preview(service, typed["terms"], by=request.actor) if "terms" in typed else None
    context = {
        "form": form,
        "hidden": _typed_again(form) if found else [],
        "services": services.order_by("position", "pk"),
        "service": service,
        "editions": _editions(request, service),
        "preview": _preview_words(found) if found else None,
        "action": _address(service),
    }
    return render(request, "providers/rules.html", context, status=422 if form.errors else 200)


def _typed_again(form: RulesForm) -> list[tuple[str, str]]:
    """What was previewed, for the button that lets it hold."""
    typed = [(name, form[name].value()) for name in form.term_fields]
    return [(name, "on" if value is True else str(value)) for name, value in typed if value not in (None, False)]


def _initial(request: TenantRequest, service: Service | None) -> dict[str, Any]:
    terms = terms_for(request.organisation, service, today_of(request.organisation))
    return {**RulesForm.initial_of(terms), "seen": last_edition(request.organisation, service)}


def _address(service: Service | None) -> str:
    address = reverse("providers:rules")
    return f"{address}?{urlencode({'service': service.code})}" if service else address


def _decided(request: TenantRequest, service: Service | None, form: RulesForm) -> bool:
    typed = form.cleaned_data
    try:
        edition = decide_rules(
            request.organisation,
            typed["terms"],
            service=service,
            valid_from=typed["valid_from"],
            seen=typed["seen"],
            by=request.actor,
        )
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return False
    messages.success(request, _("These rules hold from %(day)s on.") % {"day": date_words(edition.valid_from, "j F Y")})
    return True


def _editions(request: TenantRequest, service: Service | None) -> list[dict[str, Any]]:
    found = MatchingPolicy.objects.filter(organisation=request.organisation)
    return [
        {"edition": one, "says": terms_words(one.rules)}
        for one in found.for_service(service.pk if service else None)[:SHOWN_EDITIONS]
    ]


def terms_words(terms: MatchingTerms) -> str:
    """Rules in a line: what counts, and what was switched off."""
    parts = [f"{SCORE_PARTS[name]} {points}" for name, points in vars(terms.weights).items() if points]
    factors = {mode: terms.factor_of(mode) for mode in TravelMode}
    parts += [
        _("%(mode)s × %(factor)s") % {"mode": str(mode.label).lower(), "factor": f"{factor.normalize():f}"}
        for mode, factor in factors.items()
        if factor != 1
    ]
    if terms.off:
        off = ", ".join(str(Obstacle(rule).label).lower() for rule in sorted(terms.off))
        parts.append(_("does not count: %(rules)s") % {"rules": off})
    return " · ".join(parts)


def _preview_words(found: Preview) -> dict[str, Any]:
    times = dict(list(found.times().items())[:SHOWN_PROVIDERS])
    shown = found.changed[:SHOWN_SEARCHES]
    keys = {key for one in shown for key in (*one.before, *one.after)} | times.keys()
    names = dict(Provider.objects.filter(pk__in=keys).order_by("pk").values_list("pk", "name"))
    return {
        "all": len(found.compared),
        "changed": len(found.changed),
        "left_out": found.left_out,
        "searches": [
            {
                "order": one.round.work_order,
                "day": date_words(
                    one.round.started_at.astimezone(ZoneInfo(one.round.work_order.site.time_zone)), "j F"
                ),
                "before": [names[key] for key in one.before],
                "after": [names[key] for key in one.after],
            }
            for one in shown
        ],
        "times": [
            {"name": names[key], "before": before, "after": after, "more": after - before}
            for key, (before, after) in times.items()
        ],
    }
