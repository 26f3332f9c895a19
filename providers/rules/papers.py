"""Which papers a provider needs, how long they count, and when somebody is reminded of their end (domain.md R32)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from dateutil.relativedelta import relativedelta

# Without these nobody is asked.
ALWAYS = ("insurance", "registration")
VIGILANCE = "vigilance"
# A paper of these kinds says until when it counts.
HAVE_AN_END = frozenset({"insurance", VIGILANCE})
# Days before the last one on which a provider is told; the day after it, that nothing new is offered.
REMINDERS = (30, 15, 7, 0)
OVER = -1


@dataclass(frozen=True)
class VigilanceTerm:
    """From which amount, excl. VAT, the law asks for the certificate, and how many months one counts."""

    valid_from: dt.date
    amount: Decimal
    months: int


# Code du travail D8222-5 and R8222-1. When the law changes, a line is added: what was before is judged as before.
VIGILANCE_TERMS = (VigilanceTerm(dt.date(2015, 4, 1), Decimal(5000), 6),)


def vigilance_term(day: dt.date, terms: Sequence[VigilanceTerm] = VIGILANCE_TERMS) -> VigilanceTerm:
    """What the law says on a day; before the first line, what that line says."""
    begun = [term for term in terms if term.valid_from <= day]
    return max(begun, key=lambda term: term.valid_from) if begun else terms[0]


@dataclass(frozen=True)
class Bought:
    """What was bought of a provider, excl. VAT: in this calendar year, and by each agreement."""

    this_year: Decimal = Decimal(0)
    by_agreement: Mapping[int | None, Decimal] = field(default_factory=dict)

    def most(self, job: Decimal, agreement: int | None) -> Decimal:
        """The highest of these totals once a job under an agreement is added; split invoices count as one."""
        with_job = {**self.by_agreement, agreement: self.by_agreement.get(agreement, Decimal(0)) + job}
        return max(self.this_year + job, *with_job.values())


def excl_vat(amount: Decimal, vat_rate: Decimal | None) -> Decimal:
    """What is left without the VAT of the provider. An unknown rate takes nothing off: the certificate is then asked
    for early rather than late."""
    return (amount / (1 + (vat_rate or Decimal(0)) / 100)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def needs_vigilance(
    bought: Bought,
    *,
    job: Decimal = Decimal(0),
    agreement: int | None = None,
    today: dt.date,
    terms: Sequence[VigilanceTerm] = VIGILANCE_TERMS,
) -> bool:
    """Whether the year, or one agreement, reaches the amount of the law with this job."""
    return bought.most(job, agreement) >= vigilance_term(today, terms).amount


def required_kinds(
    bought: Bought, *, job: Decimal = Decimal(0), agreement: int | None = None, today: dt.date
) -> tuple[str, ...]:
    """Without which papers a provider is not asked for a job of this price."""
    return (*ALWAYS, VIGILANCE) if needs_vigilance(bought, job=job, agreement=agreement, today=today) else ALWAYS


def last_possible_day(kind: str, issued_on: dt.date) -> dt.date | None:
    """The last day on which a paper issued that day can count; ``None``: whatever it says."""
    if kind != VIGILANCE:
        return None
    # The law wants one that is less than six months old: on the day on which it is six months old it is not.
    last: dt.date = issued_on + relativedelta(months=vigilance_term(issued_on).months, days=-1)
    return last


def step_days(last_day: dt.date) -> list[dt.date]:
    """The days on which somebody is told about a paper whose last day this is."""
    return [last_day - dt.timedelta(days=before) for before in (*REMINDERS, OVER)]
