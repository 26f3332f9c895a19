"""The team's pages of client accounts: contract, code, people, usage."""

from __future__ import annotations

import csv
import uuid
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions.accounts import (
    AccountDetails,
    renew_code,
    save_account,
)
from bookings.actions.members import add_member, import_members, read_members, remove_member
from bookings.forms.accounts import AccountForm, MemberForm, MembersForm
from bookings.models import ClientAccount, ClientMembership
from bookings.models.usage import presence_of, usage_of
from bookings.rules.ahead import harmless
from bookings.views import stand_days
from bookings.views.lists import beside, typed_search
from concierge.days import today_of
from concierge.errors import DomainError
from concierge.middleware import TenantRequest

PAGE = 50
# Refused lines of an import shown one by one.
MOST_LINES_SHOWN = 200


def _check(request: TenantRequest) -> None:
    """The pages are there for whoever may use them."""
    if not perms.can_manage_accounts(request.actor):
        raise Http404


def _find(request: TenantRequest, public_id: uuid.UUID) -> ClientAccount:
    _check(request)
    return get_object_or_404(ClientAccount, organisation=request.organisation, public_id=public_id)


@require_safe
def accounts(request: TenantRequest) -> HttpResponse:
    """Companies, landlords and towns, by name."""
    _check(request)
    text = typed_search(request)
    found = ClientAccount.objects.filter(organisation=request.organisation)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(email_domain__icontains=text) | Q(siren=text))
    page = Paginator(found.order_by("name", "pk"), PAGE).get_page(request.GET.get("page"))
    context = {"rows": page, "q": text, "today": today_of(request.organisation), **beside(page, q=text)}
    return render(request, "bookings/accounts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: TenantRequest) -> HttpResponse:
    """A new account."""
    _check(request)
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """What changes about an account."""
    return _edit(request, _find(request, public_id))


def _edit(request: TenantRequest, account: ClientAccount | None) -> HttpResponse:
    known = {name: getattr(account, name) for name in AccountForm.base_fields} if account else None
    form = AccountForm(request.POST if request.method == "POST" else None, initial=known)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            details = AccountDetails(**form.cleaned_data)
            saved = save_account(request.organisation, details, by=request.actor, account=account)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = error.status
        else:
            messages.success(request, _("Saved."))
            return redirect("bookings:account", public_id=saved.public_id)
    return render(request, "bookings/account_edit.html", {"form": form, "account": account}, status=status)


@require_safe
def account(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Contract, code, people and usage of one account."""
    return _page(request, _find(request, public_id))


def _page(
    request: TenantRequest, found: ClientAccount, *, status: int = 200, member: Form | None = None, **more: Any
) -> HttpResponse:
    text = typed_search(request)
    members = ClientMembership.objects.filter(account=found).select_related("client")
    if text:
        named = Q(client__first_name__icontains=text) | Q(client__last_name__icontains=text)
        members = members.filter(named | Q(email__icontains=text) | Q(client__email__icontains=text))
    page = Paginator(members.order_by("-pk"), PAGE).get_page(request.GET.get("page"))
    context = {
        "account": found,
        "members": page,
        "q": text,
        "today": today_of(request.organisation),
        "usage": usage_of(found, today=today_of(request.organisation)),
        "can_state": True,
        "member": member or MemberForm(),
        "list": MembersForm(),
        **stand_days.paged(request, stand_days.rows_of(found), q=text, page=request.GET.get("page", "")),
        **beside(page, q=text),
        **more,
    }
    return render(request, "bookings/account.html", context, status=status)


@require_safe
def usage_report(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Contract, hours of presence and usage on one page, to print and to bring along."""
    found = _find(request, public_id)
    today = today_of(request.organisation)
    usage = usage_of(found, today=today)
    counts = dict(usage.months)
    context = {
        "account": found,
        "today": today,
        "usage": usage,
        "total": sum(counts.values()),
        "rows": [{"presence": one, "requests": counts.get(one.month, 0)} for one in presence_of(found, today=today)],
    }
    return render(request, "bookings/account_usage.html", context)


@require_safe
def usage_csv(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """The usage as a table, for the account's own report."""
    found = _find(request, public_id)
    usage = usage_of(found, today=today_of(request.organisation))
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="usage.csv"'
    answer.write("\ufeff")
    rows = csv.writer(answer, delimiter=";")
    rows.writerow([harmless(found.name), ""])
    rows.writerow([_("People it speaks for"), found.headcount or ""])
    rows.writerow([_("Registered people"), usage.registered])
    heads = [_("Hours planned"), _("Hours held"), _("Hours not stated"), _("Hours still to come")]
    rows.writerow([_("Month"), _("Requests"), _("Hours agreed"), *heads])
    counts = dict(usage.months)
    for one in presence_of(found, today=today_of(request.organisation)):
        hours = (one.agreed, one.planned, one.held, one.unstated, one.to_come)
        rows.writerow([f"{one.month:%Y-%m}", counts.get(one.month, 0), *map(_number, hours)])
    return answer


def _number(hours: Decimal | None) -> str:
    """As spreadsheets here read it."""
    return "" if hours is None else f"{hours:f}".replace(".", ",")


@never_cache
@require_POST
def code(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """A new code for its people, on this answer only."""
    found = _find(request, public_id)
    return render(
        request, "bookings/account_code.html", {"account": found, "code": renew_code(found, by=request.actor)}
    )


@require_POST
def member_add(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """One person more."""
    found = _find(request, public_id)
    form = MemberForm(request.POST)
    status = 422
    if form.is_valid():
        wanted = dict(form.cleaned_data)
        try:
            add_member(found, wanted.pop("email"), by=request.actor, **wanted)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = error.status
        else:
            messages.success(request, _("Added."))
            return redirect("bookings:account", public_id=public_id)
    return _page(request, found, status=status, member=form)


@require_POST
def member_remove(request: TenantRequest, public_id: uuid.UUID, member_id: uuid.UUID) -> HttpResponse:
    """The rights of one person end."""
    found = _find(request, public_id)
    members = ClientMembership.objects.filter(account=found).select_related("account")
    remove_member(get_object_or_404(members, public_id=member_id), by=request.actor)
    messages.success(request, _("These rights have ended. What was booked stays paid by the account."))
    return redirect("bookings:account", public_id=public_id)


@require_POST
def members_import(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """A pasted list: first what would happen, line by line; loaded only when asked."""
    found = _find(request, public_id)
    form = MembersForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, found, status=422, list=form)
    try:
        lines = read_members(found, form.lines)
    except DomainError as error:
        form.add_error("text", str(error.message))
        return _page(request, found, status=error.status, list=form)
    if "load" in request.POST:
        count = import_members(found, form.lines, by=request.actor)
        messages.success(request, _("%(n)d people were added.") % {"n": count})
        return redirect("bookings:account", public_id=public_id)
    wrong = [line for line in lines if line.problem]
    context = {
        "account": found,
        # Only what is loaded is sent again, so that a long list fits into a form.
        "text": "\n".join(line.email for line in lines if not line.problem),
        "right": len(lines) - len(wrong),
        "again": [line for line in lines if line.ended and not line.problem][:MOST_LINES_SHOWN],
        "again_count": sum(1 for line in lines if line.ended and not line.problem),
        "wrong": len(wrong),
        "lines": wrong[:MOST_LINES_SHOWN],
        "unsaid": max(len(wrong) - MOST_LINES_SHOWN, 0),
    }
    return render(request, "bookings/account_import.html", context)
