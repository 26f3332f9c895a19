"""A weekly vegetable basket: last week's hand-out, next week's orders, and somebody who takes one every week."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import time_machine
from django.utils import timezone

from bookings.actions import catalogue, hand_outs, plans, pre_orders, recurrences
from bookings.actions.clients import ClientDetails, find_or_create_client
from bookings.enums import Execution, NoShowPolicy, PriceMode, RunStatus
from bookings.models import PreOrder, PreOrderPlan, PreOrderRun, Service, ServiceCategory
from bookings.rules.prices import Wish
from concierge import tenancy
from demo.history import settle
from demo.setup import House

NAMES = ("Nadia Ferrand", "Hugo Petitjean", "Solène Mercier", "Yanis Boulay", "Odile Garnier")


def sell_baskets(house: House, *, until: dt.datetime) -> None:
    """Open the plan nine days ago, live through its first hand-out, then take orders for the next."""
    with tenancy.working_for(house.organisation):
        with time_machine.travel(until - dt.timedelta(days=9), tick=False):
            service = _service(house)
            plan = _plan(house, service)
            first = _run(plan)
            for number, name in enumerate(NAMES):
                _order(house, first, service, name, big=number % 2)
        _hand_out(house, first, until)
        coming = _run(plan)
        for name in NAMES[:3]:
            _order(house, coming, service, name, big=1)
        _subscribe(house, plan, service)
        settle(house)


def plan_vegetables(house: House) -> None:
    """The vegetables of the catalogue are ordered ahead too, at each site."""
    with tenancy.working_for(house.organisation):
        producer = plans.add_producer(
            house.organisation,
            name="Les Jardins de Bretenière",
            email="commandes@jardins-breteniere.example",
            phone="+33380555217",
            address="9 route de Dijon, 21110 Bretenière",
            by=house.by,
        )
        for site in house.sites:
            plan = PreOrderPlan(
                site=site,
                service=house.services["panier"],
                producer=producer,
                handout_weekday=4,
                handout_opens=dt.time(16),
                handout_closes=dt.time(18),
                cut_off_weekday=1,
                cut_off_time=dt.time(12),
                starts_on=timezone.localdate(),
                capacity=30,
                no_show_policy=NoShowPolicy.KEPT,
            )
            plans.open_plan(plan, by=house.by)
        settle(house)


def _service(house: House) -> Service:
    service = catalogue.add_service(
        ServiceCategory.objects.get(code="paniers"),
        by=house.by,
        items=[("Petit", "Small", Decimal("9.50")), ("Grand", "Big", Decimal("16.00"))],
        options=[],
        code="panier-hebdo",
        name="Panier hebdomadaire",
        name_en="Weekly basket",
        description="Les légumes de la semaine, à commander avant la clôture et à retirer au guichet.",
        description_en="The vegetables of the week: order before the cut-off, fetch at the desk.",
        pictogram="basket",
        execution=Execution.PROVIDER,
        vat_code="reduced",
        position=90,
        price_mode=PriceMode.PER_ITEM,
    )
    catalogue.offer_service_at(house.sites[0], service, lead_time_hours=1, by=house.by)
    return service


def _plan(house: House, service: Service) -> PreOrderPlan:
    producer = plans.add_producer(
        house.organisation,
        name="Les Jardins de l'Ouche",
        email="jardins@ouche.example",
        address="Chemin de la Noue, 21600 Longvic",
        by=house.by,
    )
    plan = PreOrderPlan(
        site=house.sites[0],
        service=service,
        producer=producer,
        handout_weekday=3,
        handout_opens=dt.time(12),
        handout_closes=dt.time(14),
        cut_off_weekday=1,
        cut_off_time=dt.time(12),
        starts_on=timezone.localdate(),
        capacity=40,
        no_show_policy=NoShowPolicy.CHARGED,
    )
    return plans.open_plan(plan, by=house.by)


def _run(plan: PreOrderPlan) -> PreOrderRun:
    coming = PreOrderRun.objects.filter(plan=plan).taking_orders(timezone.now())
    found = coming.select_related("site__organisation", "plan__producer", "plan__site").first()
    if found is None:
        raise LookupError("the plan has no coming hand-out")
    return found


def _order(house: House, run: PreOrderRun, service: Service, name: str, *, big: int) -> None:
    pre_orders.order_ahead(run, client=_details(name), wishes=[_wish(service, big=big)], by=house.by)
    settle(house)


def _wish(service: Service, *, big: int) -> Wish:
    small, large = service.price_items.order_by("position")
    return Wish(str(service.public_id), {str((large if big else small).public_id): 1})


def _details(name: str) -> ClientDetails:
    first, _space, last = name.partition(" ")
    mail = f"{first}.{last}@courriel.example".lower().replace("è", "e")
    return ClientDetails(first_name=first, last_name=last, email=mail, phone=f"06298765{NAMES.index(name):02d}")


def _hand_out(house: House, run: PreOrderRun, until: dt.datetime) -> None:
    """The cut-off, the ticks of the desk and one who did not come, as far as that is past."""
    for moment in (run.orders_close_at, run.handout_starts_at, run.handout_ends_at + dt.timedelta(hours=1)):
        if moment >= until:
            return
        with time_machine.travel(moment + dt.timedelta(minutes=1), tick=False):
            settle(house)
            if moment == run.handout_starts_at:
                for order in PreOrder.objects.filter(run=run, run__status=RunStatus.CLOSED).order_by("pk")[1:]:
                    hand_outs.mark_handed_over(order, by=house.by)


def _subscribe(house: House, plan: PreOrderPlan, service: Service) -> None:
    """Odile takes a big one every week."""
    today = timezone.localdate()
    recurrences.start_recurrence(
        find_or_create_client(house.organisation, _details(NAMES[4])),
        house.sites[0],
        recurrences.Wanted(
            name="Panier du jeudi",
            rule="FREQ=WEEKLY;BYDAY=TH",
            starts_on=today + dt.timedelta(days=(3 - today.weekday()) % 7 or 7),
            at=plan.handout_opens,
            wishes=[_wish(service, big=1)],
        ),
        by=house.by,
    )
