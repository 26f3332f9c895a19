"""The free times of a month at a site with two hundred services, against a call that computes nothing."""

from __future__ import annotations

import datetime as dt
import statistics
from contextlib import closing
from urllib.parse import urlencode

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.measuring import alternate, gate, note, quote, ratios, timed
from benchmarks.places import open_desk
from benchmarks.serving import Call, Server, Visitor
from bookings.enums import HoldStatus, Place, PriceMode
from bookings.models import Hold, Service, ServiceAtSite, SlotRule, calendar
from concierge import tenancy
from tests.world import World

CALLS, SERVICES, DAYS = 40, 200, 31


def _add_services(world: World, count: int) -> None:
    made = Service.objects.bulk_create(
        Service(
            organisation=world.organisation,
            category=world.ironing.category,
            code=f"service-{number}",
            name=f"Service {number}",
            price_mode=PriceMode.FIXED,
            unit_price=10,
            execution="own_team",
        )
        for number in range(count)
    )
    ServiceAtSite.objects.bulk_create(
        ServiceAtSite(
            organisation=world.organisation,
            site=world.site,
            service=service,
            lead_time_hours=number % 5,
            max_per_day=50 if number % 4 == 0 else None,
        )
        for number, service in enumerate(made)
    )


def _fill(world: World) -> int:
    """Half of the month is booked on three lanes."""
    SlotRule.objects.filter(place=Place.DESK).update(capacity=3)
    free = calendar.slots_left(world.site, Place.DESK, now=timezone.now(), days=DAYS)
    taken = [
        Hold(
            organisation=world.organisation,
            site=world.site,
            place=Place.DESK,
            lane=lane,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            token_hash=f"{number}-{lane}",
            status=HoldStatus.CONFIRMED,
            expires_at=timezone.now(),
        )
        for number, slot in enumerate(free)
        for lane in range(3)
        if (number + lane) % 2
    ]
    return len(Hold.objects.bulk_create(taken))


def _queries(world: World, services: list[Service]) -> tuple[int, int]:
    """Statements that a month costs for these services, and the times found."""
    with tenancy.working_for(world.organisation), CaptureQueriesContext(connection) as said:
        world.site.refresh_from_db()
        found = calendar.slots_left(
            world.site, Place.DESK, now=timezone.now() + dt.timedelta(minutes=1), days=DAYS, services=services
        )
    return sum(not one["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT")) for one in said), len(found)


def test_slots_of_a_month(server: Server, no_worker: None) -> None:
    world = open_desk("month", slots=1, keys=1).world
    key = world.api_key()
    with tenancy.working_for(world.organisation):
        alone = _queries(world, [world.ironing])[0]
        _add_services(world, SERVICES)
        booked = _fill(world)
        everything = list(Service.objects.order_by("pk"))
    assert len(everything) >= SERVICES
    among_many, offered = _queries(world, [world.ironing])
    of_all, _fewer = _queries(world, everything)
    # A daily limit costs one count of orders, for one limited service as for fifty.
    assert (among_many, of_all) == (alone, alone + 1)
    asked = urlencode({"site": world.site.public_id, "service": world.ironing.public_id, "days": DAYS})
    headers = {"Host": world.host, "Authorization": f"Bearer {key}"}
    month, trivial = Call("GET", f"/api/v1/slots?{asked}", headers=headers), Call("GET", "/healthz")
    cpu: list[float] = []

    def visit(call: Call) -> float:
        with closing(Visitor(server.port)) as visitor, timed(server.pid) as span:
            answers = [visitor.call(call) for _n in range(CALLS)]
        assert {answer.status for answer in answers} == {200}
        if call is month:
            assert answers[0].body.count(b"starts_at") >= offered // 2
            cpu.append(1000 * span.cpu_seconds / CALLS)
        return statistics.median(answer.milliseconds for answer in answers)

    visit(month)
    cpu.clear()
    found = alternate({"month": lambda: visit(month), "trivial": lambda: visit(trivial)})
    note("month", f"{alone} statements for one service, {of_all} for {len(everything)}; {booked} places taken")
    note("month", f"p50 {quote(found['month'])} ms, of a trivial call {quote(found['trivial'])} ms")
    note("month", f"ratio of the two {quote(ratios(found['month'], found['trivial']))}")
    gate("month", "CPU ms per call", cpu, most=70)
