"""Who may be asked and in which order, explained."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.enums import Obstacle
from providers.rules.candidates import Candidate, distance_km
from providers.rules.matching import BINDING, SWITCH, consider, obstacle
from providers.rules.scores import score_parts, unknown
from providers.rules.terms import LIGHT, PARTS, SOCIAL, SPEEDS, SWITCHABLE, MatchingTerms, Weights, WrongTerms

TODAY = dt.date(2026, 11, 23)
PAPERS = {"insurance": dt.date(2027, 1, 1), "registration": None}


def candidate(**changes: Any) -> Candidate:
    given_: dict[str, Any] = {
        "key": 1,
        "is_active": True,
        "has_agreement": True,
        "documents": PAPERS,
        "distance_km": Decimal(2),
        "radius_km": 10,
        "daily_capacity": 4,
        "jobs_that_day": 1,
        "recent_jobs": 2,
        "recent_jobs_of_all": 8,
        "said_no": False,
        "is_closed": False,
        "can_answer": True,
        "today": TODAY,
    }
    return Candidate(**(given_ | changes))


@pytest.mark.promise("domain R31", "domain R32")
@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, None),
        ({"is_active": False}, "inactive"),
        ({"has_agreement": False}, "no_agreement"),
        ({"documents": {"insurance": None}}, "document_missing"),
        ({"documents": PAPERS | {"insurance": dt.date(2026, 11, 22)}}, "document_expired"),
        ({"documents": PAPERS | {"vigilance": dt.date(2026, 11, 22)}}, "document_expired"),
        ({"documents": PAPERS | {"insurance": TODAY}}, None),
        ({"said_no": True}, "already_answered"),
        ({"distance_km": Decimal("10.1")}, "out_of_area"),
        ({"distance_km": Decimal(10)}, None),
        ({"jobs_that_day": 4}, "no_capacity"),
        ({"daily_capacity": 0, "jobs_that_day": 0}, "no_capacity"),
        ({"service_capacity": 1, "service_jobs": 1}, "service_full"),
        ({"service_capacity": 0, "service_jobs": 0}, "service_full"),
        ({"service_capacity": 2, "service_jobs": 1}, None),
        ({"service_capacity": 1, "service_jobs": 1, "jobs_that_day": 4}, "no_capacity"),
        ({"serves_site": False}, "site_not_served"),
        ({"serves_site": True}, None),
        ({"serves_place": False}, "out_of_area"),
        ({"serves_place": True, "distance_km": Decimal(99)}, None),
        ({"is_closed": True}, "closed"),
        ({"can_answer": False}, "too_soon"),
        ({"jobs_that_day": 9}, "no_capacity"),
        ({"notice_hours": 24, "hours_left": Decimal("23.9")}, "too_short_notice"),
        ({"notice_hours": 24, "hours_left": Decimal(24)}, None),
        ({"notice_hours": 24}, None),
        ({"hours_left": Decimal(-3)}, None),
        ({"notice_hours": 1, "hours_left": Decimal(-3)}, "too_short_notice"),
        ({"is_active": False, "has_agreement": False, "said_no": True}, "inactive"),
        ({"work_day": dt.date(2027, 1, 1)}, None),
        ({"work_day": dt.date(2027, 1, 2)}, "document_ends"),
        ({"documents": PAPERS | {"vigilance": TODAY}, "work_day": dt.date(2026, 12, 24)}, None),
        *[({name: None}, None) for name in ("distance_km", "radius_km", "daily_capacity", "is_closed", "can_answer")],
    ],
)
def test_the_first_rule_that_applies_removes(changes: dict[str, Any], rule: str | None) -> None:
    assert obstacle(candidate(**changes), MatchingTerms()) == rule


def test_every_rule_has_words() -> None:
    assert (BINDING | set(SWITCHABLE) | {"already_answered", "site_not_served", *SWITCH}) == set(Obstacle.values)


def test_a_score_can_be_recomputed_by_hand() -> None:
    parts = score_parts(candidate(), MatchingTerms())
    assert parts == {"distance": Decimal("32.0"), "share": Decimal("26.3"), "capacity": Decimal("18.8")}


@pytest.mark.promise("domain R34")
@pytest.mark.parametrize(
    ("part", "changes", "points"),
    [
        ("distance", {}, "80.0"),
        ("distance", {"distance_km": None}, "50.0"),
        ("share", {}, "75.0"),
        ("share", {"recent_jobs": None}, "50.0"),
        ("capacity", {}, "75.0"),
        ("capacity", {"jobs_that_day": None}, "50.0"),
        ("price", {"price": Decimal(15), "cheapest": Decimal(12)}, "80.0"),
        ("price", {"price": Decimal(0), "cheapest": Decimal(0)}, "100.0"),
        ("price", {}, "50.0"),
        ("quality", {"judged": 8, "passed": 7}, "80.0"),
        ("quality", {"judged": 0, "passed": 0}, "50.0"),
        ("social", {"social": ("is_ess", "is_local")}, "50.0"),
        ("social", {"social": ("is_ess", "is_insertion", "is_sheltered")}, "100.0"),
        ("continuity", {"together": 0}, "0.0"),
        ("continuity", {"together": 3}, "75.0"),
        ("continuity", {}, "50.0"),
    ],
)
def test_each_part_alone(part: str, changes: dict[str, Any], points: str) -> None:
    nothing = dict.fromkeys(PARTS, 0)
    terms = MatchingTerms(weights=Weights(**{**nothing, part: 100}))
    assert score_parts(candidate(**changes), terms) == {part: Decimal(points)}


def test_work_shared_by_capacity_counts_against_what_each_can_do() -> None:
    terms = MatchingTerms(weights=Weights(0, 100, 0), by_capacity=True)
    small, large = Decimal("0.3"), Decimal("0.1")
    assert [
        score_parts(candidate(load=load, load_of_all=small + large), terms)["share"] for load in (small, large, None)
    ] == [Decimal("25.0"), Decimal("75.0"), Decimal("50.0")]
    assert score_parts(candidate(load=Decimal(0)), terms) == {"share": Decimal("100.0")}


def test_roads_are_longer_than_the_straight_line() -> None:
    far = candidate(distance_km=Decimal(8))
    winding = MatchingTerms(road_factor=Decimal("1.3"))
    assert (obstacle(far, MatchingTerms()), obstacle(far, winding)) == (None, "out_of_area")
    assert score_parts(candidate(), winding)["distance"] == Decimal("29.6")


def test_a_way_is_that_of_who_comes_and_a_measured_road_counts_instead() -> None:
    terms = MatchingTerms(road_factor=Decimal("1.3"), way_factors={**dict.fromkeys(LIGHT, Decimal("1.1"))})
    ways = {mode: candidate(distance_km=Decimal(2), travel_mode=mode) for mode in SPEEDS}
    assert {mode: (str(one.way_km(terms)), one.way_minutes(terms)) for mode, one in ways.items()} == {
        "foot": ("2.2", 33),
        "bike": ("2.2", 10),
        "cargo_bike": ("2.2", 12),
        "car": ("2.6", 7),
    }
    road = candidate(distance_km=Decimal(2), road_km=Decimal("4.4"), road_minutes=9)
    assert (road.way_km(terms), road.way_minutes(terms)) == (Decimal("4.4"), 9)
    assert candidate(distance_km=None, road_km=Decimal(11)).way_km(terms) == 11
    assert obstacle(candidate(distance_km=Decimal(2), road_km=Decimal(11)), terms) == "out_of_area"
    assert candidate(distance_km=None).way_minutes(terms) is None
    # The nearest by road first, when the points are equal.
    far, near = candidate(key=1, road_km=Decimal(9)), candidate(key=2, road_km=Decimal(1))
    flat = MatchingTerms(weights=Weights(0, 100, 0))
    assert [one.candidate.key for one in consider([far, near], flat)] == [2, 1]


def test_rules_from_before_ways_were_told_apart_hold_for_all_of_them() -> None:
    kept = MatchingTerms(road_factor=Decimal("1.3")).as_data()
    old = MatchingTerms.from_data({name: kept[name] for name in kept if name not in {"way_factors", "speeds"}})
    assert {old.factor_of(mode) for mode in SPEEDS} == {Decimal("1.3")}
    assert (old.speeds, old.least_factor) == (SPEEDS, Decimal("1.3"))


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("out_of_area", {"distance_km": Decimal(99)}),
        ("closed", {"is_closed": True}),
        ("out_of_area", {"serves_place": False}),
        ("no_capacity", {"jobs_that_day": 4}),
        ("no_capacity", {"service_capacity": 1, "service_jobs": 1}),
        ("too_soon", {"can_answer": False}),
        ("too_short_notice", {"notice_hours": 24, "hours_left": Decimal(1)}),
        ("document_ends", {"work_day": dt.date(2027, 1, 2)}),
    ],
)
def test_what_is_switched_off_keeps_nobody_out(rule: str, changes: dict[str, Any]) -> None:
    assert SWITCH.get(kept_out := obstacle(candidate(**changes), MatchingTerms()) or "", kept_out) == rule
    assert obstacle(candidate(**changes), MatchingTerms(off=frozenset({rule}))) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"off": frozenset({"no_agreement"})}, "off"),
        ({"off": frozenset({"nonsense"})}, "off"),
        ({"road_factor": Decimal("0.9")}, "road_factor"),
        ({"road_factor": Decimal("3.1")}, "road_factor"),
        ({"road_factor": Decimal("NaN")}, "road_factor"),
        ({"way_factors": {"foot": Decimal(1)}}, "road_factor"),
        ({"way_factors": dict.fromkeys(LIGHT, Decimal(4))}, "road_factor"),
        ({"speeds": {**SPEEDS, "foot": 0}}, "speeds"),
        ({"speeds": {"car": 50}}, "speeds"),
        ({"social": {}}, "social"),
        ({"social": {**SOCIAL, "is_ess": 101}}, "social"),
        ({"social": {**SOCIAL, "is_ess": True}}, "social"),
    ],
)
def test_rules_that_nobody_can_judge_by_are_refused_at_birth(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(WrongTerms) as refused:
        MatchingTerms(**changes)
    assert refused.value.field == field


@pytest.mark.parametrize("kept", [{}, {"weights": {"luck": 100}}, {**MatchingTerms().as_data(), "road_factor": "x"}])
def test_so_are_those_that_were_kept_badly(kept: dict[str, Any]) -> None:
    with pytest.raises(WrongTerms):
        MatchingTerms.from_data(kept)


def test_what_nobody_knows_is_named_where_it_would_have_counted() -> None:
    dark = candidate(
        distance_km=None, jobs_that_day=None, recent_jobs=None, is_closed=None, can_answer=None, together=None
    )
    assert unknown(dark, MatchingTerms()) == ["capacity", "closures", "distance", "hours", "share"]
    off = frozenset({"out_of_area", "closed", "no_capacity", "too_soon"})
    assert unknown(dark, MatchingTerms(weights=Weights(0, 0, 0, 0, 0, 0, 100), off=off)) == ["continuity"]
    assert unknown(candidate(), MatchingTerms()) == []


def test_what_it_takes_of_a_service_counts_against_its_day_when_it_is_less() -> None:
    terms = MatchingTerms(weights=Weights(0, 0, 100))
    tight = candidate(daily_capacity=4, jobs_that_day=1, service_capacity=2, service_jobs=1)
    assert score_parts(candidate(daily_capacity=4, jobs_that_day=1), terms) == {"capacity": Decimal("75.0")}
    assert score_parts(tight, terms) == {"capacity": Decimal("50.0")}
    assert score_parts(candidate(daily_capacity=0, jobs_that_day=0), terms) == {"capacity": Decimal("0.0")}


def test_a_list_of_communes_answers_what_no_distance_does() -> None:
    only_share = MatchingTerms(weights=Weights(0, 100, 0))
    assert unknown(candidate(distance_km=None), only_share) == ["distance"]
    assert unknown(candidate(distance_km=None, serves_place=True), only_share) == []


@pytest.mark.parametrize("weights", [(50, 50, 50), (-10, 60, 50), (0, 0, 0)])
def test_wrong_weights_are_refused_at_birth(weights: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Weights(*weights)


def test_equal_scores_go_to_the_nearest_then_to_the_oldest() -> None:
    only_share = MatchingTerms(weights=Weights(0, 100, 0))
    near, far, twin = candidate(key=3), candidate(key=1, distance_km=Decimal(5)), candidate(key=2)
    assert [one.candidate.key for one in consider([far, near, twin], only_share)] == [2, 3, 1]


candidates = st.builds(
    candidate,
    key=st.integers(1, 10**6),
    is_active=st.booleans(),
    has_agreement=st.booleans(),
    distance_km=st.none() | st.decimals(0, 300, places=1),
    radius_km=st.integers(1, 200),
    daily_capacity=st.integers(1, 20),
    jobs_that_day=st.integers(0, 30),
    recent_jobs=st.integers(0, 50),
    recent_jobs_of_all=st.integers(0, 200),
    said_no=st.booleans(),
)
facts = st.builds(
    candidate,
    documents=st.dictionaries(st.sampled_from(["insurance", "vigilance"]), st.none() | st.dates(), max_size=2),
    work_day=st.none() | st.dates(),
    hours_left=st.none() | st.decimals(-99, 99, places=3),
    price=st.none() | st.decimals(0, 500, places=2),
    is_closed=st.none() | st.booleans(),
    serves_place=st.none() | st.booleans(),
    service_capacity=st.none() | st.integers(0, 200),
    social=st.sampled_from([(), ("is_ess",), ("is_ess", "is_local")]),
)
weightings = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(
    lambda pair: Weights(min(pair), max(pair) - min(pair), 100 - max(pair))
)


@pytest.mark.promise("domain R34")
@given(st.lists(candidates, max_size=12, unique_by=lambda one: one.key), weightings)
def test_everybody_gets_a_verdict_and_parts_add_up(found: list[Candidate], weights: Weights) -> None:
    terms = MatchingTerms(weights=weights)
    verdicts = consider(found, terms)
    assert sorted(one.candidate.key for one in verdicts) == sorted(one.key for one in found)
    kept = [one for one in verdicts if one.rule is None]
    assert verdicts[: len(kept)] == kept
    assert [one.rank for one in kept] == list(range(1, len(kept) + 1))
    scores = [one.score for one in kept if one.score is not None]
    assert scores == sorted(scores, reverse=True)
    for one in kept:
        assert one.score == sum(one.parts.values())
        assert 0 <= one.score <= 100
    assert all(one.score is None and one.rank is None for one in verdicts[len(kept) :])


@pytest.mark.promise("domain R34")
@given(facts, weightings)
def test_what_is_kept_is_judged_as_it_was(one: Candidate, weights: Weights) -> None:
    terms = MatchingTerms(weights=weights, road_factor=Decimal("1.25"), off=frozenset({"closed"}))
    again = Candidate.from_facts(one.key, json.loads(json.dumps(one.facts())))
    assert (again, MatchingTerms.from_data(json.loads(json.dumps(terms.as_data())))) == (one, terms)


def test_distance_between_two_known_places() -> None:
    dijon, beaune = (Decimal("47.3220"), Decimal("5.0415")), (Decimal("47.0260"), Decimal("4.8400"))
    assert distance_km(dijon, beaune) == Decimal("36.3")
    assert distance_km(dijon, dijon) == 0
