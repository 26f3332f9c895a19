"""On the phone with a provider: what to say, and what they answer."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from providers import perms
from providers.actions.calls import accept_on_phone, decline_on_phone, note_nobody_there, price_on_phone
from providers.actions.contacts import way_to_write
from providers.enums import DeclineReason, OfferStatus
from providers.forms.offers import CallAgainForm, DeclineForm, PriceSaidForm
from providers.models import Offer
from providers.views.contact_words import contact_words
from providers.views.words import answer_words, need_of, price_read

LATER = dt.timedelta(hours=1)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def on_the_phone(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Read out what is asked, then note yes, no, or that nobody was there."""
    offer = get_object_or_404(Offer.objects.visible_to(request.actor).with_need(), public_id=public_id)
    if not perms.can_dispatch(request.actor, offer.work_order):
        raise NotAllowed
    zone = ZoneInfo(offer.work_order.site.time_zone)
    answer = request.POST.get("answer", "") if request.method == "POST" else ""
    decline = DeclineForm(request.POST if answer == "no" else None)
    again = CallAgainForm(request.POST if answer == "nobody" else None, zone=zone, initial=_later(offer, zone))
    price = PriceSaidForm(request.POST if answer == "price" else None, initial={"price": offer.price})
    form: Form | None = {"no": decline, "nobody": again, "price": price}.get(answer)
    forms = {"decline_form": decline, "again_form": again, "price_form": price}
    if request.method != "POST" or (form is not None and not form.is_valid()):
        return _page(request, offer, forms, status=200 if request.method != "POST" else 422)
    try:
        said = _note(request, offer, answer, form)
    except DomainError as error:
        if form is not None and error.field in form.fields:
            form.add_error(error.field, str(error.message))
        else:
            messages.error(request, str(error.message))
        offer.refresh_from_db()
        return _page(request, offer, forms, status=422 if error.status == 400 else error.status)
    messages.success(request, said)
    if answer == "nobody":
        return redirect("providers:calls")
    return redirect("providers:offers-of-request", offer.work_order.request.public_id)


def _later(offer: Offer, zone: ZoneInfo) -> dict[str, str]:
    moment = min(timezone.now() + LATER, offer.due_at - dt.timedelta(minutes=5))
    return {"again_at": timezone.localtime(max(moment, timezone.now()), zone).strftime("%Y-%m-%dT%H:%M")}


def _note(request: TenantRequest, offer: Offer, answer: str, form: Form | None) -> str:
    name = {"name": offer.provider.name}
    if answer == "price" and form is not None and offer.round.asks_price:
        seen = price_read(request.POST, "price_seen")
        price_on_phone(offer, form.cleaned_data["price"], price_seen=seen, by=request.actor)
        return _("Noted: the price of %(name)s. Somebody chooses once all have answered.") % name
    if answer == "yes" and not offer.round.asks_price:
        accept_on_phone(offer, price_seen=price_read(request.POST), by=request.actor)
        if way_to_write(offer):
            return _("Noted: %(name)s takes the job, and gets everything in writing.") % name
        return _("Noted: %(name)s takes the job. Nothing written reaches them: say the details now.") % name
    if answer == "no" and form is not None:
        reason = DeclineReason(form.cleaned_data["reason"])
        decline_on_phone(offer, reason=reason, comment=form.cleaned_data["comment"], by=request.actor)
        return _("Noted: %(name)s does not take it. Others are asked.") % name
    if answer == "nobody" and form is not None:
        note_nobody_there(offer, call_again_at=form.cleaned_data["again_at"], by=request.actor)
        return _("Noted: %(name)s is on the list to call again.") % name
    raise DomainError(_("Please choose one of the answers."))


def _page(request: TenantRequest, offer: Offer, forms: dict[str, Form], *, status: int) -> HttpResponse:
    _title, sentence = answer_words(offer)
    context: dict[str, Any] = {
        "offer": offer,
        "provider": offer.provider,
        "phone_link": offer.provider.phone.as_e164 if offer.provider.phone else "",
        "need": need_of(offer),
        "state": sentence if offer.status == OfferStatus.SENT else offer.get_status_display(),
        "note": next((one.note for one in offer.contacts.order_by("-step") if one.note), ""),
        "contacts": [contact_words(one, offer) for one in offer.contacts.order_by("step")],
        **forms,
    }
    return render(request, "providers/phone.html", context, status=status)
