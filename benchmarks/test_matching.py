"""P5: choosing providers, as it is today, for growing numbers of them: pages read by every statement of one search."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from decimal import Decimal

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from benchmarks.measuring import note, scaled, timed
from bookings.models import WorkOrder
from concierge import tenancy
from providers.actions.matching import Policy, consider_providers
from providers.enums import AgreementStatus, DocumentKind
from providers.models import Provider, ProviderDocument, ServiceAgreement
from tests.world import World, build_world

SIZES = [1_000, 10_000, 100_000]
LARGEST = scaled("PROVIDERS", 10_000)
BATCH = 2_000


def _fill(world: World, count: int) -> None:
    """Providers around Dijon, each with an agreement on heels and its papers."""
    ours = {"organisation": world.organisation}
    found = Provider.objects.bulk_create(
        (
            Provider(
                **ours,
                name=f"Atelier {n}",
                email=f"atelier{n}@example.fr",
                siret=f"{n:014}",
                street="3 rue Monge",
                postcode="21000",
                city="Dijon",
                latitude=46.8 + random.random(),
                longitude=4.5 + random.random(),
                radius_km=20,
                daily_capacity=5,
                is_local=True,
            )
            for n in range(1, count + 1)
        ),
        batch_size=BATCH,
    )
    since = dt.date(2026, 1, 1)
    agreed = {"service": world.cobbler, "status": AgreementStatus.PAPER, "purchase_price": 12, "valid_from": since}
    ServiceAgreement.objects.bulk_create(
        (ServiceAgreement(**ours, **agreed, provider=one) for one in found), batch_size=BATCH
    )
    ProviderDocument.objects.bulk_create(
        (
            ProviderDocument(**ours, provider=one, kind=kind, issued_on=since)
            for one in found
            for kind in (DocumentKind.INSURANCE, DocumentKind.REGISTRATION)
        ),
        batch_size=BATCH,
    )


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
            # As where it really happens: outside of a transaction each statement would bring its tenant along.
            with transaction.atomic(), CaptureQueriesContext(connection) as asked:
                consider_providers(work_order, Policy())
            kept = [verdict for verdict in found.verdicts if verdict.rule is None]
            assert len(found.verdicts) == size
            assert kept
            assert all((verdict.candidate.distance_km or Decimal(0)) <= Decimal(20) for verdict in kept)
            selects = [one["sql"] for one in asked.captured_queries if one["sql"].startswith('SELECT "')]
            assert selects
            pages[size] = _pages(selects)
        cpu = f"{1000 * span.cpu_seconds:.0f} CPU ms of the application"
        note("P5", f"{size} providers: {pages[size]} pages in {len(selects)} statements, {cpu}")
    first, last = min(pages), max(pages)
    exponent = math.log(pages[last] / pages[first]) / math.log(last / first)
    note("P5", f"growth exponent of pages from {first} to {last}: {exponent:.2f}")
    assert exponent < 1.2
