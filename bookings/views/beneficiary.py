"""A side page of booking: for whom it is, when that is not the client."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from bookings.actions import guards
from bookings.actions.beneficiaries import FIELD, Beneficiary, clean_beneficiary
from bookings.actions.own_space import HELPED_FIELDS
from bookings.enums import Place
from bookings.forms.beneficiary import BeneficiaryForm
from bookings.models import HelpedPerson
from bookings.models.people import MOST_HELPED
from bookings.views.draft import Draft
from bookings.views.spots import kept_spot, located_for
from bookings.views.steps import go, show, step
from concierge.errors import DomainError


@step("contact")
def beneficiary(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Somebody else than the client is helped; or, with ``mine``, the client after all."""
    if draft.person is not None:
        return go(draft.site, "contact")
    if request.method == "POST" and "mine" in request.POST:
        draft.data.pop("access", None)  # of another home
        draft.save(other={})
        return go(draft.site, "contact")
    known = _known(draft)
    form = BeneficiaryForm(
        request.POST if request.method == "POST" else None,
        initial={
            **(draft.other or draft.data.get("typed_other") or _initial(known, request.GET.get("person", ""))),
            "access_note": draft.access if draft.other or "typed_other" in draft.data else "",
        },
        asks_address=draft.place == Place.HOME,
    )
    draft.note_access(form)
    if form.is_valid():
        said = {name: value for name, value in form.cleaned_data.items() if name != "access_note"}
        other = Beneficiary(**said)
        if draft.place == Place.HOME:
            other = located_for(request, other)
        try:
            clean_beneficiary(other)
            guards.check_place(draft.site, draft.place, draft.place, other)
        except DomainError as error:
            field = (error.field or "").removeprefix(FIELD)
            form.add_error(field if field in form.fields else None, str(error.message))
            return show(request, draft, "beneficiary", error.status, form=form, known=known)
        draft.data.pop("typed_other", None)
        draft.save(other={**said, **kept_spot(other)})
        return go(draft.site, "contact")
    if form.is_bound:
        draft.save(
            typed_other={name: request.POST.get(name, "")[:500] for name in form.fields if name != "access_note"}
        )
    return show(request, draft, "beneficiary", 422 if form.is_bound else 200, form=form, known=known)


def _known(draft: Draft) -> list[HelpedPerson]:
    """Who is on the signed-in client's list. The desk looks for people elsewhere."""
    mine = draft.actor.client_id
    if mine is None or draft.for_others:
        return []
    return list(HelpedPerson.objects.filter(organisation=draft.site.organisation).of(mine)[:MOST_HELPED])


def _initial(known: list[HelpedPerson], chosen: str) -> dict[str, Any]:
    """What the client said of the one that was chosen."""
    for person in known:
        if str(person.public_id) == chosen:
            return {name: str(getattr(person, name)) for name in HELPED_FIELDS}
    return {}
