"""Who signs a quote. The app that knows the legal body registers itself; without one the organisation's own name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from concierge.models import Organisation, Site

Finder = Callable[[Organisation], dict[str, Any] | None]
_finders: list[Finder] = []


def register_seller(find: Finder) -> None:
    """An app tells who issues the documents of an organisation, as they are printed."""
    if find not in _finders:
        _finders.append(find)


def seller_of(site: Site) -> dict[str, Any]:
    """Name, address and identifiers of who makes the offer. ``franchise`` says that no VAT is charged."""
    for find in _finders:
        found = find(site.organisation)
        if found is not None:
            return found
    organisation = site.organisation
    return {
        "name": organisation.name,
        "legal_form": "",
        "capital": "",
        "address": {"street": site.street, "postal_code": site.postcode, "city": site.city},
        "siren": "",
        "siret": "",
        "rcs": "",
        "vat_number": "",
        "email": organisation.email,
        "phone": organisation.phone_shown,
        "franchise": False,
    }


def charges_vat(site: Site) -> bool:
    """Whether prices at a site contain VAT: not those of a small business under article 293 B of the CGI. Lines keep
    the rate of their code, for the day on which that ends."""
    return not seller_of(site).get("franchise")
