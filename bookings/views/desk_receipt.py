"""The receipt of what was left: on paper of the width at hand, and as a document (R3; domain.md 1.4.3)."""

from __future__ import annotations

import io
from typing import Any

import segno
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bookings.models import RequestLine, ServiceRequest
from bookings.rules import prices
from bookings.views.desk import desk_page, show
from bookings.views.words import vat_words
from concierge.documents import LANGUAGES, render_pdf
from concierge.middleware import TenantRequest
from concierge.models import Site, national_phone
from concierge.words import euros, moment_words, quantity_words

# Widths of paper that printers of desks take.
PAPERS = ("a6", "80mm", "a4")


@desk_page()
def receipt(request: TenantRequest, site: Site, public_id: Any) -> HttpResponse:
    """The receipt, ready to be printed; with ``print`` it is printed at once."""
    found = _find(request, site, public_id)
    paper = request.GET.get("papier", "")
    return show(
        request,
        site,
        "desk_receipt",
        found=found,
        receipt=receipt_of(request, found),
        qr=mark_safe(_qr(request, found).svg_inline(omitsize=True, border=1)),  # noqa: S308 - made by segno of our URL
        paper=paper if paper in PAPERS else PAPERS[0],
        papers=[{"name": name, "label": name.upper() if name != "80mm" else "80 mm"} for name in PAPERS],
        prints="print" in request.GET,
    )


@desk_page()
def receipt_pdf(request: TenantRequest, site: Site, public_id: Any) -> HttpResponse:
    """The same as a document that can be kept."""
    found = _find(request, site, public_id)
    language = (get_language() or "fr")[:2]
    drawn = io.BytesIO()
    _qr(request, found).save(drawn, kind="svg", xmldecl=False, omitsize=True, border=1)
    data = {**receipt_of(request, found), "qr": drawn.getvalue().decode()}
    content = render_pdf(
        "receipt.typ",
        data,
        language=language if language in LANGUAGES else "fr",
        timestamp=found.submitted_at,
    )
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{found.reference}.pdf"'
    return response


def _find(request: TenantRequest, site: Site, public_id: Any) -> ServiceRequest:
    seen = ServiceRequest.objects.visible_to(request.actor).select_related("site", "client", "payer_account")
    return get_object_or_404(seen, public_id=public_id, site=site)


def _qr(request: TenantRequest, found: ServiceRequest) -> segno.QRCode:
    """What the client follows the request with, and what the scanner of the desk reads."""
    return segno.make(request.build_absolute_uri(reverse("bookings:track", args=[found.tracking_token])), error="m")


def receipt_of(request: TenantRequest, found: ServiceRequest) -> dict[str, Any]:
    """What a ticket of things left must say: who, where, when, how many of what, price of each, remarks."""
    lines = [line for line in found.lines.select_related("work_order") if line.is_charged]
    site, organisation = found.site, request.organisation
    reach = [national_phone(str(site.phone or organisation.phone)), str(organisation.email)]
    return {
        "organisation": organisation.name,
        "site": site.name,
        "address": f"{site.street}, {site.postcode} {site.city}",
        "reach": " · ".join(text for text in reach if text),
        "reference": found.reference,
        "left_on": moment_words(found.submitted_at, site),
        "client": _who(found),
        "lines": [
            {
                "label": line.description,
                "many": _many(line),
                "price": euros(line.unit_price_incl_vat),
                "amount": euros(line.total_incl_vat),
            }
            for line in lines
        ],
        "is_estimate": any(line.is_estimate for line in lines),
        "total": euros(sum((line.total_incl_vat for line in lines), start=prices.total([]))),
        "vat": vat_words(site, ((line.vat_rate, line.total_incl_vat) for line in lines)),
        "payer": found.payer_account.name if found.payer_account else _("The client"),
        "ready_by": moment_words(found.promised_end, site) if found.promised_end else "",
        "note": found.note,
        "mentions": _mentions(found),
    }


def _many(line: RequestLine) -> str:
    """How many; about how much, as long as nobody has weighed it."""
    many = quantity_words(line.quantity, line.unit)
    return _("about %(detail)s") % {"detail": many} if line.is_estimate else many


def _who(found: ServiceRequest) -> str:
    """Who left it, and for whom."""
    if not found.beneficiary_name:
        return found.contact_name
    return _("%(client)s, for %(other)s") % {"client": found.contact_name, "other": found.beneficiary_name}


def _mentions(found: ServiceRequest) -> list[str]:
    """What the client has to know of things that are left with somebody."""
    if found.place != "desk":
        return []
    return [
        _("Keep this receipt: show it, or its code, when you collect your things."),
        _("Things that nobody collects are kept for one year (Act of 31 December 1903)."),
        _("Remarks noted above were agreed when the things were left. Without remarks, they were left in good order."),
    ]
