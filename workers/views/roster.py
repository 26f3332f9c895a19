"""Everybody of the team, found by name, site, employer and contract; 25 a page."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from concierge.days import today_at, today_of
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words, duration_words
from workers.forms.people import PeopleFilters
from workers.models import Employer, Trainee
from workers.models.contracts import SOON, file_prefetches, person_file, with_contract_ending, without_contract
from workers.models.people import TraineeQuerySet
from workers.perms import PEOPLE_ROLES, can_see_contracts, can_see_people, can_write_contracts
from workers.views.common import acting, initials, require
from workers.views.person_tabs import first_page_of

PAGE = 25


@require_safe
def trainees(request: HttpRequest) -> HttpResponse:
    """The people of the actor's sites."""
    actor = acting(request)
    require(can_see_people(actor))
    sees_contracts = can_see_contracts(actor)
    form = PeopleFilters(request.GET, sites=_sites(actor), employers=Employer.objects.visible_to(actor))
    if not sees_contracts:
        del form.fields["employer"]
    found = _filtered(_people(actor), form, actor)
    found = found.select_related("site", "supervisor").prefetch_related("skills", *file_prefetches())
    page = Paginator(found.order_by("first_name", "last_name", "pk"), PAGE).get_page(request.GET.get("page"))
    shows_left = form.is_valid() and form.cleaned_data["state"] == "left"
    names = Employer.objects.visible_to(actor).in_bulk() if sees_contracts else {}
    kept: dict[str, str | int] = {name: str(value) for name, value in request.GET.items() if name != "page" and value}
    context = {
        "shows_left": shows_left,
        "people": [_row(actor, one, names) for one in page],
        "form": form,
        "is_filtered": bool(kept),
        "total": page.paginator.count,
        # Of those who have left, the last day on the team says what those of their contracts would.
        "sees_contracts": sees_contracts and not shows_left,
        "may_add": can_write_contracts(actor),
        "previous": "?" + urlencode({**kept, "page": page.previous_page_number()}) if page.has_previous() else "",
        "next": "?" + urlencode({**kept, "page": page.next_page_number()}) if page.has_next() else "",
    }
    return render(request, "workers/trainees.html", context)


def _people(actor: Actor) -> TraineeQuerySet:
    """People of the sites where the actor holds a role of these pages."""
    found = Trainee.objects.visible_to(actor)
    sites = actor.site_ids(*PEOPLE_ROLES)
    return found if sites is None else found.filter(site_id__in=sites)


def _sites(actor: Actor) -> Any:
    sites = actor.site_ids(*PEOPLE_ROLES)
    found = Site.objects.visible_to(actor).order_by("name", "pk")
    return found if sites is None else found.filter(pk__in=sites)


def _filtered(found: TraineeQuerySet, form: PeopleFilters, actor: Actor) -> TraineeQuerySet:
    wanted = form.cleaned_data if form.is_valid() else {}
    today = today_of(actor.organisation)
    found = found.filter(is_active=wanted.get("state") != "left")
    for word in str(wanted.get("q", "")).split():
        found = found.filter(Q(first_name__icontains=word) | Q(last_name__icontains=word))
    if wanted.get("site"):
        found = found.filter(site=wanted["site"])
    if wanted.get("employer"):
        found = found.filter(contracts__in=wanted["employer"].contracts.on(today))
    if wanted.get("state") == "ending":
        found = found.filter(with_contract_ending(today, today + SOON))
    elif wanted.get("state") == "none":
        found = found.filter(without_contract(today))
    return found


def _row(actor: Actor, trainee: Trainee, employers: dict[int, Employer]) -> dict[str, Any]:
    today = today_at(trainee.site)
    file = person_file(trainee)
    contract = file.contract_on(today)
    sees = can_see_contracts(actor, site_id=trainee.site_id)
    ends_on = contract.ends_on if contract and sees else None
    employer = employers.get(contract.employer_id) if contract and sees else None
    return {
        "href": first_page_of(actor, trainee),
        "name": str(trainee),
        "initials": initials(trainee),
        "tone": trainee.pk % 6,
        "site": trainee.site.name,
        "supervisor": str(trainee.supervisor) if trainee.supervisor else "",
        "last_day": date_words(trainee.last_on, "j N Y") if trainee.last_on else "",
        "hours": duration_words(file.minutes_on(today)) if contract else "",
        "employer": employer.name if employer else "",
        "until": date_words(ends_on, "j N Y") if ends_on else "",
        "ends_soon": ends_on is not None and ends_on <= today + SOON,
        "skills": [{"label": skill.label, "level": skill.get_level_display()} for skill in trainee.skills.all()],
    }
