"""Two employers in one house, an EI and an ACI, and the contracts of its people, through the actions."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from concierge.tenancy import Actor
from demo.setup import House, siret
from workers.actions.agreements import AgreementDetails, add_agreement
from workers.actions.contracts import ContractTerms, hire
from workers.actions.employers import AnnexDetails, EmployerDetails, add_annex, add_employer
from workers.enums.contracts import ContractKind, EmployerKind, HoursBasis
from workers.models import Employer, FinancialAnnex, Trainee

# Kind, name, SIREN stem, hours of one full-time place, which hours, places.
BODIES = (
    (EmployerKind.EI, "Sens Pratique EI", "48211736", Decimal(1505), HoursBasis.WORKED, Decimal("4.5")),
    (EmployerKind.ACI, "Les Chantiers du Canal", "51390427", Decimal(1820), HoursBasis.PAID, Decimal(3)),
)


def open_employers(house: House, since: dt.date) -> list[tuple[Employer, FinancialAnnex]]:
    """An EI and an ACI, each with the annex of the year around ``since``."""
    found = []
    for kind, name, stem, hours, basis, places in BODIES:
        employer = add_employer(
            house.organisation, EmployerDetails(name=name, siret=siret(stem), kind=kind), by=house.by
        )
        details = AnnexDetails(
            number=f"{kind.upper()}021{since:%y}0013A0M0",
            starts_on=since.replace(day=1),
            ends_on=since.replace(day=1) + dt.timedelta(days=400),
            etp_hours=hours,
            hours_basis=basis,
            agreed_etp=places,
        )
        found.append((employer, add_annex(employer, details, by=house.by)))
    _agree(house, found[1][0], since)
    return found


def _agree(house: House, employer: Employer, since: dt.date) -> None:
    """The ACI has an agreement on working time that ended, and the one that follows it."""
    first = dt.date(since.year - 2, 1, 1)
    renewed = dt.date(since.year, 1, 1)
    for starts_on, ends_on, terms in (
        (first, renewed - dt.timedelta(days=1), {"part_time_share": 5}),
        (
            renewed,
            None,
            {"part_time_share": 4, "schedule_notice_days": 5, "interruptions_most": 2, "interruption_most": 180},
        ),
    ):
        reference = f"Accord d’entreprise sur le temps de travail, {starts_on.year}"
        add_agreement(employer, AgreementDetails(reference, starts_on, ends_on, terms), by=house.by)


def sign(
    house: House, trainee: Trainee, body: tuple[Employer, FinancialAnnex], *, since: dt.date, hours: int, trade: str
) -> None:
    """A CDDI of a year, or of four months."""
    employer, annex = body
    # Part-time ones are short: their end is near.
    length = 125 if hours == 20 else 364
    terms = ContractTerms(
        kind=ContractKind.CDDI,
        starts_on=since,
        ends_on=since + dt.timedelta(days=length),
        weekly_minutes=hours * 60,
        annex=annex,
        rome_code=trade,
        gross_pay=(Decimal("12.02") * hours * 52 / 12).quantize(Decimal("0.01")),
    )
    hire(trainee, employer, terms, by=house.by)


def sign_ended(trainee: Trainee, *, last_on: dt.date, by: Actor) -> None:
    """A CDDI of half a year with the first employer that ended with that day."""
    employer = Employer.objects.filter(organisation=trainee.organisation_id).earliest("pk")
    terms = ContractTerms(
        kind=ContractKind.CDDI,
        starts_on=last_on - dt.timedelta(days=182),
        ends_on=last_on,
        weekly_minutes=26 * 60,
    )
    hire(trainee, employer, terms, by=by)
