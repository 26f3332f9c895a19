"""A day given out at once: what it costs, the proof that nothing costs less, the explanation (R34, G9, G10)."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import Any

import pytest

from providers.gateways.flow import PlanFailed, cheapest_plan
from providers.gateways.flow_child import solve
from providers.rules.flow import (
    FAIRNESS,
    NOBODY,
    UNSERVED,
    DayLoad,
    Reason,
    cost,
    explain,
    figures,
    gini,
    one_by_one,
    prove,
)

pytestmark = pytest.mark.promise("domain R34")

# The first order could go to either, the second only to the near one, which has room for one.
TWO = DayLoad(
    2, rooms=[1, 1], sizes=[4, 4], recent=[0, 0], orders=[0, 0, 1], providers=[0, 1, 0], metres=[100, 900, 100]
)


def drawn(seed: int, many: int = 5, providers: int = 3) -> DayLoad:
    """A small day, drawn; in every other one the first providers take only so many of the even orders."""
    by = random.Random(seed)
    arcs = [(o, p, by.randrange(5_000)) for o in range(many) for p in range(providers) if by.random() < 0.8]
    rooms = [by.randrange(3) for _n in range(providers)]
    recent = [by.randrange(6) for _n in range(providers)]
    orders, givers, metres = zip(*arcs, strict=True)
    load = DayLoad(many, rooms, [2] * providers, recent, list(orders), list(givers), list(metres))
    if seed % 2:
        return load
    through = [p if p < 2 and o % 2 == 0 else NOBODY for o, p, _way in arcs]
    return replace(load, lanes=[0, 1], lane_rooms=[by.randrange(3), 1], through=through)


def cheapest_of_all(load: DayLoad) -> int:
    """Every plan there is, priced."""
    found = []
    for plan in itertools.product([NOBODY, *range(len(load.rooms))], repeat=load.many):
        try:
            found.append(cost(load, plan))
        except ValueError:
            continue
    return min(found)


def test_a_plan_costs_its_ways_its_weights_and_what_nobody_takes() -> None:
    assert (TWO.weight(0, 1), TWO.weight(0, 2)) == (FAIRNESS // 4, 3 * FAIRNESS // 4)
    assert cost(TWO, [0, NOBODY]) == 100 + 200 + UNSERVED
    assert cost(TWO, [1, 0]) == 900 + 200 + 100 + 200
    for wrong in ([0, 0], [NOBODY, 1]):
        with pytest.raises(ValueError, match="cannot be given"):
            cost(TWO, wrong)


def test_one_by_one_leaves_somebody_out_where_all_at_once_does_not() -> None:
    assert one_by_one(TWO) == [0, NOBODY]
    assert solve(TWO) == [1, 0]
    assert (prove(TWO, [0, NOBODY]).is_optimal, prove(TWO, [1, 0]).is_optimal) == (False, True)
    reasons = explain(TWO, [1, 0], prove(TWO, [1, 0]))
    assert reasons[1] is None
    assert reasons[0] is not None
    assert (reasons[0].other, reasons[0].farther) == (0, 800)
    assert reasons[0].spared >= 800


@pytest.mark.parametrize("seed", range(40))
def test_the_plan_is_the_cheapest_of_all_and_the_proof_knows_it_from_the_others(seed: int) -> None:
    load = drawn(seed)
    plan = solve(load)
    least = cheapest_of_all(load)
    assert (cost(load, plan), cost(load, one_by_one(load)) >= least) == (least, True)
    proof = prove(load, plan)
    assert proof.is_optimal
    reasons = [one for one in explain(load, plan, proof) if one is not None]
    assert all(isinstance(one, Reason) and one.spared >= one.farther for one in reasons)
    for order, provider in itertools.product(range(load.many), [NOBODY, *range(len(load.rooms))]):
        other = [*plan[:order], provider, *plan[order + 1 :]]
        try:
            dearer = cost(load, other) > least
        except ValueError:
            continue
        assert prove(load, other).is_optimal is not dearer


@pytest.mark.promise("domain R34")
def test_another_process_finds_the_same_plan_again() -> None:
    load = drawn(3)
    assert cheapest_plan(load) == cheapest_plan(load) == solve(load)
    assert cheapest_plan(DayLoad(0, [], [], [], [], [], [])) == []


def test_a_process_that_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.gateways.flow.SECONDS", 0.001)
    with pytest.raises(PlanFailed, match="too_slow"):
        cheapest_plan(TWO)
    monkeypatch.undo()
    monkeypatch.setattr("providers.gateways.flow.sys.executable", "/bin/false")
    with pytest.raises(PlanFailed, match="ended with 1"):
        cheapest_plan(TWO)


@pytest.mark.parametrize(("shares", "found"), [([1, 1, 1], 0.0), ([0, 0, 0], 0.0), ([0, 0, 3], 2 / 3), ([], 0.0)])
def test_how_uneven_shares_are(shares: list[float], found: float) -> None:
    assert gini(shares) == pytest.approx(found)


def test_two_plans_are_compared_on_the_same_data() -> None:
    first, all_at_once = figures(TWO, one_by_one(TWO)), figures(TWO, solve(TWO))
    assert (first.unserved, first.mean_metres, first.gini) == (1, 100, 0.5)
    assert (all_at_once.unserved, all_at_once.mean_metres, all_at_once.p95_metres, all_at_once.gini) == (
        0,
        500,
        900,
        0.0,
    )
    broken: list[dict[str, Any]] = [{"rooms": [1]}, {"sizes": [0, 1]}, {"metres": []}, {"lanes": [0]}]
    broken.append({"lanes": [0], "lane_rooms": [1], "through": [0]})
    for wrong in broken:
        with pytest.raises(ValueError, match="every"):
            DayLoad(**{**TWO.as_data(), **wrong})
