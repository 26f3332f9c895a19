"""Who books: the page of the booking steps on which one says it, shown again when that is refused."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from bookings.actions import guards
from bookings.enums import Place
from bookings.forms.booking import ContactForm
from bookings.models import Client
from bookings.views.draft import KEPT_FIELDS, WHO_FIELDS, Draft
from bookings.views.proving import start_verification
from bookings.views.spots import UNKNOWN, kept_spot, located_for
from bookings.views.steps import go, show, step
from concierge.errors import DomainError


@step("contact")
def contact(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Who you are; an unknown address gets a code."""
    form = _contact_form(draft, request.POST if request.method == "POST" else None, initial=_known_contact(draft))
    draft.note_access(form)
    if form.is_valid():
        typed = {name: form.cleaned_data[name] for name in KEPT_FIELDS if name in form.fields}
        draft.data.pop("typed", None)
        draft.save(contact={**draft.contact, **typed, **UNKNOWN})
        if draft.place == Place.HOME and draft.comes_to_client:
            draft.save(contact={**draft.contact, **kept_spot(located_for(request, draft.details()))})
        try:
            guards.check_place(draft.site, draft.place, draft.place, draft.met)
            if not draft.is_verified:
                start_verification(request, draft)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            return show(request, draft, "contact", error.status, form=form)
        return go(draft.site, draft.last_step if draft.is_verified else "code")
    if form.is_bound:
        # Nothing typed is lost, even when the person leaves before correcting it.
        draft.save(typed={name: request.POST.get(name, "")[:500] for name in form.fields if name != "access_note"})
    return show(request, draft, "contact", 422 if form.is_bound else 200, form=form)


def _contact_form(draft: Draft, data: Any, **more: Any) -> ContactForm:
    return ContactForm(
        data,
        asks_address=draft.comes_to_client,
        for_others=draft.for_others,
        knows_who=draft.knows_who,
        is_visit=draft.is_visit and draft.comes_to_client,
        **more,
    )


def _known_contact(draft: Draft) -> dict[str, str]:
    """What was typed before, else what the account knows; what the prescriber said of a person they accompany."""
    typed: dict[str, str] = {**draft.contact, **draft.data.get("typed", {}), "access_note": draft.access}
    if draft.person is not None:
        known = {name: str(getattr(draft.person, name)) for name in ("phone", "street", "postcode", "city")}
        return known | typed
    if draft.owner is not None:
        return {name: str(getattr(draft.owner, name)) for name in WHO_FIELDS} | typed
    user = draft.request.user
    if typed.get("last_name") or draft.for_others or not user.is_authenticated:
        return typed
    mine = draft.actor.client_id
    client = Client.objects.filter(organisation=draft.actor.organisation, pk=mine).first() if mine else None
    if client is None:
        return {"first_name": user.first_name, "last_name": user.last_name, "email": user.email, **typed}
    return {name: str(getattr(client, name)) for name in WHO_FIELDS}


def refused_contact(request: HttpRequest, draft: Draft, error: DomainError) -> HttpResponse:
    """What is wrong with who one is, on the page where it was typed."""
    contact_form = _contact_form(draft, {**draft.contact, "access_note": draft.access})
    contact_form.is_valid()
    contact_form.add_error(error.field if error.field in contact_form.fields else None, str(error.message))
    return show(request, draft, "contact", error.status, form=contact_form)
