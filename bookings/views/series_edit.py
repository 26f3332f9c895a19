"""The team edits a regular request from a day on: first what would change, then a button."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import perms
from bookings.actions import kept_orders, pricing, recurrence_edits, recurrences
from bookings.actions.recurrence_edits import ChangedDay
from bookings.enums import DAY_CHANGE_CATEGORY, DayChange, OccurrenceStatus, PriceMode, RecurrenceStatus
from bookings.forms.booking import wishes_of
from bookings.forms.recurrence import EditForm
from bookings.models import Recurrence, Service
from bookings.views.requests import _actor
from bookings.views.rhythm import rhythm_words
from concierge.days import today_at
from concierge.errors import DomainError, NotAllowed, WrongState
from concierge.models import Site
from concierge.words import moment_words

# Where a refusal is shown when its field is not one of the form.
AT_FIELD = {"rule": "rhythm", "lines": "services", "payer": "client_pays"}
WHEN = ("starts_on", "rhythm", "days", "at", "ends_on", "holiday_rule")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_series(request: HttpRequest, public_id: Any) -> HttpResponse:
    """Nothing is done before the very preview that this form leads to has been seen: ``seen`` names it."""
    actor = _actor(request)
    series = Recurrence.objects.visible_to(actor).select_related("site", "client", "payer_account", "plan")
    found = get_object_or_404(series, public_id=public_id)
    if not perms.can_run_hand_outs(actor, found.site):
        raise NotAllowed
    if found.status == RecurrenceStatus.ENDED:
        return _ended(request, found)
    offered = _offered(found)
    form = EditForm(
        request.POST if request.method == "POST" else None, found=found, offered=offered, first=_first(found)
    )
    if not form.is_valid():
        return _page(request, found, form, offered, status=422 if form.is_bound else 200)
    try:
        wanted = _wanted(found, form)
        changes = recurrence_edits.preview_edit(found, wanted, by=actor)
        seal = _seal(wanted, changes)
        if request.POST.get("seen") != seal:
            return _page(request, found, form, offered, changes=changes, seal=seal)
        made = recurrence_edits.edit_recurrence(found, wanted, by=actor)
    except WrongState:
        return _ended(request, Recurrence.objects.get(pk=found.pk))
    except DomainError as error:
        field = AT_FIELD.get(error.field or "", error.field)
        form.add_error(field if field in form.fields else None, str(error.message))
        return _page(request, found, form, offered, status=error.status if error.status != 400 else 422)
    messages.success(request, _("Changed. The coming days are below."))
    return redirect("bookings:series", public_id=made.public_id)


def _ended(request: HttpRequest, found: Recurrence) -> HttpResponse:
    """Somebody edited or ended it meanwhile: to what it has become."""
    now = found.continued_by.order_by("-pk").first() or found
    messages.info(request, _("It was changed or ended in the meantime. This is how it stands."))
    return redirect("bookings:series", public_id=now.public_id)


def _offered(found: Recurrence) -> list[Service]:
    offered = pricing.offered_on(found.site_id, today_at(found.site))
    return [one for one in offered if one.price_mode != PriceMode.ON_QUOTE]


def _first(found: Recurrence) -> dt.date:
    """The next day that is not over, else today."""
    coming = found.occurrences.filter(starts_at__gt=timezone.now()).exclude(status=OccurrenceStatus.SKIPPED)
    return coming.values_list("due_on", flat=True).order_by("due_on").first() or today_at(found.site)


def _wanted(found: Recurrence, form: EditForm) -> recurrences.Wanted:
    typed = form.cleaned_data
    return recurrences.Wanted(
        name=found.name,
        rule=form.rule,
        starts_on=typed["starts_on"],
        at=typed.get("at") or found.at,
        wishes=wishes_of(form.wishes()),
        holiday_rule=typed.get("holiday_rule") or found.holiday_rule,
        payer=None if typed.get("client_pays") else found.payer_account,
        note=typed["note"],
        ends_on=typed["ends_on"],
    )


def _seal(wanted: recurrences.Wanted, changes: list[ChangedDay]) -> str:
    """Names what was typed together with what it does."""
    order = kept_orders.keep(wanted.wishes)
    said = (order, wanted.rule, wanted.starts_on, wanted.at, wanted.holiday_rule, wanted.payer, wanted.note)
    return hashlib.sha256(repr((said, wanted.ends_on, changes)).encode()).hexdigest()


def _page(
    request: HttpRequest,
    found: Recurrence,
    form: EditForm,
    offered: list[Service],
    *,
    changes: list[ChangedDay] | None = None,
    seal: str = "",
    status: int = 200,
) -> HttpResponse:
    known = {str(one.public_id) for one in offered}
    context = {
        "found": found,
        "form": form,
        "when": [form[name] for name in WHEN if name in form.fields],
        "rhythm": rhythm_words(found),
        "is_gone": any(str(one["service"]) not in known for one in found.wishes),
        "is_previewed": changes is not None,
        "changes": [_row(one, found.site) for one in changes or []],
        "counts": _counts(changes or []),
        "cancels": sum(one.was_booked for one in changes or [] if one.kind in _CANCELS),
        "seal": seal,
    }
    return render(request, "bookings/series_edit.html", context, status=status)


_CANCELS = {DayChange.CHANGED, DayChange.MOVED, DayChange.CANCELLED}


def _row(one: ChangedDay, site: Site) -> dict[str, Any]:
    return {
        "label": one.kind.label,
        "category": DAY_CHANGE_CATEGORY[one.kind],
        "before": moment_words(one.before, site) if one.before else "",
        "after": moment_words(one.after, site) if one.after else "",
        "is_moved": one.kind == DayChange.MOVED,
        "is_gone": one.after is None,
        "was_booked": one.was_booked and one.kind in _CANCELS,
        "reason": one.reason,
    }


def _counts(changes: list[ChangedDay]) -> list[dict[str, Any]]:
    """How many of each kind, in the order of the enumeration."""
    many = Counter(one.kind for one in changes)
    return [
        {"label": kind.label, "many": many[kind], "category": DAY_CHANGE_CATEGORY[kind]}
        for kind in DayChange
        if many[kind]
    ]
