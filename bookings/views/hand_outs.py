"""The hand-out list of a run: big ticks for a phone at the desk, a search, paper; works without JavaScript."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings import perms
from bookings.actions import hand_outs
from bookings.enums import HandOut, RequestStatus, RunStatus
from bookings.models import PreOrder, PreOrderRun
from bookings.views.ahead import window_words
from bookings.views.requests import _actor
from bookings.views.runs import find_run
from concierge.errors import DomainError, NotAllowed
from concierge.models import national_phone
from concierge.tenancy import Actor
from concierge.words import quantity_words

# More orders than these are found by the search.
MOST_LISTED = 300
# verb in the address → what it does
VERBS = {
    "remis": hand_outs.mark_handed_over,
    "absent": hand_outs.mark_not_fetched,
    "annuler": hand_outs.undo_mark,
}


@login_required
@require_safe
def hand_out_list(request: HttpRequest, public_id: Any) -> HttpResponse:
    """Who fetches what, by name."""
    actor = _actor(request)
    run = find_run(actor, public_id)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    found = PreOrder.objects.filter(run=run).exclude(request__status=RequestStatus.CANCELLED)
    left = hand_outs.left_over(run, timezone.now()).count()
    total, waiting = found.count(), found.filter(hand_out__in=[HandOut.EXPECTED, HandOut.KEPT]).count()
    orders = list(
        searched(found, text)
        .select_related("request__site", "run")
        .prefetch_related("request__lines", "substitutions")
        .order_by("request__contact_name", "pk")[: MOST_LISTED + 1]
    )
    often = hand_outs.repeated_no_shows([order.request.client_id for order in orders], timezone.now())
    may = may_tick(actor, run)
    context = {
        "run": run,
        "when": window_words(run),
        "q": text,
        "rows": [row_of(order, often, may=may) for order in orders[:MOST_LISTED]],
        "more": len(orders) > MOST_LISTED,
        "total": total,
        "waiting": waiting,
        "left": left,
        "done": total - waiting,
        "may": may,
    }
    return render(request, "bookings/hand_out.html", context)


def searched(found: QuerySet[PreOrder], text: str) -> QuerySet[PreOrder]:
    """Those of whom a part of the name, of the reference or of the number was typed."""
    if not text:
        return found
    return found.filter(
        Q(request__contact_name__icontains=text)
        | Q(request__reference__icontains=text)
        | Q(request__contact_phone__icontains=text.replace(" ", "").removeprefix("0"))
    )


def row_of(order: PreOrder, often: dict[int, int], *, may: bool) -> dict[str, Any]:
    """One order as the lists show it."""
    replaced = {one.line_id: one for one in order.substitutions.all()}
    return {
        "order": order,
        "phone": national_phone(order.request.contact_phone.as_e164) if order.request.contact_phone else "",
        "lines": [
            {
                "text": f"{quantity_words(line.quantity, line.unit)} × {line.description}",
                "instead": replaced[line.pk].old_description
                if line.pk in replaced and not replaced[line.pk].refused_at
                else "",
                "is_refused": line.pk in replaced and replaced[line.pk].refused_at is not None,
            }
            for line in order.request.lines.all()
        ],
        "missed": often.get(order.request.client_id, 0),
        "is_held": order.request.status == RequestStatus.ON_HOLD,
        **ticks_of(order, may=may),
    }


def ticks_of(order: PreOrder, *, may: bool) -> dict[str, bool]:
    """What may be ticked of an order now: on the list, and on the card of the person."""
    now = timezone.now()
    is_waiting = order.hand_out in {HandOut.EXPECTED, HandOut.KEPT}
    is_stuck = hand_outs.is_stuck(order, now)
    undo = order.marked_at is not None and order.settled_at is None and now < order.marked_at + hand_outs.UNDO
    return {
        "can_hand_over": may and (is_waiting or (is_stuck and order.hand_out == HandOut.HANDED_OVER)),
        "can_miss": may and (is_waiting or (is_stuck and order.hand_out == HandOut.NO_SHOW)),
        "can_undo": may and undo and not is_waiting,
    }


def may_tick(actor: Actor, run: PreOrderRun) -> bool:
    """Whether somebody ticks orders of this hand-out: the desk, once they were passed on."""
    return perms.can_run_hand_outs(actor, run.site) and run.status in {RunStatus.CLOSED, RunStatus.DONE}


@login_required
@require_POST
def tick(request: HttpRequest, public_id: Any, verb: str) -> HttpResponse:
    """Handed over, not fetched, or not so after all; back to the same place of the list, or to the person's card."""
    actor = _actor(request)
    orders = PreOrder.objects.select_related("run__site", "request__client__merged_into")
    order = get_object_or_404(orders, organisation=actor.organisation, public_id=public_id)
    run = find_run(actor, order.run.public_id)
    if verb not in VERBS:
        raise Http404
    if not perms.can_run_hand_outs(actor, run.site):
        raise NotAllowed
    try:
        order = VERBS[verb](order, by=actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        if verb == "annuler":
            messages.info(request, _undone_words(order))
    if "card" in request.POST:
        return redirect("bookings:desk-person", slug=run.site.slug, client=order.request.client.kept_as.public_id)
    return redirect(f"{_list_of(request, run)}#o-{order.public_id.hex}")


def _undone_words(order: PreOrder) -> str:
    """What an order is again, and until when the right tick can be made."""
    words = {"name": order.request.contact_name, "minutes": hand_outs.UNDO.seconds // 60}
    is_over = order.kept_until <= timezone.now() if order.kept_until else order.run.status == RunStatus.DONE
    if is_over:
        said = _(
            "Undone. The time to fetch is over: within %(minutes)d minutes, tick what became of the order of %(name)s."
        )
        return said % words
    said = _("Undone: the order of %(name)s is kept again.") if order.kept_until else ""
    return (said or _("Undone: %(name)s is expected again.")) % words


def is_day(text: str) -> bool:
    """Whether this is a day as we write it."""
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _list_of(request: HttpRequest, run: PreOrderRun) -> str:
    """The list where it was ticked: of the hand-out, or of the day at the site, with what was looked for there."""
    kept = {name: request.POST.get(name, "").replace("\x00", "")[:80] for name in ("q", "page")}
    day, asked = request.POST.get("day", ""), {name: value for name, value in kept.items() if value}
    address = reverse("bookings:hand-out", args=[run.public_id])
    if is_day(day):
        address = reverse("bookings:hand-outs-of-day", args=[run.site.slug, day])
    return address + ("?" + urlencode(asked) if asked else "")
