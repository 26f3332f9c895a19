"""The team's list of providers to call: nothing written reaches them, or they asked to be called again."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from concierge.middleware import TenantRequest
from concierge.words import euros, moment_words, short_moment_words
from providers import perms
from providers.models import OfferContact
from providers.views.contact_words import contact_words, failing_words
from providers.views.staff import PAGE, pages_around, see_providers

NEEDED = ("work_order__service", "work_order__site", "work_order__request", "provider")


@require_safe
def calls(request: TenantRequest) -> HttpResponse:
    """Whom to call now, then whom to call later."""
    see_providers(request)
    found = OfferContact.objects.visible_to(request.actor).calls()
    wanted = found.select_related(*(f"offer__{name}" for name in NEEDED)).prefetch_related("offer__contacts")
    page = Paginator(wanted, PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": [_row(request, contact) for contact in page],
        "page": page,
        "failing": failing_words(request.organisation),
        **pages_around(request, page),
    }
    return render(request, "providers/calls.html", context)


def _row(request: TenantRequest, contact: OfferContact) -> dict[str, Any]:
    offer = contact.offer
    site = offer.work_order.site
    return {
        "contact": contact,
        "offer": offer,
        "provider": offer.provider,
        "may_steer": perms.can_dispatch(request.actor, offer.work_order),
        "phone_link": offer.provider.phone.as_e164 if offer.provider.phone else "",
        "order": offer.work_order,
        "price": euros(offer.price),
        "due": moment_words(offer.due_at, site),
        "is_later": contact.due_at > timezone.now(),
        "from": short_moment_words(contact.due_at, site),
        "contacts": [contact_words(one, offer) for one in offer.contacts.all() if one.pk != contact.pk],
    }
