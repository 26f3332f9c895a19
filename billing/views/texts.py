"""Pages of the sentences that the law wants on documents: what they say today, and what they will say from a day on."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.actions.content import InvoicingNotReady
from billing.actions.legal_texts import change_text, take_text_back
from billing.enums import TextCode
from billing.forms import LegalTextForm, TextBackForm
from billing.models import LegalEntity, LegalText
from billing.rules.einvoice import WITHOUT_VAT
from billing.views.invoices import allow_invoicing
from concierge.days import today_of
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.words import date_words

# Wordings of one sentence on its page: the law changes every few years.
SHOWN = 30


def _code(value: str) -> TextCode:
    if value not in TextCode.values:
        raise Http404
    return TextCode(value)


def _issuer(request: TenantRequest) -> LegalEntity:
    """Whose documents say it; raises ``InvoicingNotReady`` (409) before there is one."""
    entity = LegalEntity.objects.filter(organisation=request.organisation).select_related("organisation").first()
    if entity is None:
        raise InvoicingNotReady
    return entity


def _state(row: LegalText, today: dt.date) -> tuple[str, str]:
    if row.valid_from > today:
        return "waiting", _("To come")
    if row.valid_to is not None and row.valid_to < today:
        return "done", _("Over")
    return "active", _("In force")


@never_cache
@require_safe
def legal_texts(request: TenantRequest) -> HttpResponse:
    """Every sentence as it is today, and what waits or is missing."""
    allow_invoicing(request)
    today = today_of(request.organisation)
    lasting = LegalText.objects.standing().filter(organisation=request.organisation).exclude(valid_to__lt=today)
    found = {code: list(rows) for code, rows in groupby(lasting.order_by("code", "valid_from"), lambda row: row.code)}
    context = {"rows": [_sentence(code, found.get(code, []), today) for code in TextCode]}
    return render(request, "billing/texts.html", context)


def _sentence(code: TextCode, rows: list[LegalText], today: dt.date) -> dict[str, Any]:
    now = next((row for row in rows if row.valid_from <= today), None)
    coming = [row for row in rows if row.valid_from > today]
    notes = [_("From %(day)s: %(text)s") % {"day": date_words(row.valid_from), "text": row.text_fr} for row in coming]
    last = rows[-1] if rows else None
    if last is not None and last.valid_to is not None:
        notes.append(_("Nothing is written for the time after %(day)s.") % {"day": date_words(last.valid_to)})
    return {
        "code": code,
        "name": code.label,
        "text": now.text_fr if now else "",
        "law_ref": now.law_ref if now else "",
        "notes": notes,
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def legal_text(request: TenantRequest, code: str) -> HttpResponse:
    """One sentence: what it said, says and will say; sent, the next wording."""
    allow_invoicing(request)
    sentence = _code(code)
    today = today_of(request.organisation)
    rows = list(
        LegalText.objects.standing()
        .filter(organisation=request.organisation, code=sentence)
        .order_by("-valid_from")[: SHOWN + 1]
    )
    names = ("text_fr", "text_en", "law_ref", "vatex")
    initial = {name: getattr(rows[0], name) for name in names} if rows else {}
    form = LegalTextForm(
        request.POST if request.method == "POST" else None, initial=initial, has_code=sentence in WITHOUT_VAT
    )
    if form.is_bound and form.is_valid():
        since = form.cleaned_data["since"]
        try:
            change_text(_issuer(request), sentence, form.wording(), since=since, by=request.actor)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        else:
            told = _("Saved. Documents say this from %(day)s; those issued before keep what they say.")
            messages.success(request, told % {"day": date_words(since)})
            return redirect("billing:text", sentence)
    context = {
        "code": sentence,
        "name": sentence.label,
        "rows": [_wording(row, today, is_last=row is rows[0]) for row in rows[:SHOWN]],
        "has_more": len(rows) > SHOWN,
        "form": form,
    }
    return render(request, "billing/text.html", context, status=422 if form.errors else 200)


def _wording(row: LegalText, today: dt.date, *, is_last: bool) -> dict[str, Any]:
    return {
        "text_fr": row.text_fr,
        "text_en": row.text_en,
        "law_ref": row.law_ref,
        "vatex": row.vatex,
        "from": date_words(row.valid_from),
        "to": date_words(row.valid_to) if row.valid_to else "",
        "since": row.valid_from.isoformat(),
        "state": _state(row, today),
        "may_go": is_last and row.valid_from > today,
    }


@require_POST
def take_back(request: TenantRequest, code: str) -> HttpResponse:
    """The next wording was a mistake."""
    allow_invoicing(request)
    sentence, form = _code(code), TextBackForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose the wording to take back."))
        return redirect("billing:text", sentence)
    try:
        take_text_back(_issuer(request), sentence, since=form.cleaned_data["since"], by=request.actor)
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Taken back: the wording before goes on."))
    return redirect("billing:text", sentence)
