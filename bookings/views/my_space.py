"""A client's own space: their details, and the people they book for."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.actions.clients import ClientDetails
from bookings.actions.own_space import (
    HELPED_FIELDS,
    OWN_FIELDS,
    add_helped,
    change_helped,
    change_own_details,
    proved_emails,
    stop_helped,
)
from bookings.forms.own_space import HelpedForm, OwnDetailsForm
from bookings.models import Client, HelpedPerson
from bookings.models.helped import HelpedPersonQuerySet
from bookings.models.people import MOST_HELPED
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.models import normalise_email

PAGE = ["GET", "HEAD", "POST"]


def me_of(request: TenantRequest) -> Client:
    """Whoever looks; these pages are there for clients."""
    if request.actor.client_id is None:
        raise Http404
    return Client.objects.select_related("organisation").get(pk=request.actor.client_id)


@require_http_methods(PAGE)
def details(request: TenantRequest) -> HttpResponse:
    """My name, number, address and language."""
    me, user = me_of(request), request.actor.user
    assert user is not None  # noqa: S101 - clients are signed in
    emails = list(dict.fromkeys([*filter(None, [normalise_email(me.email)]), *proved_emails(user)]))
    form = OwnDetailsForm(
        request.POST if request.method == "POST" else None,
        initial={name: str(getattr(me, name)) for name in OWN_FIELDS},
        emails=emails,
    )
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            change_own_details(me, ClientDetails(**form.cleaned_data), by=request.actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = 422 if error.status == 400 else error.status
        else:
            messages.success(request, _("Your details are saved. What you have already booked keeps what it says."))
            return redirect("bookings:my-details")
    return render(request, "bookings/my_details.html", {"form": form, "me": me, "emails": emails}, status=status)


@require_safe
def people(request: TenantRequest) -> HttpResponse:
    """Whom I book for."""
    return render(request, "bookings/my_people.html", {"rows": _mine(request)[:MOST_HELPED]})


def _mine(request: TenantRequest) -> HelpedPersonQuerySet:
    return HelpedPerson.objects.filter(organisation=request.organisation).of(me_of(request).pk)


def _one(request: TenantRequest, public_id: uuid.UUID) -> HelpedPerson:
    return get_object_or_404(_mine(request), public_id=public_id)


@require_http_methods(PAGE)
def person_add(request: TenantRequest) -> HttpResponse:
    """Somebody new on my list."""
    return _person(request, None)


@require_http_methods(PAGE)
def person(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """What I say about one of them."""
    return _person(request, _one(request, public_id))


def _person(request: TenantRequest, found: HelpedPerson | None) -> HttpResponse:
    me = me_of(request)
    known = {name: str(getattr(found, name)) for name in HELPED_FIELDS} if found else {}
    form = HelpedForm(request.POST if request.method == "POST" else None, initial=known)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        typed = ClientDetails(**form.cleaned_data)
        try:
            if found is None:
                add_helped(me, typed, by=request.actor)
            else:
                change_helped(found, typed, by=request.actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = 422 if error.status == 400 else error.status
        else:
            messages.success(request, _("Saved. You can choose this person when you book."))
            return redirect("bookings:my-people")
    return render(request, "bookings/my_person.html", {"form": form, "found": found}, status=status)


@require_POST
def person_stop(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Off my list."""
    stop_helped(_one(request, public_id), by=request.actor)
    messages.success(request, _("This person is no longer on your list. What was booked goes on."))
    return redirect("bookings:my-people")
