"""What may be signed, on days and minutes alone (domain.md 2.1, 2.2; L10, L16)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.actions.contract_refusals import FINDING_SENTENCES
from workers.enums.contracts import (
    BEYOND_DEROGATIONS,
    FLOOR_DEROGATIONS,
    YEARLY_DEROGATIONS,
    ContractKind,
    DerogationKind,
    EmployerKind,
)
from workers.rules import contracts as rules
from workers.rules.contracts import Contract, Derogation, PersonFile, Rider

START = dt.date(2026, 1, 5)
CDDI = Contract(
    employer_id=1, employer_kind="ei", kind="cddi", starts_on=START, ends_on=dt.date(2027, 1, 4), weekly_minutes=26 * 60
)
OTHER_JOB = replace(CDDI, employer_id=9, employer_kind="outside", kind="ordinary", ends_on=None, weekly_minutes=10 * 60)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def codes(wanted: Contract, *held: Contract, derogations: tuple[Derogation, ...] = (), **more: object) -> list[str]:
    birth = more.pop("birth_date", None)
    person = PersonFile(held, derogations, birth_date=birth)  # type: ignore[arg-type]
    return [finding.code for finding in rules.findings(person, wanted, **more)]  # type: ignore[arg-type]


def test_rules_and_stored_words_name_the_same_kinds() -> None:
    assert set(DerogationKind.values) >= rules.FLOOR_KINDS | rules.BEYOND_KINDS | rules.YEARLY_KINDS
    assert {str(kind) for kind in FLOOR_DEROGATIONS} == rules.FLOOR_KINDS
    assert {str(kind) for kind in BEYOND_DEROGATIONS} == rules.BEYOND_KINDS
    assert {str(kind) for kind in YEARLY_DEROGATIONS} == rules.YEARLY_KINDS
    assert set(ContractKind.values) > rules.COUNTED_KINDS


@pytest.mark.promise("domain R22")
@pytest.mark.parametrize(
    ("ends_on", "found"),
    [("2026-05-04", []), ("2026-05-03", ["contract_under_four_months"]), ("2026-01-04", ["contract_end_before_start"])],
)
def test_a_first_contract_lasts_four_months(ends_on: str, found: list[str]) -> None:
    wanted = replace(CDDI, ends_on=day(ends_on))
    assert codes(wanted) == found
    assert codes(replace(CDDI, ends_on=day("2026-03-01")), is_short_allowed=True) == []
    assert codes(replace(CDDI, ends_on=day("2026-03-01")), is_first=False) == []


@pytest.mark.promise("domain R22")
def test_all_contracts_of_the_house_stay_within_24_months() -> None:
    second = replace(CDDI, employer_id=2, starts_on=day("2027-01-05"), ends_on=day("2028-01-04"))
    assert codes(second, CDDI) == []
    assert codes(replace(second, ends_on=day("2028-01-05")), CDDI) == ["contract_beyond_24_months"]
    finding = rules.findings(PersonFile((CDDI,)), replace(second, ends_on=day("2028-02-01")))[0]
    assert (finding.figures["limit"], finding.article) == (day("2028-01-04"), "L5132-5")
    # One that fills a gap counts with what comes after it.
    third = replace(CDDI, employer_id=2, starts_on=day("2028-01-05"), ends_on=day("2028-06-30"))
    assert codes(third, CDDI) == []
    assert codes(replace(second, employer_id=1), CDDI, third) == ["contract_beyond_24_months"]
    # A gap of thirty days is not counted; the days before it are.
    after_a_gap = replace(second, starts_on=day("2027-02-04"), ends_on=day("2028-02-04"))
    assert codes(after_a_gap, CDDI) == []
    assert codes(replace(after_a_gap, ends_on=day("2028-02-05")), CDDI) == ["contract_beyond_24_months"]


@pytest.mark.promise("domain R22")
def test_decisions_carry_a_pathway_on_to_60_months() -> None:
    held = replace(CDDI, ends_on=day("2028-01-04"))
    wanted = replace(CDDI, starts_on=day("2028-01-05"), ends_on=day("2028-12-31"))
    training = Derogation("beyond_training", 1, day("2028-01-05"), day("2028-12-31"))
    assert codes(wanted, held, derogations=(training,)) == []
    late = replace(training, starts_on=day("2028-02-01"))
    assert codes(wanted, held, derogations=(late,)) == ["contract_beyond_24_months"]
    years = tuple(Derogation("beyond_age", 1, dt.date(2028 + n, 1, 5), dt.date(2029 + n, 1, 4)) for n in range(4))
    to_the_end = replace(wanted, ends_on=day("2031-01-04"))
    assert codes(to_the_end, held, derogations=years) == []
    beyond = codes(replace(to_the_end, ends_on=day("2031-01-05")), held, derogations=years)
    assert beyond == ["contract_beyond_60_months"]


@pytest.mark.promise("L10")
def test_under_twenty_hours_needs_a_decision() -> None:
    low = replace(CDDI, weekly_minutes=19 * 60)
    waiver = Derogation("floor_aci", 1, START, day("2027-01-04"))
    assert codes(low) == ["contract_under_20_hours"]
    assert codes(low, derogations=(waiver,)) == []
    assert codes(low, derogations=(replace(waiver, employer_id=2),)) == ["contract_under_20_hours"]
    assert codes(low, derogations=(replace(waiver, starts_on=START + dt.timedelta(days=1)),)) == [
        "contract_under_20_hours"
    ]


@pytest.mark.promise("L10")
def test_a_cumul_reaches_24_hours_together() -> None:
    cumul = Derogation("cumul", 1, START, day("2027-01-04"))
    beside = replace(CDDI, weekly_minutes=14 * 60, is_beside=True)
    assert codes(beside, OTHER_JOB, derogations=(cumul,)) == []
    assert codes(replace(beside, weekly_minutes=14 * 60 - 1), OTHER_JOB, derogations=(cumul,)) == [
        "cumul_under_24_hours"
    ]
    assert codes(replace(beside, is_beside=False), OTHER_JOB) == [
        "contract_beside_without_cumul",
        "contract_under_20_hours",
    ]
    assert codes(replace(beside, weekly_minutes=39 * 60), OTHER_JOB, derogations=(cumul,)) == [
        "contracts_over_48_hours"
    ]


def test_two_contracts_with_one_employer_never_overlap() -> None:
    assert codes(replace(CDDI, starts_on=day("2027-01-04"), ends_on=day("2027-06-01")), CDDI) == ["contract_overlaps"]
    assert codes(replace(CDDI, starts_on=day("2027-01-05"), ends_on=day("2027-06-01")), CDDI) == []


@pytest.mark.parametrize("minutes", [0, 48 * 60 + 1])
def test_absurd_hours_are_said(minutes: int) -> None:
    assert codes(replace(CDDI, weekly_minutes=minutes)) == ["contract_hours_absurd"]
    assert codes(replace(CDDI, kind="accompaniment", ends_on=None, weekly_minutes=0)) == []


def test_an_inclusion_contract_is_for_57_and_over() -> None:
    wanted = replace(CDDI, kind="cdi_inclusion", ends_on=None)
    assert codes(wanted) == ["birth_date_unknown"]
    assert codes(wanted, birth_date=day("1969-01-06")) == ["too_young_for_cdi"]
    assert codes(wanted, birth_date=day("1969-01-05")) == []


RAISE = Rider(day("2026-03-01"), day("2026-03-31"), 30 * 60)


def rider_codes(rider: Rider, contract: Contract = CDDI, **more: int) -> list[str]:
    return [one.code for one in rules.rider_findings(PersonFile((contract,)), contract, rider, **more)]


@pytest.mark.promise("L16")
def test_hours_are_raised_for_a_time_eight_times_a_year() -> None:
    had = tuple(Rider(dt.date(2026, month, 1), dt.date(2026, month, 20), 30 * 60) for month in range(4, 11))
    seven = replace(CDDI, riders=had)
    eight = replace(CDDI, riders=(*had, Rider(day("2026-11-01"), day("2026-11-20"), 30 * 60)))
    assert rider_codes(RAISE, seven) == []
    assert rider_codes(RAISE, eight) == ["too_many_raises"]
    # Lowering them, a lasting change and another year count nothing.
    assert rider_codes(replace(RAISE, weekly_minutes=22 * 60), eight) == []
    assert rider_codes(Rider(day("2026-12-01"), None, 30 * 60), eight) == []
    assert rider_codes(Rider(day("2027-01-02"), day("2027-01-04"), 30 * 60), eight) == []
    assert rider_codes(RAISE, raises_allowed=0) == ["raises_need_agreement"]


@pytest.mark.parametrize(
    ("rider", "found"),
    [
        (replace(RAISE, weekly_minutes=35 * 60), ["raise_to_full_time"]),
        (replace(RAISE, weekly_minutes=19 * 60), ["contract_under_20_hours"]),
        (replace(RAISE, weekly_minutes=49 * 60), ["contract_hours_absurd"]),
        (replace(RAISE, ends_on=day("2026-02-01")), ["rider_end_before_start"]),
        (replace(RAISE, ends_on=day("2027-01-05")), ["rider_outside_contract"]),
        (replace(RAISE, starts_on=day("2026-01-04")), ["rider_outside_contract"]),
    ],
)
def test_riders_that_cannot_be(rider: Rider, found: list[str]) -> None:
    assert rider_codes(rider) == found


def test_hours_of_a_day_follow_the_riders() -> None:
    contract = replace(
        CDDI,
        riders=(
            Rider(day("2026-02-01"), None, 28 * 60),
            RAISE,
            Rider(day("2026-03-15"), None, 24 * 60),
            Rider(day("2026-04-01"), None, None),
        ),
    )
    found = {
        text: contract.minutes_on(day(text)) // 60 for text in ("2026-01-31", "2026-02-28", "2026-03-31", "2026-04-01")
    }
    assert found == {"2026-01-31": 26, "2026-02-28": 28, "2026-03-31": 30, "2026-04-01": 24}


def test_hours_outside_the_house_are_not_planned_but_count_for_the_law() -> None:
    file = PersonFile((OTHER_JOB, replace(CDDI, is_beside=True)))
    main = file.contract_on(START)
    assert (main and main.employer_id, file.minutes_on(START), file.all_minutes_on(START)) == (1, 1560, 2160)
    assert file.contract_on(day("2027-01-05")) is None


@pytest.mark.parametrize(
    ("wanted", "kind", "birth", "found"),
    [
        (Derogation("floor_aci", 1, START, day("2027-01-04")), "aci", None, []),
        (Derogation("floor_aci", 1, START, day("2027-01-05")), "aci", None, ["derogation_over_a_year"]),
        (Derogation("beyond_aci", 1, START, day("2027-01-04")), "ei", None, ["derogation_for_aci_only"]),
        (Derogation("beyond_age", 1, START, day("2027-01-04")), "ei", None, ["birth_date_unknown"]),
        (Derogation("beyond_age", 1, START, day("2027-01-04")), "ei", "1976-01-06", ["too_young_to_go_on"]),
        (Derogation("beyond_age", 1, START, day("2027-01-04")), "ei", "1976-01-05", []),
        (Derogation("beyond_training", 1, START, day("2028-01-04")), "ei", None, []),
        (Derogation("cumul", 1, START, day("2026-01-04")), "ei", None, ["derogation_end_before_start"]),
    ],
)
def test_decisions_that_can_and_cannot_be(wanted: Derogation, kind: str, birth: str | None, found: list[str]) -> None:
    person = PersonFile(birth_date=day(birth) if birth else None)
    assert [one.code for one in rules.derogation_findings(person, wanted, employer_kind=kind)] == found


days = st.dates(dt.date(2020, 1, 1), dt.date(2034, 12, 31))


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    start = draw(days)
    ends_on = draw(st.none() | st.integers(0, 900).map(lambda length: start + dt.timedelta(days=length)))
    return Contract(
        employer_id=draw(st.integers(1, 3)),
        employer_kind=draw(st.sampled_from(EmployerKind.values)),
        kind=draw(st.sampled_from(ContractKind.values)),
        starts_on=start,
        ends_on=ends_on,
        weekly_minutes=draw(st.integers(0, 3000)),
        is_beside=draw(st.booleans()),
    )


@st.composite
def decisions(draw: st.DrawFn) -> Derogation:
    start = draw(days)
    kind = draw(st.sampled_from(DerogationKind.values))
    return Derogation(kind, draw(st.integers(1, 3)), start, start + dt.timedelta(days=draw(st.integers(0, 400))))


files = st.builds(
    PersonFile,
    contracts=st.lists(contracts(), max_size=4).map(tuple),
    derogations=st.lists(decisions(), max_size=3).map(tuple),
    birth_date=st.none() | st.dates(dt.date(1950, 1, 1), dt.date(2008, 1, 1)),
)


@given(files, contracts())
def test_every_finding_has_a_sentence_and_what_is_signed_obeys_the_law(person: PersonFile, wanted: Contract) -> None:
    found = rules.findings(person, wanted)
    assert {one.code for one in found} <= FINDING_SENTENCES.keys()
    if found:
        return
    signed = person.with_contract(wanted)
    assert not any(one.overlaps(wanted) and one.employer_id == wanted.employer_id for one in person.contracts)
    end = signed.rights_end_on
    if wanted.kind in rules.COUNTED_KINDS and wanted.ends_on is not None:
        assert end is not None
        assert rules.stretches(signed.contracts)[-1][1] <= end
    if wanted.kind == "cddi":
        assert wanted.weekly_minutes >= rules.FLOOR_MINUTES or signed.is_floor_lifted_on(wanted.starts_on)


@given(days, st.integers(1, 60))
def test_months_end_the_day_before_the_same_day(start: dt.date, months: int) -> None:
    end = rules.last_day(start, months)
    assert rules.last_day(end + rules.ONE_DAY, 1) > end > start
    assert months * 28 <= (end - start).days + 1 <= months * 31


@given(files)
def test_a_later_decision_never_shortens_the_rights(person: PersonFile) -> None:
    without = rules.rights_end(person.contracts, ())
    assert (without is None) == (person.rights_end_on is None)
    if without is not None and person.rights_end_on is not None:
        assert without <= person.rights_end_on


EVER = dt.date.max


@pytest.mark.promise("domain R22")
def test_years_that_nobody_means_break_no_rule() -> None:
    """The forms and the database refuse them; what stands in a file all the same is still read."""
    endless = replace(CDDI, starts_on=day("9998-02-01"), ends_on=EVER)
    person = PersonFile(
        (CDDI, endless), (Derogation("cumul", 1, START, EVER), Derogation("beyond_age", 1, START, EVER))
    )
    assert person.rights_end_on is not None
    assert rules.findings(person, endless)
    assert rules.findings(person, replace(CDDI, ends_on=EVER))
    assert rules.derogation_findings(person, Derogation("floor_aci", 1, endless.starts_on, EVER), employer_kind="ei")
    assert rules.rider_findings(person, endless, Rider(endless.starts_on, EVER, 30 * 60)) == []


ACI = replace(CDDI, employer_id=2, employer_kind="aci", ends_on=day("2028-01-04"))


@pytest.mark.promise("domain R22")
@pytest.mark.parametrize(
    ("wanted", "decisions", "found"),
    [
        ({}, {"beyond_aci": 2}, ["contract_beyond_24_months"]),
        ({}, {"beyond_training": 2}, ["contract_beyond_24_months"]),
        ({}, {"beyond_training": 1}, []),
        ({}, {"beyond_aci": 1}, ["contract_beyond_24_months"]),
        ({"employer_id": 2, "employer_kind": "aci"}, {"beyond_aci": 2}, []),
    ],
)
def test_a_decision_beyond_24_months_is_for_its_own_employer(
    wanted: dict[str, object], decisions: dict[str, int], found: list[str]
) -> None:
    longer = replace(CDDI, starts_on=day("2028-01-05"), ends_on=day("2028-12-31"), **wanted)  # type: ignore[arg-type]
    decided = tuple(Derogation(kind, who, day("2028-01-05"), day("2028-12-31")) for kind, who in decisions.items())
    assert codes(longer, ACI, derogations=decided) == found


def test_the_decision_of_another_explains_the_days_before() -> None:
    """36 months by a workshop and its decision: the next employer needs one of its own, from then on."""
    before = replace(ACI, ends_on=day("2029-01-04"))
    decided = Derogation("beyond_aci", 2, day("2028-01-05"), day("2029-01-04"))
    own = Derogation("beyond_age", 1, day("2029-01-05"), day("2029-12-31"))
    longer = replace(CDDI, starts_on=day("2029-01-05"), ends_on=day("2029-12-31"))
    assert codes(longer, before, derogations=(decided,)) == ["contract_beyond_24_months"]
    assert codes(longer, before, derogations=(decided, own)) == []


@pytest.mark.promise("domain R22", "L10")
def test_a_rider_counts_the_hours_of_the_other_employer() -> None:
    cumul = Derogation("cumul", 1, START, day("2027-12-31"))
    other = replace(OTHER_JOB, weekly_minutes=24 * 60)
    mine = replace(CDDI, weekly_minutes=24 * 60, is_beside=True)
    person = PersonFile((mine, other), (cumul,))
    for rider in (Rider(day("2026-03-01"), None, 35 * 60), Rider(day("2026-03-01"), day("2026-03-31"), 30 * 60)):
        assert [one.code for one in rules.rider_findings(person, mine, rider)] == ["contracts_over_48_hours"]
    assert rules.rider_findings(person, mine, Rider(day("2026-03-01"), None, 24 * 60)) == []
    gone = replace(other, ends_on=day("2026-02-28"))
    assert rules.rider_findings(PersonFile((mine, gone)), mine, Rider(day("2026-03-01"), None, 35 * 60)) == []


@pytest.mark.promise("L10")
def test_fewer_than_twenty_hours_are_allowed_to_the_last_day() -> None:
    short = replace(CDDI, employer_kind="aci", weekly_minutes=18 * 60)
    waiver = Derogation("floor_aci", 1, START, day("2026-06-30"))
    found = rules.findings(PersonFile((), (waiver,)), short)
    assert [(one.code, one.figures["day"]) for one in found] == [("contract_under_20_hours", day("2026-07-01"))]
    next_one = Derogation("floor_aci", 1, day("2026-07-01"), day("2027-06-30"))
    assert codes(short, derogations=(waiver, next_one)) == []
    assert codes(replace(short, ends_on=day("2026-06-30")), derogations=(waiver,)) == []
    full = replace(short, weekly_minutes=26 * 60)
    lower = Rider(day("2026-03-01"), None, 18 * 60)
    assert [one.code for one in rules.rider_findings(PersonFile((full,), (waiver,)), full, lower)] == [
        "contract_under_20_hours"
    ]
    for_a_time = replace(lower, ends_on=day("2026-06-30"))
    assert rules.rider_findings(PersonFile((full,), (waiver,)), full, for_a_time) == []
