"""The page behind the link of an offer: no login, made for a thumb (trust.md S16, DR10).

Looking needs the link. Acting, and reading who the client is, also needs the four digits printed beside it, typed once
in this browser: mail scanners that open links, run scripts and press buttons do not type. The browser is then known
(``doors``).
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.actions.work_orders import complete_work_order, start_work_order
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from providers import perms
from providers.actions.offers import accept_offer, decline_offer, report_misdirected, send_new_link
from providers.actions.releases import release_offer
from providers.enums import BINDING_YES, DeclineReason, OfferStatus, ReleaseReason
from providers.forms.offers import CodeForm, DeclineForm, ReleaseForm
from providers.models import AccessLink, CounterOffer
from providers.models.links import MAX_CODE_TRIES
from providers.views.clock_words import clock_of
from providers.views.counter_words import proposal_of
from providers.views.doors import bearer, door, knows_code, renewal, take_code
from providers.views.words import answer_words, need_of, price_read, release_words, work_of

link_page, renew = door(AccessLink), renewal(AccessLink, send_new_link)


def _page(
    request: TenantRequest,
    token: str,
    link: AccessLink,
    *,
    error: DomainError | None = None,
    code_form: CodeForm | None = None,
    decline_form: DeclineForm | None = None,
    release_form: ReleaseForm | None = None,
    status: int = 0,
) -> HttpResponse:
    offer = link.offer
    is_theirs = offer.status in BINDING_YES
    known = knows_code(request, link)
    title, sentence = answer_words(offer)
    countered = offer.status == OfferStatus.COUNTERED
    proposed = CounterOffer.objects.waiting().filter(offer=offer).first() if countered and known else None
    has_errors = any(form is not None and form.errors for form in (code_form, decline_form, release_form))
    context = {
        "token": token,
        "need": need_of(offer),
        "title": title,
        "sentence": sentence,
        "is_known": known,
        "is_locked": link.code_tries >= MAX_CODE_TRIES,
        "is_accepted": is_theirs,
        "work": work_of(offer.work_order, bearer(request, link)) if is_theirs else None,
        "code_form": code_form or CodeForm(),
        "decline_form": decline_form or DeclineForm(),
        "proposal": proposal_of(proposed) if proposed else None,
        "clock": clock_of(offer) if known and offer.status == OfferStatus.SENT else None,
        "release_until": release_words(offer),
        "release_form": release_form or ReleaseForm(),
        "error": error,
    }
    status = status or (error.status if error else 422 if has_errors else 200)
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
    return take_code(request, token, link, _page)


@require_POST
@link_page
def act(request: TenantRequest, token: str, link: AccessLink, verb: str) -> HttpResponse:
    """Accept, decline, start, finish, give back, or say "this is not me"."""
    if not knows_code(request, link):
        return _page(request, token, link, error=NotAllowed(_("Please type the four digits of our message first.")))
    form, release_form = DeclineForm(request.POST), ReleaseForm(request.POST)
    if verb == "refuser" and not form.is_valid():
        return _page(request, token, link, decline_form=form)
    if verb == "rendre" and not release_form.is_valid():
        return _page(request, token, link, release_form=release_form)
    try:
        ACTS[verb](request, link, release_form if verb == "rendre" else form)
    except DomainError as error:
        link.offer.refresh_from_db()
        link.offer.work_order.refresh_from_db()
        return _page(request, token, link, error=error)
    if verb == "pas-moi":
        return render(request, "providers/link_reported.html")
    return redirect("providers:offer-link", token)


def _accept(request: TenantRequest, link: AccessLink, form: Form) -> None:
    accept_offer(link.offer, by=bearer(request, link), price_seen=price_read(request.POST))


def _decline(request: TenantRequest, link: AccessLink, form: Form) -> None:
    decline_offer(
        link.offer,
        reason=DeclineReason(form.cleaned_data["reason"]),
        comment=form.cleaned_data["comment"],
        by=bearer(request, link),
    )


def _give_back(request: TenantRequest, link: AccessLink, form: Form) -> None:
    said = form.cleaned_data
    release_offer(link.offer, reason=ReleaseReason(said["reason"]), comment=said["comment"], by=bearer(request, link))


def _start(request: TenantRequest, link: AccessLink, form: Form) -> None:
    by, work_order = bearer(request, link), link.offer.work_order
    if not perms.can_carry_out(by, work_order):
        raise NotAllowed
    start_work_order(work_order, by=by)
    messages.success(request, _("Noted: you have started."))


def _complete(request: TenantRequest, link: AccessLink, form: Form) -> None:
    by, work_order = bearer(request, link), link.offer.work_order
    if not perms.can_carry_out(by, work_order):
        raise NotAllowed
    complete_work_order(work_order, by=by)
    messages.success(request, _("Noted: it is done. Thank you!"))


def _report(request: TenantRequest, link: AccessLink, form: Form) -> None:
    report_misdirected(link, by=bearer(request, link))


ACTS: dict[str, Callable[[TenantRequest, AccessLink, Form], None]] = {
    "accepter": _accept,
    "refuser": _decline,
    "commencer": _start,
    "terminer": _complete,
    "rendre": _give_back,
    "pas-moi": _report,
}
