"""Possible duplicates: pages to compare two records of clients, keep one, and take that back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings import perms
from bookings.actions.merging import merge_clients, tell_apart, undo_merge
from bookings.models import Client
from bookings.views.lists import beside
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.words import date_words

PAGE = 20
# What was merged last, to take back.
MOST_MERGED = 20


def _check(request: TenantRequest) -> None:
    """The pages are there for whoever may use them."""
    if not perms.can_merge_clients(request.actor):
        raise Http404


def _clients(request: TenantRequest) -> QuerySet[Client]:
    return Client.objects.visible_to(request.actor)


@require_safe
def duplicates(request: TenantRequest) -> HttpResponse:
    """Pairs that look alike, newest first; and what was merged last."""
    _check(request)
    own = Client.objects.visible_to(request.actor)
    page = Paginator(own.with_older_twin().order_by("-pk"), PAGE).get_page(request.GET.get("page"))
    twins = own.older_twins_of(page)
    context = {
        "pairs": [{"newer": one, "older": old} for one in page for old in twins[one.pk][:3]],
        "merged": own.exclude(merged_into=None).select_related("merged_into").order_by("-pk")[:MOST_MERGED],
        **beside(page),
    }
    return render(request, "bookings/duplicates.html", context)


def _pair(request: TenantRequest, one: uuid.UUID, other: uuid.UUID) -> tuple[Client, Client]:
    _check(request)
    found = _clients(request)
    return get_object_or_404(found, public_id=one), get_object_or_404(found, public_id=other)


@require_safe
def compare(request: TenantRequest, one: uuid.UUID, other: uuid.UUID) -> HttpResponse:
    """Both records side by side."""
    pair = _pair(request, one, other)
    return _compare_page(request, *pair)


def _compare_page(request: TenantRequest, one: Client, other: Client, error: DomainError | None = None) -> HttpResponse:
    rows = [
        {"label": label, "one": first, "other": second, "same": first == second}
        for (label, first), (_label, second) in zip(_facts(one), _facts(other), strict=True)
    ]
    context = {"one": one, "other": other, "rows": rows, "error": error}
    return render(request, "bookings/duplicates_compare.html", context, status=error.status if error else 200)


def _facts(client: Client) -> list[tuple[str, str]]:
    return [
        (_("Name"), str(client)),
        (_("Phone"), str(client.phone)),
        (_("E-mail"), client.email),
        (_("Address"), f"{client.street} {client.postcode} {client.city}".strip()),
        (_("Requests"), str(client.requests.count())),
        (_("Known since"), date_words(client.created_at, "j F Y")),
    ]


@require_POST
def merge(request: TenantRequest, one: uuid.UUID, other: uuid.UUID) -> HttpResponse:
    """Keep the first, merge the second into it; or say that they are two people."""
    keep, duplicate = _pair(request, one, other)
    try:
        if "apart" in request.POST:
            tell_apart(keep, duplicate, by=request.actor)
            messages.success(request, _("Noted: two people. They are not proposed again."))
        else:
            merge_clients(keep, duplicate, by=request.actor)
            messages.success(request, _("Merged. Everything of both is shown together, and you can take it back."))
    except DomainError as error:
        return _compare_page(request, *_pair(request, one, other), error=error)
    return redirect("bookings:duplicates")


@require_POST
def unmerge(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Two people after all."""
    _check(request)
    found = get_object_or_404(Client.objects.visible_to(request.actor), public_id=public_id)
    undo_merge(found, by=request.actor)
    messages.success(request, _("Taken apart: each has again what they had."))
    return redirect("bookings:duplicates")
