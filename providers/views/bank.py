"""Bank accounts of providers: in their space, for the team, and behind the notice that stops a change with one tap."""

from __future__ import annotations

import time
import uuid
from typing import Any
from urllib.parse import urlencode

from allauth.account import app_settings as account_settings
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows, is_reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.views.catalogue import refused_status
from concierge.days import zone_of
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor
from concierge.visitors import not_too_many
from providers import perms
from providers.actions.bank import cancel_iban, confirm_iban, confirm_iban_by_code, propose_iban, takes_code
from providers.enums import SECOND_WAYS, BankChannel, BankStatus
from providers.forms.bank import BankCodeForm, IbanForm, ReceivedIbanForm
from providers.models import Provider, ProviderBankAccount
from providers.models.links import hash_of
from providers.views.space import own_provider
from providers.views.staff import PAGE, pages_around

FORM = ["GET", "HEAD", "POST"]
# How many accounts a provider gives in a day: each sends an SMS, and its code can be guessed at five times.
MOST_GIVEN, DAY = 5, 86400


# --- their space ------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def my_bank(request: TenantRequest) -> HttpResponse:
    """Where I am paid."""
    return _mine(request, own_provider(request))


@never_cache
@require_http_methods(FORM)
def new_mine(request: TenantRequest) -> HttpResponse:
    """I give another account. Whoever only found my browser open cannot: they are asked who they are."""
    me, here = own_provider(request), reverse("providers:space-bank")
    if is_reauthentication_required(request, app=""):
        # Not by the library's own way: it would keep what was typed, the number too, in the session.
        return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': request.path})}")
    if not _came_lately(request):
        messages.warning(request, _("To give another account, please sign out and in again first: it takes one code."))
        return redirect(here)
    form = IbanForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        not_too_many(request, "bank-accounts", most=MOST_GIVEN, seconds=DAY, who=f"provider:{me.pk}")
    if (answer := _propose(request, me, form, BankChannel.SPACE, here)) is not None:
        return answer
    context = {"me": me, "form": form, "back": here}
    return render(request, "providers/space_bank_new.html", context, status=_status(form))


def _came_lately(request: TenantRequest) -> bool:
    """The library asks nothing of whoever has neither password nor second factor, as most who sign in by a code: they
    must have signed in a moment ago."""
    if get_reauthentication_flows(request.user):
        return True
    ways = get_authentication_records(request, request.user)
    return bool(ways) and time.time() - ways[-1]["at"] < account_settings.REAUTHENTICATION_TIMEOUT


@never_cache
@require_POST
def change_mine(request: TenantRequest, account: uuid.UUID, verb: str) -> HttpResponse:
    """The code that I was sent; or I did not mean it, or it was not me."""
    me, here = own_provider(request), reverse("providers:space-bank")
    found = get_object_or_404(me.bank_accounts, public_id=account)
    if verb == "arreter":
        return _stop(request, found, here)
    form = BankCodeForm(request.POST)
    if _take_code(request, found, form, request.actor):
        messages.success(request, _confirmed_words())
        return redirect(here)
    return _mine(request, me, code_form=form)


def _mine(request: TenantRequest, me: Provider, *, code_form: BankCodeForm | None = None) -> HttpResponse:
    context = _listed(request, me)
    pending = context["pending"]
    context |= {
        "me": me,
        "code_form": code_form or BankCodeForm(),
        "takes_code": pending is not None and takes_code(pending),
    }
    return render(request, "providers/space_bank.html", context, status=422 if code_form else 200)


# --- the team ---------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def bank(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Where a provider is paid."""
    provider = _known(request, public_id)
    context = _listed(request, provider)
    pending = context["pending"]
    waits = pending is not None and pending.status == BankStatus.PROPOSED
    context |= {
        "provider": provider,
        "is_own_typing": waits and pending.proposed_by == request.actor.reference,
        "by_call": waits and BankChannel.CALL in SECOND_WAYS[pending.proposed_channel],
    }
    return render(request, "providers/bank.html", context)


@never_cache
@require_http_methods(FORM)
def new_account(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """The team was given another account."""
    provider, here = _known(request, public_id), reverse("providers:bank", args=[public_id])
    form = ReceivedIbanForm(request.POST if request.method == "POST" else None)
    if (answer := _propose(request, provider, form, None, here)) is not None:
        return answer
    context = {"provider": provider, "form": form, "back": here}
    return render(request, "providers/bank_new.html", context, status=_status(form))


@require_POST
def change_bank(request: TenantRequest, public_id: uuid.UUID, account: uuid.UUID, verb: str) -> HttpResponse:
    """They said yes on the telephone, or we hold their paper; or it is stopped."""
    found = get_object_or_404(_known(request, public_id).bank_accounts, public_id=account)
    here = reverse("providers:bank", args=[public_id])
    if verb == "arreter":
        return _stop(request, found, here)
    channel = BankChannel.CALL if verb == "appel" else BankChannel.PAPER
    try:
        confirm_iban(found, channel=channel, by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _confirmed_words())
    return redirect(here)


# --- behind the notice ------------------------------------------------------------------------------------------------


@csrf_exempt
@login_not_required
@never_cache
@require_safe
def notice_page(request: TenantRequest, token: str) -> HttpResponse:
    """What was asked: looking changes nothing (S16)."""
    return _notice(request, token, _noticed(token))


@csrf_exempt
@login_not_required
@never_cache
@require_POST
def act(request: TenantRequest, token: str, verb: str) -> HttpResponse:
    """One tap stops it. The code of our SMS confirms it: whoever holds the link alone can only stop."""
    found = _noticed(token)
    by = Actor(
        kind="link",
        organisation=request.organisation,
        label=found.provider.name,
        provider_id=found.provider_id,
        channel="link",
    )
    form, error = None, None
    if verb == "confirmer":
        form = BankCodeForm(request.POST)
        is_done = _take_code(request, found, form, by)
        form = None if is_done else form
    else:
        try:
            cancel_iban(found, by=by)
        except DomainError as refused:
            error = refused
    found.refresh_from_db()
    return _notice(request, token, found, form=form, error=error)


def _noticed(token: str) -> ProviderBankAccount:
    found = ProviderBankAccount.objects.select_related("provider").filter(token_hash=hash_of(token)).first()
    if found is None:
        raise Http404
    return found


def _notice(
    request: TenantRequest,
    token: str,
    account: ProviderBankAccount,
    *,
    form: BankCodeForm | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    context = {
        "token": token,
        "account": account,
        "zone": zone_of(request.organisation),
        "takes_code": takes_code(account),
        "code_form": form or BankCodeForm(),
        "error": error,
    }
    status = error.status if error else 422 if form else 200
    response = render(request, "providers/bank_notice.html", context, status=status)
    response["Referrer-Policy"] = "no-referrer"
    return response


# --- shared -----------------------------------------------------------------------------------------------------------


def _known(request: TenantRequest, public_id: uuid.UUID) -> Provider:
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    return get_object_or_404(Provider.objects.visible_to(request.actor), public_id=public_id)


def _listed(request: TenantRequest, provider: Provider) -> dict[str, Any]:
    page = Paginator(provider.bank_accounts.order_by("-pk"), PAGE).get_page(request.GET.get("page"))
    pending = provider.bank_accounts.pending().select_related("provider").first()
    return {
        "rows": list(page),
        "pending": pending,
        "zone": zone_of(request.organisation),
        **pages_around(request, page),
    }


def _propose(
    request: TenantRequest, provider: Provider, form: IbanForm, channel: BankChannel | None, here: str
) -> HttpResponse | None:
    """The answer when it was taken; else what is wrong stands in the form."""
    if not form.is_bound or not form.is_valid():
        return None
    given = form.cleaned_data
    way = channel or BankChannel(given["channel"])
    try:
        propose_iban(provider, iban=given["iban"], holder=given["holder"], channel=way, by=request.actor)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        form.refusal = refused_status(error)  # type: ignore[attr-defined]
        return None
    messages.success(request, _("Noted. It is confirmed by another way, and counts three days after that."))
    return redirect(here)


def _status(form: IbanForm) -> int:
    return getattr(form, "refusal", 422) if form.errors else 200


def _take_code(request: TenantRequest, account: ProviderBankAccount, form: BankCodeForm, by: Actor) -> bool:
    """Whether it was right; else what is wrong stands in the form."""
    if not form.is_valid():
        return False
    try:
        confirm_iban_by_code(account, form.cleaned_data["code"], by=by)
    except DomainError as error:
        form.add_error("code", str(error.message))
        return False
    return True


def _stop(request: TenantRequest, account: ProviderBankAccount, here: str) -> HttpResponse:
    try:
        cancel_iban(account, by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Stopped: nothing is paid to this account."))
    return redirect(here)


def _confirmed_words() -> str:
    return _("Confirmed: it counts in three days, unless somebody stops it.")
