"""A client's own page of the companies, landlords and towns that pay for them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings.actions.accounts import join_by_code
from bookings.actions.members import leave_account
from bookings.forms.accounts import CompanyCodeForm
from bookings.models import Client, ClientAccount, ClientMembership
from bookings.models.accounts import ClientMembershipQuerySet
from bookings.views.my_space import me_of
from concierge.days import today_of
from concierge.errors import DomainError, TooManyAttempts
from concierge.middleware import TenantRequest
from concierge.visitors import visitor_address

# Companies on one page.
MOST = 50


def _mine(me: Client) -> ClientMembershipQuerySet:
    family = Client.objects.family_of(me.pk)
    named = Q(client__in=family.values("pk")) | Q(email__in=family.exclude(email="").values("email"))
    return ClientMembership.objects.filter(named).select_related("account").order_by("account__name", "pk")


@require_http_methods(["GET", "HEAD", "POST"])
def my_companies(request: TenantRequest) -> HttpResponse:
    """Who pays for me, and a code to add one."""
    me = me_of(request)
    form = CompanyCodeForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    headers: dict[str, str] = {}
    if form.is_valid():
        try:
            joined = join_by_code(
                me,
                form.cleaned_data["code"],
                session=request.session.session_key or "",
                network=visitor_address(request),
                by=request.actor,
            )
        except DomainError as error:
            form.add_error("code", str(error.message))
            status = error.status
            if isinstance(error, TooManyAttempts):
                headers["Retry-After"] = str(error.retry_after)
        else:
            messages.success(request, _("%(who)s may now pay for you.") % {"who": joined.account})
            return redirect("bookings:my-companies")
    today = today_of(request.organisation)
    paying = ClientAccount.objects.filter(organisation=request.organisation).in_force(today)
    rows = _mine(me).valid(today).filter(account__in=paying.order_by())[:MOST]
    answer = render(request, "bookings/my_companies.html", {"form": form, "rows": rows}, status=status)
    for name, value in headers.items():
        answer[name] = value
    return answer


@require_POST
def leave(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """I no longer belong to it."""
    found = get_object_or_404(_mine(me_of(request)), public_id=public_id)
    leave_account(found, by=request.actor)
    messages.success(request, _("Done: it no longer pays for you."))
    return redirect("bookings:my-companies")
