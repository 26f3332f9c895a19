"""The process that solves: reads a load from its input, writes the plan to its output. Knows no database.

``python -m providers.gateways.flow_child``. It limits itself before it reads, so that nothing that is sent can take the
machine; one thread, whole numbers, the same load gives the same plan.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

import numpy as np
from ortools.graph.python import min_cost_flow  # type: ignore[import-untyped]  # ships without types

from providers.rules.flow import NOBODY, UNSERVED, DayLoad

CPU_SECONDS, BYTES = 30, 1_500_000_000


def solve(load: DayLoad) -> list[int]:
    """The cheapest plan: a flow from the orders over who may do them to the places that are left. Lanes are nodes
    between the orders and their provider."""
    many, providers, lanes = load.many, len(load.rooms), len(load.lanes)
    pool, sink = many + providers + lanes, many + providers + lanes + 1
    places = [(n, load.weight(n, nth)) for n in range(providers) for nth in range(1, min(load.rooms[n], many) + 1)]
    tails: list[Any] = [load.orders, np.arange(many), [many + n for n, _cost in places], [pool]]
    tails.append(pool - lanes + np.arange(lanes))
    heads: list[Any] = [np.asarray(load.doors) + many, np.full(many, pool), np.full(len(places) + 1, sink)]
    heads.append(np.asarray(load.lanes) + many)
    costs: list[Any] = [load.metres, np.full(many, UNSERVED), [one for _n, one in places], np.zeros(1 + lanes)]
    rooms: list[Any] = [np.ones(len(load.orders) + many + len(places)), [many], load.lane_rooms]
    flow = min_cost_flow.SimpleMinCostFlow()
    ends = (np.concatenate(one).astype(np.int32) for one in (tails, heads))
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        *ends, *(np.concatenate(one).astype(np.int64) for one in (rooms, costs))
    )
    flow.set_nodes_supplies(np.arange(many, dtype=np.int32), np.ones(many, dtype=np.int64))
    flow.set_node_supply(sink, -many)
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise SystemExit(f"not solved: {status}")
    used = np.flatnonzero(np.asarray(flow.flows(arcs))[: len(load.orders)])
    plan = [NOBODY] * many
    for arc in map(int, used):
        plan[load.orders[arc]] = load.providers[arc]
    return plan


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    json.dump(solve(DayLoad(**json.load(sys.stdin))), sys.stdout)
