"""PASS IAE: every row of domain.md 2.3, its vectors, and properties of the ledger."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workers.rules import pass_iae as rules
from workers.rules.pass_iae import AskedProlongation, AskedSuspension, Ledger, Stretch

pytestmark = pytest.mark.promise("domain R23")

TERMS = rules.PASS_TERMS[0]
START = dt.date(2026, 1, 5)
END = dt.date(2028, 1, 4)
TODAY = dt.date(2026, 11, 23)
PLAIN = Ledger(START, TERMS.days)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def stretch(start: str, end: str) -> Stretch:
    return Stretch(day(start), day(end))


def suspended(*stretches: Stretch) -> Ledger:
    return replace(PLAIN, suspensions=stretches)


# --- number ----------------------------------------------------------------


@pytest.mark.parametrize("number", ["999992612345", "999991234567", "ABCDE1234567", "075311400001"])
def test_number_is_twelve_letters_or_digits(number: str) -> None:
    assert rules.is_number(number)


@pytest.mark.parametrize(
    "number", ["", "99999261234", "9999926123456", "99999 26 12345", "99999é612345", "abcde1234567"]
)
def test_number_of_another_shape_is_refused(number: str) -> None:
    assert not rules.is_number(number)


def test_number_is_typed_with_its_spaces_and_shown_grouped() -> None:
    assert rules.clean_number(" 99999 26 12345\u00a0") == "999992612345"
    assert rules.clean_number("abcde-12-34567") == "ABCDE1234567"
    assert rules.grouped("999992612345") == "99999 26 12345"


# --- duration --------------------------------------------------------------


@pytest.mark.parametrize(("start", "end"), [("2026-01-05", "2028-01-04"), ("2027-03-01", "2029-02-27")])
def test_duration_is_730_days_end_inclusive(start: str, end: str) -> None:
    ledger = Ledger(day(start), TERMS.days)
    assert ledger.ends_on == day(end)
    assert (ledger.ends_on - ledger.starts_on).days + 1 == 730


def test_figures_are_dated_and_checked_at_birth() -> None:
    assert rules.terms_on(TODAY) is TERMS
    assert rules.terms_on(day("2019-01-01")) is TERMS
    later = replace(TERMS, valid_from=day("2027-01-01"), days=1095)
    assert rules.terms_on(day("2026-12-31"), (TERMS, later)).days == 730
    assert rules.terms_on(day("2027-01-01"), (TERMS, later)).days == 1095
    wrongs: list[dict[str, Any]] = [
        {"days": 0},
        {"suspension_months": 0},
        {"alert_months": (1, 12)},
        {"prolongations": {}},
    ]
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"\w"):
            replace(TERMS, **wrong)
    figures: list[dict[str, Any]] = [
        {"each_months": 0},
        {"each_months": 12, "total_months": 6},
        {"each_months": 1, "from_age": 120},
    ]
    for wrong in figures:
        with pytest.raises(ValueError, match=r"\w"):
            rules.ProlongationTerms(**wrong)
    with pytest.raises(ValueError, match="before it starts"):
        stretch("2026-02-02", "2026-02-01")


# --- states ----------------------------------------------------------------


def test_states_on_each_side_of_each_day() -> None:
    ledger = suspended(stretch("2026-06-01", "2026-06-30"))
    assert ledger.ends_on == END + dt.timedelta(days=29)
    states = {
        "2026-01-04": "future",
        "2026-01-05": "valid",
        "2026-05-31": "valid",
        "2026-06-01": "suspended",
        "2026-06-30": "suspended",
        "2026-07-01": "valid",
        "2028-02-02": "valid",
        "2028-02-03": "expired",
    }
    assert {on: ledger.state_on(day(on)) for on in states} == states


def test_remaining_days_exclude_suspended_time() -> None:
    assert PLAIN.days_left(START - dt.timedelta(days=30)) == 730
    assert (PLAIN.days_left(START), PLAIN.days_left(END), PLAIN.days_left(END + rules.ONE_DAY)) == (730, 1, 0)
    ledger = suspended(stretch("2026-06-01", "2026-06-30"))
    before, at_rest = ledger.days_left(day("2026-05-31")), ledger.days_left(day("2026-06-01"))
    assert before == PLAIN.days_left(day("2026-05-31")) - 1
    assert at_rest == ledger.days_left(day("2026-06-30")) == ledger.days_left(day("2026-07-01")) == before - 1


# --- carence ---------------------------------------------------------------


def test_carence_is_two_years_unless_an_authorised_prescriber_prescribes() -> None:
    assert rules.waits_until(END, TERMS) == day("2030-01-04")

    def may(start: str, *, is_prescribed: bool = False) -> bool:
        return rules.may_begin(day(start), last_end=END, is_prescribed=is_prescribed, terms=TERMS)

    assert (may("2030-01-04"), may("2030-01-05")) == (False, True)
    assert may("2028-01-05", is_prescribed=True)
    assert not may("2028-01-04", is_prescribed=True)
    assert rules.may_begin(START, last_end=None, is_prescribed=False, terms=TERMS)


# --- suspension ------------------------------------------------------------


def suspension_codes(
    one: Stretch, ledger: Ledger = PLAIN, *, reason: str = "contract_suspended", today: dt.date = TODAY, **given: Any
) -> list[str]:
    asked = AskedSuspension(one, reason, str(given.pop("kind", "ei")), **given)
    return [fault.code for fault in rules.suspension_faults(ledger, asked, today=today, terms=TERMS)]


def test_suspension_has_no_minimum() -> None:
    assert suspension_codes(stretch("2026-11-01", "2026-11-01")) == []


def test_suspension_of_36_months_at_most() -> None:
    assert suspension_codes(stretch("2026-11-01", "2029-10-31")) == []
    assert suspension_codes(stretch("2026-11-01", "2029-11-01")) == ["suspension_too_long"]
    assert suspension_codes(stretch("2026-11-01", "2029-11-30")) == ["suspension_too_long"]


def test_suspensions_in_any_number_do_not_overlap() -> None:
    many = suspended(*(Stretch(dt.date(2026, month, 1), dt.date(2026, month, 10)) for month in range(2, 11)))
    assert suspension_codes(stretch("2026-10-11", "2026-10-20"), many) == []
    assert suspension_codes(stretch("2026-10-10", "2026-10-20"), many) == ["suspensions_overlap"]
    assert suspension_codes(stretch("2026-09-11", "2026-10-01"), many) == ["suspensions_overlap"]


def test_suspension_starts_inside_the_pass() -> None:
    early, over = stretch("2026-01-04", "2026-02-01"), Ledger(day("2024-06-01"), TERMS.days)
    assert suspension_codes(early) == ["suspension_outside_pass"]
    assert over.ends_on == day("2026-05-31")
    assert suspension_codes(stretch("2026-05-31", "2026-07-01"), over) == []
    assert suspension_codes(stretch("2026-06-01", "2026-07-01"), over) == ["suspension_outside_pass"]


def test_suspension_reaches_back_365_days() -> None:
    old = Ledger(day("2025-03-01"), TERMS.days)
    assert suspension_codes(stretch("2025-11-23", "2026-01-31"), old) == []
    assert suspension_codes(stretch("2025-11-22", "2026-01-31"), old) == ["suspension_too_old"]
    # Its end is corrected: its start is on record already.
    asked: dict[str, Any] = {"started_on": day("2025-11-22")}
    assert suspension_codes(stretch("2025-11-22", "2026-02-28"), old, **asked) == []


def test_suspension_does_not_start_tomorrow() -> None:
    assert suspension_codes(stretch("2026-11-23", "2026-12-31")) == []
    assert suspension_codes(stretch("2026-11-24", "2026-12-31")) == ["suspension_in_future"]


def test_suspension_only_by_the_structure_of_the_last_hire() -> None:
    one = stretch("2026-11-01", "2026-11-30")
    assert suspension_codes(one, is_last_employer=False) == ["suspension_not_last_employer"]


def test_contrat_passerelle_only_in_ei_and_aci() -> None:
    one = stretch("2026-11-01", "2026-11-30")
    answers = {
        kind: suspension_codes(one, reason="contrat_passerelle", kind=kind) for kind in ("ei", "aci", "ai", "etti")
    }
    wrong = ["suspension_wrong_kind"]
    assert answers == {"ei": [], "aci": [], "ai": wrong, "etti": wrong}


def test_historic_reasons_come_with_an_import_alone() -> None:
    one = stretch("2026-11-01", "2026-11-30")
    for reason in ("illness", "maternity", "prison", "trial_outside", "detox", "force_majeure"):
        assert suspension_codes(one, reason=reason) == ["suspension_old_reason"]
        assert suspension_codes(one, reason=reason, is_imported=True, is_last_employer=False) == []


def test_suspension_pushes_the_end_by_end_minus_start() -> None:
    assert suspended(stretch("2026-06-01", "2026-06-30")).ends_on == END + dt.timedelta(days=29)
    assert suspended(stretch("2026-06-01", "2026-06-01")).ends_on == END


def test_editing_or_removing_recomputes_the_end() -> None:
    first, second = stretch("2026-03-01", "2026-03-31"), stretch("2026-06-01", "2026-06-30")
    shorter = stretch("2026-06-01", "2026-06-10")
    assert suspended(first, second).ends_on == END + dt.timedelta(days=30 + 29)
    assert suspended(first, shorter).ends_on == END + dt.timedelta(days=30 + 9)
    assert suspended(first).ends_on == END + dt.timedelta(days=30)
    assert suspended().ends_on == END


def test_a_suspension_made_possible_by_another_does_not_outlive_it() -> None:
    first, second = stretch("2027-12-01", "2028-06-01"), stretch("2028-07-01", "2028-07-31")
    assert suspended(first, second).is_sound()
    assert not suspended(second).is_sound()
    assert suspended(second, first).is_sound()


def test_hiring_again_ends_the_suspension_the_day_before() -> None:
    one = stretch("2026-06-01", "2029-05-31")
    assert rules.ended_by_hire(one, day("2026-11-23")) == stretch("2026-06-01", "2026-11-22")
    assert rules.ended_by_hire(one, day("2026-06-02")) == stretch("2026-06-01", "2026-06-01")
    assert rules.ended_by_hire(one, day("2026-06-01")) is None
    assert rules.ended_by_hire(one, day("2029-06-01")) == one
    assert rules.ended_by_hire(one, day("2026-05-31")) == one


# --- prolongation ----------------------------------------------------------


ASKED = dt.date(2027, 11, 23)


def prolongation_codes(reason: str, end: str, *, today: dt.date = ASKED, kind: str = "aci", **given: Any) -> list[str]:
    papers: dict[str, Any] = {"has_opinion": True, "has_report": True, "born_on": day("1960-05-02"), **given}
    asked = AskedProlongation(reason, day(end), kind, **papers)
    return [fault.code for fault in rules.prolongation_faults(END, asked, today=today, terms=TERMS)]


@pytest.mark.parametrize(
    ("today", "codes"),
    [
        ("2027-01-03", ["prolongation_too_early"]),
        ("2027-01-04", []),
        ("2028-07-04", []),
        ("2028-07-05", ["prolongation_too_late"]),
    ],
)
def test_prolongation_is_asked_from_12_months_before_to_6_after_the_end(today: str, codes: list[str]) -> None:
    assert prolongation_codes("rqth", "2029-01-04", today=day(today)) == codes


def test_prolongation_starts_at_the_end_of_the_pass() -> None:
    granted = replace(PLAIN, prolongations=(Stretch(END, day("2029-01-04")),))
    assert granted.ends_on == day("2029-01-04")
    assert prolongation_codes("rqth", "2028-01-04") == ["prolongation_adds_nothing"]


@pytest.mark.parametrize("reason", ["rqth", "senior", "difficulties"])
def test_prolongation_of_12_months_each(reason: str) -> None:
    assert prolongation_codes(reason, "2029-01-04") == []
    assert prolongation_codes(reason, "2029-01-05") == ["prolongation_too_long"]


def test_training_prolongs_12_months_each_until_it_ends() -> None:
    ends: dict[str, Any] = {"training_ends_on": day("2028-09-30"), "has_opinion": False, "has_report": False}
    assert prolongation_codes("training", "2028-09-30", **ends) == []
    assert prolongation_codes("training", "2028-10-01", **ends) == ["prolongation_past_training"]
    far = {**ends, "training_ends_on": day("2030-01-01")}
    assert prolongation_codes("training", "2029-01-04", **far) == []
    assert prolongation_codes("training", "2029-01-05", **far) == ["prolongation_too_long"]
    assert prolongation_codes("training", "2028-06-30", **{**ends, "training_ends_on": None}) == [
        "prolongation_needs_training_end"
    ]


def chained(reason: str) -> tuple[int, dt.date]:
    """How many prolongations of full length follow each other, and where the PASS then ends."""
    end = END
    used: list[Stretch] = []
    for number in range(20):
        last = rules.longest_prolongation(end, reason, TERMS, used)
        if last == end:
            return number, end
        used.append(Stretch(end, last))
        end = last
    raise AssertionError(reason)


@pytest.mark.parametrize(
    ("reason", "times", "pathway_years"),
    [("rqth", 3, 5), ("senior", 5, 7), ("difficulties", 3, 5), ("senior_cdi", 1, 12)],
)
def test_totals_of_each_reason(reason: str, times: int, pathway_years: int) -> None:
    number, end = chained(reason)
    assert number == times
    assert abs((end - START).days - pathway_years * 365.25) < 3


def test_prolongation_over_the_total_is_refused() -> None:
    used = tuple(Stretch(dt.date(year, 1, 4), dt.date(year + 1, 1, 4)) for year in (2025, 2026, 2027))
    assert prolongation_codes("rqth", "2028-06-30", used=used) == ["prolongation_used_up"]
    assert prolongation_codes("rqth", "2029-01-04", used=used[:2]) == []
    assert prolongation_codes("senior", "2028-06-30", used=used) == []


def test_particular_difficulties_only_in_ai_and_aci() -> None:
    answers = {
        kind: prolongation_codes("difficulties", "2028-12-31", kind=kind) for kind in ("ai", "aci", "ei", "etti")
    }
    wrong = ["prolongation_wrong_kind"]
    assert answers == {"ai": [], "aci": [], "ei": wrong, "etti": wrong}


def test_fifty_and_fifty_seven_years_are_reached_by_the_end() -> None:
    assert prolongation_codes("senior", "2028-12-31", born_on=day("1978-01-04")) == []
    assert prolongation_codes("senior", "2028-12-31", born_on=day("1978-01-05")) == ["prolongation_too_young"]
    assert prolongation_codes("senior_cdi", "2038-01-04", born_on=day("1971-01-04")) == []
    assert prolongation_codes("senior_cdi", "2038-01-04", born_on=day("1971-01-05")) == ["prolongation_too_young"]
    assert prolongation_codes("senior_cdi", "2038-01-05", born_on=day("1970-01-01")) == ["prolongation_too_long"]


def test_all_but_training_and_cdi_need_an_opinion_and_a_report() -> None:
    bare: dict[str, Any] = {"has_opinion": False, "has_report": False}
    missing = ["prolongation_needs_opinion", "prolongation_needs_report"]
    for reason in ("rqth", "senior", "difficulties"):
        assert prolongation_codes(reason, "2028-12-31", **bare) == missing
        assert prolongation_codes(reason, "2028-12-31", has_report=False) == missing[1:]
    assert prolongation_codes("senior_cdi", "2028-12-31", **bare) == []
    assert prolongation_codes("training", "2028-12-31", training_ends_on=day("2028-12-31"), **bare) == []


def test_prolongation_for_no_known_reason_is_refused() -> None:
    assert prolongation_codes("health_context", "2028-12-31") == ["prolongation_unknown_reason"]


# --- diagnosis, alerts -----------------------------------------------------


def test_diagnosis_counts_six_months_or_92_days_of_an_employer() -> None:
    made = day("2026-08-31")
    assert rules.diagnosis_ends_on(made, by_employer=False, terms=TERMS) == day("2027-02-28")
    assert rules.diagnosis_ends_on(made, by_employer=True, terms=TERMS) == day("2026-12-01")


def test_alerts_12_9_6_3_and_1_months_before_the_end() -> None:
    assert rules.alert_days(PLAIN, TERMS) == [
        day("2027-01-04"),
        day("2027-04-04"),
        day("2027-07-04"),
        day("2027-10-04"),
        day("2027-12-04"),
    ]


def test_no_alert_before_a_suspended_pass_resumes() -> None:
    # The end moves by 424 days, to 2029-03-03: the step of twelve months would fall into the suspension.
    ledger = suspended(stretch("2027-03-01", "2028-04-28"))
    assert ledger.ends_on == day("2029-03-03")
    assert rules.alert_days(ledger, TERMS)[0] == day("2028-04-29")
    assert not any(ledger.suspension_on(one) for one in rules.alert_days(ledger, TERMS))


# --- properties ------------------------------------------------------------

days_of_pass = st.integers(min_value=0, max_value=TERMS.days - 1)


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """A sound ledger: suspensions one after another, each starting while the PASS runs."""
    start = draw(st.dates(min_value=day("2020-01-01"), max_value=day("2030-12-31")))
    ledger, next_day = Ledger(start, TERMS.days), start
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 400)), max_size=6)):
        first = next_day + dt.timedelta(days=gap)
        if first > ledger.ends_on:
            break
        one = Stretch(first, first + dt.timedelta(days=length))
        ledger = replace(ledger, suspensions=(*ledger.suspensions, one))
        next_day = one.ends_on + rules.ONE_DAY
    if draw(st.booleans()):
        ledger = replace(ledger, prolongations=(Stretch(ledger.ends_on, ledger.ends_on + dt.timedelta(days=365)),))
    return ledger


@given(ledgers())
def test_recomputing_from_the_ledger_is_the_incremental_result(ledger: Ledger) -> None:
    end = ledger.base_end
    for one in (*ledger.suspensions, *ledger.prolongations):
        end += dt.timedelta(days=one.pushes)
    assert end == ledger.ends_on
    assert ledger.is_sound()


@given(ledgers(), st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(ledger: Ledger, random: Random) -> None:
    shuffled = list(ledger.suspensions)
    random.shuffle(shuffled)
    other = replace(ledger, suspensions=tuple(shuffled))
    on = ledger.starts_on + dt.timedelta(days=100)
    assert (other.ends_on, other.state_on(on), other.days_left(on), other.is_sound()) == (
        ledger.ends_on,
        ledger.state_on(on),
        ledger.days_left(on),
        True,
    )


@given(ledgers(), days_of_pass, st.integers(0, 400))
def test_overlaps_are_refused(ledger: Ledger, gap: int, length: int) -> None:
    first = ledger.starts_on + dt.timedelta(days=gap)
    one = Stretch(first, first + dt.timedelta(days=length))
    codes = suspension_codes(one, ledger, today=first)
    assert ("suspensions_overlap" in codes) == any(one.overlaps(kept) for kept in ledger.suspensions)
    assert (codes == []) == (replace(ledger, suspensions=(*ledger.suspensions, one)).is_sound())


@given(ledgers(), days_of_pass, st.integers(0, 400))
def test_removing_a_suspension_restores_the_end(ledger: Ledger, gap: int, length: int) -> None:
    first = ledger.starts_on + dt.timedelta(days=gap)
    one = Stretch(first, first + dt.timedelta(days=length))
    assume(suspension_codes(one, ledger, today=first) == [])
    with_it = replace(ledger, suspensions=(*ledger.suspensions, one))
    without = replace(with_it, suspensions=tuple(kept for kept in with_it.suspensions if kept != one))
    assert (with_it.ends_on, without.ends_on) == (ledger.ends_on + dt.timedelta(days=length), ledger.ends_on)


@given(ledgers(), st.integers(-60, 1500), st.integers(0, 400))
def test_remaining_days_never_increase_with_time(ledger: Ledger, gap: int, later: int) -> None:
    on = ledger.starts_on + dt.timedelta(days=gap)
    then = on + dt.timedelta(days=later)
    assert ledger.days_left(then) <= ledger.days_left(on)
    if ledger.state_on(on) == "suspended" and ledger.suspension_on(on) == ledger.suspension_on(then):
        assert ledger.days_left(then) == ledger.days_left(on)


@given(ledgers())
def test_alerts_come_while_the_pass_runs(ledger: Ledger) -> None:
    for on in rules.alert_days(ledger, TERMS):
        assert ledger.state_on(on) == "valid"
