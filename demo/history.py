"""A month of life of a house, played by the actions at the time when each thing happened. Deterministic: one seed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import time_machine
from django.utils import timezone

from billing.actions.invoices import NothingToInvoice, invoice_request
from bookings.actions.booking import submit_request
from bookings.actions.clients import ClientDetails, accounts_for
from bookings.actions.holds import hold_slot
from bookings.actions.requests import close_request
from bookings.actions.work_orders import complete_work_order, start_work_order, verify_work_order
from bookings.enums import Leg, Place, PriceMode, RequestStatus, WorkOrderStatus
from bookings.models import Service, ServiceRequest, WorkOrder, calendar
from bookings.rules.prices import WHOLE, Wish
from concierge import deadlines, events, tenancy
from concierge.tenancy import Actor
from demo import data
from demo.hours import end_of_day, end_of_month, fall_ill
from demo.setup import House
from providers.actions.offers import accept_offer, decline_offer
from providers.enums import DeclineReason, OfferStatus
from providers.models import Offer, Provider
from workers.actions import dispatch, work
from workers.actions.candidates import candidates
from workers.actions.learning import answer_situation
from workers.enums import QUESTIONS, AssignmentStatus, Face
from workers.models import Assignment, LearningSituation, Trainee
from workers.models.plan import team_day
from workers.rules.candidates import WARNINGS

ZONE = ZoneInfo("Europe/Paris")
DAYS = 30
# Requests a day, so that boards and lists look like a week of a small desk.
PER_DAY = (1, 2, 2, 3)
# Half of what was finished in the last days waits for its supervisor.
TO_LOOK_AT = dt.timedelta(days=3)

# What clients say of how to get in, when somebody comes.
WAYS_IN = (
    "Code de la porte : 14A62. Deuxième étage, porte de gauche.",
    "Sonner « Chabot ». Le chien est gentil, ne pas le laisser sortir.",
    "Clé chez la gardienne, au rez-de-chaussée, jusqu’à 12 h.",
)


@dataclass
class Month:
    """What the player needs to know while the month goes by."""

    house: House
    people: Sequence[Trainee]
    until: dt.datetime
    chance: random.Random = field(default_factory=lambda: random.Random(2026))  # noqa: S311 - has to repeat itself
    requests: list[ServiceRequest] = field(default_factory=list)

    @property
    def by(self) -> Actor:
        """Who books and checks in the story: the desk."""
        return self.house.by


def settle(house: House) -> None:
    """What worker and beat do: handle the news and fire what is due, at the present moment of the story."""
    while events.dispatch(house.organisation.pk) + deadlines.sweep(house.organisation.pk):
        pass


def live(month: Month) -> None:
    """Play the last thirty days up to ``month.until``; the latest requests are left unfinished, as on any morning."""
    until = month.until
    with tenancy.working_for(month.house.organisation):
        fall_ill(month.people, until=until)
        for back in range(DAYS, -1, -1):
            day = (until - dt.timedelta(days=back)).astimezone(ZONE).date()
            if day.weekday() > 4:
                continue
            for number in range(month.chance.choice(PER_DAY)):
                moment = dt.datetime.combine(day, dt.time(8, 10), tzinfo=ZONE) + dt.timedelta(minutes=47 * number)
                if moment < until:
                    _book(month, moment)
            _work_day(month, day, until)
        end_of_month(month.people, until=until)


def _book(month: Month, moment: dt.datetime) -> None:
    house, chance = month.house, month.chance
    site = chance.choice(house.sites)
    name = chance.choice(data.CLIENTS)
    wanted = _choose(month)
    with time_machine.travel(moment, tick=False):
        wishes = [wish_of(service, chance) for service in wanted]
        minutes = calendar.minutes_of(wanted, wishes)
        free = calendar.slots_left(site, wanted[0].place, now=timezone.now(), days=7, services=wanted, minutes=minutes)
        if not free:
            return
        client = _details(name, chance)
        if wanted[0].place == Place.HOME:
            client = replace(client, access_note=WAYS_IN[data.CLIENTS.index(name) % len(WAYS_IN)])
        hold = hold_slot(
            site,
            wanted[0].place,
            free[min(chance.randrange(4), len(free) - 1)].starts_at,
            token=f"demo-{moment:%Y%m%d%H%M}-{site.slug}",
            by=month.by,
            services=wanted,
            minutes=minutes,
        )
        request = submit_request(
            site,
            client=client,
            wishes=wishes,
            hold=hold,
            by=month.by,
            payer=accounts_for(house.organisation, client.email).first(),
        )
        month.requests.append(request)
        settle(house)


def _choose(month: Month) -> list[Service]:
    """One or two services that meet the client at the same place."""
    services = [one for one in month.house.services.values() if one.price_mode != PriceMode.ON_QUOTE]
    first = month.chance.choice(services)
    second = month.chance.choice([one for one in services if one.place == first.place])
    return [first] if second == first or month.chance.random() < 0.6 else [first, second]


def _details(name: str, chance: random.Random) -> ClientDetails:
    first, _space, last = name.partition(" ")
    position = data.CLIENTS.index(name)
    domain = data.COMPANIES[position % 2][2] if position % 3 == 0 else "courriel.example"
    mail = f"{first}.{last}@{domain}".lower().translate(str.maketrans("éèêëàâîïôùûç", "eeeeaaiiouuc"))
    return ClientDetails(
        first_name=first,
        last_name=last,
        email=mail,
        phone=f"06123456{position:02d}",
        street=f"{position + 1} rue Chabot-Charny",
        postcode="21000",
        city="Dijon",
        language="en" if position % 15 == 7 else "fr",
    )


def wish_of(service: Service, chance: random.Random) -> Wish:
    """Some of what a service offers."""
    items = list(service.price_items.all())
    quantities: dict[str, int | Decimal] = {WHOLE: 1}
    if items:
        quantities = {str(chance.choice(items).public_id): chance.randint(1, 4)}
    elif service.price_mode == PriceMode.PER_UNIT:
        quantities = {WHOLE: chance.randint(20, 120) * service.quantity_step}
    options = [str(option.public_id) for option in service.options.all() if chance.random() < 0.25]
    return Wish(service=str(service.public_id), quantities=quantities, options=frozenset(options))


def _work_day(month: Month, day: dt.date, until: dt.datetime) -> None:
    """Answers of providers, planning, work, checks and hand-overs of one day, in this order."""
    for hour, step in ((11, _answer_offers), (12, _plan), (15, _do), (17, _check), (18, _hand_over)):
        moment = dt.datetime.combine(day, dt.time(hour, 30), tzinfo=ZONE)
        if moment >= until:
            return
        with time_machine.travel(moment, tick=False):
            step(month)
            settle(month.house)
    with time_machine.travel(dt.datetime.combine(day, dt.time(19), tzinfo=ZONE), tick=False):
        end_of_day(month.people, day, until=until)


def _provider_actor(month: Month, provider: Provider) -> Actor:
    return Actor(
        kind="link", organisation=month.house.organisation, label=provider.name, provider_id=provider.pk, channel="link"
    )


def _answer_offers(month: Month) -> None:
    offers = Offer.objects.filter(status=OfferStatus.SENT, due_at__gt=timezone.now()).order_by("work_order_id", "pk")
    for offer in offers.select_related("provider"):
        current = Offer.objects.get(pk=offer.pk)
        if current.status != OfferStatus.SENT:
            continue
        actor = _provider_actor(month, offer.provider)
        if month.chance.random() < 0.7:
            accept_offer(current, by=actor)
        elif month.chance.random() < 0.5:
            decline_offer(current, reason=DeclineReason.TOO_BUSY, by=actor)


def _plan(month: Month) -> None:
    tomorrow = timezone.now().astimezone(ZONE).date() + dt.timedelta(days=1)
    while tomorrow.weekday() > 4:
        tomorrow += dt.timedelta(days=1)
    waiting = WorkOrder.objects.for_team_now().filter(promised_start__date__lte=tomorrow)
    carried = Assignment.objects.occupying().carrying().values("work_order")
    for work_order in waiting.exclude(pk__in=carried).select_related("service", "site").order_by("promised_end", "pk"):
        team = team_day(Trainee.objects.active().filter(site=work_order.site), tomorrow, ZONE)
        fits = [one for one in candidates(work_order, team, now=timezone.now()) if one.verdict.is_possible]
        if not fits:
            continue
        best = fits[0]
        assignment = dispatch.assign_work_order(
            work_order, best.trainee, starts_at=best.starts_at, by=month.by, accepted_warnings=WARNINGS
        )
        work.acknowledge(assignment, by=month.by)


def _do(month: Month) -> None:
    now = timezone.now()
    for carried in (
        Assignment.objects.occupying().carrying().filter(planned_end__lte=now).order_by("planned_start", "pk")
    ):
        work.start_assignment(carried, by=month.by, act_at=carried.planned_start)
        work.finish_assignment(carried, by=month.by, act_at=carried.planned_end)
    for order in WorkOrder.objects.filter(status__in=[WorkOrderStatus.BOOKED, WorkOrderStatus.SCHEDULED]).order_by(
        "pk"
    ):
        if order.awaits_collection:
            continue
        assignment = order.assignments.holding().filter(leg=Leg.WORK).order_by("pk").first()
        if assignment is not None:
            if assignment.planned_end <= now:
                work.start_assignment(assignment, by=month.by, act_at=assignment.planned_start)
                done = work.finish_assignment(assignment, by=month.by, act_at=assignment.planned_end)
                _say_how_it_went(month, done)
        elif order.promised_start <= now and month.chance.random() < 0.8:
            actor = _provider_actor(month, Provider.objects.get(pk=order.performer_id or 0))
            start_work_order(order, by=actor, act_at=now - dt.timedelta(hours=4))
            complete_work_order(order, by=actor)


def _say_how_it_went(month: Month, done: Assignment) -> None:
    """Most people answer with faces, most of them happy ones."""
    if not LearningSituation.objects.filter(assignment=done).exists() or done.pk % 4 == 3:
        return
    faces = (Face.NEUTRAL if done.pk % 3 == 0 else Face.HAPPY, Face.NEUTRAL if done.pk % 2 else Face.HAPPY, Face.HAPPY)
    answer_situation(done, answers=dict(zip(QUESTIONS, faces, strict=True)), by=month.by)


def _check(month: Month) -> None:
    for carried in Assignment.objects.filter(status=AssignmentStatus.DONE).carrying().order_by("pk"):
        work.validate_assignment(carried, by=_supervisor_actor(month, carried.trainee))
    for order in WorkOrder.objects.filter(status=WorkOrderStatus.COMPLETED).order_by("pk"):
        if order.leg_now == Leg.RETURN:
            continue
        assignment = (
            order.assignments.holding()
            .filter(leg=Leg.WORK)
            .select_related("trainee__supervisor")
            .order_by("pk")
            .first()
        )
        if assignment is None:
            verify_work_order(order, by=month.by)
        elif timezone.now() < month.until - TO_LOOK_AT or order.pk % 2:
            work.validate_assignment(assignment, by=_supervisor_actor(month, assignment.trainee))


def _supervisor_actor(month: Month, trainee: Trainee) -> Actor:
    user = trainee.supervisor
    return Actor(
        kind="user",
        organisation=month.house.organisation,
        label=str(user),
        user=user,
        roles={"supervisor": frozenset()},
    )


def _hand_over(month: Month) -> None:
    for request in ServiceRequest.objects.filter(status=RequestStatus.FULFILLED).order_by("pk"):
        if month.chance.random() < 0.8:
            close_request(request, by=month.by)
            try:
                invoice_request(request, by=month.by)
            except NothingToInvoice:
                continue
