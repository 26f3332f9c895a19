"""What the team's pages about providers share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.http import urlencode

from bookings.enums import WORK_ORDER_TRANSITIONS, Execution
from concierge.errors import NotAllowed
from concierge.middleware import TenantRequest
from concierge.words import euros, short_moment_words
from providers import perms
from providers.enums import OfferStatus
from providers.forms.offers import BreakForm
from providers.models import Offer
from providers.views.contact_words import contact_words

PAGE = 25
BY_PROVIDER = (Execution.PROVIDER, Execution.COLLECTED_PROVIDER)


def see_providers(request: TenantRequest) -> None:
    """Raises ``NotAllowed`` for whoever does not work with providers."""
    if not perms.can_see_providers(request.actor):
        raise NotAllowed


def pages_around(request: TenantRequest, page: Any) -> dict[str, str]:
    """Addresses of the pages around, keeping the filters."""
    kept = {name: value for name, value in request.GET.items() if name != "page" and value}
    return {
        "previous": "?" + urlencode({**kept, "page": page.previous_page_number()}) if page.has_previous() else "",
        "next": "?" + urlencode({**kept, "page": page.next_page_number()}) if page.has_next() else "",
    }


def break_form(offer: Offer, typed: Any = None) -> BreakForm:
    """Its fields have names of their own: there is one for each job that somebody holds."""
    return BreakForm(typed, auto_id=f"broken-{offer.public_id}-%s")


def offer_row(
    offer: Offer, again: Mapping[int, BreakForm] | None = None, *, with_contacts: bool = False
) -> dict[str, Any]:
    """One line of a list of offers; where one looks closer, how its provider was reached.

    ``again``: forms that were filled in wrongly, by the key of their offer.
    """
    site = offer.work_order.site
    return {
        "offer": offer,
        "price": euros(offer.price),
        "sent": short_moment_words(offer.sent_at, site),
        "due": short_moment_words(offer.due_at, site),
        "answered": short_moment_words(offer.answered_at, site) if offer.answered_at else "",
        "given_back": short_moment_words(offer.released_at, site) if offer.released_at else "",
        "broken": short_moment_words(offer.broken_at, site) if offer.broken_at else "",
        "is_open": offer.status == OfferStatus.SENT,
        "contacts": [contact_words(one, offer) for one in offer.contacts.all()] if with_contacts else [],
        "break_form": (again or {}).get(offer.pk) or break_form(offer),
        "is_held": offer.status == OfferStatus.ACCEPTED
        and offer.work_order.status in WORK_ORDER_TRANSITIONS["take_back"][0],
    }
