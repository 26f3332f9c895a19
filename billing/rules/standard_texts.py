"""The legal sentences of November 2026, to start with: data that an accountant then changes by rows, never by code."""

from __future__ import annotations

from datetime import date

from billing.rules import mentions as m
from billing.rules.mentions import Mention

STANDARD_TEXTS = (
    Mention(
        code=m.LATE_PENALTIES,
        valid_from=date(2013, 1, 1),
        text={
            "fr": "Pénalités de retard : trois fois le taux d’intérêt légal, exigibles sans rappel.",
            "en": "Late-payment penalties: three times the French legal interest rate, due without reminder.",
        },
        law_ref="C. com. art. L441-10",
    ),
    Mention(
        code=m.RECOVERY_COSTS,
        valid_from=date(2013, 1, 1),
        text={
            "fr": "Indemnité forfaitaire pour frais de recouvrement en cas de retard : 40 €.",
            "en": "Fixed compensation for recovery costs in case of late payment: €40.",
        },
        law_ref="C. com. art. D441-5",
    ),
    Mention(
        code=m.EARLY_PAYMENT,
        valid_from=date(2013, 1, 1),
        text={"fr": "Pas d’escompte pour paiement anticipé.", "en": "No discount for early payment."},
        law_ref="C. com. art. L441-9",
    ),
    Mention(
        code=m.FRANCHISE,
        valid_from=date(2000, 1, 1),
        valid_to=date(2027, 12, 31),  # the CIBS replaces the CGI; the former reference is tolerated until then
        text={
            "fr": "TVA non applicable, art. 293 B du CGI.",
            "en": "VAT not applicable, art. 293 B of the French tax code.",
        },
        law_ref="CGI art. 293 B",
        vatex="VATEX-FR-FRANCHISE",
    ),
    Mention(
        code=m.VAT_ON_DEBITS,
        valid_from=date(2000, 1, 1),
        text={
            "fr": "Option pour le paiement de la taxe d’après les débits.",
            "en": "Option to pay VAT on debits.",
        },
        law_ref="CGI ann. II art. 242 nonies A",
    ),
    Mention(
        code=m.EXEMPT,
        valid_from=date(2000, 1, 1),
        text={
            "fr": "Exonération de TVA, art. 261-7-1° du CGI.",
            "en": "Exempt from VAT, art. 261-7-1° of the French tax code.",
        },
        law_ref="CGI art. 261-7-1°",
        vatex="VATEX-FR-CGI261-7",
    ),
    Mention(
        code=m.REVERSE_CHARGE,
        valid_from=date(2000, 1, 1),
        text={"fr": "Autoliquidation.", "en": "Reverse charge."},
        law_ref="CGI art. 283",
        vatex="VATEX-FR-AE",
    ),
    Mention(
        code=m.OUTSIDE_VAT,
        valid_from=date(2000, 1, 1),
        text={"fr": "Hors champ de la TVA.", "en": "Outside the scope of VAT."},
        law_ref="CGI art. 256",
        vatex="VATEX-EU-O",
    ),
    Mention(
        code=m.NOT_FOR_CONSUMERS,
        valid_from=date(2013, 1, 1),
        text={
            "fr": "Sans objet : ne concerne que les professionnels.",
            "en": "Not applicable: for professionals only.",
        },
        law_ref="C. com. art. L441-9, L441-10",
    ),
)
