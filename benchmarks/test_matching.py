"""P5: the nearest eligible providers out of very many, with agreement, capacity, days away and papers in the query.

``BENCH_PROVIDERS=1000000`` measures up to a million. The places of work are drawn from the area of the providers.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from benchmarks.measuring import ROUNDS, figure, gate, note, scaled, timed
from bookings.models import WorkOrder
from concierge import tenancy
from concierge.days import today_of
from providers.actions import reach
from providers.actions.matching import agreed_amounts, consider_providers, policy_for, terms_now
from providers.actions.whom import sought_for, whom_to_look_at
from providers.rules.candidates import distance_km
from tests.world import World, build_world

SIZES = [10_000, 100_000, 1_000_000]
LARGEST = scaled("PROVIDERS", 100_000)
SEARCHES = 200
TEN = 10
# One business in a hundred has room that day.
CROWDED = dt.timedelta(days=3)
SOUTH, WEST, DEGREES = 46.3, 3.5, 2.0

FILL = (
    "INSERT INTO providers_provider (public_id, organisation_id, name, legal_name, contact_name, email, phone, siret, "
    "vat_number, is_vat_exempt, street, postcode, city, latitude, longitude, radius_km, daily_capacity, language, "
    "is_local, is_ess, is_insertion, is_sheltered, has_refashion_label, is_active) "
    "SELECT gen_random_uuid(), %(organisation)s, 'Atelier ' || n, '', '', 'a' || n || '@example.fr', '', "
    "lpad(n::text, 14, '0'), '', false, '3 rue Monge', '21000', 'Dijon', %(south)s + random() * %(degrees)s, "
    "%(west)s + random() * %(degrees)s, 20, 5, 'fr', true, false, false, false, false, n %% 50 <> 0 "
    "FROM generate_series(1, %(many)s) AS n",
    "INSERT INTO providers_serviceagreement (public_id, organisation_id, provider_id, service_id, status, kind, "
    "purchase_price, valid_from, valid_to, text, content, seal, decline_comment) "
    "SELECT gen_random_uuid(), organisation_id, id, %(service)s, 'paper', 'purchase', 12, %(since)s, "
    "CASE WHEN id %% 20 = 0 THEN %(since)s + 30 END, '', '{}', '', '' FROM providers_provider "
    "WHERE organisation_id = %(organisation)s",
    "INSERT INTO providers_providerdocument (public_id, organisation_id, provider_id, kind, reference, status, "
    "issued_on, expires_on) SELECT gen_random_uuid(), organisation_id, id, kind, '', 'approved', %(since)s, "
    "CASE WHEN id %% 10 = 0 THEN %(since)s + 30 ELSE %(since)s + 3000 END "
    "FROM providers_provider, unnest(ARRAY['insurance', 'registration']) AS kind "
    "WHERE organisation_id = %(organisation)s",
    "INSERT INTO providers_providerclosure (public_id, organisation_id, provider_id, first_on, last_on, reason) "
    "SELECT gen_random_uuid(), organisation_id, id, %(today)s, %(today)s + 20, '' FROM providers_provider "
    "WHERE organisation_id = %(organisation)s AND id %% 15 = 0",
)


def _fill(world: World, many: int) -> None:
    """Providers around Dijon: of twenty, nineteen with an agreement in force; nine of ten with papers; some away."""
    today = today_of(world.organisation)
    values: dict[str, Any] = {
        "organisation": world.organisation.pk,
        "service": world.cobbler.pk,
        "many": many,
        "south": SOUTH,
        "west": WEST,
        "degrees": DEGREES,
        "since": dt.date(2026, 1, 1),
        "today": today,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for statement in FILL:
            cursor.execute(statement, values)
        # Else the plan of what follows is that of the last size.
        _analyze(cursor)
        cursor.execute(reach.WRITE, {"today": today, "providers": None})
        cursor.execute(
            "UPDATE providers_providerreach SET full_on = ARRAY[%s::date] "
            "WHERE organisation_id = %s AND provider_id %% 100 <> 1",
            (today + CROWDED, world.organisation.pk),
        )
        _analyze(cursor)
        cursor.execute("RESET statement_timeout")


def _analyze(cursor: Any) -> None:
    cursor.execute("SET ROLE NONE")
    cursor.execute("ANALYZE")
    cursor.execute("SET ROLE concierge_app")


def _pages(where: str, sought: reach.Sought, many: int) -> int:
    """Buffers that the statement touches, planned before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + reach.statement(where), reach.values_of(sought, many)
        )
        (plan,) = cursor.fetchone()
    top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


def _places(sought: reach.Sought, seed: int) -> list[reach.Sought]:
    """The same work at other places."""
    drawn = random.Random(seed)
    return [
        replace(
            sought,
            latitude=Decimal(str(round(SOUTH + 0.3 + drawn.random() * (DEGREES - 0.6), 6))),
            longitude=Decimal(str(round(WEST + 0.3 + drawn.random() * (DEGREES - 0.6), 6))),
        )
        for _n in range(SEARCHES)
    ]


def _milliseconds(places: list[reach.Sought], ask: Callable[[reach.Sought], object]) -> list[float]:
    found = []
    for sought in places:
        began = time.perf_counter()
        ask(sought)
        found.append(1000 * (time.perf_counter() - began))
    return sorted(found)


def _recall(places: list[reach.Sought]) -> float:
    """How many of the ten that reading every row finds the index finds too."""
    right = 0
    for sought in places:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_indexscan = off")
            everybody = reach.nearest_eligible(sought, 10**6)
            cursor.execute("SET LOCAL enable_indexscan = on")
        spots = _spots(everybody)
        here = (sought.latitude, sought.longitude)

        def ten(
            keys: list[int], here: tuple[Decimal, Decimal] = here, spots: dict[int, tuple[Decimal, Decimal]] = spots
        ) -> list[int]:
            return sorted(keys, key=lambda key: (distance_km(here, spots[key]), key))[:TEN]

        right += len({*ten(everybody)} & {*ten(reach.nearest_eligible(sought))})
    return right / (TEN * len(places))


def _spots(keys: list[int]) -> dict[int, tuple[Decimal, Decimal]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, latitude, longitude FROM providers_provider WHERE id = ANY (%s)", (keys,))
        return {key: (latitude, longitude) for key, latitude, longitude in cursor.fetchall()}


def _measure(world: World, size: int) -> tuple[float, float]:
    """Gates of one size; returns the pages of ten, and CPU milliseconds of the application for a whole search."""
    request = world.request(world.cobbler)
    order = WorkOrder.objects.select_related("site", "service", "request__client").get(request=request)
    policy = policy_for(order)
    terms = terms_now(order, policy)
    sought = sought_for(order, terms)
    crowded = replace(sought, promised_day=sought.today + CROWDED)
    near = f"{reach._eligible(sought)} AND latitude IS NOT NULL AND {reach.WITHIN} {reach.NEAREST_FIRST}"
    with transaction.atomic():
        _milliseconds(_places(sought, 0), lambda one: reach.nearest_eligible(one, TEN))
        runs = [_milliseconds(_places(sought, n), lambda one: reach.nearest_eligible(one, TEN)) for n in range(ROUNDS)]
        hard = [_milliseconds(_places(crowded, n), lambda one: reach.nearest_eligible(one, TEN)) for n in range(ROUNDS)]
        wide = [_milliseconds(_places(sought, n), reach.nearest_eligible) for n in range(ROUNDS)]
        pages = [float(_pages(near, one, TEN)) for one in _places(sought, 9)[:50]]
        if size == SIZES[0]:
            recall = _recall(_places(sought, 10)[:20])
            note("P5", f"{size} providers: recall of the ten nearest against reading every row {recall:.3f}")
            assert recall == 1.0
    gate("P5", f"{size}: pages of ten nearest eligible", pages, most=60)
    gate("P5", f"{size}: ten nearest eligible, p99 ms", [run[math.ceil(0.99 * SEARCHES) - 1] for run in runs], most=10)
    gate(
        "P5b",
        f"{size}: one in a hundred passes, p95 ms",
        [run[math.ceil(0.95 * SEARCHES) - 1] for run in hard],
        most=25,
    )
    figure("P5", f"{size}: the two hundred that a search looks at, median ms", [statistics.median(run) for run in wide])
    spans = []
    for _n in range(ROUNDS):
        with transaction.atomic(), timed() as span:
            whom = whom_to_look_at(order, agreed_amounts(order), terms)
            found = consider_providers(order, policy, among=whom.keys, terms=terms)
        spans.append(1000 * span.cpu_seconds)
        assert whom.is_narrowed
        assert any(verdict.rule is None for verdict in found.verdicts)
    figure("P5", f"{size}: a whole search, CPU ms of the application", spans)
    return statistics.median(pages), statistics.median(spans)


def test_nearest_eligible_providers() -> None:
    pages: dict[int, float] = {}
    for size in (size for size in SIZES if size <= LARGEST):
        world = build_world(slug=f"p5-{size}", name=f"p5-{size}", host=f"p5-{size}.localhost")
        with tenancy.working_for(world.organisation):
            with timed() as span:
                _fill(world, size)
            note("P5", f"{size} providers filled in {span.seconds:.0f} s")
            pages[size], _cpu = _measure(world, size)
    first, last = min(pages), max(pages)
    if first < last:
        exponent = math.log(pages[last] / pages[first]) / math.log(last / first)
        note("P5", f"growth exponent of pages from {first} to {last}: {exponent:.2f}")
        assert exponent <= 0.15
