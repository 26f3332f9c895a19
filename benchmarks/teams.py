"""A site with a big team and a full day, written as plain rows."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import timezone

from bookings.models import ServiceRequest, WorkOrder
from concierge import tenancy
from tests.world import World, build_world
from workers.enums import SkillLevel
from workers.models import Assignment, AvailabilityRule, Trainee, TraineeSkill

PIECE = dt.timedelta(minutes=45)


def open_team(name: str, *, people: int, visits: int, unassigned: int = 40) -> tuple[World, dt.date]:
    """Build the organisation ``name`` with so many people and visits on one day, which is returned too: tomorrow."""
    world = build_world(slug=name, name=name, host=f"{name}.localhost")
    zone = ZoneInfo(world.site.time_zone)
    day = timezone.now().astimezone(zone).date() + dt.timedelta(days=1)
    morning = dt.datetime.combine(day, dt.time(8), zone)
    with tenancy.working_for(world.organisation):
        team = _people(world, people)
        orders = _orders(world, visits + unassigned, morning)
        Assignment.objects.bulk_create(
            _given(world, team[number % people], order, morning + (number // people) * dt.timedelta(hours=1))
            for number, order in enumerate(orders[:visits])
        )
    return world, day


def _people(world: World, people: int) -> list[Trainee]:
    common = {"organisation": world.organisation}
    team = Trainee.objects.bulk_create(
        Trainee(
            **common,
            site=world.site,
            first_name=f"Prénom{number}",
            last_name=f"Nom{number}",
            supervisor=world.users["supervisor"],
        )
        for number in range(people)
    )
    TraineeSkill.objects.bulk_create(
        TraineeSkill(
            **common,
            trainee=one,
            rome_code=world.ironing.skill_code,
            level=SkillLevel.AUTONOMOUS,
            changed_at=timezone.now(),
        )
        for one in team
    )
    AvailabilityRule.objects.bulk_create(
        AvailabilityRule(**common, trainee=one, weekday=weekday, starts=dt.time(8), ends=dt.time(19))
        for one in team
        for weekday in range(7)
    )
    return team


def _orders(world: World, many: int, morning: dt.datetime) -> list[WorkOrder]:
    common = {"organisation": world.organisation, "site": world.site}
    promise = {"promised_start": morning, "promised_end": morning + dt.timedelta(days=1)}
    requests = ServiceRequest.objects.bulk_create(
        ServiceRequest(
            **common,
            **promise,
            client=world.client,
            status="confirmed",
            contact_name=str(world.client),
            total_incl_vat=18,
            submitted_at=timezone.now(),
        )
        for _number in range(many)
    )
    return WorkOrder.objects.bulk_create(
        WorkOrder(
            **common,
            **promise,
            request=request,
            service=world.ironing,
            execution=world.ironing.execution,
            duration_minutes=45,
        )
        for request in requests
    )


def _given(world: World, trainee: Trainee, order: WorkOrder, start: dt.datetime) -> Assignment:
    return Assignment(
        organisation=world.organisation,
        work_order=order,
        trainee=trainee,
        planned_start=start,
        planned_end=start + PIECE,
    )
