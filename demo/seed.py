"""The demonstration, from nothing to a month of history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db import transaction

from billing.actions.issuers import set_up_issuer
from billing.tasks import render_pending_documents
from bookings.tasks import render_pending_quotes
from concierge import tenancy
from concierge.enums import Role
from demo import data
from demo.baskets import plan_vegetables, sell_baskets
from demo.calls import leave_calls_to_make
from demo.earlier import wait_for_earlier
from demo.history import DAYS, Month, live, settle
from demo.partners import welcome_partners
from demo.pathways import accompany
from demo.proposals import answer_otherwise
from demo.quotes import ask_for_quotes
from demo.setup import House, open_house, siret
from demo.team import hire_staff, say_goodbye, sign_providers, welcome_trainees
from demo.weeks import plan_the_weeks
from demo.weighed import weigh_laundry
from notifications.actions.queue import suppress_queued


@transaction.atomic
def seed_everything(*, until: dt.datetime, say: Callable[[str], object]) -> None:
    """Both organisations, all or nothing: a kill in the middle leaves an empty database to start from again."""
    since = (until - dt.timedelta(days=DAYS + 10)).date()
    say("· Opening Sens Pratique: sites, catalogue, people")
    house = open_house(
        name="Sens Pratique",
        slug="sens-pratique",
        hosts=["localhost", "127.0.0.1"],
        email="bonjour@sens-pratique.example",
        sites=data.SITES,
    )
    _set_up_invoicing(house, "831207469", "Sens Pratique")
    staff = hire_staff(house)
    people = welcome_trainees(house, staff[Role.SUPERVISOR], since)
    accompany(house, people, staff[Role.SOCIAL_ADVISER])
    sign_providers(house, since)
    say("· Living through the last month: requests, offers, work, invoices")
    live(Month(house, people, until))
    sell_baskets(house, until=until)
    plan_vegetables(house)
    with tenancy.working_for(house.organisation):
        ask_for_quotes(house, now=until)
        wait_for_earlier(house, now=until)
        weigh_laundry(house, now=until)
        answer_otherwise(house, now=until)
        leave_calls_to_make(house)
        welcome_partners(house, now=until)
        plan_the_weeks(house, by=house.by, now=until)
    say_goodbye(house, staff[Role.SUPERVISOR], since)
    render_pending_documents()
    render_pending_quotes()
    with tenancy.working_for(house.organisation):
        settle(house)
        suppress_queued(house.organisation, by=house.by)
    say("· Opening a second organisation, to show that they never meet")
    other = open_house(
        name="Le Coup de main",
        slug="le-coup-de-main",
        hosts=[data.OTHER_HOST],
        email="bonjour@coup-de-main.example",
        sites=(data.OTHER_SITE,),
    )
    _set_up_invoicing(other, "842915307", "Le Coup de main")
    plan_vegetables(other)


def _set_up_invoicing(house: House, stem: str, name: str) -> None:
    site = house.sites[0]
    number = siret(stem)
    with tenancy.working_for(house.organisation):
        set_up_issuer(
            by=house.by,
            name=name,
            legal_form="SARL",
            capital="20 000 €",
            street=site.street,
            postcode=site.postcode,
            city=site.city,
            siren=number[:9],
            siret=number,
            rcs=f"RCS Dijon {number[:3]} {number[3:6]} {number[6:9]}",
            vat_number=f"FR{(12 + 3 * (int(number[:9]) % 97)) % 97:02d}{number[:9]}",
            email=house.organisation.email,
            phone=house.organisation.phone,
            iban="FR7630006000011234567890189",
            bic="AGRIFRPP",
            payment_terms_fr="Paiement par virement ou au guichet, à 30 jours.",
            payment_terms_en="Payment by transfer or at the desk, within 30 days.",
        )
