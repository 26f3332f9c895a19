"""A day's work given out at once, so that all of it together costs least (dispatch.md 4).

Costs are whole metres: the way, what a further job weighs for who has had much, and a long way for work that nobody
takes. A solver finds the plan; what is here says what a plan costs and proves, from nothing but the plan, whether any
other is cheaper: the proof is a price of one place at each provider, which is also the explanation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What one further job weighs for who had as many as a day takes, and what work that nobody takes costs, in metres.
FAIRNESS = 800
UNSERVED = 60_000
# Nearest providers of each order.
NEAREST = 40
NOBODY = -1

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class DayLoad:
    """What there is to give out. Orders and providers are numbered from 0.

    ``rooms``: jobs each provider can still take; ``sizes``: those of one of its days; ``recent``: what it had lately.
    An arc says that a provider may do an order: ``orders[n]``, ``providers[n]``, ``metres[n]``.

    Who takes only so many of one kind of work has a lane for it, with a room of its own: ``lanes`` names the provider
    of each, ``lane_rooms`` what goes through; ``through[n]`` is the lane of an arc, or ``NOBODY``. There may be none.
    """

    many: int
    rooms: Sequence[int]
    sizes: Sequence[int]
    recent: Sequence[int]
    orders: Sequence[int]
    providers: Sequence[int]
    metres: Sequence[int]
    lanes: Sequence[int] = ()
    lane_rooms: Sequence[int] = ()
    through: Sequence[int] = ()

    def __post_init__(self) -> None:
        if len({len(self.rooms), len(self.sizes), len(self.recent)}) > 1 or min(self.sizes, default=1) < 1:
            raise ValueError("every provider has a room, a size and a past")
        if len({len(self.orders), len(self.providers), len(self.metres)}) > 1:
            raise ValueError("every arc has an order, a provider and a length")
        if len(self.lanes) != len(self.lane_rooms) or len(self.through) != (len(self.orders) if self.lanes else 0):
            raise ValueError("every lane has a room, every arc says whether it takes one")

    @property
    def doors(self) -> list[int]:
        """Where each arc ends: at its provider, or at its lane, which are numbered after all providers."""
        through = self.through or [NOBODY] * len(self.orders)
        many = len(self.rooms)
        return [one if lane == NOBODY else many + lane for one, lane in zip(self.providers, through, strict=True)]

    def door_rooms(self) -> list[int]:
        """What goes through each door: the providers', then the lanes'."""
        return [*self.rooms, *self.lane_rooms]

    def weight(self, provider: int, nth: int) -> int:
        """What the nth new job of a provider costs besides its way: more and more, against what its days take."""
        return round(FAIRNESS * (2 * (self.recent[provider] + nth) - 1) / self.sizes[provider])

    def as_data(self) -> dict[str, Any]:
        """As it is kept and sent to the solver."""
        return {name: value if isinstance(value, int) else list(value) for name, value in vars(self).items()}


def cost(load: DayLoad, plan: Sequence[int]) -> int:
    """What a plan costs: for each order the number of its provider, or ``NOBODY``. Raises ``ValueError`` when it gives
    work to whom no arc leads, or to somebody without room."""
    ways = dict(
        zip(zip(load.orders, load.providers, strict=True), zip(load.metres, load.doors, strict=True), strict=True)
    )
    rooms = load.door_rooms()
    taken = [0] * len(rooms)
    total = 0
    for order, provider in enumerate(plan):
        if provider == NOBODY:
            total += UNSERVED
            continue
        metres, door = ways.get((order, provider), (0, NOBODY))
        if door == NOBODY or any(taken[one] >= rooms[one] for one in {provider, door}):
            raise ValueError(f"order {order} cannot be given to {provider}")
        for one in {provider, door}:
            taken[one] += 1
        total += metres + load.weight(provider, taken[provider])
    return total


def one_by_one(load: DayLoad) -> list[int]:
    """The plan of who gives out each order in its turn, to whom it costs least then."""
    choices: list[list[tuple[int, int, int]]] = [[] for _n in range(load.many)]
    for order, provider, metres, door in zip(load.orders, load.providers, load.metres, load.doors, strict=True):
        choices[order].append((metres, provider, door))
    rooms = load.door_rooms()
    taken, plan = [0] * len(rooms), []
    for found in choices:
        open_ones = [
            (metres + load.weight(provider, taken[provider] + 1), provider, door)
            for metres, provider, door in found
            if taken[provider] < rooms[provider] and taken[door] < rooms[door]
        ]
        best = min(open_ones, default=(UNSERVED, NOBODY, NOBODY))
        chosen = best[1:] if best[0] < UNSERVED else (NOBODY, NOBODY)
        for one in {*chosen} - {NOBODY}:
            taken[one] += 1
        plan.append(chosen[0])
    return plan


@dataclass(frozen=True)
class Proof:
    """``prices``: metres that one place behind each door (providers, then lanes) is worth to the rest of the day; none
    when another plan is cheaper."""

    is_optimal: bool
    prices: Sequence[int]


def prove(load: DayLoad, plan: Sequence[int]) -> Proof:
    """Whether no other plan is cheaper: no chain of moves of orders between providers ends where it began, below zero.

    Bellman and Ford on the graph of those moves: one node per provider and per lane, one for who has nothing (``pool``)
    and one for the places that are left (``places``).
    """
    pool = len(load.rooms) + len(load.lanes)
    places = pool + 1
    tails, heads, costs = _moves(load, np.asarray(plan, dtype=np.int64), pool, places)
    distance = np.zeros(places + 1, dtype=np.int64)
    for _round in range(places + 2):
        before = distance.copy()
        np.minimum.at(distance, heads, before[tails] + costs)
        if np.array_equal(before, distance):
            return Proof(True, [int(price) for price in distance[places] - distance[:pool]])
    return Proof(False, [])


def _moves(load: DayLoad, plan: Numbers, pool: int, places: int) -> tuple[Numbers, Numbers, Numbers]:
    """What a move of one order costs, from whom it is taken to whom it is given."""
    orders, providers, metres = (np.asarray(one, dtype=np.int64) for one in (load.orders, load.providers, load.metres))
    doors = np.asarray(load.doors, dtype=np.int64)
    holder = np.full(load.many, pool, dtype=np.int64)
    own = np.full(load.many, UNSERVED, dtype=np.int64)
    is_own = providers == plan[orders] if load.many else np.zeros(0, dtype=bool)
    own[orders[is_own]], holder[orders[is_own]] = metres[is_own], doors[is_own]
    taken = np.bincount(plan[plan != NOBODY], minlength=pool)
    others = ~is_own
    to_pool = np.flatnonzero(plan != NOBODY)
    one_more = [n for n in range(len(load.rooms)) if taken[n] < load.rooms[n]]
    one_less = [n for n in range(len(load.rooms)) if taken[n]]
    tails = [holder[orders[others]], holder[to_pool], one_more, [places] * len(one_less), [pool]]
    heads = [doors[others], np.full(len(to_pool), pool), [places] * len(one_more), one_less, [places]]
    costs = [
        metres[others] - own[orders[others]],
        UNSERVED - own[to_pool],
        [load.weight(n, int(taken[n]) + 1) for n in one_more],
        [-load.weight(n, int(taken[n])) for n in one_less],
        [0],
    ]
    for lane, (provider, room) in enumerate(zip(load.lanes, load.lane_rooms, strict=True), start=len(load.rooms)):
        held = int(np.count_nonzero(holder == lane))
        ways = [(lane, provider)] * (held < room) + [(provider, lane)] * (held > 0)
        tails.append([tail for tail, _head in ways])
        heads.append([head for _tail, head in ways])
        costs.append([0] * len(ways))
    if bool((plan == NOBODY).any()):
        tails.append([places])
        heads.append([pool])
        costs.append([0])
    return _joined(tails), _joined(heads), _joined(costs)


def _joined(parts: Sequence[Any]) -> Numbers:
    return np.concatenate([np.asarray(part, dtype=np.int64) for part in parts])


@dataclass(frozen=True)
class Reason:
    """Why an order goes where it goes: the best other provider, how much farther the chosen one is (metres), and how
    much less a place there is worth to the rest of the day."""

    other: int
    farther: int
    spared: int


def explain(load: DayLoad, plan: Sequence[int], proof: Proof) -> list[Reason | None]:
    """For each order the best other choice; ``None`` without one. What is proven spares at least what it is farther."""
    own: dict[int, tuple[int, int]] = {}
    best: dict[int, tuple[int, int, int, int]] = {}
    for order, provider, metres, door in zip(load.orders, load.providers, load.metres, load.doors, strict=True):
        price = proof.prices[door]
        if plan[order] == provider:
            own[order] = metres, price
        else:
            choice = (metres + price, provider, metres, price)
            best[order] = min(best.get(order, choice), choice)
    return [
        Reason(best[order][1], own[order][0] - best[order][2], best[order][3] - own[order][1])
        if provider != NOBODY and order in best
        else None
        for order, provider in enumerate(plan)
    ]


@dataclass(frozen=True)
class Figures:
    """A plan in numbers, to compare with another on the same data."""

    cost: int
    mean_metres: int
    p95_metres: int
    unserved: int
    gini: float


def figures(load: DayLoad, plan: Sequence[int]) -> Figures:
    """Ways, what nobody takes, and how unevenly work lies on who can do it (0 even, 1 all on one)."""
    ways = dict(zip(zip(load.orders, load.providers, strict=True), load.metres, strict=True))
    gone = sorted(ways[order, provider] for order, provider in enumerate(plan) if provider != NOBODY)
    taken = np.bincount([one for one in plan if one != NOBODY], minlength=len(load.rooms))
    shares = sorted((int(n) + past) / size for n, past, size in zip(taken, load.recent, load.sizes, strict=True))
    return Figures(
        cost=cost(load, plan),
        mean_metres=round(sum(gone) / len(gone)) if gone else 0,
        p95_metres=gone[min(len(gone) - 1, int(0.95 * len(gone)))] if gone else 0,
        unserved=sum(provider == NOBODY for provider in plan),
        gini=round(gini(shares), 3),
    )


def gini(shares: Sequence[float]) -> float:
    """How unequal shares are: 0 when all have the same, towards 1 when one has everything."""
    total, many = sum(shares), len(shares)
    if not total:
        return 0.0
    ranked = sum(rank * share for rank, share in enumerate(sorted(shares), start=1))
    return 2 * ranked / (many * total) - (many + 1) / many
