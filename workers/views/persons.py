"""Add somebody to the team, correct who they are, where and with whom they work."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from concierge.models import Site
from concierge.tenancy import Actor
from workers.actions.people import create_trainee
from workers.actions.persons import change_details, invite_trainee, set_team
from workers.forms.people import InviteForm, NewPersonForm, PersonForm, TeamForm
from workers.models import Trainee
from workers.perms import EDIT_ROLES, can_edit_person, can_write_contracts
from workers.views.common import acting, answered, require, trainee_or_404
from workers.views.person_tabs import first_page_of, head_of


@require_http_methods(["GET", "HEAD", "POST"])
def new_person(request: HttpRequest) -> HttpResponse:
    """Somebody joins the team, with an account or without."""
    actor = acting(request)
    require(can_write_contracts(actor))
    typed = request.POST if request.method == "POST" else None
    form = NewPersonForm(typed, sites=_sites(actor), with_birth_date=True, initial={"language": "fr"})
    made: list[Trainee] = []

    @transaction.atomic
    def join() -> None:
        given = form.details()
        site = form.cleaned_data["site"]
        require(can_write_contracts(actor, site_id=site.pk))
        trainee = create_trainee(
            site=site,
            first_name=given.first_name,
            last_name=given.last_name,
            birth_date=given.birth_date,
            language=given.language,
            prefers_audio=given.prefers_audio,
            by=actor,
        )
        if form.cleaned_data["email"]:
            invite_trainee(trainee, email=form.cleaned_data["email"], by=actor)
        made.append(trainee)

    status = answered(form, join) if form.is_bound else 200
    if not status:
        messages.success(request, _("%(name)s is on the team. Next: their contract.") % {"name": made[0]})
        return redirect("workers:contracts", trainee=made[0].public_id)
    return render(request, "workers/person_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_person(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Correct who somebody is."""
    found = _found(request, trainee)
    sees_birth_date = can_write_contracts(acting(request), site_id=found.site_id)
    first = {
        name: getattr(found, name) for name in ("first_name", "last_name", "birth_date", "language", "prefers_audio")
    }
    form = PersonForm(
        request.POST if request.method == "POST" else None, initial=first, with_birth_date=sees_birth_date
    )

    def made() -> object:
        return change_details(found, form.details(found), by=acting(request))

    return _form_page(request, found, form, made, title=_("Who it is"))


@require_http_methods(["GET", "HEAD", "POST"])
def edit_team(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Where somebody works, and with whom."""
    found = _found(request, trainee)
    actor = acting(request)
    first = {
        "site": found.site.slug,
        **{
            name: getattr(getattr(found, name), "public_id", None)
            for name in ("supervisor", "adviser", "mentor", "referrer")
        },
    }
    form = TeamForm(
        request.POST if request.method == "POST" else None, initial=first, trainee=found, sites=_sites(actor)
    )

    def made() -> object:
        return set_team(found, form.team, by=actor)

    lead = _("Lists show who has the role at the site of today. To move somebody, change the site first.")
    return _form_page(request, found, form, made, title=_("Where and with whom"), lead=lead)


@require_POST
def invite(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Give somebody an account, and write to them."""
    found = _found(request, trainee)
    form = InviteForm(request.POST)
    status = answered(form, lambda: invite_trainee(found, email=form.cleaned_data["email"], by=acting(request)))
    if status:
        messages.error(request, " ".join(str(words) for errors in form.errors.values() for words in errors))
    else:
        messages.success(request, _("We write how to sign in to this address."))
    return redirect("workers:trainee", trainee=found.public_id)


def _found(request: HttpRequest, public_id: uuid.UUID) -> Trainee:
    actor = acting(request)
    require(can_edit_person(actor))
    found = trainee_or_404(actor, public_id)
    require(can_edit_person(actor, site_id=found.site_id))
    return found


def _sites(actor: Actor) -> Any:
    """Active sites at which the actor accompanies people."""
    held = actor.site_ids(*EDIT_ROLES)
    found = Site.objects.visible_to(actor).active().order_by("name", "pk")
    return found if held is None else found.filter(pk__in=held)


def _form_page(
    request: HttpRequest, trainee: Trainee, form: Any, made: Any, *, title: str, lead: str = ""
) -> HttpResponse:
    back = first_page_of(acting(request), trainee)
    status = answered(form, made) if form.is_bound else 200
    if not status:
        messages.success(request, _("Saved."))
        return redirect(reverse("workers:trainee", args=[trainee.public_id]))
    context = {**head_of(request, trainee), "form": form, "title": title, "lead": lead, "back": back}
    return render(request, "workers/person_form.html", context, status=status)
