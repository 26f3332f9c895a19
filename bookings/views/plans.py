"""The team's pages of plans and producers: opened, edited, closed; corrected (R7)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions import plan_changes, plans
from bookings.forms.ahead import PlanEditForm, PlanForm, ProducerForm
from bookings.models import PreOrderPlan, Producer
from bookings.views.lists import beside, typed_search
from bookings.views.requests import _actor
from concierge.days import today_of
from concierge.errors import DomainError, Invalid, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words

PAGE = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_plan(request: TenantRequest) -> HttpResponse:
    """Begin to take orders ahead for a service."""
    actor = _planner(request)
    form = PlanForm(
        request.POST if request.method == "POST" else None,
        sites=Site.objects.visible_to(actor),
        organisation=actor.organisation,
        initial={"starts_on": today_of(actor.organisation)},
    )
    if form.is_valid():
        try:
            plan = _open(form, actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            return render(request, "bookings/new_plan.html", {"form": form}, status=error.status)
        messages.success(request, _("Orders are open: %(plan)s.") % {"plan": plan})
        return redirect("bookings:runs")
    return render(request, "bookings/new_plan.html", {"form": form}, status=422 if form.is_bound else 200)


def _planner(request: TenantRequest) -> Actor:
    if not perms.can_plan_ahead(request.actor):
        raise PermissionDenied
    return request.actor


def _open(form: PlanForm, actor: Actor) -> PreOrderPlan:
    site = form.cleaned_data["site"]
    if not perms.can_run_hand_outs(actor, site):
        raise NotAllowed
    return plans.open_plan(form.plan(_producer(form, actor)), by=actor)


def _producer(form: PlanForm, actor: Actor) -> Producer:
    """The one of this name, else a new one. What is typed of somebody known and differs is never dropped."""
    name = form.cleaned_data["producer"].strip()
    details = {what: form.cleaned_data[f"producer_{what}"] for what in ("email", "phone", "address")}
    known = Producer.objects.filter(organisation=actor.organisation, name=name).first()
    if known is None:
        return plans.add_producer(actor.organisation, name=name, by=actor, **details)
    kept_of = {"email": known.email, "phone": known.phone.as_e164 if known.phone else "", "address": known.address}
    for what, kept in kept_of.items():
        typed = details[what].strip()
        if typed and typed.casefold() != kept.casefold():
            said = _("%(name)s is known already, with “%(kept)s”. Leave this empty, or correct it among the producers.")
            unsaid = _("%(name)s is known already, without this. Leave it empty, or add it among the producers.")
            raise Invalid((said if kept else unsaid) % {"name": name, "kept": kept}, field=f"producer_{what}")
    return known


def _find_plan(actor: Actor, public_id: uuid.UUID) -> PreOrderPlan:
    mine = PreOrderPlan.objects.visible_to(actor).select_related("site__organisation", "service", "producer")
    plan = get_object_or_404(mine, public_id=public_id)
    if not perms.can_run_hand_outs(actor, plan.site):
        raise NotAllowed
    return plan


@login_required
@require_POST
def stop_plan(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """No new orders by this plan; what was ordered is still handed out."""
    plans.close_plan(_find_plan(_actor(request), public_id), by=request.actor)
    messages.success(request, _("No more orders are taken. What was ordered is still handed out."))
    return redirect("bookings:runs")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_plan(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Change a plan from a day on."""
    plan = _find_plan(_actor(request), public_id)
    form = PlanEditForm(
        request.POST if request.method == "POST" else None, plan=plan, from_on=plan_changes.first_free(plan)
    )
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            plan_changes.edit_plan(plan, form.changes, from_on=form.cleaned_data["from_on"], by=request.actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = error.status
        else:
            messages.success(request, _("The plan is saved. What was ordered before stays as it was told."))
            return redirect("bookings:runs")
    ordered = plan_changes.last_ordered(plan)
    context = {"form": form, "plan": plan, "ordered": date_words(ordered, "l j F") if ordered else ""}
    return render(request, "bookings/plan_edit.html", context, status=status)


@login_required
@require_safe
def producers(request: TenantRequest) -> HttpResponse:
    """Who brings what is ordered ahead, by name."""
    actor, text = _planner(request), typed_search(request)
    found = Producer.objects.filter(organisation=actor.organisation)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(email__icontains=text) | Q(address__icontains=text))
    running = Count("plans", filter=Q(plans__is_active=True))
    page = Paginator(found.annotate(running=running).order_by("name", "pk"), PAGE).get_page(request.GET.get("page"))
    return render(request, "bookings/producers.html", {"rows": page, "q": text, **beside(page, q=text)})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_producer(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Correct a name, an address or a number."""
    actor = _planner(request)
    found = get_object_or_404(Producer, organisation=actor.organisation, public_id=public_id)
    form = ProducerForm(request.POST if request.method == "POST" else None, producer=found)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            plans.edit_producer(found, form.changes, by=actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = error.status
        else:
            messages.success(request, _("Saved. Order sheets that were made keep what they say."))
            return redirect("bookings:producers")
    return render(request, "bookings/producer.html", {"form": form, "producer": found}, status=status)
