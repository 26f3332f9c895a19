"""Collected by the own team, done by a provider: brought there before it starts, fetched when it is done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from bookings.actions.work_orders import (
    NotBroughtYet,
    bring_back,
    bring_to_provider,
    cancel_work_order,
    complete_work_order,
    reject_quality,
    release_work_order,
    start_work_order,
    verify_work_order,
)
from bookings.enums import Execution, Leg, PriceMode, WorkOrderStatus
from bookings.models import Service, ServiceAtSite, WorkOrder
from bookings.views.words import history, step_words
from concierge import events
from concierge.errors import WrongState
from concierge.models import Event
from notifications.actions.writing import NotNeeded, write
from notifications.models import Message
from providers.actions.agreements import agree_service
from providers.actions.offers import accept_offer, take_job_back
from providers.actions.rounds import start_round
from providers.models import Offer, Provider
from tests.conftest import settle
from tests.providers.conftest import acting_for, add_provider
from tests.providers.test_api import api_of, refused
from tests.providers.test_link_page import Phone, text_of
from tests.workers.conftest import NOW, Team, at
from workers.actions.dispatch import assign_work_order, move_assignment, unassign
from workers.actions.refusals import WorkOrderTaken
from workers.actions.work import decline, finish_assignment, send_back, start_assignment, validate_assignment
from workers.enums import DeclineReason, SendBackReason
from workers.models import Assignment
from workers.rules.candidates import WARNINGS

BOARD, DAY = "/affectations/", "/ma-journee/"


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cleaner(team: Team) -> Provider:
    """A dry cleaner, and the service it does for what our team brings."""
    world = team.world
    cleaning = Service.objects.create(
        organisation=world.organisation,
        category=world.ironing.category,
        code="pressing",
        name="Nettoyage à sec",
        name_en="Dry cleaning",
        pictogram="dry-cleaning",
        price_mode=PriceMode.FIXED,
        unit_price=Decimal("15.00"),
        execution=Execution.COLLECTED_PROVIDER,
        duration_minutes=30,
        turnaround_hours=96,
    )
    ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=cleaning)
    provider = add_provider(world, name="Pressing du Bourg", street="12 rue du Bourg")
    agree_service(provider, cleaning, valid_from=dt.date(2026, 1, 1), by=world.actor())
    return provider


@pytest.fixture
def order(team: Team, cleaner: Provider) -> WorkOrder:
    """Accepted by the cleaner, left at our desk."""
    service = Service.objects.get(code="pressing")
    work_order = team.world.request(service, promised_start=at(9)).work_orders.get()
    start_round(work_order, by=team.world.actor())
    accept_offer(Offer.objects.with_need().get(), by=acting_for(cleaner))
    settle(team.world.organisation)
    return fresh(work_order)


def fresh(work_order: WorkOrder) -> WorkOrder:
    return WorkOrder.objects.select_related("service", "site", "request").get(pk=work_order.pk)


def give(team: Team, work_order: WorkOrder, hour: int = 9, trainee: Any = None) -> Assignment:
    return assign_work_order(
        fresh(work_order), trainee or team.amina, starts_at=at(hour), by=team.dispatcher, accepted_warnings=WARNINGS
    )


def carry(team: Team, work_order: WorkOrder) -> Assignment:
    """Given, brought (or fetched) and finished by Amina."""
    card = give(team, work_order, 9 if fresh(work_order).leg_now == Leg.COLLECT else 14)
    by = team.themself(team.amina)
    start_assignment(card, by=by)
    return finish_assignment(card, by=by)


def page(client: Client, address: str, **query: str) -> str:
    text = client.get(address, query).content.decode()
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in text
    return str(text)


def signed_in(team: Team, role: str) -> Client:
    client = Client(headers={"Accept-Language": "fr"})
    client.force_login(team.world.users[role])
    return client


# --- the whole way ----------------------------------------


@pytest.mark.promise("R31")
def test_there_and_back(team: Team, cleaner: Provider, order: WorkOrder) -> None:
    by = acting_for(cleaner)
    assert (order.leg_now, order.performer_address) == (Leg.COLLECT, "12 rue du Bourg, 21000 Dijon")
    assert step_words(order) == "Pressing du Bourg a accepté"
    with pytest.raises(NotBroughtYet):
        start_work_order(order, by=by)
    there = carry(team, order)
    assert (there.leg, fresh(order).status, fresh(order).leg_now) == ("collect", "booked", None)
    assert step_words(fresh(order)) == "Nous l’avons confié à Pressing du Bourg"
    start_work_order(order, by=by)
    assert fresh(order).leg_now is None
    complete_work_order(order, by=by)
    assert (fresh(order).leg_now, step_words(fresh(order))) == (Leg.RETURN, "Terminé, nous allons le chercher")
    back = carry(team, order)
    assert (back.leg, fresh(order).leg_now) == ("return", None)
    assert step_words(fresh(order)) == "Terminé, nous contrôlons le travail"
    for card in (there, back):
        validate_assignment(card, by=team.supervisor)
    assert fresh(order).status == "completed"  # the desk checks the provider's work
    verify_work_order(order, by=team.dispatcher)
    told = history(order.request, [fresh(order)], events.history(request_id=order.request.public_id))
    assert [line.title.removeprefix("Nettoyage à sec\xa0: ") for line in told] == [
        "accepté par un artisan local",
        "en route vers l’artisan",
        "le travail a commencé",
        "le travail est terminé",
        "de retour à la conciergerie",
        "contrôlé, tout va bien",
        "Tout est prêt",
    ]
    whoever = list(Event.objects.filter(name__in=["work_order.on_its_way", "work_order.collected"]).order_by("pk"))
    assert [event.actor for event in whoever] == [team.themself(team.amina).reference] * 2


def test_what_our_team_has_to_do_is_the_same_for_python_and_postgres(team: Team, order: WorkOrder) -> None:
    """``leg_now`` and ``for_team_now`` in every state there is."""
    ironing = team.work()
    for status in WorkOrderStatus.values:
        for collected in (None, NOW):
            for returned in (None, NOW):
                if returned and not collected:
                    continue
                changes = {"collected_at": collected, "returned_at": returned}
                WorkOrder.objects.filter(pk=order.pk).update(status=status, started_at=NOW, **changes)
                found = WorkOrder.objects.for_team_now().filter(pk=order.pk).exists()
                assert found == (fresh(order).leg_now is not None), (status, changes)
        if status in {"ready", "offering", "needs_dispatch", "cancelled", "failed"}:
            WorkOrder.objects.filter(pk=ironing.pk).update(status=status)
            found = WorkOrder.objects.for_team_now().filter(pk=ironing.pk).exists()
            assert found == (fresh(ironing).leg_now is not None)


def test_postgres_refuses_what_comes_back_before_it_went(order: WorkOrder) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkOrder.objects.filter(pk=order.pk).update(returned_at=NOW)
    with pytest.raises(WrongState):
        bring_back(order, by=acting_for(Provider.objects.get()))


# --- the dispatcher, the person, the supervisor ----------------------------------------


@pytest.mark.promise("R14")
def test_the_board_shows_it_as_work_of_the_team(team: Team, order: WorkOrder) -> None:
    dispatcher = signed_in(team, "dispatcher")
    assert "Porter chez Pressing du Bourg\xa0: Nettoyage à sec" in page(dispatcher, BOARD)
    panel = page(dispatcher, BOARD, work=str(order.public_id))
    assert "Qui peut s’en charger" in panel or "Confier à Amina" in panel
    data = {"trainee": str(team.amina.public_id), "starts_at": at(9).isoformat(), "day": "2026-11-23"}
    sent = dispatcher.post(reverse("workers:assign", args=[order.public_id]), {**data, "accept": sorted(WARNINGS)})
    assert sent.status_code == 302
    card = Assignment.objects.get()
    assert (card.leg, card.trainee, fresh(order).status) == ("collect", team.amina, "booked")
    text = page(dispatcher, BOARD)
    assert text.count("Porter chez Pressing du Bourg") >= 1
    assert f"work={order.public_id}" not in text
    assert dispatcher.post(reverse("workers:unassign", args=[card.public_id]), {"version": 1}).status_code == 302
    assert fresh(order).status == "booked"
    assert f"work={order.public_id}" in page(dispatcher, BOARD)


def test_the_card_says_where_to_fetch_and_where_to_bring(team: Team, cleaner: Provider, order: WorkOrder) -> None:
    phone = signed_in(team, "trainee")
    card = give(team, order)
    text = page(phone, DAY)
    assert "Porter chez Pressing du Bourg" in text
    assert (
        "À prendre\xa0: Conciergerie République. À porter\xa0: Pressing du Bourg, 12 rue du Bourg, 21000 Dijon" in text
    )
    assert "query=12+rue+du+Bourg" in text
    for step in ("commencer", "terminer"):
        assert phone.post(f"{DAY}{card.public_id}/{step}/").status_code == 302
    assert fresh(order).collected_at == NOW
    start_work_order(order, by=acting_for(cleaner))
    complete_work_order(order, by=acting_for(cleaner))
    give(team, order, 14)
    text = page(phone, DAY)
    assert "Chercher chez Pressing du Bourg" in text
    assert "À prendre\xa0: Pressing du Bourg, 12 rue du Bourg, 21000 Dijon. À porter\xa0: Conciergerie" in text


def test_it_is_carried_by_one_person_and_can_change_hands(team: Team, order: WorkOrder) -> None:
    card = give(team, order)
    with pytest.raises(WorkOrderTaken) as refusal:
        give(team, order, 11, team.bilal)
    assert "Amina" in str(refusal.value)
    moved = move_assignment(card, trainee=team.bilal, by=team.dispatcher, accepted_warnings=WARNINGS)
    assert (moved.leg, moved.trainee, Assignment.objects.occupying().count()) == ("collect", team.bilal, 1)
    again = move_assignment(moved, starts_at=at(11), by=team.dispatcher, accepted_warnings=WARNINGS)
    assert (again.planned_start, fresh(order).planned_start) == (at(11), None)
    decline(again, reason=DeclineReason.NOT_AVAILABLE, by=team.themself(team.bilal))
    assert (fresh(order).status, fresh(order).leg_now) == ("booked", Leg.COLLECT)
    unassign(give(team, order), by=team.dispatcher)
    assert not Assignment.objects.occupying().exists()


def test_the_supervisor_checks_the_person_not_the_provider(team: Team, order: WorkOrder) -> None:
    done = carry(team, order)
    checks = signed_in(team, "supervisor")
    text = page(checks, "/affectations/a-valider/")
    assert "Porter chez Pressing du Bourg" in text
    assert "a-refaire" not in text
    with pytest.raises(WrongState):
        send_back(done, reason=SendBackReason.QUALITY, by=team.supervisor)
    assert checks.post(reverse("workers:validate", args=[done.public_id])).status_code == 302
    assert Assignment.objects.get().status == "validated"
    assert fresh(order).status == "booked"


# --- the provider ----------------------------------------


@pytest.mark.promise("R31")
def test_the_provider_cannot_start_before_and_is_told(team: Team, cleaner: Provider, order: WorkOrder) -> None:
    api, phone = api_of(cleaner), Phone(Offer.objects.with_need().get()).unlock()
    path = f"/api/v1/work-orders/{order.public_id}"
    assert api.get(path).json()["collected_at"] is None
    words = "Nous ne vous avons pas encore apporté ce travail. Nous vous prévenons quand il est en route."
    refused(api.post(f"{path}/start"), 409, "not_brought_yet", words)
    body = text_of(phone.get())
    assert "Notre équipe vous l’apporte." in body
    assert "commencer/" not in body
    assert phone.post("commencer").status_code == 409
    assert fresh(order).started_at is None
    card = give(team, order)
    start_assignment(card, by=team.themself(team.amina))
    settle(team.world.organisation)
    message = Message.objects.get(kind="work_order.on_its_way")
    assert message.address == cleaner.email
    letter = write(message)
    assert letter.subject == f"C’est en route pour le travail {order.reference}"
    for text in (letter.text, letter.html):
        assert "Une personne de notre équipe est en route" in text
    finish_assignment(card, by=team.themself(team.amina))
    with pytest.raises(NotNeeded):
        write(message)
    assert "commencer/" in text_of(phone.get())
    assert api.get(path).json()["collected_at"] is not None
    assert api.post(f"{path}/start").json()["status"] == "in_progress"
    assert api.post(f"{path}/complete").json()["status"] == "completed"
    assert "Notre équipe vient le chercher." in text_of(phone.get())


def test_before_acceptance_the_provider_reads_that_it_is_brought(team: Team, cleaner: Provider) -> None:
    work_order = team.world.request(Service.objects.get(code="pressing"), promised_start=at(9)).work_orders.get()
    start_round(work_order, by=team.world.actor())
    assert "Nous vous l’apportons et venons le chercher" in text_of(Phone(Offer.objects.with_need().get()).get())


# --- when it goes otherwise ----------------------------------------


@pytest.mark.parametrize("begun", [False, True])
def test_the_provider_gives_it_back(team: Team, cleaner: Provider, order: WorkOrder, begun: bool) -> None:
    card = give(team, order)
    if begun:
        start_assignment(card, by=team.themself(team.amina))
    release_work_order(order, reason="ill", by=acting_for(cleaner))
    settle(team.world.organisation)
    assert Assignment.objects.get().status == "cancelled"
    assert fresh(order).leg_now is None
    assert fresh(order).performer_address == ""


def test_taken_back_by_staff_it_is_carried_again_to_the_next(team: Team, cleaner: Provider, order: WorkOrder) -> None:
    carry(team, order)
    take_job_back(order, by=team.dispatcher)
    settle(team.world.organisation)
    assert (fresh(order).collected_at, fresh(order).leg_now) == (None, None)
    other = add_provider(team.world, name="Autre pressing")
    agree_service(other, order.service, valid_from=dt.date(2026, 1, 1), by=team.world.actor())
    start_round(fresh(order), by=team.dispatcher)
    accept_offer(Offer.objects.open().get(provider=other), by=acting_for(other))
    assert fresh(order).leg_now == Leg.COLLECT
    assert carry(team, order).status == "done"


def test_not_good_enough_it_goes_there_again(team: Team, cleaner: Provider, order: WorkOrder) -> None:
    carry(team, order)
    start_work_order(order, by=acting_for(cleaner))
    complete_work_order(order, by=acting_for(cleaner))
    carry(team, order)
    reject_quality(order, reason="quality", by=team.dispatcher)
    settle(team.world.organisation)
    assert fresh(order).leg_now == Leg.COLLECT
    with pytest.raises(NotBroughtYet):
        start_work_order(order, by=acting_for(cleaner))
    assert [card.status for card in Assignment.objects.order_by("pk")] == ["done", "done"]
    card = assign_work_order(fresh(order), team.amina, starts_at=at(16), by=team.dispatcher, accepted_warnings=WARNINGS)
    assert card.leg == "collect"


def test_cancelled_nobody_carries_it(team: Team, order: WorkOrder) -> None:
    give(team, order)
    cancel_work_order(order, reason="by_client", by=team.dispatcher)
    settle(team.world.organisation)
    assert Assignment.objects.get().status == "cancelled"


@pytest.mark.promise("S06")
def test_the_desk_says_that_it_was_carried_otherwise(team: Team, cleaner: Provider, order: WorkOrder) -> None:
    """A concierge went there, the cleaner came here: nobody of the team has to go any more."""
    desk, address = signed_in(team, "concierge"), f"/demandes/travaux/{order.public_id}/"
    give(team, order)
    assert "apporte/" in page(desk, f"/demandes/{order.request.public_id}/")
    for role, status in (("supervisor", 403), ("accountant", 403), ("trainee", 403)):
        assert signed_in(team, role).post(f"{address}apporte/").status_code == status
    assert desk.post(f"{address}rapporte/").status_code == 409
    assert desk.post(f"{address}apporte/").status_code == 302
    settle(team.world.organisation)
    assert Assignment.objects.get().status == "cancelled"
    assert desk.post(f"{address}apporte/").status_code == 409
    start_work_order(order, by=acting_for(cleaner))
    complete_work_order(order, by=acting_for(cleaner))
    assert "rapporte/" in page(desk, f"/demandes/{order.request.public_id}/")
    give(team, order, 14)
    assert desk.post(f"{address}rapporte/").status_code == 302
    settle(team.world.organisation)
    assert not Assignment.objects.occupying().exists()
    assert Event.objects.get(name="work_order.returned").actor == f"user:{team.world.users['concierge'].public_id}"


def test_checked_at_the_desk_it_is_here(team: Team, cleaner: Provider, order: WorkOrder) -> None:
    bring_to_provider(order, by=team.dispatcher)
    start_work_order(order, by=acting_for(cleaner))
    complete_work_order(order, by=acting_for(cleaner))
    give(team, order, 14)
    verify_work_order(order, by=team.dispatcher)
    settle(team.world.organisation)
    assert Assignment.objects.get().status == "cancelled"
