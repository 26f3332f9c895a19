"""Asking for a quote by the booking pages: what is needed, who you are, sent (without a price and without a time)."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from bookings.actions.quote_requests import ask_for_quote
from bookings.forms.booking import PayerForm
from bookings.forms.wishes import WishesForm
from bookings.views.contact import refused_contact
from bookings.views.draft import Draft
from bookings.views.payers import chosen_payer, payers_of
from bookings.views.steps import go, show, step
from concierge.days import today_at
from concierge.errors import DomainError
from concierge.models import national_phone
from concierge.words import date_words


@step("wishes")
def wishes(request: HttpRequest, draft: Draft) -> HttpResponse:
    """What is needed of each service, in one's own words, and when it would suit."""
    form = WishesForm(
        request.POST if request.method == "POST" else None,
        chosen=draft.services,
        known=draft.data.get("wanted", {}),
        today=today_at(draft.site),
        label_suffix="",
    )
    if form.is_valid():
        draft.save(wanted=form.wanted(), key=draft.data.get("key") or str(uuid.uuid4()))
        return go(draft.site, "contact")
    return show(request, draft, "wishes", 422 if form.is_bound else 200, form=form)


@step("ask")
def ask(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Everything once more; then the request for a quote is sent."""
    accounts = payers_of(request, draft)
    key = draft.key or uuid.uuid4()
    typed = request.POST if request.method == "POST" else None
    form = PayerForm(typed, accounts=accounts, for_others=draft.for_others, initial=chosen_payer(draft))
    if not form.is_valid() or form.cleaned_data["hold"] != key:
        return _page(request, draft, form, 422 if form.is_bound else 200)
    payer = next((a for a in accounts if str(a.public_id) == form.cleaned_data["payer"]), None)
    try:
        made = ask_for_quote(
            draft.site,
            client=draft.details(),
            wanted=draft.wanted,
            by=draft.actor,
            payer=payer,
            note=draft.contact.get("note", ""),
            key=key,
            prescriber=draft.person,
            owner=draft.owner,
        )
    except DomainError as error:
        if error.field in {"description", "wanted_from", "wanted_until", "services"}:
            known = draft.data.get("wanted", {})
            today = today_at(draft.site)
            wishes_form = WishesForm(chosen=draft.services, known=known, today=today, label_suffix="")
            return show(request, draft, "wishes", error.status, form=wishes_form, error=error)
        if error.field in {"payer", None}:
            form.add_error("payer" if error.field else None, str(error.message))
            return _page(request, draft, form, error.status)
        return refused_contact(request, draft, error)
    draft.finish(key, made.tracking_token)
    return redirect("bookings:done", token=made.tracking_token)


def _page(request: HttpRequest, draft: Draft, form: PayerForm, status: int) -> HttpResponse:
    wanted: list[dict[str, Any]] = [
        {
            "service": wish.service,
            "description": wish.description,
            "from": date_words(wish.wanted_from, "l j F") if wish.wanted_from else "",
            "until": date_words(wish.wanted_until, "l j F") if wish.wanted_until else "",
        }
        for wish in draft.wanted
    ]
    phone = national_phone(draft.contact.get("phone", ""))
    return show(request, draft, "ask", status, form=form, wanted=wanted, key=draft.key, phone=phone)
