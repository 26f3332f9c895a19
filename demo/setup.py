"""Opens the two demonstration organisations: sites, catalogue, people. Everything goes through the actions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from stdnum import luhn

from bookings.actions import catalogue, tariffs
from bookings.actions.vat import set_vat_rate
from bookings.enums import AccountKind, Place, PriceMode
from bookings.models import ClientAccount, Service
from concierge import actions, tenancy
from concierge.errors import NotAllowed
from concierge.models import Organisation, Site, User
from concierge.tenancy import Actor, system_actor
from demo import data
from demo.people import Account

POSTCODES = ("21000", "21240", "21121", "21300", "21600", "21800", "21850", "21160", "21370")


@dataclass(frozen=True)
class House:
    """One organisation of the demonstration."""

    organisation: Organisation
    sites: tuple[Site, ...]
    services: dict[str, Service]
    accounts: tuple[ClientAccount, ...]
    by: Actor


def refuse_in_production() -> None:
    """Demonstration accounts have published passwords (S44). Raises ``NotAllowed``."""
    if not settings.DEMO_ALLOWED:
        raise NotAllowed("Demonstration data are only for development.")


def siret(stem: str) -> str:
    """A SIRET with right check digits from a SIREN stem: its first eight digits and ``0001`` for the establishment."""
    siren = stem[:8] + luhn.calc_check_digit(stem[:8])
    return siren + "0001" + luhn.calc_check_digit(siren + "0001")


def person(email: str, first_name: str, last_name: str) -> User:
    """An account with the published password and a verified e-mail; roles come from the apps."""
    user = User.objects.create_user(email, data.PASSWORD, first_name=first_name, last_name=last_name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def hire(organisation: Organisation, one: Account, by: Actor) -> User:
    """A member of the staff, with the published TOTP secret."""
    user = person(one.email, one.first_name, one.last_name)
    actions.give_role(user.email, role=one.role, organisation=organisation, by=by)
    TOTP.activate(user, data.TOTP_SECRET)
    return user


def open_house(*, name: str, slug: str, hosts: list[str], email: str, sites: tuple[data.SiteData, ...]) -> House:
    """An organisation with its sites, hours, catalogue and payers."""
    organisation = actions.open_organisation(name=name, slug=slug, hosts=hosts, email=email, phone="03 80 00 00 00")
    with tenancy.working_for(organisation):
        by = system_actor(organisation, name)
        opened = tuple(_open_site(organisation, site, by) for site in sites)
        services = _fill_catalogue(organisation, opened, by)
        accounts = tuple(
            catalogue.open_client_account(
                organisation,
                name=company,
                siren=siret(siren)[:9],
                email_domain=domain,
                kind=AccountKind(kind),
                email=f"comptabilite@{domain}",
                street="1 rue de la Liberté",
                postcode="21000",
                city="Dijon",
                by=by,
            )
            for company, siren, domain, kind in data.COMPANIES
        )
    return House(organisation, opened, services, accounts, by)


def _open_site(organisation: Organisation, site: data.SiteData, by: Actor) -> Site:
    opened = actions.add_site(
        organisation,
        name=site.name,
        slug=site.slug,
        street=site.street,
        postcode=site.postcode,
        city=site.city,
        latitude=site.latitude,
        longitude=site.longitude,
        directions=site.directions,
        phone="03 80 00 00 00",
        by=by,
    )
    catalogue.set_opening(
        opened, [(day, dt.time.fromisoformat(a), dt.time.fromisoformat(b)) for day, a, b in site.hours], by=by
    )
    catalogue.set_slots(opened, place=Place.DESK, minutes=30, capacity=3, by=by)
    catalogue.set_slots(opened, place=Place.HOME, minutes=60, capacity=2, by=by)
    catalogue.serve_postcodes(opened, POSTCODES, by=by)
    return opened


def _fill_catalogue(organisation: Organisation, sites: tuple[Site, ...], by: Actor) -> dict[str, Service]:
    for code, rate, law_ref in data.VAT:
        set_vat_rate(
            organisation, code=code, rate=Decimal(rate), valid_from=dt.date(2014, 1, 1), law_ref=law_ref, by=by
        )
    categories = {
        code: catalogue.add_category(
            organisation, code=code, name=name, name_en=name_en, pictogram=pictogram, position=position, by=by
        )
        for position, (code, name, name_en, pictogram) in enumerate(data.CATEGORIES)
    }
    services = {}
    for position, one in enumerate(data.SERVICES):
        category = categories[one.category]
        service = catalogue.add_service(
            category,
            by=by,
            items=[(name, name_en, Decimal(price)) for name, name_en, price in one.items],
            options=[(name, name_en, Decimal(price)) for name, name_en, price in one.options],
            code=one.code,
            name=one.name,
            name_en=one.name_en,
            description=one.text,
            description_en=one.text_en,
            pictogram=category.pictogram,
            execution=one.execution,
            place=one.place,
            duration_minutes=one.minutes,
            turnaround_hours=one.turnaround,
            skill_code=one.skill,
            vat_code=one.vat,
            position=position,
            price_mode=one.mode or (PriceMode.FIXED if one.price else PriceMode.PER_ITEM),
            unit=one.unit,
            quantity_step=Decimal(one.step),
            sap_eligible=one.sap,
            unit_price=Decimal(one.price) if one.price else None,
        )
        for site in sites:
            catalogue.offer_service_at(site, service, lead_time_hours=1, by=by, **data.TERMS.get(one.code, {}))
        for supplement in data.SUPPLEMENTS.get(one.code, ()):
            tariffs.add_supplement(service, by=by, **supplement)
        services[one.code] = service
    return services
