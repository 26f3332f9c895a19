"""“Who can take this?” over a team of two hundred with fifteen weeks of work behind them (R14, R21)."""

from __future__ import annotations

import datetime as dt
import random
import time
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from benchmarks.measuring import ROUNDS, figure, gate, note, postgres_pid, scaled, timed
from benchmarks.places import open_desk
from bookings.enums import Leg
from bookings.models import WorkOrder
from bookings.models.requests import new_reference
from concierge import tenancy
from tests.employing import employer_of
from tests.world import World
from workers.actions.candidates import Candidate, best_candidates, candidates
from workers.models import Assignment, AvailabilityRule, Contract, Trainee, TraineeSkill
from workers.models.plan import team_day
from workers.views.board import PEOPLE_AT_ONCE

TEAM, WEEKS = scaled("TEAM", 200), scaled("WEEKS", 15)
PARIS = ZoneInfo("Europe/Paris")
# A Wednesday: half of the week is worked, half is planned.
DAY = dt.date(2026, 11, 25)
CALLS = 10


def _team(world: World, by: random.Random) -> list[Trainee]:
    supervisor = world.users["supervisor"]
    team = Trainee.objects.bulk_create(
        Trainee(
            organisation=world.organisation,
            site=world.site,
            first_name=f"P{number}",
            last_name="Durand",
            supervisor=supervisor,
        )
        for number in range(TEAM)
    )
    employer = employer_of(world.organisation)
    Contract.objects.bulk_create(
        Contract(
            organisation=world.organisation,
            trainee=one,
            employer=employer,
            kind="cddi",
            starts_on=dt.date(2026, 1, 5),
            ends_on=dt.date(2027, 1, 4),
            weekly_minutes=by.choice([20, 26, 26, 30, 35]) * 60,
        )
        for one in team
    )
    AvailabilityRule.objects.bulk_create(
        AvailabilityRule(organisation=world.organisation, trainee=one, weekday=day, starts=starts, ends=ends)
        for one in team
        for day in range(5)
        for starts, ends in ((dt.time(8, 30), dt.time(12)), (dt.time(13), dt.time(16, 30)))
    )
    TraineeSkill.objects.bulk_create(
        TraineeSkill(
            organisation=world.organisation,
            trainee=one,
            rome_code="H2410",
            level=by.choice(["observed", "assisted", "supervised", "autonomous"]),
            changed_at=dt.datetime(2026, 3, 2, tzinfo=PARIS),
        )
        for one in team
        if by.random() < 0.8
    )
    return team


def _orders(template: WorkOrder, count: int) -> list[WorkOrder]:
    values = {
        field.attname: getattr(template, field.attname)
        for field in WorkOrder._meta.concrete_fields
        if field.attname not in {"id", "public_id", "reference"} and not field.generated
    }
    made = [WorkOrder(**values, public_id=uuid.uuid4(), reference=new_reference()) for _n in range(count)]
    return WorkOrder.objects.bulk_create(made, batch_size=2000)


def _work(world: World, team: list[Trainee], by: random.Random) -> int:
    """Three pieces a day on four or five days a week, those before Wednesday done and checked."""
    request = world.request(world.ironing, promised_start=dt.datetime.combine(DAY, dt.time(9), PARIS))
    planned: list[tuple[Trainee, dt.datetime, dt.datetime]] = []
    monday = DAY - dt.timedelta(days=DAY.weekday())
    for one in team:
        for number in range(-7 * (WEEKS - 1), 5):
            if number % 7 > 4 or by.random() < 0.1:
                continue
            start = dt.datetime.combine(monday + dt.timedelta(days=number), dt.time(8, 30), PARIS)
            for _piece in range(3):
                end = start + dt.timedelta(minutes=by.randrange(60, 130))
                planned.append((one, start, end))
                start = end + dt.timedelta(minutes=by.choice([0, 15, 60]))
    orders = _orders(request.work_orders.get(), len(planned))
    rows = []
    for order, (one, start, end) in zip(orders, planned, strict=True):
        done = {"status": "validated", "started_at": start, "done_at": end, "validated_at": end}
        row = Assignment(organisation=world.organisation, work_order=order, trainee=one, leg=Leg.WORK)
        row.planned_start, row.planned_end, row.status = start, end, "accepted"
        for name, value in done.items() if start.date() < DAY else ():
            setattr(row, name, value)
        rows.append(row)
    return len(Assignment.objects.bulk_create(rows, batch_size=2000))


@pytest.mark.promise("domain R21")
def test_who_can_take_this_among_two_hundred(no_worker: None) -> None:
    by = random.Random(14)
    world = open_desk("team", slots=1, keys=1).world
    with tenancy.working_for(world.organisation), translation.override("fr"):
        written = _work(world, _team(world, by), by)
        with connection.cursor() as cursor:
            # The runtime role may not; a table that nobody has looked at yet is read by a wrong plan.
            cursor.execute("SET ROLE NONE")
            cursor.execute("ANALYZE")
            cursor.execute("SET ROLE concierge_app")
        order = world.request(world.ironing, promised_start=dt.datetime.combine(DAY, dt.time(14), PARIS))
        asked = order.work_orders.select_related("site", "service", "request").get()
        now = dt.datetime.combine(DAY, dt.time(8), PARIS)
        starts_at = dt.datetime.combine(DAY, dt.time(15), PARIS)

        def ask() -> list[Candidate]:
            team = team_day(Trainee.objects.active().filter(site=world.site), DAY, PARIS)
            return best_candidates(asked, team, now=now, starts_at=starts_at, most=PEOPLE_AT_ONCE)

        def ask_of_everybody() -> list[Candidate]:
            team = team_day(Trainee.objects.active().filter(site=world.site), DAY, PARIS)
            return candidates(asked, team, now=now, starts_at=starts_at)

        with CaptureQueriesContext(connection) as said:
            found = ask()
        everybody = ask_of_everybody()
        assert (len(everybody), found) == (TEAM, everybody[:PEOPLE_AT_ONCE])
        against = sum(not one.verdict.is_possible for one in everybody)
        labour = sum(any(reason.article for reason in one.verdict.reasons) for one in everybody)
        statements = len(said)
        server = postgres_pid()
        walls, own, database, words, whole = [], [], [], [], []
        for _round in range(ROUNDS):
            with timed() as app, timed(server) as base:
                began = time.perf_counter()
                for _call in range(CALLS):
                    found = ask()
                walls.append(1000 * (time.perf_counter() - began) / CALLS)
            own.append(1000 * app.cpu_seconds / CALLS)
            database.append(1000 * base.cpu_seconds / CALLS)
            with timed() as told:
                assert all(one.sentences for one in found)
            words.append(1000 * told.cpu_seconds)
            with timed() as all_of_them:
                ask_of_everybody()
            whole.append(1000 * all_of_them.cpu_seconds)
    note("R14", f"{TEAM} people, {written} pieces of work in {WEEKS} weeks, {statements} statements")
    note("R14", f"{against} cannot, {labour} are told something of the Labour Code")
    gate("R14", "who can take this, CPU ms of the application", own, most=50)
    figure("R14", "who can take this, CPU ms of PostgreSQL", database)
    figure("R14", "who can take this, ms", walls)
    figure("R14", "their sentences, CPU ms", words)
    figure("R14", "everybody judged whole, CPU ms of the application", whole)
    assert statements <= 26
