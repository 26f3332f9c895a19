"""The people of the demonstration: staff, trainees, local businesses. Everything goes through the actions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from stdnum.fr import siren

from bookings.enums import ClearanceKind, Execution
from concierge import tenancy
from concierge.days import today_of
from concierge.enums import STAFF_ROLES, Role
from concierge.models import User
from concierge.tenancy import Actor
from demo import contracts, data
from demo.papers import a_paper
from demo.people import ACCOUNTS
from demo.setup import House, hire, person, siret
from providers.actions import agreements, availability, bank, businesses, documents, places, reviews
from providers.actions.agreement_texts import standard_text
from providers.actions.invitations import invite_provider
from providers.actions.signing import send_agreement
from providers.enums import AgreementKind, BankChannel, DocumentKind
from providers.models import Provider
from providers.rules import papers
from providers.rules.agreements import Terms
from providers.rules.hours import Opening
from workers.actions import clearances, people
from workers.actions.leaving import leave_team
from workers.actions.skills import set_goal
from workers.enums import SkillLevel
from workers.enums.exits import Situation
from workers.models import Trainee

# What the house pays of the client's price, VAT included, for work bought from a provider.
BOUGHT_AT = Decimal("0.75")
OPENING = [Opening(day, dt.time(8), dt.time(18, 30)) for day in range(6)]
# Usual weeks by weekly hours: Monday to Thursday from when to when, and Friday; two ways of the same contract, so that
# somebody is there from morning to evening.
_WEEKS: dict[int, tuple[tuple[str, str], ...]] = {
    20: (("8:30-12:30", "8:30-12:30"), ("13:00-17:00", "13:00-17:00")),
    24: (("9:00-12:00 13:00-15:00", "8:30-12:30"), ("10:00-12:30 13:30-16:00", "13:00-17:00")),
    26: (("8:30-12:00 13:00-15:00", "8:30-12:30"), ("10:00-12:30 14:00-17:00", "13:00-17:00")),
    30: (("8:00-12:00 13:00-15:00", "8:00-12:00 13:00-15:00"), ("9:30-12:30 14:00-17:00", "9:30-12:30 14:00-17:00")),
    35: (("8:30-12:00 13:00-16:30", "8:30-12:00 13:00-16:30"), ("9:30-13:00 14:00-17:30", "9:30-13:00 14:00-17:30")),
}


def usual_week(hours: int, number: int) -> list[tuple[int, dt.time, dt.time]]:
    """The usual hours of a person with a contract of so many hours a week: day, start, end."""
    most_days, friday = _WEEKS[hours][number % 2]
    spans = [(day, span.partition("-")) for day in range(5) for span in (friday if day == 4 else most_days).split()]
    return [(day, _time(starts), _time(ends)) for day, (starts, _dash, ends) in spans]


def _time(text: str) -> dt.time:
    hour, _colon, minute = text.partition(":")
    return dt.time(int(hour), int(minute))


def hire_staff(house: House) -> dict[Role, list[User]]:
    """Everybody of ``ACCOUNTS`` with a staff role."""
    found: dict[Role, list[User]] = {}
    with tenancy.working_for(house.organisation):
        for one in ACCOUNTS:
            if one.role in STAFF_ROLES:
                found.setdefault(one.role, []).append(hire(house.organisation, one, house.by))
    return found


def welcome_trainees(house: House, supervisors: list[User], since: dt.date) -> list[Trainee]:
    """Eight trainees over the sites of the house, in two teams."""
    with tenancy.working_for(house.organisation):
        found = [_welcome(house, number, supervisors) for number in range(len(data.TRAINEES))]
        bodies = contracts.open_employers(house, since)
        for number, (trainee, (_first, _last, hours, skills)) in enumerate(zip(found, data.TRAINEES, strict=True)):
            body = bodies[number // 4]
            contracts.sign(house, trainee, body, since=since, hours=hours, trade=skills[0][0])
        return found


def say_goodbye(house: House, supervisors: Sequence[User], since: dt.date) -> None:
    """Somebody who was on the team, with a contract that is over, and has left it since."""
    first_name, last_name, rome_code, level = data.FORMER
    with tenancy.working_for(house.organisation):
        former = people.create_trainee(
            site=house.sites[0], first_name=first_name, last_name=last_name, supervisor=supervisors[0], by=house.by
        )
        people.set_skill(former, rome_code=rome_code, level=SkillLevel(level), by=house.by)
        last_on = min(since + dt.timedelta(days=20), today_of(house.organisation) - dt.timedelta(days=3))
        contracts.sign_ended(former, last_on=last_on, by=house.by)
        leave_team(former, last_on=last_on, situation=Situation.TRAINING, by=house.by)


def _welcome(house: House, number: int, supervisors: list[User]) -> Trainee:
    first_name, last_name, hours, skills = data.TRAINEES[number]
    account = next((one for one in ACCOUNTS if one.role == Role.TRAINEE and one.first_name == first_name), None)
    trainee = people.create_trainee(
        site=house.sites[0 if number < 6 else 1 % len(house.sites)],
        first_name=first_name,
        last_name=last_name,
        supervisor=supervisors[number % len(supervisors)],
        user=person(account.email, first_name, last_name) if account else None,
        prefers_audio=number % 3 == 0,
        by=house.by,
    )
    people.set_availability(trainee, hours=usual_week(hours, number), by=house.by)
    for kind in data.CLEARANCES.get(first_name, ()):
        today = today_of(house.organisation)
        terms = clearances.Terms(today - dt.timedelta(days=40), today + dt.timedelta(days=360))
        clearances.note_clearance(trainee, kind=ClearanceKind(kind), terms=terms, by=house.by)
    for rome_code, level in skills:
        people.set_skill(trainee, rome_code=rome_code, level=SkillLevel(level), by=house.by)
    if goal := data.GOALS.get(first_name):
        rome_code, level = goal
        set_goal(
            trainee,
            rome_code=rome_code,
            wanted_level=SkillLevel(level),
            wanted_by=None,
            today=today_of(house.organisation),
            by=house.by,
        )
    return trainee


def sign_providers(house: House, since: dt.date) -> list[Provider]:
    """A dozen local businesses with papers in order and an agreement for each service."""
    with tenancy.working_for(house.organisation):
        found = [_sign(house, one, since) for one in data.PROVIDERS]
        away = today_of(house.organisation) + dt.timedelta(days=40)
        availability.close_days(
            found[0], first_on=away, last_on=away + dt.timedelta(days=8), reason="Congés", by=house.by
        )
        _where_and_how_much(house, found)
        member = next(one for one in ACCOUNTS if one.role == Role.PROVIDER)
        businesses.add_member(found[0], person(member.email, member.first_name, member.last_name), by=house.by)
        _one_to_sign(house, found[0], data.PROVIDERS[0].services)
        _where_they_are_paid(house, found[0], found[1])
    return found


def _where_they_are_paid(house: House, one: Provider, other: Provider) -> None:
    """One account that waits for its three days, one that waits for a second yes."""
    given = bank.propose_iban(
        one, iban="FR7630006000011234567890189", holder=one.name, channel=BankChannel.SPACE, by=_herself(one)
    )
    bank.confirm_iban(given, channel=BankChannel.CALL, by=house.by)
    bank.propose_iban(
        other, iban="FR1420041010050500013M02606", holder=other.name, channel=BankChannel.PAPER, by=house.by
    )


def _where_and_how_much(house: House, found: Sequence[Provider]) -> None:
    """One works for a single site, another takes only so many jobs of its service, and fewer on Saturdays."""
    places.set_sites(found[2], house.sites[:1], by=house.by)
    cobbling = house.services[data.PROVIDERS[1].services[0]]
    limits = [places.Limit(cobbling, None, 30), places.Limit(None, 5, 20)]
    places.set_capacity(found[1], limits, by=house.by)


def _one_to_sign(house: House, provider: Provider, agreed: Sequence[str]) -> None:
    """A further service that the provider is asked to sign for."""
    service = next(
        one for code, one in house.services.items() if code not in agreed and one.execution == Execution.PROVIDER
    )
    terms = Terms(
        kind=AgreementKind.COMMISSION,
        commission_percent=Decimal(15),
        vat_rate=Decimal(20),
        notice_hours=24,
        cancel_hours=48,
        valid_from=today_of(house.organisation) + dt.timedelta(days=30),
    )
    drafted = agreements.draft_agreement(provider, service, terms, text=standard_text(provider), by=house.by)
    send_agreement(drafted, by=house.by)


def _sign(house: House, one: data.ProviderData, since: dt.date) -> Provider:
    mail = "".join(letter for letter in one.name.lower() if letter.isascii() and letter.isalpha())
    provider = businesses.create_provider(
        house.organisation,
        businesses.ProviderDetails(
            name=one.name,
            siret=siret(one.siren),
            vat_number=f"FR{siren.to_tva(siret(one.siren)[:9])}",
            street=one.street,
            postcode=one.postcode,
            city=one.city,
            latitude=Decimal(one.latitude),
            longitude=Decimal(one.longitude),
            email=f"{mail}@artisans.example" if one.has_email else "",
            phone=one.phone,
            contact_name=one.contact,
            radius_km=int(one.radius),
            daily_capacity=one.capacity,
            charter_signed_on=since,
            has_refashion_label=one.is_labelled,
        ),
        by=house.by,
    )
    availability.set_hours(provider, OPENING, by=house.by)
    for kind in DocumentKind:
        documents.add_document(
            provider,
            kind=kind,
            issued_on=since,
            expires_on=papers.last_possible_day(kind, since) or since + dt.timedelta(days=400),
            reference="DEMO",
            by=house.by,
        )
    if one is data.PROVIDERS[0]:
        guest = {"name": "Atelier Vélo du Port", "email": "velo.du.port@artisans.example"}
        invite_provider(house.organisation, **guest, by=house.by)
        reviews.send_document(
            provider, kind=DocumentKind.INSURANCE, file=a_paper(), reference="RC-2027", by=_herself(provider)
        )
    for code in one.services:
        service = house.services[code]
        prices = [item.unit_price for item in service.price_items.all()] or [service.unit_price or Decimal(0)]
        agreements.agree_service(
            provider,
            service,
            purchase_price=(min(prices) * BOUGHT_AT).quantize(Decimal("0.01")),
            valid_from=since,
            by=house.by,
        )
    return provider


def _herself(provider: Provider) -> Actor:
    """The provider, in its own space."""
    return Actor(kind="user", organisation=provider.organisation, label=provider.name, provider_id=provider.pk)
