"""A small team in the small world: Amina irons alone, Bilal has seen it done, Chloé belongs to nobody's team."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from bookings.models import WorkOrder
from concierge.enums import Role
from concierge.models import Membership, User
from concierge.tenancy import Actor
from tests import kept
from tests.employing import employ
from tests.world import World
from workers.actions.people import create_trainee, set_availability, set_skill
from workers.enums import SkillLevel
from workers.models import Trainee

PARIS = ZoneInfo("Europe/Paris")
# A Monday morning in Dijon.
NOW = dt.datetime(2026, 11, 23, 8, 0, tzinfo=PARIS)
# The Friday before: the last day of whoever has left.
LEFT_ON = dt.date(2026, 11, 20)


def at(hour: int, minute: int = 0, *, days: int = 0) -> dt.datetime:
    """A time of that Monday, or of a day after it."""
    day = NOW.date() + dt.timedelta(days=days)
    return dt.datetime.combine(day, dt.time(hour, minute), PARIS)


@dataclass
class Team:
    """The world and its team."""

    world: World
    amina: Trainee
    bilal: Trainee
    chloe: Trainee

    @property
    def dispatcher(self) -> Actor:
        return self.world.actor(Role.DISPATCHER)

    @property
    def supervisor(self) -> Actor:
        return self.world.actor(Role.SUPERVISOR)

    def themself(self, trainee: Trainee) -> Actor:
        return Actor(kind="user", organisation=self.world.organisation, label=trainee.first_name, trainee_id=trainee.pk)

    def work(self, *, starts: dt.datetime | None = None, minutes: int = 45) -> WorkOrder:
        """Ironing to be done from that time on."""
        request = self.world.request(self.world.ironing, promised_start=starts or at(9))
        work_order = request.work_orders.select_related("site", "service", "request").get()
        work_order.duration_minutes = minutes
        work_order.save(update_fields=["duration_minutes"])
        return work_order


def build_team(world: World) -> Team:
    """Three people with the same week: Monday to Friday, 9:00 to 12:30 and 13:30 to 17:30, 30 hours."""
    machine = world.actor()
    supervisor = world.users["supervisor"]
    people = {}
    for name, leads in (("Amina", True), ("Bilal", True), ("Chloé", False)):
        trainee = create_trainee(
            site=world.site,
            first_name=name,
            last_name="Diallo",
            user=world.users["trainee"] if name == "Amina" else None,
            supervisor=supervisor if leads else None,
            by=machine,
        )
        employ(trainee, starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2027, 8, 31), weekly_minutes=30 * 60)
        hours = [
            (weekday, start, end)
            for weekday in range(5)
            for start, end in ((dt.time(9), dt.time(12, 30)), (dt.time(13, 30), dt.time(17, 30)))
        ]
        set_availability(trainee, hours=hours, by=machine)
        people[name] = trainee
    set_skill(people["Amina"], rome_code="H2410", level=SkillLevel.AUTONOMOUS, by=machine)
    set_skill(people["Bilal"], rome_code="H2410", level=SkillLevel.OBSERVED, by=machine)
    return Team(world=world, amina=people["Amina"], bilal=people["Bilal"], chloe=people["Chloé"])


kept.layer("team", lambda below: build_team(below["world"]), at=NOW)


@pytest.fixture
def team(world: World) -> Team:
    return kept.taken("team") or build_team(world)


@pytest.fixture
def other_supervisor(world: World) -> Actor:
    """A technical supervisor of the same site with another team."""
    user = User.objects.create_user(
        "autre-encadrante@sens-pratique.example", first_name="Autre", last_name="Encadrante"
    )
    Membership.objects.create(organisation=world.organisation, user=user, role=Role.SUPERVISOR)
    return Actor(
        kind="user", organisation=world.organisation, label="Autre", user=user, roles={Role.SUPERVISOR: frozenset()}
    )
