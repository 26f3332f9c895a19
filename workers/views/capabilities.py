"""What somebody must not be given to do, or needs: codes and days, never a cause (L23)."""

from __future__ import annotations

import datetime as dt
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from concierge.days import today_at
from concierge.errors import DomainError
from workers.actions.restrictions import add_restriction, end_restriction
from workers.enums.contracts import RestrictionCode
from workers.forms.contracts import RestrictionForm
from workers.models import Trainee, WorkRestriction
from workers.perms import can_edit_person, can_see_team
from workers.views.common import acting, answered, require, trainee_or_404
from workers.views.contract_words import day_words
from workers.views.person_tabs import head_of


@require_http_methods(["GET", "HEAD", "POST"])
def capabilities(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Restrictions that count now or later; who accompanies the person adds one."""
    actor = acting(request)
    require(can_see_team(actor))
    found = trainee_or_404(actor, trainee)
    require(can_see_team(actor, site_id=found.site_id))
    today = today_at(found.site)
    if request.method != "POST":
        return _page(request, found, RestrictionForm(initial={"starts_on": today}))
    require(can_edit_person(actor, site_id=found.site_id))
    form = RestrictionForm(request.POST)

    def made() -> object:
        typed = form.cleaned_data
        return add_restriction(
            found,
            RestrictionCode(typed["code"]),
            starts_on=typed["starts_on"],
            ends_on=typed["ends_on"],
            at=typed["at"],
            by=actor,
        )

    status = answered(form, made)
    if status:
        return _page(request, found, form, status=status)
    messages.success(request, _("Saved. Whoever gives out work sees it at once."))
    return redirect("workers:capabilities", trainee=found.public_id)


@require_POST
def end(request: HttpRequest, restriction: uuid.UUID) -> HttpResponse:
    """It counts until yesterday."""
    actor = acting(request)
    require(can_see_team(actor))
    found = get_object_or_404(
        WorkRestriction.objects.select_related("trainee__site"),
        public_id=restriction,
        trainee__in=Trainee.objects.visible_to(actor),
    )
    require(can_edit_person(actor, site_id=found.trainee.site_id))
    try:
        end_restriction(found, last_on=today_at(found.trainee.site) - dt.timedelta(days=1), by=actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("It counts no more."))
    return redirect("workers:capabilities", trainee=found.trainee.public_id)


def _page(request: HttpRequest, trainee: Trainee, form: RestrictionForm, status: int = 200) -> HttpResponse:
    today = today_at(trainee.site)
    rows = [
        {
            "restriction": one,
            "words": str(one),
            "from": day_words(one.starts_on),
            "to": day_words(one.ends_on) or _("until further notice"),
            "is_now": one.starts_on <= today,
        }
        for one in trainee.restrictions.between(today, dt.date.max)
    ]
    context = {
        **head_of(request, trainee),
        "rows": rows,
        "form": form,
        "may_edit": can_edit_person(acting(request), site_id=trainee.site_id),
    }
    return render(request, "workers/capabilities.html", context, status=status)
