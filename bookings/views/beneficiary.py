"""A side page of booking: for whom it is, when that is not the client."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from bookings.actions import booking
from bookings.actions.beneficiaries import FIELD, Beneficiary, clean_beneficiary
from bookings.enums import Place
from bookings.forms.beneficiary import BeneficiaryForm
from bookings.models import Client
from bookings.models.clients import each_once
from bookings.views.draft import Draft
from bookings.views.steps import go, show, step
from concierge.errors import DomainError

# People somebody has asked for before, shown at once.
MOST_KNOWN = 12


@step("contact")
def beneficiary(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Somebody else than the client is helped; or, with ``mine``, the client after all."""
    if draft.person is not None:
        return go(draft.site, "contact")
    if request.method == "POST" and "mine" in request.POST:
        draft.save(other={})
        return go(draft.site, "contact")
    known = _known(draft)
    form = BeneficiaryForm(
        request.POST if request.method == "POST" else None,
        initial=draft.other or draft.data.get("typed_other") or _initial(known, request.GET.get("person", "")),
        asks_address=draft.place == Place.HOME,
    )
    if form.is_valid():
        other = Beneficiary(**form.cleaned_data)
        try:
            clean_beneficiary(other)
            booking.check_place(draft.site, draft.place, draft.place, other)
        except DomainError as error:
            field = (error.field or "").removeprefix(FIELD)
            form.add_error(field if field in form.fields else None, str(error.message))
            return show(request, draft, "beneficiary", error.status, form=form, known=known)
        draft.data.pop("typed_other", None)
        draft.save(other=form.cleaned_data)
        return go(draft.site, "contact")
    if form.is_bound:
        draft.save(typed_other={name: request.POST.get(name, "")[:500] for name in form.fields})
    return show(request, draft, "beneficiary", 422 if form.is_bound else 200, form=form, known=known)


def _known(draft: Draft) -> list[Client]:
    """Whom the signed-in client has asked for before. The desk looks for people elsewhere."""
    mine = draft.actor.client_id
    if mine is None or draft.for_others:
        return []
    helped = Client.objects.filter(organisation=draft.site.organisation).helped_by(mine)
    return each_once(helped.select_related("merged_into")[:MOST_KNOWN])


def _initial(known: list[Client], chosen: str) -> dict[str, Any]:
    """What we know of the one that was chosen."""
    for client in known:
        if str(client.public_id) == chosen:
            return {
                name: str(getattr(client, name))
                for name in ("first_name", "last_name", "phone", "street", "postcode", "city")
            }
    return {}
