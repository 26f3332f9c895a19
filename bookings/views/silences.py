"""Who is silent: what is overdue or without news, by whose turn it is, with what may be done about it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from bookings import perms
from bookings.actions.silences import carers_at, hand_on, note_call, remind, snooze
from bookings.enums import Ball
from bookings.forms.waits import MORNING, CallForm, HandForm, RestForm, SilenceFilters, moment_of
from bookings.models import ServiceRequest, WorkOrder
from bookings.models.requests import ServiceRequestQuerySet
from bookings.models.silences import MOST, by_holder, silent, silent_list
from bookings.models.strays import numbers
from bookings.models.waiting import Waiting
from bookings.rules.waiting import Holder
from bookings.views import failed_days, strays, waits
from concierge.days import today_at
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.tenancy import Actor

PER_PAGE = 25
# A count beyond this is told as "more than".
MOST_COUNTED = 99


def _sites(actor: Actor) -> Any:
    """The sites where the person works at the desk."""
    own = actor.site_ids(*perms.DESK)
    found = Site.objects.visible_to(actor).active()
    return found if own is None else found.filter(pk__in=own)


def _found(actor: Actor) -> ServiceRequestQuerySet:
    own = actor.site_ids(*perms.DESK)
    found = ServiceRequest.objects.visible_to(actor)
    return found if own is None else found.filter(site_id__in=own)


@login_required
@never_cache
@require_safe
def silences_list(request: TenantRequest) -> HttpResponse:
    """Silent requests of the sites where the person works, the oldest promise first, 25 a page."""
    return _page(request)


def _page(
    request: TenantRequest,
    *,
    asked: QueryDict | None = None,
    failed: tuple[str, str, forms.Form] | None = None,
    status: int = 200,
) -> HttpResponse:
    actor, asked = request.actor, request.GET if asked is None else asked
    if not perms.can_follow_up(actor):
        raise NotAllowed
    now, form = timezone.now(), SilenceFilters(asked, sites=_sites(actor))
    found = _found(actor)
    site = form.cleaned_data["site"] if form.is_valid() else None
    rows = silent_list(found.filter(site=site) if site else found, now=now)
    counts = dict(by_holder(rows))
    ball = asked.get("ball", "")
    chosen = [row for row in rows if ball not in Ball.values or row[1].request.holder == ball]
    page = Paginator(chosen, PER_PAGE).get_page(asked.get("page"))
    kept = {"site": str(site.public_id)} if site else {}
    is_theirs = page.number == 1 and (ball not in Ball.values or ball == Ball.TEAM)
    context = {
        "form": form,
        "tabs": _tabs(counts, len(rows), ball, kept),
        "rows": _rows(list(page.object_list), failed, actor),
        "failed_days": failed_days.shown(actor, site) if is_theirs else {},
        "strays": strays.shown([site] if site else list(_sites(actor)), now) if is_theirs else {},
        "page": page,
        "previous": _address(asked, page.previous_page_number()) if page.has_previous() else "",
        "next": _address(asked, page.next_page_number()) if page.has_next() else "",
        "here": asked.urlencode(),
        "is_filtered": bool(kept or ball),
        "is_cut": len(rows) == MOST,
        "most": MOST,
    }
    return render(request, "bookings/silences.html", context, status=status)


def _tabs(counts: dict[Ball, int], total: int, ball: str, kept: dict[str, str]) -> list[dict[str, Any]]:
    every = [{"label": _("All"), "href": f"?{urlencode(kept)}", "count": total, "current": ball not in Ball.values}]
    return every + [
        {
            "label": str(one.label),
            "href": f"?{urlencode({**kept, 'ball': one.value})}",
            "count": counts.get(one, 0),
            "current": ball == one.value,
        }
        for one in Ball
    ]


def _address(asked: QueryDict, number: int) -> str:
    changed = asked.copy()
    changed["page"] = str(number)
    return f"?{changed.urlencode()}"


def _rows(
    rows: list[tuple[ServiceRequest, Waiting]], failed: tuple[str, str, forms.Form] | None, actor: Actor
) -> list[dict[str, Any]]:
    """What a page shows of its rows: two more queries, and one for the people of each site on it."""
    now = timezone.now()
    services: dict[int, list[str]] = {}
    orders = WorkOrder.objects.filter(request__in=[row.pk for row, _waiting in rows]).select_related("service")
    for order in orders.order_by("pk"):
        services.setdefault(order.request_id, []).append(order.service.label)
    people = {site: list(carers_at(site)) for site in {row.site for row, _waiting in rows}}
    shown = []
    for row, waiting in rows:
        wait = waiting.request
        mine = failed if failed and failed[0] == str(row.public_id) else None
        shown.append(
            {
                "found": row,
                "services": ", ".join(services.get(row.pk, [])),
                "wait": waits.shown(wait, row.site, now=now),
                "breaks_promise": wait.breaks_promise(now),
                "owner": getattr(getattr(row, "follow_up", None), "owner", None),
                "can_remind": bool(
                    (wait.holder == Holder.CLIENT and row.contact_email)
                    or (wait.holder == Holder.PROVIDER and wait.provider)
                ),
                "people": people[row.site],
                "failed": mine[1] if mine else "",
                "forms": _forms(mine, row.site),
            }
        )
    return shown


def _forms(failed: tuple[str, str, forms.Form] | None, site: Site) -> dict[str, Any]:
    """One form for each thing to do; what was typed wrong is kept in its own."""
    made: dict[str, Any] = {
        "rappeler": forms.Form(),
        "appel": CallForm(auto_id=False),
        "repos": RestForm(today=today_at(site), auto_id=False),
    }
    if failed and failed[1] in made:
        made[failed[1]] = failed[2]
    return made


@login_required
@never_cache
@require_safe
def silences_count(request: TenantRequest) -> HttpResponse:
    """A line for the team's first pages, loaded by its address; empty when nobody is silent."""
    if not perms.can_follow_up(request.actor):
        return HttpResponse(status=204)
    count = len(silent(_found(request.actor), now=timezone.now()).order_by().values_list("pk")[: MOST_COUNTED + 1])
    failed = len(failed_days.troubled_for(request.actor).order_by().values_list("pk")[: MOST_COUNTED + 1])
    astray = numbers(list(_sites(request.actor)), timezone.now()).total()
    said = []
    if count > MOST_COUNTED:
        said.append(_("More than %(count)s requests are silent.") % {"count": MOST_COUNTED})
    elif count:
        words = ngettext("%(count)s request is silent.", "%(count)s requests are silent.", count)
        said.append(words % {"count": count})
    if failed > MOST_COUNTED:
        words = _("More than %(count)s days of regular requests could not be booked.")
        said.append(words % {"count": MOST_COUNTED})
    elif failed:
        words = ngettext(
            "%(count)s day of a regular request could not be booked.",
            "%(count)s days of regular requests could not be booked.",
            failed,
        )
        said.append(words % {"count": failed})
    if astray:
        words = ngettext(
            "%(count)s thing is booked on a closed time.", "%(count)s things are booked on closed times.", astray
        )
        said.append(words % {"count": astray})
    return render(request, "bookings/_silences_count.html", {"count": count + failed + astray, "said": " ".join(said)})


def _remind(found: ServiceRequest, _form: Any, by: Actor) -> str:
    remind(found, by=by)
    return _("The reminder leaves now.")


def _call(found: ServiceRequest, form: Any, by: Actor) -> str:
    note_call(found, note=form.cleaned_data["note"], by=by)
    return _("Noted: somebody called.")


def _rest(found: ServiceRequest, form: Any, by: Actor) -> str:
    until = moment_of(form.cleaned_data["until_on"], MORNING, found.site)
    snooze(found, until=until, reason=form.cleaned_data["reason"], by=by)
    return _("It may rest until then.")


def _hand(found: ServiceRequest, form: Any, by: Actor) -> str:
    hand_on(found, to=form.cleaned_data["to"], by=by)
    return _("Handed on to %(name)s.") % {"name": form.cleaned_data["to"]}


ACTS: dict[str, tuple[Callable[[ServiceRequest, Any], Any], Callable[[ServiceRequest, Any, Actor], str]]] = {
    "rappeler": (lambda _found, data: forms.Form(data), _remind),
    "appel": (lambda _found, data: CallForm(data, auto_id=False), _call),
    "repos": (lambda found, data: RestForm(data, today=today_at(found.site), auto_id=False), _rest),
    "confier": (lambda found, data: HandForm(data, people=carers_at(found.site), auto_id=False), _hand),
}


@login_required
@require_POST
def act_on_silence(request: TenantRequest, public_id: Any, verb: str) -> HttpResponse:
    """One tap; back to the same page of the list."""
    actor = request.actor
    if not perms.can_follow_up(actor):
        raise NotAllowed
    found = get_object_or_404(_found(actor).select_related("site"), public_id=public_id)
    if verb not in ACTS:
        raise Http404
    make, act = ACTS[verb]
    form, asked = make(found, request.POST), QueryDict(request.POST.get("here", ""))
    if not form.is_valid():
        return _page(request, asked=asked, failed=(str(public_id), verb, form), status=422)
    try:
        messages.success(request, act(found, form, actor))
    except DomainError as error:
        form.add_error(None, str(error.message))
        status = 409 if error.status == 409 else 422
        return _page(request, asked=asked, failed=(str(public_id), verb, form), status=status)
    return redirect(f"{reverse('bookings:silences')}?{asked.urlencode()}")
