"""A prescriber's own pages: people they accompany, and booking for one of them. Of others they read nothing."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.actions.clients import ClientDetails
from bookings.actions.prescribers import add_person, end_accompaniment
from bookings.forms.people import PersonForm
from bookings.models import Accompaniment, Client, Prescriber, ServiceRequest
from bookings.models.people import CONSENTS
from bookings.models.requests import ServiceRequestQuerySet
from bookings.views.draft import Draft
from bookings.views.lists import beside, typed_search
from bookings.views.steps import go
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.models import Site

# People a page; requests shown beside them.
PAGE, MOST_REQUESTS = 30, 20


def _prescriber(request: TenantRequest) -> Prescriber:
    """Whoever looks; for everybody else the pages do not exist."""
    if request.actor.prescriber_id is None:
        raise Http404
    return Prescriber.objects.select_related("user").get(pk=request.actor.prescriber_id)


def _requests(prescriber: Prescriber) -> ServiceRequestQuerySet:
    found = ServiceRequest.objects.filter(organisation_id=prescriber.organisation_id).made_by(prescriber.pk)
    return found.select_related("site", "client").prefetch_related("work_orders__service").order_by("-pk")


def _rows(found: ServiceRequestQuerySet) -> list[dict[str, Any]]:
    return [
        {"found": one, "services": ", ".join(order.service.label for order in one.work_orders.all())}
        for one in found[:MOST_REQUESTS]
    ]


@require_safe
def people(request: TenantRequest) -> HttpResponse:
    """People I accompany, and the last requests I made."""
    prescriber = _prescriber(request)
    text = typed_search(request)
    mine = Accompaniment.objects.visible_to(request.actor).called(text).select_related("client")
    ordered = mine.order_by("client__last_name", "client__first_name", "pk")
    page = Paginator(ordered, PAGE).get_page(request.GET.get("page"))
    context = {
        "prescriber": prescriber,
        "rows": page,
        "q": text,
        "requests": _rows(_requests(prescriber)),
        **beside(page, q=text),
    }
    return render(request, "bookings/people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: TenantRequest) -> HttpResponse:
    """Somebody new, who agreed."""
    prescriber = _prescriber(request)
    form = PersonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        typed = dict(form.cleaned_data)
        agreed = typed.pop("agreed")
        try:
            made = add_person(prescriber, ClientDetails(**typed), agreed=agreed, by=request.actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            return render(request, "bookings/person_add.html", {"form": form}, status=error.status)
        return redirect("bookings:person", public_id=made.public_id)
    return render(request, "bookings/person_add.html", {"form": form}, status=422 if form.is_bound else 200)


def _mine(request: TenantRequest, public_id: uuid.UUID) -> Accompaniment:
    _prescriber(request)
    found = Accompaniment.objects.visible_to(request.actor).select_related("client", "prescriber")
    return get_object_or_404(found, public_id=public_id)


@require_safe
def person(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """One person: what they agreed to, what I asked for them, and a new request."""
    found = _mine(request, public_id)
    context = {
        "found": found,
        "consent": CONSENTS.get(found.consent, ""),
        "requests": _rows(_requests(found.prescriber).filter(client__in=_family(found))),
        "sites": Site.objects.visible_to(request.actor).active(),
    }
    return render(request, "bookings/person.html", context)


def _family(found: Accompaniment) -> QuerySet[Client]:
    """The person, under whichever rows."""
    return Client.objects.family_of(found.client.kept_id)


@require_POST
def end(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """I no longer accompany this person."""
    end_accompaniment(_mine(request, public_id), by=request.actor)
    messages.success(request, _("This person is no longer on your list. What was booked goes on."))
    return redirect("bookings:people")


@require_POST
def book(request: TenantRequest, public_id: uuid.UUID, slug: str) -> HttpResponse:
    """Begin a request for this person at a site: the usual pages, without asking who they are."""
    found = _mine(request, public_id)
    site = get_object_or_404(Site.objects.visible_to(request.actor).active(), slug=slug)
    Draft.begin(request, site, person=str(found.public_id))
    return go(site, "services")
