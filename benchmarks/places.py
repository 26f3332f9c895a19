"""A concierge desk with room for everybody, and calls that book there."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import uuid
from collections import Counter
from dataclasses import dataclass

from django.utils import timezone

from benchmarks.serving import Call
from bookings.enums import Place
from bookings.models import OpeningHours, ServiceRequest, SlotRule, calendar
from concierge import tenancy
from tests.world import World, build_world

REQUESTS = "/api/v1/service-requests"


@dataclass
class Desk:
    """An organisation whose slots never fill up, with one API key per client."""

    world: World
    slots: list[dt.datetime]
    keys: list[str]

    def __post_init__(self) -> None:
        self.turn = itertools.count()

    def booking(self, client: int, *, slot: dt.datetime | None = None) -> Call:
        """A client the desk knows books five shirts at the next slot."""
        world = self.world
        starts_at = slot or self.slots[next(self.turn) % len(self.slots)]

        body = {
            "site": str(world.site.public_id),
            "slot": starts_at.isoformat(),
            "client": {
                "first_name": "Inès",
                "last_name": "Garnier",
                "email": f"client{client}@example.fr",
                "phone": "+33612345678",
            },
            "lines": [
                {
                    "service": str(world.ironing.public_id),
                    "items": [{"item": str(world.shirt.public_id), "quantity": 5}],
                }
            ],
        }
        headers = {
            "Authorization": f"Bearer {self.keys[client % len(self.keys)]}",
            "Idempotency-Key": str(uuid.uuid4()),
            "Content-Type": "application/json",
        }
        return Call("POST", REQUESTS, json.dumps(body).encode(), headers)

    @property
    def known(self) -> set[str]:
        """Identifiers that a replay must leave alone."""
        world = self.world
        rows = (world.organisation, world.site, world.ironing, world.cobbler, world.shirt, world.client)
        return {row.public_id.hex for row in rows}

    def sold(self) -> list[int]:
        """How many requests each slot has."""
        with tenancy.working_for(self.world.organisation):
            starts = ServiceRequest.objects.order_by("pk").values_list("promised_start", flat=True)
            return list(Counter(starts).values())


def open_desk(name: str, *, slots: int, keys: int, places: int = 30_000) -> Desk:
    """Build the organisation ``name``: open every day, by default thirty thousand places per slot."""
    world = build_world(slug=name, name=name, host=f"{name}.localhost")
    with tenancy.working_for(world.organisation):
        OpeningHours.objects.all().delete()
        for weekday in range(7):
            OpeningHours.objects.create(
                organisation=world.organisation, site=world.site, weekday=weekday, opens=dt.time(9), closes=dt.time(18)
            )
        SlotRule.objects.update(capacity=places)
        free = calendar.slots_left(world.site, Place.DESK, now=timezone.now(), days=40)
    return Desk(world, [slot.starts_at for slot in free[20 : 20 + slots]], [world.api_key() for _n in range(keys)])
