"""What every page behind a personal link shares: no login, kind refusals, four digits typed once in a browser.

``Referrer-Policy: no-referrer`` makes browsers send ``Origin: null`` with forms, which Django's check against forgery
refuses; these views are exempt from it because nobody can forge a request to an address that they cannot guess.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor
from concierge.visitors import not_too_many
from providers.actions.links import LinkExpired, StillWaits, check_link_code, open_link
from providers.forms.offers import CodeForm
from providers.models import AccessLink, PersonalLink
from providers.models.links import hash_of

COOKIE = "offer_link"
SALT = "providers.link.browser"
COOKIE_DAYS = 30
# How often one network may ask for links in an hour: a whole trading estate sits behind one.
MOST_ASKED, ASKED_WINDOW = 20, 3600

View = Callable[..., HttpResponse]


def door(kind: type[PersonalLink]) -> Callable[[View], View]:
    """Find the link, refuse dead ones kindly, and keep its address out of referrers and caches."""

    def link_page(view: View) -> View:
        @csrf_exempt
        @login_not_required
        @never_cache
        @wraps(view)
        def with_link(request: TenantRequest, token: str, **kwargs: Any) -> HttpResponse:
            try:
                link = open_link(kind, token)
                if link is None:
                    raise Http404
                response = view(request, token, link, **kwargs)
            except DomainError as error:
                is_renewed = isinstance(error, LinkExpired if kind is AccessLink else StillWaits)
                renew_url = reverse(kind.renewal, args=[token]) if is_renewed else ""
                context = {"error": error, "renew_url": renew_url}
                response = render(request, "providers/link_over.html", context, status=error.status)
            response["Referrer-Policy"] = "no-referrer"
            return response

        return with_link

    return link_page


def renewal(kind: type[PersonalLink], send: Callable[..., bool]) -> View:
    """A new link, to the address on file alone. The answer is the same whatever the old one was."""

    @require_POST
    @csrf_exempt
    @login_not_required
    @never_cache
    def renew(request: TenantRequest, token: str) -> HttpResponse:
        not_too_many(request, "offer-links", most=MOST_ASKED, seconds=ASKED_WINDOW)
        rows = kind._default_manager.select_related(*(f"{kind.about}__{name}" for name in kind.need))
        for link in rows.filter(token_hash=hash_of(token)):
            send(link, by=bearer(request, link))
        response = render(request, "providers/link_asked.html")
        response["Referrer-Policy"] = "no-referrer"
        return response

    return renew


def knows_code(request: TenantRequest, link: PersonalLink) -> bool:
    """Whether the four digits were typed in this browser."""
    known = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=COOKIE_DAYS * 86400)
    return bool(known == link.public_id.hex)


def bearer(request: TenantRequest, link: PersonalLink) -> Actor:
    """Whoever holds the link."""
    return acting_on(request, link.subject)


def acting_on(request: TenantRequest, subject: Any) -> Actor:
    """Whoever acts by a link on what it is about: for its provider; whoever was only invited, for nobody yet."""
    provider = subject.provider
    return Actor(
        kind="link",
        organisation=request.organisation,
        label=str(subject if provider is None else provider.name),
        provider_id=None if provider is None else provider.pk,
        channel="link",
    )


def take_code(request: TenantRequest, token: str, link: PersonalLink, page: View) -> HttpResponse:
    """The human step: four digits open the buttons in this browser. Five wrong ones end it."""
    form, status = CodeForm(request.POST), 422
    if form.is_valid():
        try:
            check_link_code(link, form.cleaned_data["code"])
        except DomainError as error:
            form.add_error("code", str(error.message))
            status = error.status
        else:
            return let_in(link, reverse(link.page, args=[token]))
    return page(request, token, link, code_form=form, status=status)


def let_in(link: PersonalLink, address: str) -> HttpResponse:
    """Back to the page, known from now on by a signed cookie that is valid for this address only."""
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
