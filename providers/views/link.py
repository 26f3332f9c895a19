"""The page behind the link of an offer: no login, made for a thumb (trust.md S16, DR10).

Looking needs the link. Acting, and reading who the client is, also needs the four digits printed beside it, typed once
in this browser: mail scanners that open links, run scripts and press buttons do not type. The browser is then known by
a signed cookie that is valid for this address only.

``Referrer-Policy: no-referrer`` makes browsers send ``Origin: null`` with forms, which Django's check against forgery
refuses; these views are exempt from it because nobody can forge a request to an address that they cannot guess.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from bookings.actions.work_orders import complete_work_order, start_work_order
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor
from providers import perms
from providers.actions.links import check_link_code, open_link
from providers.actions.offers import accept_offer, decline_offer, report_misdirected
from providers.enums import DeclineReason, OfferStatus
from providers.forms import CodeForm, DeclineForm
from providers.models import AccessLink
from providers.views.words import answer_words, need_of, work_of

COOKIE = "offer_link"
SALT = "providers.link.browser"
COOKIE_DAYS = 30

View = Callable[..., HttpResponse]


def link_page(view: View) -> View:
    """Find the link, refuse dead ones kindly, and keep its address out of referrers and caches."""

    @csrf_exempt
    @login_not_required
    @never_cache
    @wraps(view)
    def with_link(request: TenantRequest, token: str, **kwargs: Any) -> HttpResponse:
        try:
            link = open_link(token)
            if link is None:
                raise Http404
            response = view(request, token, link, **kwargs)
        except DomainError as error:
            response = render(request, "providers/link_over.html", {"error": error}, status=error.status)
        response["Referrer-Policy"] = "no-referrer"
        return response

    return with_link


def bearer(request: TenantRequest, link: AccessLink) -> Actor:
    """Whoever holds the link acts for the provider."""
    provider = link.offer.provider
    return Actor(
        kind="link",
        organisation=request.organisation,
        label=provider.name,
        provider_id=provider.pk,
        channel="link",
    )


def knows_code(request: TenantRequest, link: AccessLink) -> bool:
    """Whether the four digits were typed in this browser."""
    known = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=COOKIE_DAYS * 86400)
    return bool(known == link.public_id.hex)


def _page(
    request: TenantRequest,
    token: str,
    link: AccessLink,
    *,
    error: DomainError | None = None,
    code_form: CodeForm | None = None,
    decline_form: DeclineForm | None = None,
    status: int = 0,
) -> HttpResponse:
    offer = link.offer
    known = knows_code(request, link)
    title, sentence = answer_words(offer)
    form_errors = (code_form and code_form.errors) or (decline_form and decline_form.errors)
    context = {
        "token": token,
        "need": need_of(offer),
        "title": title,
        "sentence": sentence,
        "is_known": known,
        "is_accepted": offer.status == OfferStatus.ACCEPTED,
        "work": work_of(offer.work_order, bearer(request, link)) if offer.status == OfferStatus.ACCEPTED else None,
        "code_form": code_form or CodeForm(),
        "decline_form": decline_form or DeclineForm(),
        "error": error,
    }
    status = status or (error.status if error else 422 if form_errors else 200)
    return render(request, "providers/offer_link.html", context, status=status)


@require_safe
@link_page
def offer_page(request: TenantRequest, token: str, link: AccessLink) -> HttpResponse:
    """The offer and how it stands. Looking changes nothing, for people and for robots."""
    return _page(request, token, link)


@require_POST
@link_page
def type_code(request: TenantRequest, token: str, link: AccessLink) -> HttpResponse:
    """The human step: four digits open the buttons in this browser. Five wrong ones end it."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, token, link, code_form=form)
    try:
        check_link_code(link, form.cleaned_data["code"])
    except DomainError as error:
        form.add_error("code", str(error.message))
        return _page(request, token, link, code_form=form, status=error.status)
    address = reverse("providers:offer-link", args=[token])
    response = redirect(address)
    response.set_signed_cookie(
        COOKIE,
        link.public_id.hex,
        salt=SALT,
        max_age=COOKIE_DAYS * 86400,
        path=address,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_POST
@link_page
def act(request: TenantRequest, token: str, link: AccessLink, verb: str) -> HttpResponse:
    """Accept, decline, start, finish, or say "this is not me"."""
    if not knows_code(request, link):
        return _page(request, token, link, error=NotAllowed(_("Please type the four digits of our message first.")))
    form = DeclineForm(request.POST)
    if verb == "refuser" and not form.is_valid():
        return _page(request, token, link, decline_form=form)
    try:
        ACTS[verb](request, link, form)
    except DomainError as error:
        link.offer.refresh_from_db()
        link.offer.work_order.refresh_from_db()
        return _page(request, token, link, error=error)
    if verb == "pas-moi":
        return render(request, "providers/link_reported.html")
    return redirect("providers:offer-link", token)


def _accept(request: TenantRequest, link: AccessLink, form: DeclineForm) -> None:
    accept_offer(link.offer, by=bearer(request, link))


def _decline(request: TenantRequest, link: AccessLink, form: DeclineForm) -> None:
    decline_offer(
        link.offer,
        reason=DeclineReason(form.cleaned_data["reason"]),
        comment=form.cleaned_data["comment"],
        by=bearer(request, link),
    )


def _start(request: TenantRequest, link: AccessLink, form: DeclineForm) -> None:
    by, work_order = bearer(request, link), link.offer.work_order
    if not perms.can_carry_out(by, work_order):
        raise NotAllowed
    start_work_order(work_order, by=by)
    messages.success(request, _("Noted: you have started."))


def _complete(request: TenantRequest, link: AccessLink, form: DeclineForm) -> None:
    by, work_order = bearer(request, link), link.offer.work_order
    if not perms.can_carry_out(by, work_order):
        raise NotAllowed
    complete_work_order(work_order, by=by)
    messages.success(request, _("Noted: it is done. Thank you!"))


def _report(request: TenantRequest, link: AccessLink, form: DeclineForm) -> None:
    report_misdirected(link, by=bearer(request, link))


ACTS: dict[str, Callable[[TenantRequest, AccessLink, DeclineForm], None]] = {
    "accepter": _accept,
    "refuser": _decline,
    "commencer": _start,
    "terminer": _complete,
    "pas-moi": _report,
}
