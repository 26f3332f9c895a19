"""D3: files of invoices: our XML against the factur-x library's, the whole document against its way of attaching, our
check against the official schematrons. All in one process and one run; two pages, 28 lines, three rates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import facturx
from facturx.generate_xml import generate_cii_xml
from lxml import etree

from benchmarks.measuring import alternate, figure, gate, ratios, scaled, timed
from billing.gateways import render_invoice_pdf
from billing.rules.cii import invoice_xml
from billing.rules.faults import faults
from billing.rules.money import Line
from billing.rules.snapshot import Snapshot
from concierge.documents import render_pdf
from tests.billing.documents import COMPANY, LINES, snapshot
from tests.billing.validators import refusals, validators

FILES, DOCUMENTS, CHECKED = scaled("FILES", 200), scaled("DOCUMENTS", 20), scaled("CHECKED", 20)
TEN = Line(description="Portage de repas", quantity=Decimal(3), unit_price=Decimal("9.90"), vat_rate=Decimal(10))
CONTENT = snapshot(buyer=COMPANY, lines=[*LINES, TEN] * 7)


def _spent(times: int, work: Callable[[], object]) -> Callable[[], float]:
    """CPU milliseconds of one of them."""

    def measure() -> float:
        with timed() as span:
            for _one in range(times):
                work()
        return 1000 * span.cpu_seconds / times

    return measure


def test_xml_against_the_library() -> None:
    theirs = _as_terms(CONTENT)
    ours, library = invoice_xml(CONTENT), generate_cii_xml(_copy(theirs), "en16931", check_xsd=False, **UNCHECKED)
    assert refusals(ours) == refusals(library) == []
    assert _canonical(ours) == _canonical(library)
    found = alternate(
        {
            "ours": _spent(FILES, lambda: invoice_xml(CONTENT)),
            "library": _spent(FILES, lambda: generate_cii_xml(_copy(theirs), "en16931", check_xsd=False, **UNCHECKED)),
        }
    )
    figure("D3", "XML, CPU ms", found["ours"])
    gate("D3", "factur-x generator : our XML, CPU", ratios(found["library"], found["ours"]), least=15, key="xml_ratio")


def test_document_against_the_library() -> None:
    """Both draw with Typst; ours attaches there and adds the metadata, the library rewrites the PDF."""
    drawn_at = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)

    def library() -> bytes:
        plain = render_pdf("invoice.typ", CONTENT, language="fr", timestamp=drawn_at)
        return bytes(
            facturx.generate_from_binary(
                plain, invoice_xml(CONTENT), flavor="factur-x", level="en16931", check_xsd=False, check_schematron=False
            )
        )

    ours = render_invoice_pdf(CONTENT, language="fr")
    found = alternate(
        {
            "ours": _spent(DOCUMENTS, lambda: render_invoice_pdf(CONTENT, language="fr")),
            "drawing": _spent(DOCUMENTS, lambda: render_pdf("invoice.typ", CONTENT, language="fr", timestamp=drawn_at)),
            "library": _spent(DOCUMENTS, library),
        }
    )
    figure("D3", "document with its file, CPU ms", found["ours"])
    figure("D3", "document with its file : drawing alone, CPU", ratios(found["ours"], found["drawing"]))
    figure("D3", "bytes of ours : bytes of the library's", [len(ours) / len(library())])
    gate("D3", "same drawing and the factur-x library : ours, CPU", ratios(found["library"], found["ours"]), least=1.2)


def test_our_check_against_the_schematrons() -> None:
    validators()
    ours = invoice_xml(CONTENT)
    found = alternate(
        {
            "ours": _spent(CHECKED * 10, lambda: faults(CONTENT)),
            "schematrons": _spent(CHECKED, lambda: refusals(ours)),
        }
    )
    figure("D3", "check before issue, CPU ms", found["ours"])
    gate("D3", "schematrons : our check, CPU", ratios(found["schematrons"], found["ours"]), least=50)


# --- the library's terms ----------------------------------------------------------------------------------------------

UNCHECKED: dict[str, Any] = {"check_schematron": False}


def _copy(terms: dict[str, Any]) -> dict[str, Any]:
    """The library writes into what it is given."""
    return {
        name: [dict(one) for one in value]
        if isinstance(value, list)
        else dict(value)
        if isinstance(value, dict)
        else value
        for name, value in terms.items()
    }


def _canonical(xml: bytes) -> bytes:
    return bytes(etree.tostring(etree.fromstring(xml), method="c14n2", strip_text=True))


def _party(party: dict[str, Any], way: dict[str, str]) -> dict[str, Any]:
    address = party["address"]
    return {
        "name": party["name"],
        "legal_identifier": party["siren"],
        "legal_identifier_schemeid": "0002",
        "addr_l1": address["street"],
        "postcode": address["postal_code"],
        "city": address["city"],
        "country_code": address["country"],
        "einvoicing_addr": way["address"],
        "einvoicing_addr_schemeid": way["scheme"],
        "vat_identifier": party["vat_number"],
    }


def _as_terms(content: Snapshot) -> dict[str, Any]:
    """The same invoice as the library wants it: business terms of EN 16931."""
    e, totals, seller = content["einvoice"], content["totals"], content["seller"]
    return {
        "BT-1": content["number"],
        "BT-2": content["issue_date"],
        "BT-3": content["type_code"],
        "BT-5": "EUR",
        "BT-8": "72",
        "BT-9": content["due_date"],
        "BT-20": content["payment_terms"]["fr"],
        "BT-23": e["frame"],
        "BT-72": content["supply"]["to"],
        "BT-73": content["supply"]["from"],
        "BT-74": content["supply"]["to"],
        "BT-81": "58",
        "BT-83": content["number"],
        "BT-84": seller["iban"],
        "BT-85": seller["name"],
        "BT-86": seller["bic"],
        "BT-106": totals["net"],
        "BT-109": totals["net"],
        "BT-110": totals["vat"],
        "BT-112": totals["gross"],
        "BT-115": totals["due"],
        "BG-1": [
            {"BT-22": note["text"], "BT-21": note["subject"]}
            for note in ({"subject": "BAR", "text": e["treatment"]}, *e["notes"])
        ],
        "BG-4": {
            **_party(seller, e["seller"]),
            "identifiers": {"0009": seller["siret"]},
            "legal_info": f"{seller['legal_form']} au capital de {seller['capital']} {seller['rcs']}",
            "contacts": [{"name": seller["name"], "phone": seller["phone"], "email": seller["email"]}],
        },
        "BG-7": {**_party(content["buyer"], e["buyer"]), "contacts": [{"name": content["buyer"]["contact"]}]},
        "BG-23": [
            {
                "BT-116": row["basis"],
                "BT-117": row["amount"],
                "BT-118": row["category"],
                "BT-119": row["rate"],
            }
            for row in content["vat"]
        ],
        "BG-25": [
            {
                "BT-126": str(rank),
                "BT-129": row["quantity"],
                "BT-130": row["unit_code"],
                "BT-131": row["net"],
                "BT-146": row["item_price"],
                "BT-151": row["vat_category"],
                "BT-152": row["vat_rate"],
                "BT-153": row["description"],
                "BT-154": row["detail"],
            }
            for rank, row in enumerate(content["lines"], start=1)
        ],
    }
