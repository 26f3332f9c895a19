"""G9: a day of 5,000 jobs and 2,000 businesses given out at once: proven optimal, with explanations, in CPU seconds."""

from __future__ import annotations

import random
import resource
import time

import pytest

from benchmarks.measuring import figure, gate, scaled
from providers.gateways.flow import cheapest_plan
from providers.rules.flow import NEAREST, NOBODY, DayLoad, cost, explain, figures, one_by_one, prove

ORDERS, PROVIDERS = scaled("ORDERS", 5_000), scaled("ASSIGNED_PROVIDERS", 2_000)
TOWNS, SERVICES = 12, 10
SEEDS = (1, 2, 3, 4, 5)


def _drawn(seed: int) -> DayLoad:
    """Towns of unequal size, ten services of which each business offers one to five, past work."""
    by = random.Random(seed)
    towns = [(by.uniform(0, 60_000), by.uniform(0, 60_000)) for _n in range(TOWNS)]
    pull = [1 / (n + 1) for n in range(TOWNS)]

    def spot() -> tuple[float, float]:
        x, y = by.choices(towns, pull)[0]
        return x + by.gauss(0, 3_000), y + by.gauss(0, 3_000)

    places = [spot() for _n in range(PROVIDERS)]
    offered: dict[int, list[int]] = {service: [] for service in range(SERVICES)}
    for provider in range(PROVIDERS):
        for service in by.sample(range(SERVICES), by.randint(1, 5)):
            offered[service].append(provider)
    orders, givers, metres = [], [], []
    for order in range(ORDERS):
        x, y = spot()
        ways = [
            (round(((places[one][0] - x) ** 2 + (places[one][1] - y) ** 2) ** 0.5), one)
            for one in offered[by.randrange(SERVICES)]
        ]
        for way, provider in sorted(ways)[:NEAREST]:
            orders.append(order)
            givers.append(provider)
            metres.append(way)
    sizes = [by.randint(1, 6) for _n in range(PROVIDERS)]
    recent = [min(9, int(by.expovariate(0.5))) for _n in range(PROVIDERS)]
    return DayLoad(ORDERS, list(sizes), sizes, recent, orders, givers, metres)


def _in_batches(load: DayLoad, size: int = 250) -> list[int]:
    """What planning every 250 jobs for themselves gives: each batch at once, after the one before."""
    rooms, recent, plan = list(load.rooms), list(load.recent), []
    for start in range(0, load.many, size):
        arcs = [
            (order - start, provider, way)
            for order, provider, way in zip(load.orders, load.providers, load.metres, strict=True)
            if start <= order < start + size
        ]
        many = min(size, load.many - start)
        part = cheapest_plan(DayLoad(many, rooms, load.sizes, recent, *(list(one) for one in zip(*arcs, strict=True))))
        for provider in part:
            if provider != NOBODY:
                rooms[provider] -= 1
                recent[provider] += 1
        plan += part
    return plan


@pytest.mark.promise("speed G9")
def test_a_day_given_out_at_once() -> None:
    seconds, against_turns, against_batches = [], [], []
    for seed in SEEDS:
        load = _drawn(seed)
        children, own = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
        plan = cheapest_plan(load)
        proof = prove(load, plan)
        reasons = explain(load, plan, proof)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(
            time.process_time() - own + used.ru_utime + used.ru_stime - children.ru_utime - children.ru_stime
        )
        assert proof.is_optimal
        assert sum(reason is not None for reason in reasons) > 0.9 * sum(one != NOBODY for one in plan)
        least = cost(load, plan)
        against_turns.append(cost(load, one_by_one(load)) / least)
        if seed <= 3:
            against_batches.append(cost(load, _in_batches(load)) / least)
        assert figures(load, plan).cost == least
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    gate("G9", f"{ORDERS} x {PROVIDERS}: solve, proof, explanations, CPU s", seconds, most=2)
    gate("G9", "peak memory of the solver's process, MB", [peak] * len(SEEDS), most=400)
    gate("G9", "cost one by one / all at once", against_turns, least=1)
    gate("G9", "cost in batches of 250 / all at once", against_batches, least=1)
    figure("G9", "nobody found, of all", [figures(load, plan).unserved / ORDERS])
