"""The minimum wage (SMIC) by date: contracts below it are pointed out (domain.md 2.2)."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from concierge.days import today_of
from concierge.errors import DomainError
from concierge.words import euros
from workers.actions.minimum_pay import set_minimum_pay, withdraw_minimum_pay
from workers.forms.minimum_pay import MinimumPayForm
from workers.models.minimum_pay import MinimumPay
from workers.perms import can_manage_employers, can_see_employers
from workers.views.common import acting, answered, posted, require
from workers.views.contract_words import day_words

# Rows on the page: one or two a year.
SHOWN = 40


@require_http_methods(["GET", "HEAD", "POST"])
def minimum_pay(request: HttpRequest) -> HttpResponse:
    """What it was and is; sent, it writes the next one down."""
    actor = acting(request)
    require(can_manage_employers(actor) if request.method == "POST" else can_see_employers(actor))
    form = MinimumPayForm(posted(request))

    def save() -> object:
        return set_minimum_pay(actor.organisation, **form.cleaned_data, by=actor)

    status = answered(form, save) if form.is_bound else 200
    if not status:
        messages.success(request, _("Saved. Contracts below it are pointed out."))
        return redirect("workers:minimum-pay")
    standing = MinimumPay.objects.visible_to(actor).standing()
    today = today_of(actor.organisation)
    rows = list(standing.order_by("-starts_on")[: SHOWN + 1])
    begun = [one for one in rows if one.starts_on <= today]
    context = {
        "rows": [_row(one, one == begun[0] if begun else False, today) for one in rows[:SHOWN]],
        "older": standing.count() - SHOWN if len(rows) > SHOWN else 0,
        "form": form,
        "may_manage": can_manage_employers(actor),
    }
    return render(request, "workers/minimum_pay.html", context, status=status)


def _row(one: MinimumPay, is_current: bool, today: Any) -> dict[str, Any]:
    waits = ("waiting", _("To come")) if one.starts_on > today else ("done", _("Over"))
    return {
        "public_id": one.public_id,
        "from": day_words(one.starts_on),
        "hourly": euros(one.hourly),
        "state": ("active", _("In force")) if is_current else waits,
    }


@require_POST
def withdraw(request: HttpRequest, row: uuid.UUID) -> HttpResponse:
    """It was a mistake."""
    actor = acting(request)
    require(can_manage_employers(actor))
    found = get_object_or_404(MinimumPay.objects.visible_to(actor), public_id=row)
    try:
        withdraw_minimum_pay(found, by=actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Withdrawn: nothing counts it any more."))
    return redirect("workers:minimum-pay")
