"""A site as search engines read it: schema.org, from what everybody may see anyway."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from bookings.enums import PriceMode
from bookings.models import Closure, Presence, Service
from concierge.models import Organisation, Site

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# What ends a script element, or begins something else in one, written so that it does not.
ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def business(
    site: Site,
    organisation: Organisation,
    services: Iterable[Service],
    closures: Sequence[Closure],
    holidays: Iterable[dt.date],
    stands: Sequence[tuple[Presence, Sequence[dt.date]]] = (),
    *,
    url: str,
) -> dict[str, Any]:
    """``LocalBusiness`` with its hours, closures, offers and stands, each with the days when it is there next."""
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "LocalBusiness",
        "@id": f"{url}#site",
        "name": site.name,
        "url": url,
        "address": _address(site),
        "geo": {"@type": "GeoCoordinates", "latitude": float(site.latitude), "longitude": float(site.longitude)},
        "parentOrganization": {"@type": "Organization", "name": organisation.name},
        "openingHoursSpecification": [_opening(hours) for hours in site.opening_hours.all()],
        "specialOpeningHoursSpecification": [
            *(_closed(closure.starts_on, closure.ends_on) for closure in closures),
            *(_closed(day, day) for day in sorted(holidays)),
        ],
        "hasOfferCatalog": {
            "@type": "OfferCatalog",
            "itemListElement": [_offer(service, f"{url}#site") for service in services],
        },
    }
    reached = {"telephone": site.phone or organisation.phone, "email": site.email or organisation.email}
    if stands:
        found["hasPOS"] = [_stand(stand, days) for stand, days in stands]
    return found | {name: value for name, value in reached.items() if value}


def _stand(stand: Presence, days: Sequence[dt.date]) -> dict[str, Any]:
    """A place where people are received on some days."""
    return {
        "@type": "Place",
        "name": stand.name,
        "address": _address(stand),
        "openingHoursSpecification": [
            {
                "@type": "OpeningHoursSpecification",
                "opens": f"{stand.opens:%H:%M}",
                "closes": f"{stand.closes:%H:%M}",
                "validFrom": day.isoformat(),
                "validThrough": day.isoformat(),
            }
            for day in days
        ],
    }


def _address(there: Site | Presence) -> dict[str, str]:
    return {
        "@type": "PostalAddress",
        "streetAddress": there.street,
        "postalCode": there.postcode,
        "addressLocality": there.city,
        "addressCountry": "FR",
    }


def _opening(hours: Any) -> dict[str, str]:
    return {
        "@type": "OpeningHoursSpecification",
        "dayOfWeek": f"https://schema.org/{DAYS[hours.weekday]}",
        "opens": f"{hours.opens:%H:%M}",
        "closes": f"{hours.closes:%H:%M}",
    }


def _closed(first: dt.date, last: dt.date) -> dict[str, str]:
    """Closed all day, as it is said: opens and closes at midnight."""
    return {
        "@type": "OpeningHoursSpecification",
        "opens": "00:00",
        "closes": "00:00",
        "validFrom": first.isoformat(),
        "validThrough": last.isoformat(),
    }


def _offer(service: Service, provider: str) -> dict[str, Any]:
    what: dict[str, Any] = {"@type": "Service", "name": service.label, "provider": {"@id": provider}}
    if service.text:
        what["description"] = service.text
    prices = [item.unit_price for item in service.price_items.all() if item.is_active]
    offer: dict[str, Any] = {"@type": "Offer", "itemOffered": what}
    if service.unit_price is not None and (unit := _unit(service)):
        offer["priceSpecification"] = {
            "@type": "UnitPriceSpecification",
            "price": str(service.unit_price),
            "priceCurrency": "EUR",
            "unitText": unit,
        }
    elif service.unit_price is not None:
        offer |= {"price": str(service.unit_price), "priceCurrency": "EUR"}
    elif prices:
        offer["priceSpecification"] = {
            "@type": "UnitPriceSpecification",
            "minPrice": str(min(prices)),
            "maxPrice": str(max(prices)),
            "priceCurrency": "EUR",
        }
    return offer


def _unit(service: Service) -> str:
    """What one price is for, when it is not for the whole."""
    return "30 min" if service.price_mode == PriceMode.PER_HALF_HOUR else service.unit


def script(data: dict[str, Any], nonce: str) -> SafeString:
    """A data block: no sign in it can end the element."""
    text = json.dumps(data, ensure_ascii=False).translate(ESCAPES)
    # Every sign that means something in HTML is escaped above.
    body = mark_safe(text)  # noqa: S308 - see above
    return format_html('<script type="application/ld+json" nonce="{}">{}</script>', nonce, body)
