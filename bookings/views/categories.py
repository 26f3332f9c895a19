"""The categories under which clients find services: what there are, one more, how one reads and where it stands."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import perms
from bookings.actions.catalogue import add_category, edit_category
from bookings.forms.catalogue import KnownCategoryForm, NewCategoryForm
from bookings.models import ServiceCategory
from bookings.views.catalogue import may_see
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest

PAGE = 50


def _of(request: TenantRequest) -> QuerySet[ServiceCategory]:
    return ServiceCategory.objects.filter(organisation=request.organisation)


def _may_edit(request: TenantRequest) -> None:
    may_see(request)
    if not perms.can_edit_catalogue(request.actor):
        raise NotAllowed


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def category_list(request: TenantRequest) -> HttpResponse:
    """Every category in its order, 50 a page, and one more."""
    _may_edit(request)
    form = NewCategoryForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            add_category(request.organisation, **form.cleaned_data, by=request.actor)
        except DomainError as error:
            form.add_error(error.field or "code", str(error.message))
        else:
            messages.success(request, _("Saved."))
            return redirect("bookings:categories")
    counted = _of(request).annotate(active=Count("services", filter=Q(services__is_active=True)))
    page = Paginator(counted.order_by("position", "pk"), PAGE).get_page(request.GET.get("page"))
    context = {
        "categories": page.object_list,
        "form": form,
        "previous": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "next": f"?page={page.next_page_number()}" if page.has_next() else "",
    }
    return render(request, "bookings/categories.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def category_page(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Its names, pictogram and place."""
    _may_edit(request)
    category = get_object_or_404(_of(request), public_id=public_id)
    form = KnownCategoryForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(category, name) for name in KnownCategoryForm.base_fields},
    )
    if form.is_valid():
        try:
            edit_category(category, form.changes, by=request.actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            messages.success(request, _("Saved."))
            return redirect("bookings:categories")
    context = {"category": category, "form": form}
    return render(request, "bookings/category.html", context, status=422 if form.is_bound else 200)
