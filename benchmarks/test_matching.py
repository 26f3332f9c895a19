"""P5: choosing providers, as it is today, for growing numbers of them: pages read by every statement of one search."""

from __future__ import annotations

import json
import math
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.measuring import note, scaled, timed
from bookings.models import WorkOrder
from concierge import tenancy
from providers.actions.matching import Policy, consider_providers
from tests.world import World, build_world

SIZES = [1_000, 10_000, 100_000]
LARGEST = scaled("PROVIDERS", 10_000)


PROVIDERS = """
    INSERT INTO providers_provider (public_id, organisation_id, name, contact_name, email, phone, siret, street,
        postcode, city, latitude, longitude, radius_km, daily_capacity, language, is_local, is_ess, is_insertion,
        is_active)
    SELECT gen_random_uuid(), %(organisation)s, 'Atelier ' || n, '', 'atelier' || n || '@example.fr', '',
        lpad(n::text, 14, '0'), '3 rue Monge', '21000', 'Dijon', 46.8 + random(), 4.5 + random(), 20, 5, 'fr',
        true, false, false, true
    FROM generate_series(1, %(count)s) n
"""
AGREEMENTS = """
    INSERT INTO providers_serviceagreement (public_id, organisation_id, provider_id, service_id, purchase_price,
        status, valid_from, text, content, seal, decline_comment)
    SELECT gen_random_uuid(), organisation_id, id, %(service)s, 12, 'paper', '2026-01-01', '', '{}', '', ''
    FROM providers_provider
"""
DOCUMENTS = """
    INSERT INTO providers_providerdocument (public_id, organisation_id, provider_id, kind, reference, issued_on)
    SELECT gen_random_uuid(), organisation_id, id, kind, '', '2026-01-01'
    FROM providers_provider, unnest(ARRAY['insurance', 'registration']) kind
"""


def _fill(world: World, count: int) -> None:
    """Providers around Dijon, each with an agreement on heels and its papers."""
    ours = {"organisation": world.organisation.pk, "service": world.cobbler.pk, "count": count}
    with connection.cursor() as cursor:
        cursor.execute(PROVIDERS, ours)
        cursor.execute(AGREEMENTS, ours)
        cursor.execute(DOCUMENTS, ours)


def _analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("ANALYZE")
        cursor.execute("SET ROLE concierge_app")


def _pages(statements: list[str]) -> int:
    """Buffers that the statements touch."""
    found = 0
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement.replace("%", "%%"), ())
            (plan,) = cursor.fetchone()
            top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
            found += top["Shared Hit Blocks"] + top["Shared Read Blocks"]
    return found


def test_search_for_providers() -> None:
    pages: dict[int, int] = {}
    for size in (size for size in SIZES if size <= LARGEST):
        world = build_world(slug=f"p5-{size}", name=f"p5-{size}", host=f"p5-{size}.localhost")
        with tenancy.working_for(world.organisation):
            _fill(world, size)
            _analyse()
            request = world.request(world.cobbler)
            work_order = WorkOrder.objects.select_related("site", "service").get(request=request)
            consider_providers(work_order, Policy())
            with timed() as span:
                found = consider_providers(work_order, Policy())
            with CaptureQueriesContext(connection) as asked:
                consider_providers(work_order, Policy())
            kept = [verdict for verdict in found.verdicts if verdict.rule is None]
            assert len(found.verdicts) == size
            assert kept
            assert all(verdict.candidate.distance_km <= Decimal(20) for verdict in kept)
            selects = [one["sql"] for one in asked.captured_queries if one["sql"].startswith('SELECT "')]
            pages[size] = _pages(selects)
        cpu = f"{1000 * span.cpu_seconds:.0f} CPU ms of the application"
        note("P5", f"{size} providers: {pages[size]} pages in {len(selects)} statements, {cpu}")
    first, last = min(pages), max(pages)
    exponent = math.log(pages[last] / pages[first]) / math.log(last / first)
    note("P5", f"growth exponent of pages from {first} to {last}: {exponent:.2f}")
    assert exponent < 1.2
