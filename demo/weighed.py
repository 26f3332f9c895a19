"""Laundry by weight: one basket was announced and then weighed, another waits for the scale."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from bookings.actions.booking import submit_request
from bookings.actions.clients import ClientDetails
from bookings.actions.holds import hold_slot
from bookings.actions.measuring import state_quantities
from bookings.models import ServiceRequest, calendar
from bookings.rules.prices import WHOLE, Wish
from demo.history import settle
from demo.setup import House

# Days from now of both appointments.
WEIGHED, AWAITED = 1, 2


def weigh_laundry(house: House, *, now: dt.datetime) -> None:
    """Play it through the actions, at the time of the story. Needs the tenant."""
    site, service = house.sites[0], house.services["linge-au-poids"]

    def book(days: int, kilos: str, first_name: str, last_name: str) -> ServiceRequest:
        day = now.date() + dt.timedelta(days=days)
        moment = calendar.slots_left(site, service.place, now=now, first_day=day, services=[service])[0].starts_at
        token = f"demo-{moment:%m%d%H%M}-{last_name}"
        kept = hold_slot(site, service.place, moment, token=token, by=house.by, services=[service])
        email = f"{first_name}.{last_name}@courriel.example".lower()
        client = ClientDetails(first_name=first_name, last_name=last_name, email=email, phone="0612345696")
        wish = Wish(str(service.public_id), {WHOLE: Decimal(kilos)})
        return submit_request(site, client=client, wishes=[wish], hold=kept, by=house.by)

    weighed = book(WEIGHED, "3", "Awa", "Diallo")
    state_quantities(weighed, {0: Decimal("3.4")}, by=house.by)
    book(AWAITED, "2.5", "Louis", "Mercier")
    settle(house)
