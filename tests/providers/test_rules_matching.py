"""Who may be asked and in which order, explained."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.enums import Obstacle
from providers.rules.matching import (
    BINDING,
    Candidate,
    Weights,
    consider,
    distance_km,
    obstacle,
    score_parts,
)

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
        ({"is_closed": True}, "closed"),
        ({"can_answer": False}, "too_soon"),
        ({"jobs_that_day": 9}, "no_capacity"),
        ({"notice_hours": 24, "hours_left": Decimal("23.9")}, "too_short_notice"),
        ({"notice_hours": 24, "hours_left": Decimal(24)}, None),
        ({"notice_hours": 24}, None),
        ({"hours_left": Decimal(-3)}, None),
        ({"notice_hours": 1, "hours_left": Decimal(-3)}, "too_short_notice"),
        ({"is_active": False, "has_agreement": False, "said_no": True}, "inactive"),
    ],
)
def test_the_first_rule_that_applies_removes(changes: dict[str, Any], rule: str | None) -> None:
    assert obstacle(candidate(**changes), today=TODAY) == rule


def test_every_rule_has_words() -> None:
    soft = {"already_answered", "out_of_area", "closed", "no_capacity", "too_soon", "too_short_notice"}
    assert BINDING | soft == set(Obstacle.values)


def test_a_score_can_be_recomputed_by_hand() -> None:
    parts = score_parts(candidate(), Weights())
    assert parts == {"distance": Decimal("32.0"), "share": Decimal("26.3"), "capacity": Decimal("18.8")}


@pytest.mark.parametrize("weights", [(50, 50, 50), (-10, 60, 50), (0, 0, 0)])
def test_wrong_weights_are_refused_at_birth(weights: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Weights(*weights)


def test_equal_scores_go_to_the_nearest_then_to_the_oldest() -> None:
    only_share = Weights(0, 100, 0)
    near, far, twin = candidate(key=3), candidate(key=1, distance_km=Decimal(5)), candidate(key=2)
    assert [one.candidate.key for one in consider([far, near, twin], today=TODAY, weights=only_share)] == [2, 3, 1]


candidates = st.builds(
    candidate,
    key=st.integers(1, 10**6),
    is_active=st.booleans(),
    has_agreement=st.booleans(),
    distance_km=st.decimals(0, 300, places=1),
    radius_km=st.integers(1, 200),
    daily_capacity=st.integers(1, 20),
    jobs_that_day=st.integers(0, 30),
    recent_jobs=st.integers(0, 50),
    recent_jobs_of_all=st.integers(0, 200),
    said_no=st.booleans(),
)
weightings = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(
    lambda pair: Weights(min(pair), max(pair) - min(pair), 100 - max(pair))
)


@pytest.mark.promise("domain R34")
@given(st.lists(candidates, max_size=12, unique_by=lambda one: one.key), weightings)
def test_everybody_gets_a_verdict_and_parts_add_up(found: list[Candidate], weights: Weights) -> None:
    verdicts = consider(found, today=TODAY, weights=weights)
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


def test_distance_between_two_known_places() -> None:
    dijon, beaune = (Decimal("47.3220"), Decimal("5.0415")), (Decimal("47.0260"), Decimal("4.8400"))
    assert distance_km(dijon, beaune) == Decimal("36.3")
    assert distance_km(dijon, dijon) == 0
