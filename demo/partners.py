"""Who stands beside the clients: a company with its weekly stand, a market, a social worker who books for people."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal

from bookings.actions.accounts import AccountDetails, save_account
from bookings.actions.booking import book_request
from bookings.actions.clients import ClientDetails
from bookings.actions.openings import set_presence
from bookings.actions.pauses import hold_request
from bookings.actions.prescribers import add_person, invite_prescriber
from bookings.enums import HoldReason, PresencePeriod
from bookings.models import Accompaniment, ClientAccount, Prescriber, Service, ServiceRequest, calendar
from bookings.rules.prices import Wish
from concierge.tenancy import Actor
from demo.history import settle
from demo.people import PRESCRIBER
from demo.setup import House, person

TUESDAY = 1


def welcome_partners(house: House, *, now: dt.datetime) -> None:
    """Play them through the actions, at the time of the story. Needs the tenant."""
    company = house.accounts[1]
    _sign_contract(house, company, now.date())
    _set_up_stands(house, company, now.date())
    person(PRESCRIBER.email, PRESCRIBER.first_name, PRESCRIBER.last_name)
    prescriber = invite_prescriber(
        house.organisation,
        PRESCRIBER.email,
        first_name=PRESCRIBER.first_name,
        last_name=PRESCRIBER.last_name,
        structure="CCAS de Dijon",
        by=house.by,
    )
    _accompany(house, prescriber, now)
    settle(house)


def _sign_contract(house: House, company: ClientAccount, today: dt.date) -> None:
    """Eight hours of presence a month, to the end of the year."""
    written = {field.name: getattr(company, field.name) for field in dataclasses.fields(AccountDetails)}
    agreed = {
        "headcount": 140,
        "presence_hours": Decimal(8),
        "presence_period": PresencePeriod.MONTH,
        "contract_from": today.replace(month=1, day=1),
        "contract_to": today.replace(month=12, day=31),
    }
    save_account(house.organisation, AccountDetails(**(written | agreed)), by=house.by, account=company)


def _set_up_stands(house: House, company: ClientAccount, today: dt.date) -> None:
    """Every Tuesday at noon for the company's people; one Saturday morning on the market for everybody."""
    site = house.sites[0]
    set_presence(
        site,
        None,
        by=house.by,
        account=company,
        name=company.name,
        street="42 quai Nicolas Rolin",
        postcode="21000",
        city="Dijon",
        weekday=TUESDAY,
        opens=dt.time(12),
        closes=dt.time(14),
    )
    saturday = today + dt.timedelta(days=(5 - today.weekday()) % 7 + 7)
    set_presence(
        site,
        None,
        by=house.by,
        name="Marché des Halles",
        street="rue Bannelier",
        postcode="21000",
        city="Dijon",
        held_on=saturday,
        opens=dt.time(9),
        closes=dt.time(12),
        capacity=2,
    )


def _accompany(house: House, prescriber: Prescriber, now: dt.datetime) -> None:
    """Two people of hers: shirts that wait for thread, and nothing asked yet."""
    herself = Actor(kind="user", organisation=house.organisation, user=prescriber.user, prescriber_id=prescriber.pk)
    ginette, _lucien = (
        add_person(
            prescriber,
            ClientDetails(first_name=first, last_name=last, email="", phone=phone),
            agreed=True,
            by=herself,
        )
        for first, last, phone in (("Ginette", "Royer", "0612345670"), ("Lucien", "Aubry", "0612345671"))
    )
    request = _book(house, house.services["retouches"], ginette, herself, now)
    hold_request(
        request,
        reason=HoldReason.MATERIAL,
        until=now + dt.timedelta(days=4),
        note="La fermeture éclair arrive lundi.",
        by=house.by,
    )


def _book(house: House, service: Service, person_: Accompaniment, by: Actor, now: dt.datetime) -> ServiceRequest:
    """The first time that is free in two hours, for one piece: by then a slow machine has got here."""
    site, client = house.sites[0], person_.client
    item = service.price_items.order_by("position")[0]
    wish = Wish(str(service.public_id), {str(item.public_id): 1})
    minutes = calendar.minutes_of([service], [wish])
    later = now + dt.timedelta(hours=2)
    free = calendar.slots_left(site, service.place, now=later, days=14, services=[service], minutes=minutes)
    details = ClientDetails(
        first_name=client.first_name, last_name=client.last_name, email=client.email, phone=client.phone
    )
    return book_request(
        site,
        client=details,
        wishes=[wish],
        services=[service],
        starts_at=free[0].starts_at,
        note="Manteau d’hiver, fermeture éclair à remplacer.",
        prescriber=person_,
        by=by,
    )
