"""Full-time places of a month by the annex of each contract, with its own divisor and basis (R36)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from concierge.enums import Role
from tests.employing import employer_of
from tests.workers.conftest import Team, at
from tests.workers.test_contracts import ANNEX
from tests.workers.test_hours_pages import MONTHS, NOVEMBER, page, queries
from workers.actions.employers import add_annex
from workers.actions.hours import Said, add_entry
from workers.enums.contracts import HoursBasis, RiderReason
from workers.models import Contract, ContractRider, FinancialAnnex, Trainee
from workers.models.annex_hours import annex_months
from workers.models.timesheets import hours_of

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R36")]
LAST = dt.date(2026, 11, 30)


@pytest.fixture(autouse=True)
def _december() -> Iterator[None]:
    with time_machine.travel(at(9, days=9), tick=False):
        yield


def annex(team: Team, number: str, hours: int, basis: HoursBasis) -> FinancialAnnex:
    details = replace(ANNEX, number=number, etp_hours=Decimal(hours), hours_basis=basis)
    return add_annex(employer_of(team.world.organisation), details, by=team.world.actor(Role.SITE_MANAGER))


def names(trainee: Trainee, annex: FinancialAnnex) -> Contract:
    Contract.objects.filter(trainee=trainee).update(annex=annex)
    return Contract.objects.get(trainee=trainee)


def works(team: Team, trainee: Trainee, day: int, hours: int, kind: str = "work") -> None:
    on = at(8, days=day - 23)
    if kind == "paid_leave":
        add_entry(trainee, Said(kind, day=on.date(), minutes=hours * 60), by=team.supervisor)
    else:
        add_entry(trainee, Said(kind, on, on + dt.timedelta(hours=hours)), by=team.supervisor)


def found(team: Team) -> list[tuple[str, int, int, Decimal | None]]:
    people = hours_of(Trainee.objects.filter(organisation=team.world.organisation), NOVEMBER, LAST, now=at(9, days=9))
    return [(one.annex.number if one.annex else "", one.minutes, one.people, one.etp) for one in annex_months(people)]


def test_each_annex_counts_by_its_own_hours_and_basis(team: Team) -> None:
    worked = annex(team, "EI021260001A0M0", 1505, HoursBasis.WORKED)
    paid = annex(team, "EI021260002A0M0", 1820, HoursBasis.PAID)
    names(team.amina, worked)
    names(team.bilal, paid)
    for trainee in (team.amina, team.bilal):
        works(team, trainee, 23, 7)
        works(team, trainee, 24, 7, "paid_leave")
    # Hours: 7 worked of the first, 14 paid of the second; places are twelve times hours by those of a year.
    assert found(team) == [
        ("EI021260002A0M0", 840, 1, Decimal("0.0923")),
        ("EI021260001A0M0", 420, 1, Decimal("0.0558")),
    ]


def test_a_rider_moves_the_hours_to_another_annex_from_its_day_on(team: Team) -> None:
    before = annex(team, "EI021260001A0M0", 1505, HoursBasis.WORKED)
    after = annex(team, "EI021260002A0M0", 1505, HoursBasis.WORKED)
    contract = names(team.amina, before)
    works(team, team.amina, 20, 4)
    works(team, team.amina, 23, 6)
    ContractRider.objects.create(
        organisation=contract.organisation,
        contract=contract,
        starts_on=dt.date(2026, 11, 23),
        annex=after,
        reason=RiderReason.values[0],
    )
    assert [(number, minutes) for number, minutes, *_rest in found(team)] == [
        ("EI021260002A0M0", 360),
        ("EI021260001A0M0", 240),
    ]


def test_hours_of_a_contract_without_annex_are_said(team: Team, client: Client) -> None:
    works(team, team.amina, 23, 7)
    assert found(team) == [("", 420, 1, None)]
    client.force_login(team.world.users["accountant"])
    assert "Contrats sans annexe" in page(client, MONTHS, mois="2026-11")
    names(team.amina, annex(team, "EI021260001A0M0", 1505, HoursBasis.WORKED))
    text = page(client, MONTHS, mois="2026-11")
    assert "EI021260001A0M0" in text
    assert "0,06" in text
    assert "4,50" in text


@pytest.mark.promise("S07")
def test_1_and_3_annexes_ask_as_much(team: Team, client: Client) -> None:
    client.force_login(team.world.users["accountant"])
    people = (team.amina, team.bilal, team.chloe)
    for trainee in people:
        works(team, team.amina if trainee == team.chloe else trainee, 23 + people.index(trainee), 5)
    names(team.amina, annex(team, "EI021260001A0M0", 1505, HoursBasis.WORKED))
    names(team.bilal, FinancialAnnex.objects.get())
    one = queries(client, MONTHS, mois="2026-11")
    names(team.bilal, annex(team, "EI021260002A0M0", 1607, HoursBasis.WORKED))
    assert queries(client, MONTHS, mois="2026-11") == one
