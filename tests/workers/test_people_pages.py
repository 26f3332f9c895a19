"""The pages of people, their contracts and employers: who sees what, what wrong input hears, what it costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from concierge.models import Membership, User
from tests.employing import employ, employer_of
from tests.workers.conftest import LEFT_ON, NOW, Team
from workers.actions.people import create_trainee
from workers.models import Contract, ContractDerogation, Employer, FinancialAnnex, Trainee, WorkRestriction

CONTRACT = {
    "kind": "cddi",
    "starts_on": "2026-11-23",
    "ends_on": "2027-11-22",
    "weekly_hours": "26:30",
    "annex": "",
    "rome_code": "H2410",
    "gross_pay": "1350,50",
}


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(team: Team, role: str, client: Client) -> Client:
    client.force_login(team.world.users[role])
    return client


@pytest.fixture
def adviser(team: Team, client: Client) -> Client:
    return signed_in(team, "social_adviser", client)


@pytest.fixture
def dina(team: Team) -> Trainee:
    return create_trainee(
        site=team.world.site,
        first_name="Dina",
        last_name="Petit",
        birth_date=dt.date(1990, 5, 17),
        by=team.world.actor(),
    )


def url(name: str, *args: Any) -> str:
    return reverse(f"workers:{name}", args=[getattr(one, "public_id", one) for one in args])


@pytest.mark.promise("domain R22")
def test_a_first_contract_is_signed_on_the_page(team: Team, adviser: Client, dina: Trainee) -> None:
    employer = employer_of(team.world.organisation)
    page = adviser.get(url("new-contract", dina))
    assert "26:00" in page.content.decode()
    form = {**CONTRACT, "employer": str(employer.public_id)}
    answer = adviser.post(url("new-contract", dina), form)
    assert (answer.status_code, answer["Location"]) == (302, url("contracts", dina))
    signed = Contract.objects.get(trainee=dina)
    assert (signed.weekly_minutes, str(signed.gross_pay), signed.rome_code) == (1590, "1350.50", "H2410")
    text = adviser.get(url("contracts", dina)).content.decode()
    assert "26 h 30" in text.replace("\xa0", " ")
    assert "1" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weekly_hours": "19"}, "au moins 20"),
        ({"weekly_hours": "26:75"}, "26,5"),
        ({"weekly_hours": "1590"}, "26,5"),
        ({"weekly_hours": "50"}, "48"),
        ({"ends_on": "2027-02-22"}, "quatre mois"),
        ({"ends_on": "2026-11-01"}, "avant"),
        ({"ends_on": "2029-11-22"}, "24"),
        ({"ends_on": ""}, "dernier jour"),
        ({"starts_on": "demain"}, "31/12/2026"),
        ({"kind": "mission"}, "ce type de contrat"),
        ({"gross_pay": "beaucoup"}, "montant"),
        ({"employer": "x"}, ""),
        ({"annex": "x"}, ""),
    ],
)
def test_wrong_input_is_said_and_nothing_lost(
    team: Team, adviser: Client, dina: Trainee, change: dict[str, str], said: str
) -> None:
    form = {**CONTRACT, "employer": str(employer_of(team.world.organisation).public_id), **change}
    answer = adviser.post(url("new-contract", dina), form, headers={"accept-language": "fr"})
    text = answer.content.decode()
    assert (answer.status_code, said in text, "1350,50" in text or "beaucoup" in text) == (422, True, True)
    assert not Contract.objects.filter(trainee=dina).exists()


def test_a_contract_is_renewed_changed_and_ended_on_its_pages(team: Team, adviser: Client) -> None:
    contract = team.amina.contracts.get()
    renewal = {**CONTRACT, "starts_on": "2027-09-01", "ends_on": "2028-08-31"}
    assert "2027-09-01" in adviser.get(url("renew", contract)).content.decode()
    late = adviser.post(url("renew", contract), {**renewal, "starts_on": "2027-09-02"})
    assert late.status_code == 422
    assert adviser.post(url("renew", contract), renewal).status_code == 302
    rider = {"starts_on": "2026-12-01", "weekly_hours": "34", "ends_on": "2026-12-31", "reason": "activity"}
    assert adviser.post(url("rider", contract), rider).status_code == 302
    assert adviser.post(url("rider", contract), rider).status_code == 422
    text = adviser.get(url("contracts", team.amina)).content.decode()
    assert "34" in text
    end = {"ended_on": "2026-11-30", "reason": "other_job"}
    assert adviser.post(url("end-contract", contract), end).status_code == 409
    second = Contract.objects.get(renews=contract)
    assert adviser.post(url("withdraw-contract", second)).status_code == 302
    assert adviser.post(url("end-contract", contract), {**end, "reason": ""}).status_code == 422
    assert adviser.post(url("end-contract", contract), end).status_code == 302
    contract.refresh_from_db()
    assert (contract.last_on, contract.end_reason) == (dt.date(2026, 11, 30), "other_job")


@pytest.mark.promise("L10")
def test_a_decision_lets_few_hours_through_and_cannot_go_while_it_is_needed(
    team: Team, adviser: Client, dina: Trainee
) -> None:
    aci = employer_of(team.world.organisation, "aci")
    low = {**CONTRACT, "employer": str(aci.public_id), "ends_on": "2027-10-31", "weekly_hours": "15"}
    assert adviser.post(url("new-contract", dina), low).status_code == 422
    decision = {
        "employer": str(aci.public_id),
        "kind": "floor_aci",
        "reference": "DDETS 2026-118",
        "starts_on": "2026-11-01",
        "ends_on": "2027-10-31",
    }
    assert adviser.post(url("new-derogation", dina), {**decision, "ends_on": "2027-11-01"}).status_code == 422
    assert adviser.post(url("new-derogation", dina), {**decision, "reference": " "}).status_code == 422
    assert adviser.post(url("new-derogation", dina), decision).status_code == 302
    assert adviser.post(url("new-contract", dina), low).status_code == 302
    found = ContractDerogation.objects.get()
    adviser.post(url("withdraw-derogation", found))
    found.refresh_from_db()
    assert found.withdrawn_on is None
    Trainee.objects.filter(pk=dina.pk).update(adviser=team.world.users["social_adviser"])
    text = adviser.get(url("contracts", dina)).content.decode()
    assert "DDETS 2026-118" in text


@pytest.mark.promise("L23", "P01")
def test_who_gives_out_work_reads_capabilities_and_nothing_else(team: Team, client: Client, dina: Trainee) -> None:
    employ(dina, starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2027, 8, 31), gross_pay=1350)
    supervisor = signed_in(team, "supervisor", client)
    restriction = {"code": "not_before", "at": "09:30", "starts_on": "2026-11-23", "ends_on": ""}
    assert supervisor.post(url("capabilities", dina), {**restriction, "at": ""}).status_code == 422
    assert supervisor.post(url("capabilities", dina), restriction).status_code == 302
    assert supervisor.post(url("capabilities", dina), restriction).status_code == 409
    dispatcher = signed_in(team, "dispatcher", client)
    for page in (url("trainee", dina), url("capabilities", dina)):
        text = dispatcher.get(page).content.decode()
        assert ("09:30" in text, "1990" in text, "2027" in text) == (True, False, False)
    assert dispatcher.get(url("contracts", dina)).status_code == 403
    assert dispatcher.post(url("capabilities", dina), restriction).status_code == 403
    assert url("contracts", dina) not in dispatcher.get(url("trainee", dina)).content.decode()
    made = WorkRestriction.objects.get()
    assert dispatcher.post(url("end-restriction", made)).status_code == 403
    signed_in(team, "supervisor", client).post(url("end-restriction", made))
    assert not WorkRestriction.objects.exists()


@pytest.mark.promise("P01")
def test_pay_and_birth_date_are_read_by_few(team: Team, client: Client, dina: Trainee) -> None:
    employ(dina, starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2027, 8, 31), gross_pay=1357)
    seen = {}
    for role in ("supervisor", "accountant", "social_adviser", "site_manager"):
        page = signed_in(team, role, client).get(url("contracts", dina)).content.decode()
        edit = client.get(url("edit-person", dina))
        seen[role] = ("357" in page, "1990-05-17" in edit.content.decode())
    assert seen == {
        "supervisor": (False, False),
        "accountant": (True, False),
        "social_adviser": (True, True),
        "site_manager": (True, True),
    }


def test_somebody_joins_with_an_account_or_without(team: Team, adviser: Client) -> None:
    form = {
        "first_name": "Nour",
        "last_name": "Haddad",
        "birth_date": "1971-03-02",
        "site": team.world.site.slug,
        "language": "fr",
        "email": "nour@example.org",
    }
    assert adviser.post(url("new-person"), {**form, "email": "nour"}).status_code == 422
    assert adviser.post(url("new-person"), {**form, "birth_date": "0171-03-02"}).status_code == 422
    assert adviser.post(url("new-person"), {**form, "first_name": " "}).status_code == 422
    taken = {**form, "email": team.world.users["trainee"].email}
    assert adviser.post(url("new-person"), taken).status_code == 409
    assert not Trainee.objects.filter(first_name="Nour").exists()
    assert adviser.post(url("new-person"), form).status_code == 302
    made = Trainee.objects.get(first_name="Nour")
    assert Membership.objects.filter(user=made.user, role="trainee", site=team.world.site).exists()
    assert adviser.post(url("new-person"), {**form, "email": "", "first_name": "Ada"}).status_code == 302
    without = Trainee.objects.get(first_name="Ada")
    adviser.post(url("invite", without), {"email": "ada@example.org"})
    without.refresh_from_db()
    assert without.user is not None
    assert without.user.email == "ada@example.org"


def test_who_accompanies_has_that_role_at_that_site(team: Team, adviser: Client, dina: Trainee) -> None:
    users = team.world.users
    form = {
        "site": team.world.site.slug,
        "supervisor": str(users["supervisor"].public_id),
        "adviser": str(users["social_adviser"].public_id),
        "mentor": str(users["concierge"].public_id),
        "referrer": "",
    }
    assert adviser.post(url("edit-team", dina), form).status_code == 302
    dina.refresh_from_db()
    assert (dina.supervisor, dina.adviser, dina.mentor) == (
        users["supervisor"],
        users["social_adviser"],
        users["concierge"],
    )
    assert adviser.post(url("edit-team", dina), {**form, "supervisor": form["mentor"]}).status_code == 422


@pytest.mark.promise("P01")
def test_nobody_takes_over_a_file_that_has_an_adviser(team: Team, adviser: Client, dina: Trainee) -> None:
    users = team.world.users
    other = User.objects.create_user("autre-cip@sens-pratique.example", first_name="Autre", last_name="CIP")
    Membership.objects.create(organisation=team.world.organisation, user=other, role="social_adviser")
    Trainee.objects.filter(pk=dina.pk).update(adviser=other)
    form = {"site": team.world.site.slug, "supervisor": "", "mentor": "", "referrer": ""}
    mine, theirs = str(users["social_adviser"].public_id), str(other.public_id)
    for wanted in (mine, ""):
        answer = adviser.post(url("edit-team", dina), {**form, "adviser": wanted})
        assert (answer.status_code, "Autre CIP accompagne" in answer.content.decode()) == (422, True)
    assert adviser.get(url("vault", dina)).status_code == 403
    kept = adviser.post(
        url("edit-team", dina), {**form, "adviser": theirs, "mentor": str(users["concierge"].public_id)}
    )
    assert kept.status_code == 302
    signed_in(team, "site_manager", adviser)
    assert adviser.post(url("edit-team", dina), {**form, "adviser": mine}).status_code == 302
    signed_in(team, "social_adviser", adviser)
    assert adviser.post(url("edit-team", dina), {**form, "adviser": theirs}).status_code == 302
    Membership.objects.filter(user=other).delete()
    assert adviser.post(url("edit-team", dina), {**form, "adviser": mine}).status_code == 302
    dina.refresh_from_db()
    assert dina.adviser == users["social_adviser"]


@pytest.mark.promise("P01", "domain R42")
def test_which_decision_it_is_stays_with_the_adviser_and_the_manager(team: Team, client: Client, dina: Trainee) -> None:
    ContractDerogation.objects.create(
        organisation=team.world.organisation,
        trainee=dina,
        employer=employer_of(team.world.organisation),
        kind="beyond_status",
        reference="RQTH 2026-44",
        starts_on=dt.date(2026, 11, 1),
        ends_on=dt.date(2027, 6, 30),
    )
    users = team.world.users
    Trainee.objects.filter(pk=dina.pk).update(supervisor=users["supervisor"])
    read = {}
    for role in ("supervisor", "accountant", "social_adviser", "site_manager"):
        read[role] = signed_in(team, role, client).get(url("contracts", dina)).content.decode()
        assert "30 juin 2027" in read[role]
    told = {role: ("RQTH" in text, "au-delà de 24 mois" in text.lower()) for role, text in read.items()}
    nothing = (False, False)
    assert told == {
        "supervisor": nothing,
        "accountant": nothing,
        "social_adviser": nothing,
        "site_manager": (True, True),
    }
    Trainee.objects.filter(pk=dina.pk).update(adviser=users["social_adviser"])
    assert "RQTH" in signed_in(team, "social_adviser", client).get(url("contracts", dina)).content.decode()


@pytest.mark.parametrize("role", ["accountant", "network_head"])
def test_employers_and_annexes_are_settings(team: Team, client: Client, role: str) -> None:
    manager = signed_in(team, role, client)
    form = {"name": "Les Chantiers", "kind": "aci", "siret": "44306184100047", "measure": "", "raises_a_year": "8"}
    assert manager.post(url("new-employer"), {**form, "siret": "44306184100048"}).status_code == 422
    assert manager.post(url("new-employer"), {**form, "raises_a_year": "9"}).status_code == 422
    assert manager.post(url("new-employer"), {**form, "is_active": "on"}).status_code == 302
    made = Employer.objects.get(name="Les Chantiers")
    annex = {
        "number": "ACI 021 26 0013 A0 M0",
        "state": "valid",
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "etp_hours": "1820",
        "hours_basis": "paid",
        "agreed_etp": "4,5",
    }
    assert manager.post(url("new-annex", made), {**annex, "number": "EI021260013A0M0"}).status_code == 422
    assert manager.post(url("new-annex", made), {**annex, "ends_on": "2025-12-31"}).status_code == 422
    assert manager.post(url("new-annex", made), annex).status_code == 302
    found = FinancialAnnex.objects.get()
    assert manager.post(url("annex", found), {**annex, "state": "closed"}).status_code == 302
    found.refresh_from_db()
    assert (found.state, str(found.agreed_etp)) == ("closed", "4.50")
    assert "ACI021260013A0M0" in manager.get(url("employers")).content.decode()


def names_on(client: Client, **query: str) -> list[str]:
    return [row["name"] for row in client.get(url("trainees"), query).context["people"]]


def test_people_are_found_by_name_employer_and_contract(team: Team, adviser: Client, dina: Trainee) -> None:
    zoe = create_trainee(site=team.world.site, first_name="Zoé", last_name="Roux", by=team.world.actor())
    employ(zoe, starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2026, 12, 31), kind="aci")
    aci = str(employer_of(team.world.organisation, "aci").public_id)
    assert names_on(adviser, q="pet din") == ["Dina Petit"]
    assert names_on(adviser, employer=aci) == ["Zoé Roux"]
    assert names_on(adviser, state="ending") == ["Zoé Roux"]
    assert names_on(adviser, state="none") == ["Dina Petit"]
    assert names_on(adviser, site="nowhere", state="x") == [
        "Amina Diallo",
        "Bilal Diallo",
        "Chloé Diallo",
        "Dina Petit",
        "Zoé Roux",
    ]
    assert names_on(adviser, state="left") == []


def queries_of(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(path).status_code == 200
    return len(found)


def test_1_and_3_rows_cost_the_same(team: Team, adviser: Client) -> None:
    Trainee.objects.exclude(pk=team.amina.pk).update(is_active=False, last_on=LEFT_ON)
    one = [queries_of(adviser, path) for path in (url("trainees"), url("contracts", team.amina), url("employers"))]
    Trainee.objects.update(is_active=True, last_on=None)
    for year in (2027, 2028):
        employ(team.amina, starts_on=dt.date(year, 9, 1), ends_on=dt.date(year + 1, 8, 31), kind="outside")
    employer_of(team.world.organisation, "aci")
    three = [queries_of(adviser, path) for path in (url("trainees"), url("contracts", team.amina), url("employers"))]
    assert (three, max(three) <= 26) == (one, True)
    assert User.objects.exists()
