"""Closed lists of the e-invoice formats, read from the schematrons of EN 16931 and of the French rules (BR-FR).

They belong to the format as the names of its elements do; which of them a document bears is decided by dated rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

GUIDELINE = "urn:cen.eu:en16931:2017"  # BT-24
# As far as our documents go; other types and frames (several sellers, both ways ...) have rules of their own.
TYPE_CODES = frozenset({"380", "381", "384", "386", "389", "261"})  # BR-FR-04, BT-3
DEPOSITS = frozenset({"386"})  # BR-FR-CO-07, BR-FR-CO-08
ONE_BEFORE = frozenset({"384"})  # BR-FR-CO-04: exactly one preceding invoice
SOME_BEFORE = frozenset({"381", "261"})  # BR-FR-CO-05: at least one
FRAME = re.compile("[SBM][124]")  # BR-FR-08, BT-23
TREATMENTS = frozenset({"B2B", "B2BINT", "B2C", "B2CINT", "OUTOFSCOPE", "ARCHIVEONLY"})  # BR-FR-20
NOTES = ("PMT", "PMD", "AAB")  # BR-FR-05, BR-FR-06: recovery costs, penalties, discount, each exactly once
SIREN, SIRET, ROUTE, MAIL = "0002", "0009", "0225", "EM"  # schemes of identifiers (ICD, EAS)
CATEGORIES = frozenset({"S", "E", "AE", "O"})  # BR-FR-15, as far as our documents go
# BR-FR-16: what the French checker accepts as a rate. Which of them applies to a service is a dated row.
RATES = frozenset(
    {"0", "0.9", "1.05", "1.75", "2.1", "5.5", "7", "8.5", "9.2", "9.6", "10", "13", "19.6", "20", "20.6"}
)

# Units that people write, as codes of UN/ECE Recommendation 20 (BT-130). Every other word counts pieces.
PIECE = "C62"
UNITS: Mapping[str, str] = {
    "kg": "KGM",
    "g": "GRM",
    "l": "LTR",
    "m": "MTR",
    "m²": "MTK",
    "km": "KMT",
    "min": "MIN",
    "h": "HUR",
    "heure": "HUR",
    "heures": "HUR",
    "jour": "DAY",
    "jours": "DAY",
}
UNIT_CODES = frozenset({PIECE, *UNITS.values()})

# VATEX list of EN 16931 as bundled with Factur-X 1.09 (BT-121), as far as it can concern a French body.
VATEX = re.compile(
    "VATEX-EU-(79-C|132(-1[A-Q])?|135-1|AE|O)"
    "|VATEX-FR-(FRANCHISE|AE|CNWVAT|298SEXDECIESA"
    "|CGI(261-[1-578]|261[AB]|261C-[1-3]|261D-(1|1BIS|[234])|261E-[12]|275|277A|295))"
)
