"""Why a contract is refused: a sentence with article, figures and a way out for each finding of the rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from concierge.errors import DomainError, worded
from concierge.words import date_words, duration_words
from workers.models import FinancialAnnex
from workers.rules.contracts import Finding

FINDING_SENTENCES = {
    "contract_end_before_start": _("The contract cannot end before it starts."),
    "contract_overlaps": _(
        "The person already has a contract with this employer from %(start)s to %(end)s. Let the new one start on "
        "%(next)s, or end the other one early."
    ),
    "contract_beside_without_cumul": _(
        "The person already has a contract with another employer from %(start)s to %(end)s. Two side by side need a "
        "decision of cumul (%(article)s): write it down first, or end the other contract."
    ),
    "contract_under_four_months": _(
        "An integration contract lasts four months at least (%(article)s): until %(earliest)s or later. Where the law "
        "allows a shorter one, say so."
    ),
    "contract_beyond_24_months": _(
        "All contracts together would pass 24 months (%(article)s): %(limit)s is the last day possible. Choose it, or "
        "first write down a decision that lets the pathway go on."
    ),
    "contract_beyond_60_months": _(
        "All contracts together would pass 60 months, decisions included (%(article)s): %(limit)s is the last day "
        "possible. Think of an open-ended inclusion contract from 57 on."
    ),
    "contract_hours_absurd": _(
        "%(minutes)s a week cannot be: write hours as 26, 26.5 or 26:30; 48 h at most (%(article)s)."
    ),
    "contracts_over_48_hours": _(
        "Both contracts together would be of %(minutes)s a week: 48 h at most (%(article)s). Lower the hours."
    ),
    "contract_under_20_hours": _(
        "%(minutes)s a week from %(day)s: at least 20 h are due (%(article)s). Raise the hours, or first write down "
        "the decision that allows fewer."
    ),
    "cumul_under_24_hours": _(
        "With a decision of cumul, both contracts together have to reach 24 h (%(article)s): on %(day)s they are of "
        "%(minutes)s. First write down the other contract, or raise the hours."
    ),
    "birth_date_unknown": _(
        "This is possible from %(age)s years on (%(article)s): write down the person’s birth date first."
    ),
    "too_young_for_cdi": _(
        "An open-ended inclusion contract is possible from %(age)s years on (%(article)s): the person is %(years)s. "
        "Choose a fixed-term contract."
    ),
    "too_young_to_go_on": _(
        "This decision is for people of %(age)s and over (%(article)s): the person is %(years)s. Choose another kind."
    ),
    "renewal_not_next_day": _("A renewal starts the day after the contract ends: %(next)s. Else sign a new contract."),
    "rider_end_before_start": _("The last day cannot be before the first day."),
    "rider_outside_contract": _("The contract runs from %(start)s to %(end)s: choose days within it."),
    "rider_overlaps": _(
        "Another rider already changes the hours from %(start)s to %(end)s. Choose other days, or withdraw that one."
    ),
    "raise_to_full_time": _(
        "Hours added for a time must stay below 35 h a week (%(article)s): you wrote %(minutes)s. Choose fewer, or a "
        "lasting rider."
    ),
    "too_many_raises": _(
        "%(count)s temporary raises of hours in %(year)s already: %(most)s at most (%(article)s). Choose a lasting "
        "rider."
    ),
    "raises_need_agreement": _(
        "The branch of this employer has no agreement on temporary raises (%(article)s). Choose a lasting rider, or "
        "write down the agreement on the employer’s page."
    ),
    "derogation_end_before_start": _("The last day cannot be before the first day."),
    "derogation_over_a_year": _(
        "Such a decision counts for twelve months at most (%(article)s): until %(latest)s. Write down the next one "
        "then."
    ),
    "derogation_for_aci_only": _("Only workshops (ACI) can have this decision (%(article)s). Choose another kind."),
}


class ContractRefused(DomainError):
    """The law does not allow it. ``rule`` names the finding, ``article`` the article."""

    code = "contract_refused"
    status = 422
    message = _("This contract is not possible.")


class AnnexRefused(DomainError):
    """The State would not pay for it on this annex."""

    code = "annex_refused"
    status = 422
    message = _("This annex cannot be used.")

    @classmethod
    def on(cls, annex: FinancialAnnex, day: dt.date) -> AnnexRefused:
        """Closed, or out of its days, on the first day."""

        def sentence() -> str:
            return gettext(
                "The annex %(number)s (%(state)s) runs from %(start)s to %(end)s: nothing counts on it on %(day)s. "
                "Choose another annex, or none yet."
            ) % {
                "number": annex.number,
                "state": annex.get_state_display().lower(),
                "start": date_words(annex.starts_on, "j F Y"),
                "end": date_words(annex.ends_on, "j F Y"),
                "day": date_words(day, "j F Y"),
            }

        return cls(worded(sentence)(), field="annex")


def refuse_findings(found: Sequence[Finding]) -> ContractRefused:
    """The refusal that says the first finding; the others come when that one is mended."""
    first = found[0]
    return ContractRefused(
        worded(finding_words)(first), field=first.about or None, rule=first.code, article=first.article
    )


def finding_words(finding: Finding) -> str:
    """The finding as a sentence, in the active language."""
    figures = {name: _figure(name, value) for name, value in finding.figures.items()}
    words = {"end": gettext("no end"), "next": "", "article": gettext("Labour Code, %s") % finding.article}
    return str(FINDING_SENTENCES[finding.code]) % (words | figures)


def _figure(name: str, value: dt.date | int | str) -> str:
    if isinstance(value, dt.date):
        return date_words(value, "j F Y")
    if name == "minutes" and isinstance(value, int):
        return duration_words(value)
    return str(value)
