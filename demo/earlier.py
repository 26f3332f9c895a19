"""Somebody waits for an earlier time and was told of one: the waiting list as on any morning."""

from __future__ import annotations

import datetime as dt
import random

from bookings.actions.booking import submit_request
from bookings.actions.clients import ClientDetails
from bookings.actions.holds import hold_slot, release_hold
from bookings.actions.waitlist import join_waitlist
from bookings.models import calendar
from demo.history import settle, wish_of
from demo.setup import House

# Days from now: when the appointment is, and when somebody else gives a place back.
BOOKED, FREED = 6, 3


def wait_for_earlier(house: House, *, now: dt.datetime) -> None:
    """Play it through the actions, at the time of the story. Needs the tenant."""
    site, service = house.sites[0], house.services["repassage"]
    booked, freed = (
        calendar.slots_left(
            site, service.place, now=now, first_day=now.date() + dt.timedelta(days=days), services=[service]
        )[0].starts_at
        for days in (BOOKED, FREED)
    )
    client = ClientDetails(
        first_name="Nadia", last_name="Ferrand", email="nadia.ferrand@courriel.example", phone="0612345698"
    )
    kept = hold_slot(
        site, service.place, booked, token=f"demo-{booked:%m%d%H%M}-waits", by=house.by, services=[service]
    )
    wish = wish_of(service, random.Random(7))  # noqa: S311 - has to repeat itself
    request = submit_request(site, client=client, wishes=[wish], hold=kept, by=house.by)
    join_waitlist(request, by=house.by)
    given_back = hold_slot(site, service.place, freed, token=f"demo-{freed:%m%d%H%M}-given-back", by=house.by)
    release_hold(given_back, by=house.by)
    settle(house)
