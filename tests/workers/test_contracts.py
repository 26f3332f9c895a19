"""Contracts, riders and the end of them, against the real database (R22)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction

from bookings.enums import ClearanceKind
from concierge.enums import Role
from concierge.errors import Conflict, Invalid
from concierge.models import Event, Site
from tests.employing import employ, employer_of
from tests.workers.conftest import Team
from workers.actions import contracts
from workers.actions.clearances import Terms, note_clearance
from workers.actions.contract_refusals import AnnexRefused, ContractRefused
from workers.actions.contracts import (
    ContractTerms,
    RiderTerms,
    add_rider,
    end_contract,
    hire,
    renew,
    withdraw_contract,
)
from workers.actions.derogations import add_derogation, withdraw_derogation
from workers.actions.employers import AnnexDetails, EmployerDetails, add_annex, add_employer, change_annex
from workers.actions.minimum_pay import set_minimum_pay, withdraw_minimum_pay
from workers.actions.people import create_trainee
from workers.actions.restrictions import add_restriction
from workers.enums.contracts import (
    AnnexState,
    ContractKind,
    DerogationKind,
    EmployerKind,
    EndReason,
    HoursBasis,
    RestrictionCode,
    RiderReason,
)
from workers.models import Contract, ContractDerogation, Trainee
from workers.models.contracts import person_file
from workers.models.pathway import Asked, last_contract, lines

START = dt.date(2026, 9, 1)
TERMS = ContractTerms(ContractKind.CDDI, START, dt.date(2027, 8, 31), 26 * 60)
ANNEX = AnnexDetails(
    "EI 021 26 0013 A0 M1", START, dt.date(2027, 8, 31), Decimal(1505), HoursBasis.WORKED, Decimal("4.5")
)


@pytest.fixture
def dina(team: Team) -> Trainee:
    return create_trainee(site=team.world.site, first_name="Dina", last_name="Petit", by=team.world.actor())


def derogation(trainee: Trainee, kind: str, starts_on: dt.date = START, days: int = 364, to: str = "ei") -> None:
    ContractDerogation.objects.create(
        organisation=trainee.organisation,
        trainee=trainee,
        employer=employer_of(trainee.organisation, to),
        kind=kind,
        reference="DDETS 2026-118",
        starts_on=starts_on,
        ends_on=starts_on + dt.timedelta(days=days),
    )


def refused(team: Team, trainee: Trainee, terms: ContractTerms, kind: str = "ei") -> ContractRefused:
    with pytest.raises(ContractRefused) as caught:
        hire(trainee, employer_of(trainee.organisation, kind), terms, by=team.supervisor)
    return caught.value


@pytest.mark.promise("domain R22", "domain R13")
def test_two_employers_and_annexes_share_a_site(team: Team, dina: Trainee) -> None:
    house = team.world.organisation
    found = {}
    for kind in (EmployerKind.EI, EmployerKind.ACI):
        employer = add_employer(house, EmployerDetails("Sens Pratique", "44306184100047", kind), by=team.supervisor)
        number = ANNEX.number.replace("EI", kind.upper())
        found[kind] = employer, add_annex(employer, replace(ANNEX, number=number), by=team.supervisor)
    aci, annex = found[EmployerKind.ACI]
    signed = hire(dina, aci, replace(TERMS, annex=annex), by=team.supervisor)
    assert (annex.number, annex.convention, annex.asp_number) == ("ACI021260013A0M1", "ACI021260013", "ACI021260013A0")
    assert (signed.employer.measure, signed.trainee.site_id, team.amina.site_id) == ("ACI_DC", *(dina.site_id,) * 2)
    with pytest.raises(AnnexRefused):
        hire(team.chloe, aci, replace(TERMS, annex=found[EmployerKind.EI][1]), by=team.supervisor)
    change_annex(annex, replace(ANNEX, number=annex.number, state=AnnexState.CLOSED), by=team.supervisor)
    other = create_trainee(site=team.world.site, first_name="Zoé", last_name="", by=team.supervisor)
    annex.refresh_from_db()
    with pytest.raises(AnnexRefused) as caught:
        hire(other, aci, replace(TERMS, annex=annex), by=team.supervisor)
    assert ("ACI021260013A0M1" in str(caught.value.message), caught.value.field) == (True, "annex")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"siret": "73282932000075"}, "siret"),
        ({"siret": "123"}, "siret"),
        ({"siret": "73282932000074", "kind": EmployerKind.EI}, "siret"),
        ({"measure": "ACI_DC"}, "measure"),
        ({"name": " "}, "name"),
        ({"raises_a_year": 9}, "raises_a_year"),
    ],
)
def test_employers_that_cannot_be(team: Team, change: dict[str, object], field: str) -> None:
    good = EmployerDetails("Sens Pratique", "73282932000082", EmployerKind.EI)
    add_employer(
        team.world.organisation, replace(good, siret="732 829 320 00074", kind=EmployerKind.AI), by=team.supervisor
    )
    with pytest.raises(Invalid) as caught:
        add_employer(team.world.organisation, replace(good, **change), by=team.supervisor)  # type: ignore[arg-type]
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": "EI02126013A0M1"}, "number"),
        ({"number": "ACI021260013A0M1"}, "number"),
        ({"number": "EITI021260013A0M1"}, "number"),
        ({"number": "EI021260013A00M001"}, "number"),
        ({"ends_on": dt.date(2026, 8, 31)}, "ends_on"),
        ({"etp_hours": Decimal(15)}, "etp_hours"),
        ({"agreed_etp": Decimal(-1)}, "agreed_etp"),
    ],
)
def test_annexes_that_cannot_be(team: Team, change: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        add_annex(employer_of(team.world.organisation), replace(ANNEX, **change), by=team.supervisor)  # type: ignore[arg-type]
    assert caught.value.field == field


@pytest.mark.promise("domain R22", "L10")
def test_refusals_say_article_figures_and_a_way_out(team: Team, dina: Trainee) -> None:
    short = refused(team, dina, replace(TERMS, ends_on=dt.date(2026, 11, 30)))
    low = refused(team, dina, replace(TERMS, weekly_minutes=19 * 60))
    backwards = refused(team, dina, replace(TERMS, ends_on=dt.date(2026, 8, 1)))
    beside = refused(team, team.amina, TERMS, "aci")
    twice = refused(team, team.amina, TERMS)
    assert [(one.details["rule"], one.field) for one in (short, low, backwards, beside, twice)] == [
        ("contract_under_four_months", "ends_on"),
        ("contract_under_20_hours", "weekly_hours"),
        ("contract_end_before_start", "ends_on"),
        ("contract_beside_without_cumul", "cumul_reference"),
        ("contract_overlaps", "starts_on"),
    ]
    assert "L5132-5" in str(low.message)
    assert "19" in str(low.message)
    assert not Contract.objects.filter(trainee=dina).exists()


@pytest.mark.promise("L10")
def test_few_hours_rest_on_the_decision_that_allows_them(team: Team, dina: Trainee) -> None:
    derogation(dina, "floor_aci", to="aci")
    low = replace(TERMS, weekly_minutes=19 * 60)
    refused(team, dina, low)
    signed = hire(dina, employer_of(team.world.organisation, "aci"), low, by=team.supervisor)
    assert signed.floor_derogation is not None
    with pytest.raises(IntegrityError, match="contract_of_20_hours_or_derogation"), transaction.atomic():
        Contract.objects.filter(pk=signed.pk).update(floor_derogation=None)


@pytest.mark.promise("domain R22")
def test_a_second_employer_comes_by_cumul_only(team: Team, dina: Trainee) -> None:
    employ(dina, starts_on=START, weekly_minutes=10 * 60, kind="outside")
    derogation(dina, "cumul")
    signed = employ(dina, starts_on=START, ends_on=TERMS.ends_on, weekly_minutes=15 * 60)
    assert (signed.cumul_derogation_id, signed.floor_derogation_id) == (signed.cumul_derogation_id,) * 2
    file = person_file(Trainee.objects.get(pk=dina.pk))
    assert (file.minutes_on(START), file.all_minutes_on(START)) == (15 * 60, 25 * 60)
    with pytest.raises(IntegrityError, match="contract_beside_another_by_cumul_only"), transaction.atomic():
        Contract.objects.filter(pk=signed.pk).update(cumul_derogation=None)


@pytest.mark.promise("domain R22")
def test_a_contract_withdrawn_while_a_renewal_waits_is_not_renewed(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    before = team.amina.contracts.get()
    lock = contracts.locked

    def meanwhile(trainee: Trainee) -> Trainee:
        Contract.objects.filter(pk=before.pk).update(withdrawn_on=START)
        return lock(trainee)

    monkeypatch.setattr(contracts, "locked", meanwhile)
    with pytest.raises(Invalid) as refused:
        renew(before, replace(TERMS, starts_on=dt.date(2027, 9, 1), ends_on=dt.date(2028, 8, 31)), by=team.supervisor)
    assert refused.value.field == "starts_on"


def test_renewals_follow_on_and_stop_at_24_months(team: Team) -> None:
    first = team.amina.contracts.get()
    next_terms = replace(TERMS, starts_on=dt.date(2027, 9, 1), ends_on=dt.date(2028, 8, 31))
    with pytest.raises(ContractRefused) as caught:
        renew(first, replace(next_terms, starts_on=dt.date(2027, 9, 2)), by=team.supervisor)
    assert caught.value.details["rule"] == "renewal_not_next_day"
    with pytest.raises(ContractRefused) as caught:
        renew(first, replace(next_terms, ends_on=dt.date(2028, 9, 1)), by=team.supervisor)
    assert caught.value.details["rule"] == "contract_beyond_24_months"
    second = renew(first, next_terms, by=team.supervisor)
    with pytest.raises(ContractRefused):
        renew(first, next_terms, by=team.supervisor)
    third = replace(TERMS, starts_on=dt.date(2028, 9, 1), ends_on=dt.date(2029, 2, 28))
    with pytest.raises(ContractRefused):
        renew(second, third, by=team.supervisor)
    derogation(team.amina, "beyond_training", starts_on=dt.date(2028, 9, 1), days=400)
    assert renew(second, third, by=team.supervisor).renews_id == second.pk
    names = Event.objects.filter(name__startswith="contract.", subject_id=team.amina.public_id)
    assert list(names.order_by("pk").values_list("name", flat=True)) == [
        "contract.signed",
        "contract.renewed",
        "contract.renewed",
    ]


@pytest.mark.promise("L16")
def test_riders_change_hours_end_and_annex_from_a_day_on(team: Team) -> None:
    contract = team.amina.contracts.get()
    reason = RiderReason.STEP
    rider = RiderTerms(dt.date(2026, 10, 1), reason, ends_on=dt.date(2026, 10, 31), weekly_minutes=34 * 60)
    add_rider(contract, rider, by=team.supervisor)
    add_rider(contract, RiderTerms(dt.date(2027, 1, 1), reason, weekly_minutes=28 * 60), by=team.supervisor)
    longer = RiderTerms(dt.date(2027, 1, 2), reason, new_end_on=dt.date(2028, 8, 31))
    made = add_rider(contract, longer, by=team.supervisor)
    contract.refresh_from_db()
    assert (contract.last_on, made.old_end_on) == (dt.date(2028, 8, 31), dt.date(2027, 8, 31))
    facts = Contract.objects.with_riders().get(pk=contract.pk).facts
    hours = [
        facts.minutes_on(dt.date(*day)) // 60 for day in ((2026, 9, 30), (2026, 10, 31), (2026, 11, 1), (2027, 1, 1))
    ]
    assert hours == [30, 34, 30, 28]
    for terms, expected in (
        (replace(longer, starts_on=dt.date(2027, 1, 3), new_end_on=dt.date(2028, 9, 1)), ContractRefused),
        (rider, ContractRefused),
        (RiderTerms(dt.date(2027, 1, 1), reason, weekly_minutes=30 * 60), Conflict),
        (RiderTerms(dt.date(2027, 2, 1), reason), Invalid),
        (RiderTerms(dt.date(2027, 2, 1), reason, ends_on=dt.date(2027, 3, 1), new_end_on=dt.date(2028, 1, 1)), Invalid),
    ):
        with pytest.raises(expected):
            add_rider(contract, terms, by=team.supervisor)


def test_a_contract_ends_early_for_a_reason(team: Team) -> None:
    contract = team.amina.contracts.get()
    for day in (dt.date(2026, 8, 31), dt.date(2027, 9, 1)):
        with pytest.raises(Invalid):
            end_contract(contract, ended_on=day, reason=EndReason.OTHER_JOB, by=team.supervisor)
    ended = end_contract(contract, ended_on=dt.date(2026, 12, 31), reason=EndReason.OTHER_JOB, by=team.supervisor)
    ended.refresh_from_db()
    assert ended.last_on == dt.date(2026, 12, 31)
    with pytest.raises(Conflict):
        end_contract(contract, ended_on=dt.date(2026, 12, 30), reason=EndReason.OTHER_JOB, by=team.supervisor)
    again = employ(team.amina, starts_on=dt.date(2027, 1, 1), ends_on=dt.date(2027, 12, 31))
    withdraw_contract(again, by=team.supervisor)
    assert person_file(Trainee.objects.get(pk=team.amina.pk)).contract_on(dt.date(2027, 1, 1)) is None
    employ(team.amina, starts_on=dt.date(2027, 1, 1), ends_on=dt.date(2027, 12, 31))


def test_what_is_withdrawn_overseas_is_withdrawn_on_their_day(team: Team) -> None:
    Site.objects.update(time_zone="America/Guadeloupe")
    monday = dt.date(2026, 11, 23)
    pay = set_minimum_pay(team.world.organisation, starts_on=START, hourly=Decimal("12.1"), by=team.supervisor)
    days = (monday, monday + dt.timedelta(days=90))
    employer = team.amina.contracts.get().employer
    decision = add_derogation(
        team.chloe, employer, DerogationKind.CUMUL, reference="D-1", days=days, by=team.supervisor
    )
    contract = team.amina.contracts.get()
    with time_machine.travel(dt.datetime(2026, 11, 24, 2, tzinfo=dt.UTC), tick=False):
        withdraw_contract(contract, by=team.supervisor)
        withdraw_derogation(decision, by=team.supervisor)
        withdraw_minimum_pay(pay, by=team.supervisor)
    for row in (contract, decision, pay):
        row.refresh_from_db()
        assert row.withdrawn_on == monday


@pytest.mark.promise("P01")
def test_contracts_are_read_by_those_who_accompany_lead_or_declare(team: Team) -> None:
    readers = {
        role
        for role in Role.values
        if role in team.world.users and Contract.objects.visible_to(team.world.actor(role)).exists()
    }
    assert readers == {"supervisor", "social_adviser", "accountant", "site_manager"}
    own = Contract.objects.visible_to(team.themself(team.amina))
    assert [one.trainee_id for one in own] == [team.amina.pk]


@pytest.mark.promise("domain R22")
def test_days_that_nobody_means_are_refused_by_action_and_database(team: Team, dina: Trainee) -> None:
    """Years far ahead once made a person's pages fail for ever."""
    far, by, ei = dt.date(9999, 12, 31), team.supervisor, employer_of(team.world.organisation, "ei")
    signed = hire(dina, ei, TERMS, by=by)
    wrong: list[tuple[str, Callable[[], object]]] = [
        ("ends_on", lambda: hire(dina, ei, replace(TERMS, starts_on=dt.date(2027, 9, 1), ends_on=far), by=by)),
        ("starts_on", lambda: hire(dina, ei, replace(TERMS, starts_on=dt.date(9998, 1, 1), ends_on=far), by=by)),
        ("new_end_on", lambda: add_rider(signed, RiderTerms(START, RiderReason.WISH, new_end_on=far), by=by)),
        (
            "ends_on",
            lambda: add_derogation(dina, ei, DerogationKind.CUMUL, reference="2026-1", days=(START, far), by=by),
        ),
        ("ends_on", lambda: add_restriction(dina, RestrictionCode.NO_LADDER, starts_on=START, ends_on=far, by=by)),
        (
            "valid_until",
            lambda: note_clearance(
                team.amina, kind=ClearanceKind.DRIVING_B, terms=Terms(dt.date(1985, 5, 2), far), by=by
            ),
        ),
    ]
    for field, act in wrong:
        with pytest.raises(Invalid) as caught:
            act()
        assert caught.value.field == field
    rows = (
        (signed, "contract_within_range"),
        (ContractDerogation(trainee=dina, employer=ei, kind="cumul", reference="1"), "derogation_within_range"),
    )
    for row, name in rows:
        row.organisation, row.starts_on, row.ends_on = dina.organisation, START, far
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            row.save()


@pytest.mark.promise("domain R22")
def test_an_employer_outside_hires_nobody(team: Team) -> None:
    """Deadlines, the last hire, suspensions and who can show it to others: only contracts of the house count."""
    outside = employer_of(team.world.organisation, "outside")
    ours = team.amina.contracts.get()
    Contract.objects.filter(pk=ours.pk).update(ends_on=dt.date(2026, 12, 31))
    cumul = ContractDerogation.objects.create(
        organisation=team.world.organisation,
        trainee=team.amina,
        employer=employer_of(team.world.organisation, "ei"),
        kind="cumul",
        reference="1",
        starts_on=START,
        ends_on=dt.date(2027, 8, 31),
    )
    hire(
        team.amina,
        outside,
        ContractTerms(ContractKind.ORDINARY, dt.date(2026, 12, 1), None, 10 * 60),
        by=team.supervisor,
    )
    assert cumul.pk
    last = last_contract(team.amina)
    assert last is not None and last.pk == ours.pk
    asked = Asked(team.world.actor(Role.SOCIAL_ADVISER), dt.date(2026, 11, 23), 3, kinds=("contract",))
    found, _is_cut = lines(asked)
    assert [(line.person.pk, line.day) for line in found if line.person.pk == team.amina.pk] == [
        (team.amina.pk, dt.date(2026, 12, 31))
    ]
