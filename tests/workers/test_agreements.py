"""Agreements on working time: what they set counts on their days, and nothing that the law does not let them set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from concierge.errors import Invalid, WrongState
from concierge.models import Event
from concierge.tenancy import Actor
from concierge.words import duration_words
from tests.employing import employ, employer_of
from tests.workers.conftest import NOW, Team, at
from workers.actions.agreements import AgreementDetails, add_agreement, end_agreement, withdraw_agreement
from workers.actions.dispatch import assign_work_order
from workers.models import LabourAgreement, Trainee
from workers.models.agreement_words import NUMBERS
from workers.models.agreements import terms_books
from workers.models.plan import team_day
from workers.rules.contracts import Contract, PersonFile
from workers.rules.labour import Kind, Setting, TermsBook, Work, WorkFile, judge
from workers.rules.labour.agreements import TERM, TERMS, Agreement, book_for, book_of, terms_of
from workers.rules.labour.terms import LabourTerms

PARIS = ZoneInfo("Europe/Paris")
MONDAY, HOUR = NOW.date(), 3600


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def head(team: Team) -> Actor:
    return team.world.actor("network_head")


def day(number: int) -> dt.date:
    return MONDAY + dt.timedelta(days=number)


def details(terms: dict[str, int], first: dt.date = MONDAY, last: dt.date | None = None) -> AgreementDetails:
    return AgreementDetails("Accord d’entreprise", first, last, terms)


def worked(number: int, start: int, hours: int) -> Work:
    begins = int(dt.datetime.combine(day(number), dt.time(start), PARIS).timestamp())
    return Work(begins, begins + hours * HOUR, Kind.WORK)


@pytest.mark.promise("domain R21")
def test_without_an_agreement_the_terms_are_those_of_the_law() -> None:
    plain = LabourTerms()
    assert terms_of({}) == plain
    assert {
        name: terms_of({name: TERM[name].law}) for name in NUMBERS if name not in {"night_from", "night_until"}
    } == {name: plain for name in NUMBERS if name not in {"night_from", "night_until"}}
    assert book_of([]).on(MONDAY.toordinal()) == plain


@pytest.mark.promise("domain R21")
@pytest.mark.parametrize("name", [term.name for term in TERMS])
def test_the_bounds_of_every_term_are_terms_and_beyond_them_is_none(name: str) -> None:
    term = TERM[name]
    # The other end of a night of nine hours.
    ends = {21 * 60: 6 * 60, 22 * 60: 7 * 60, 6 * 60: 21 * 60, 7 * 60: 22 * 60}
    other = {"night_from": "night_until", "night_until": "night_from"}.get(name)
    for value in (term.least, term.most):
        terms_of({name: value} | ({other: ends[value]} if other else {}))
    for value in (term.least - 1, term.most + 1):
        with pytest.raises(ValueError, match=name):
            terms_of({name: value})


@pytest.mark.promise("domain R21", "L1")
def test_terms_change_in_the_middle_of_a_week_and_end_with_their_agreement() -> None:
    """Eleven hours from Monday to Friday; twelve are allowed on Wednesday and Thursday alone."""
    book = book_of([Agreement(day(2), day(3), {"daily_most": 720})])
    file = WorkFile(work=tuple(piece for number in range(5) for piece in (worked(number, 7, 5), worked(number, 13, 6))))
    found = judge(file, Setting(PARIS, book), day(0), day(6))
    assert [one.day for one in found if one.code == "L1"] == [day(0), day(1), day(4)]


def test_one_agreement_follows_another_without_a_gap() -> None:
    book = book_of(
        [Agreement(day(4), None, {"daily_rest": 600}), Agreement(day(0), day(3), {"daily_rest": 540})],
        raises_a_year=8,
    )
    rests = [book.on(day(number).toordinal()).daily_rest // HOUR for number in (-1, 0, 3, 4, 400)]
    assert rests == [11, 9, 9, 10, 10]
    assert book.on(day(0).toordinal()).riders_allowed


def test_a_person_is_under_the_agreement_of_their_employer_of_the_day() -> None:
    contract = Contract(1, "ei", "cddi", day(-30), day(1), 1560)
    person = PersonFile((contract, Contract(2, "aci", "cddi", day(2), None, 1560)))
    books = {1: book_of([Agreement(day(-90), None, {"daily_most": 720})]), 2: book_of([])}
    book = book_for(person, books)
    assert [book.on(day(number).toordinal()).daily_most // HOUR for number in (0, 1, 2, 9)] == [12, 12, 10, 10]
    assert book_for(PersonFile((contract,)), books) is books[1]
    assert book_for(PersonFile(), books) == TermsBook()


@pytest.mark.promise("domain R21")
def test_the_board_judges_by_the_agreement_of_the_day(team: Team, head: Actor) -> None:
    """Five hours are done: six more make eleven, which the agreement allows from tomorrow on."""
    add_agreement(employer_of(team.world.organisation), details({"daily_most": 720}, day(1), day(1)), by=head)
    found = []
    for number in (0, 1, 2):
        where = team_day(Trainee.objects.filter(pk=team.amina.pk), day(number), PARIS)
        file = where.hours(where.trainees[0]).with_work(worked(number, 7, 5), worked(number, 13, 6))
        codes = {one.code for one in judge(file, where.setting(where.trainees[0]), day(number), day(number))}
        found.append("L1" in codes)
    assert found == [True, False, True]


def test_giving_work_follows_the_agreement(team: Team, head: Actor) -> None:
    """A part-time contract of thirty hours: a third more is allowed, up to less than full time."""
    employer = employer_of(team.world.organisation)
    assert terms_books()[employer.pk].on(MONDAY.toordinal()).part_time_most(26 * HOUR) == int(28.6 * HOUR)
    made = add_agreement(employer, details({"part_time_share": 3}), by=head)
    assert terms_books()[employer.pk].on(MONDAY.toordinal()).part_time_most(27 * HOUR) == 35 * HOUR - 60
    withdraw_agreement(made, by=head)
    assert terms_books()[employer.pk].on(MONDAY.toordinal()).part_time_most(26 * HOUR) == int(28.6 * HOUR)
    assert assign_work_order(team.work(), team.amina, starts_at=at(10), by=team.dispatcher).status == "proposed"


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"daily_rest": 8 * 60}, "daily_rest"),
        ({"daily_most": 9 * 60}, "daily_most"),
        ({"daily_most": 13 * 60}, "daily_most"),
        ({"average_most": 47 * 60}, "average_most"),
        ({"part_time_share": 2}, "part_time_share"),
        ({"schedule_notice_days": 2}, "schedule_notice_days"),
        ({"extra_rate_then": 9}, "extra_rate_then"),
        ({"night_from": 22 * 60}, "night_until"),
        ({"night_from": 22 * 60, "night_until": 6 * 60}, "night_until"),
        ({}, None),
    ],
)
def test_what_the_law_does_not_let_an_agreement_set_is_refused(
    team: Team, head: Actor, terms: dict[str, int], field: str | None
) -> None:
    with pytest.raises(Invalid) as refused:
        add_agreement(employer_of(team.world.organisation), details(terms), by=head)
    assert refused.value.field == field
    assert not LabourAgreement.objects.exists()


def test_the_database_itself_refuses_it(team: Team) -> None:
    organisation = team.world.organisation
    with pytest.raises(IntegrityError, match="agreement_daily_rest_as_the_law_lets"), transaction.atomic():
        LabourAgreement.objects.create(
            organisation=organisation,
            employer=employer_of(organisation),
            reference="A",
            starts_on=MONDAY,
            daily_rest=480,
        )


def test_two_agreements_of_an_employer_never_hold_on_one_day(team: Team, head: Actor) -> None:
    employer = employer_of(team.world.organisation)
    first = add_agreement(employer, details({"daily_most": 720}), by=head)
    with pytest.raises(Invalid, match="autre accord"):
        add_agreement(employer, details({"daily_rest": 600}, day(9)), by=head)
    end_agreement(first, day(8), by=head)
    second = add_agreement(employer, details({"daily_rest": 600}, day(9)), by=head)
    with pytest.raises(Invalid) as refused:
        end_agreement(first, day(9), by=head)
    assert refused.value.field == "ends_on"
    add_agreement(employer_of(team.world.organisation, "aci"), details({"daily_most": 660}), by=head)
    withdraw_agreement(second, by=head)
    with pytest.raises(WrongState):
        end_agreement(second, day(20), by=head)
    end_agreement(first, day(30), by=head)
    names = Event.objects.filter(name__startswith="labour_agreement.").order_by("pk").values_list("name", flat=True)
    assert list(names) == [
        "labour_agreement.added",
        "labour_agreement.ended",
        "labour_agreement.added",
        "labour_agreement.added",
        "labour_agreement.withdrawn",
        "labour_agreement.ended",
    ]


def test_the_last_day_is_not_before_the_first(team: Team, head: Actor) -> None:
    made = add_agreement(employer_of(team.world.organisation), details({"daily_most": 720}), by=head)
    with pytest.raises(Invalid) as refused:
        end_agreement(made, day(-1), by=head)
    assert refused.value.field == "ends_on"


def test_books_cost_the_same_for_one_and_three(team: Team, head: Actor) -> None:
    employer = employer_of(team.world.organisation)
    counts = []
    for number in range(3):
        add_agreement(employer, details({"daily_most": 720}, day(10 * number), day(10 * number + 9)), by=head)
        with CaptureQueriesContext(connection) as said:
            terms_books()
        counts.append(len(said))
    assert counts == [2, 2, 2]


# Pages.


@pytest.fixture
def heads(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["network_head"])
    return client


def typed(**more: Any) -> dict[str, str]:
    return {"reference": "IDCC 3016", "starts_on": "2026-11-23", **more}


def test_a_head_writes_ends_and_withdraws_an_agreement(team: Team, heads: Client) -> None:
    employer = employer_of(team.world.organisation)
    page, new = (reverse(f"workers:{name}", args=[employer.public_id]) for name in ("agreements", "new-agreement"))
    assert "L3121-19" in heads.get(page).content.decode()
    sent = typed(daily_most="12", daily_rest="9:30", night_allowed="on", part_time_share="3")
    assert heads.post(new, sent).status_code == 302
    made = LabourAgreement.objects.get()
    assert made.terms == {"daily_most": 720, "daily_rest": 570, "night_allowed": 1, "part_time_share": 3}
    text = heads.get(page).content.decode()
    assert all(words in text for words in ("IDCC 3016", duration_words(720), duration_words(570), "L3121-19"))
    ended = heads.post(reverse("workers:end-agreement", args=[made.public_id]), {"ends_on": "2026-12-31"})
    assert ended.status_code == 302
    assert LabourAgreement.objects.get().ends_on == dt.date(2026, 12, 31)
    heads.post(reverse("workers:withdraw-agreement", args=[made.public_id]))
    assert LabourAgreement.objects.get().withdrawn_on == MONDAY
    assert "IDCC 3016" not in heads.get(page).content.decode().replace("« IDCC 3016 »", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"daily_most": "13"},
        {"daily_most": "zwölf"},
        {"overtime_quota": "99999999999"},
        {"schedule_notice_days": "-1"},
        {"part_time_share": "99"},
        {"starts_on": "31/31/2026", "daily_most": "12"},
        {"ends_on": "2026-11-01", "daily_most": "12"},
        {"reference": " ", "daily_most": "12"},
        {},
    ],
)
def test_what_is_typed_wrong_is_said_and_nothing_is_lost(team: Team, heads: Client, wrong: dict[str, str]) -> None:
    new = reverse("workers:new-agreement", args=[employer_of(team.world.organisation).public_id])
    answer = heads.post(new, typed(interruptions_most="2") | wrong if wrong else typed())
    assert answer.status_code == 422
    assert 'value="2026-11-23"' in answer.content.decode() or "starts_on" in wrong
    assert not LabourAgreement.objects.exists()


def test_the_page_costs_the_same_for_one_and_three(team: Team, head: Actor, heads: Client) -> None:
    employer = employer_of(team.world.organisation)
    page = reverse("workers:agreements", args=[employer.public_id])
    counts = []
    for number in range(3):
        add_agreement(employer, details({"daily_most": 720}, day(10 * number), day(10 * number + 9)), by=head)
        heads.get(page)
        with CaptureQueriesContext(connection) as said:
            heads.get(page)
        counts.append(len(said))
    assert len(set(counts)) == 1


def test_an_employee_of_another_employer_keeps_the_law(team: Team, head: Actor) -> None:
    add_agreement(employer_of(team.world.organisation, "aci"), details({"daily_most": 720}), by=head)
    dina = Trainee.objects.create(organisation=team.world.organisation, site=team.world.site, first_name="Dina")
    employ(dina, starts_on=dt.date(2026, 11, 1), kind="aci")
    where = team_day(Trainee.objects.active().filter(site=team.world.site), MONDAY, PARIS)
    today = MONDAY.toordinal()
    most = {one.first_name: where.setting(one).terms.on(today).daily_most // HOUR for one in where.trainees}
    assert most == {"Amina": 10, "Bilal": 10, "Chloé": 10, "Dina": 12}
