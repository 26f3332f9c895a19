"""Who may pay, on the last page of booking."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest

from bookings.actions import clients
from bookings.models import ClientAccount
from bookings.views.draft import Draft

# Bodies that may pay, shown at once: the desk looks for others by name.
MOST_PAYERS = 12


def payers_of(request: HttpRequest, draft: Draft) -> list[ClientAccount]:
    """Those to choose from."""
    organisation, email = draft.site.organisation, draft.email
    if draft.person is not None:
        return []
    if not draft.for_others:
        return list(clients.accounts_for(organisation, email)[:MOST_PAYERS])
    chosen = request.POST.get("payer", "")
    return clients.payers_at_desk(organisation, email, name=payer_name(request), chosen=chosen, most=MOST_PAYERS)


def chosen_payer(draft: Draft) -> dict[str, str]:
    """Whoever gave a code pays, unless the client chooses otherwise."""
    return {"payer": draft.data.get("payer", "")}


def payer_name(request: HttpRequest) -> str:
    """What the desk looks for."""
    return request.GET.get("payer_name", "").replace("\x00", "").strip()[:80]


def looks_for_more(request: HttpRequest, draft: Draft, shown: Sequence[ClientAccount]) -> bool:
    """Whether the desk is offered a search: there are more than are shown."""
    return draft.for_others and (bool(payer_name(request)) or len(shown) >= MOST_PAYERS)
