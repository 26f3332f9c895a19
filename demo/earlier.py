"""Somebody waits for an earlier time and was told of one: the waiting list as on any morning."""

from __future__ import annotations

import datetime as dt
import random

from bookings.actions.booking import submit_request
from bookings.actions.clients import ClientDetails
from bookings.actions.holds import hold_slot
from bookings.actions.requests import cancel_request
from bookings.actions.waitlist import join_waitlist
from bookings.models import ServiceRequest, calendar
from demo.history import settle, wish_of
from demo.setup import House

# Days from now: when the appointment is, and when it is that somebody else cancels.
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
    other = ClientDetails(
        first_name="Paul", last_name="Chevalier", email="paul.chevalier@courriel.example", phone="0612345697"
    )
    wish = wish_of(service, random.Random(7))  # noqa: S311 - has to repeat itself

    def book(moment: dt.datetime, details: ClientDetails) -> ServiceRequest:
        token = f"demo-{moment:%m%d%H%M}-{details.last_name}"
        kept = hold_slot(site, service.place, moment, token=token, by=house.by, services=[service])
        return submit_request(site, client=details, wishes=[wish], hold=kept, by=house.by)

    join_waitlist(book(booked, client), by=house.by)
    cancel_request(book(freed, other), by=house.by)
    settle(house)
