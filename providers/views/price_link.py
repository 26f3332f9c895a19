"""The page behind the link of a price request: no login, made for a thumb. Looking changes nothing (S16, DR10).

A price is typed, read again without and with VAT, and only then sent.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor
from concierge.words import date_words
from providers.actions import prices
from providers.enums import DeclineReason
from providers.forms.offers import CodeForm
from providers.forms.prices import NoPriceForm, PriceForm
from providers.models import PriceLink, PriceRequest
from providers.views.doors import bearer, door, knows_code, take_code
from providers.views.price_words import amounts_words, question_of, standing_words

link_page = door(PriceLink)


def _page(
    request: TenantRequest,
    token: str,
    link: PriceLink,
    *,
    error: DomainError | None = None,
    status: int = 200,
    **forms: Any,
) -> HttpResponse:
    title, sentence = standing_words(link.price_request)
    context = {
        "token": token,
        "question": question_of(link.price_request),
        "title": title,
        "sentence": sentence,
        "is_known": knows_code(request, link),
        "code_form": CodeForm(),
        "error": error,
        **answer_context(**forms),
        **forms,
    }
    return render(request, "providers/price_link.html", context, status=status)


def answer_context(**forms: Any) -> dict[str, Any]:
    """The empty forms of an answer; ``read_again`` says what a valid price would be."""
    return {"price_form": PriceForm(), "no_form": NoPriceForm(), "read_again": None, **forms}


@require_safe
@link_page
def price_page(request: TenantRequest, token: str, link: PriceLink) -> HttpResponse:
    """The question and how it stands."""
    return _page(request, token, link)


@require_POST
@link_page
def type_code(request: TenantRequest, token: str, link: PriceLink) -> HttpResponse:
    """The human step: four digits open the buttons in this browser."""
    return take_code(request, token, link, _page)


@require_POST
@link_page
def act(request: TenantRequest, token: str, link: PriceLink, verb: str) -> HttpResponse:
    """Give a price, give none, take it back, or say "this is not me"."""
    if not knows_code(request, link):
        refusal = NotAllowed(_("Please type the four digits of our message first."))
        return _page(request, token, link, error=refusal, status=refusal.status)
    asked, by = link.price_request, bearer(request, link)
    if verb == "pas-moi":
        prices.report_price_misdirected(link, by=by)
        return render(request, "providers/link_reported.html")

    def shown(**more: Any) -> HttpResponse:
        asked.refresh_from_db()
        return _page(request, token, link, **more)

    return take_answer(request, asked, verb, by, shown) or redirect("providers:price-link", token)


def take_answer(
    request: TenantRequest, asked: PriceRequest, verb: str, by: Actor, shown: Callable[..., HttpResponse]
) -> HttpResponse | None:
    """Do what a form says; the page to show again, or ``None`` when it is done."""
    form: PriceForm | NoPriceForm = PriceForm(request.POST) if verb == "repondre" else NoPriceForm(request.POST)
    name = "price_form" if verb == "repondre" else "no_form"
    if verb != "retirer" and not form.is_valid():
        return shown(status=422, **{name: form})
    try:
        if verb == "retirer":
            prices.retract_price(asked, by=by)
        elif verb == "refuser":
            reason = DeclineReason(form.cleaned_data["reason"])
            prices.decline_price(asked, reason=reason, comment=form.cleaned_data["comment"], by=by)
        else:
            answer = _answer(form)
            if request.POST.get("confirm") != "1":
                prices.check_answer(asked, answer)
                return shown(price_form=form, read_again=_read_again(answer))
            prices.answer_price(asked, answer, by=by)
    except DomainError as error:
        if error.field in form.fields:
            form.add_error(error.field, str(error.message))
            return shown(status=error.status, **{name: form})
        return shown(error=error, status=error.status)
    return None


def _answer(form: PriceForm | NoPriceForm) -> prices.PriceAnswer:
    given = form.cleaned_data
    return prices.PriceAnswer(
        price=given["price"],
        includes_vat=given["includes_vat"] == "yes",
        vat_rate=Decimal(given["vat_rate"]),
        earliest_on=given["earliest_on"],
        valid_until=given["valid_until"],
        comment=given["comment"],
    )


def _read_again(answer: prices.PriceAnswer) -> dict[str, Any]:
    """What would be sent, in words."""
    return {
        "amounts": amounts_words(answer.price, includes_vat=answer.includes_vat, vat_rate=answer.vat_rate),
        "earliest": date_words(answer.earliest_on, "l j F"),
        "until": date_words(answer.valid_until, "j F Y"),
    }
