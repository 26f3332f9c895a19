"""The life of an offer, from the first wave to a yes, to nobody left, or to a cancelled job."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bookings.actions.work_orders import book_work_order, cancel_work_order, fail_work_order, release_work_order
from bookings.enums import PerformerKind, WorkOrderStatus
from bookings.models import WorkOrder
from concierge import events
from concierge.errors import DomainError, Invalid, WrongState
from concierge.models import Deadline, Event
from providers.actions.businesses import set_active
from providers.actions.offers import accept_offer, decline_offer, expire_offer, resend_offer
from providers.actions.policies import set_offer_policy
from providers.actions.refusals import OfferAnswered, OfferExpired, OfferTaken, OfferWithdrawn
from providers.actions.rounds import offer_directly, start_round, withdraw_offers
from providers.enums import DeclineReason, OfferStatus, RoundStatus
from providers.models import AccessLink, ConsideredProvider, Offer, OfferRound, Provider
from providers.models.links import MAX_CODE_TRIES
from tests.conftest import settle
from tests.providers.conftest import MONDAY, PARIS, acting_for, add_provider
from tests.world import World


def statuses() -> list[str]:
    return [str(status) for status in Offer.objects.order_by("pk").values_list("status", flat=True)]


def names(prefix: str = "offer.") -> list[str]:
    found = Event.objects.filter(name__startswith=prefix).order_by("pk")
    return list(found.values_list("name", flat=True))


def status_of(work_order: WorkOrder) -> str:
    return WorkOrder.objects.get(pk=work_order.pk).status


@pytest.mark.promise("domain R31")
def test_a_ready_job_asks_the_three_best(world: World, heels: WorkOrder, cobblers: list[Provider]) -> None:
    with transaction.atomic():
        events.record("work_order.ready", heels, by=world.actor(), request_id=heels.request.public_id)
    settle(world.organisation)
    offers = list(Offer.objects.order_by("pk"))
    assert [offer.provider for offer in offers] == cobblers[:3]
    assert status_of(heels) == WorkOrderStatus.OFFERING
    assert {offer.price for offer in offers} == {Decimal("12.00")}
    assert [offer.due_at.astimezone(PARIS).hour for offer in offers] == [14, 14, 14]
    assert names() == ["offer.sent"] * 3
    assert Deadline.objects.filter(kind="offer.expiry", fired_at=None).count() == 3
    assert Event.objects.filter(name="offer.sent", request_id=heels.request.public_id).count() == 3


def test_own_work_is_not_offered(world: World, cobblers: list[Provider]) -> None:
    ironing = world.request(world.ironing).work_orders.get()
    with transaction.atomic():
        events.record("work_order.ready", ironing, by=world.actor())
    settle(world.organisation)
    assert Offer.objects.count() == 0


@pytest.mark.promise("domain R34")
def test_everybody_considered_has_a_line_with_rule_or_score(world: World, heels: WorkOrder) -> None:
    near = add_provider(world, latitude=Decimal("47.33"))
    far = add_provider(world, latitude=Decimal("48.85"), longitude=Decimal("2.35"))
    bare = add_provider(world, papers=False)
    add_provider(world, price=None)
    stopped = add_provider(world)
    set_active(stopped, is_active=False, by=world.actor())
    start_round(heels, by=world.actor())
    lines = {line.provider_id: line for line in ConsideredProvider.objects.order_by("pk")}
    assert {key: line.rule for key, line in lines.items()} == {
        near.pk: "",
        far.pk: "out_of_area",
        bare.pk: "document_missing",
        stopped.pk: "inactive",
    }
    kept = lines[near.pk]
    assert kept.rank == 1
    assert kept.score == sum(Decimal(points) for points in kept.score_parts.values())
    assert [offer.provider for offer in Offer.objects.all()] == [near]


@pytest.mark.promise("R02")
def test_the_first_yes_wins_and_the_others_are_told(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    accepted = accept_offer(offers[1], by=acting_for(offers[1].provider))
    assert statuses() == ["not_selected", "accepted", "not_selected"]
    held = WorkOrder.objects.get(pk=heels.pk)
    assert (held.status, held.performer_kind, held.performer_id, held.performer_label) == (
        "booked",
        PerformerKind.PROVIDER,
        accepted.provider_id,
        accepted.provider.name,
    )
    assert OfferRound.objects.get().status == RoundStatus.WON
    assert names()[3:] == ["offer.accepted", "offer.not_selected", "offer.not_selected"]
    before = Event.objects.count()
    with pytest.raises(OfferTaken):
        accept_offer(offers[0], by=acting_for(offers[0].provider))
    with pytest.raises(OfferAnswered):
        accept_offer(offers[1], by=acting_for(offers[1].provider))
    with pytest.raises(OfferTaken):
        decline_offer(offers[0], reason=DeclineReason.PRICE, by=acting_for(offers[0].provider))
    assert Event.objects.count() == before


def test_after_the_last_no_of_a_wave_the_next_wave_goes_out(world: World, offers: list[Offer]) -> None:
    for offer in offers[:2]:
        decline_offer(offer, reason=DeclineReason.TOO_BUSY, comment=" demain ", by=acting_for(offer.provider))
    assert statuses() == ["declined", "declined", "sent"]
    expire_offer(offers[2], by=world.actor())
    assert statuses() == ["declined", "declined", "expired", "sent"]
    declined = Offer.objects.get(pk=offers[0].pk)
    assert (declined.decline_reason, declined.decline_comment) == ("too_busy", "demain")
    assert list(OfferRound.objects.get().waves.values_list("number", flat=True)) == [1, 2]


def test_when_nobody_is_left_a_person_decides(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    for offer in [*offers]:
        decline_offer(offer, reason=DeclineReason.TOO_FAR, by=acting_for(offer.provider))
    last = Offer.objects.open().get()
    decline_offer(last, reason=DeclineReason.OTHER, by=acting_for(last.provider))
    assert status_of(heels) == WorkOrderStatus.NEEDS_DISPATCH
    assert OfferRound.objects.get().status == RoundStatus.EXHAUSTED
    assert Event.objects.get(name="work_order.needs_dispatch").data["reason"] == "all_declined"


def test_without_a_candidate_a_person_decides_at_once(world: World, heels: WorkOrder) -> None:
    assert start_round(heels, by=world.actor()).status == RoundStatus.EXHAUSTED
    assert status_of(heels) == WorkOrderStatus.NEEDS_DISPATCH
    assert Event.objects.get(name="work_order.needs_dispatch").data["reason"] == "no_eligible_provider"


def test_waves_have_an_end(world: World, heels: WorkOrder, cobblers: list[Provider]) -> None:
    set_offer_policy(
        world.organisation,
        service=world.cobbler,
        wave_size=1,
        max_waves=2,
        answer_hours=Decimal("1.5"),
        by=world.actor(),
    )
    start_round(heels, by=world.actor())
    for _wave in range(2):
        offer = Offer.objects.open().get()
        assert offer.due_at - offer.sent_at == dt.timedelta(minutes=90)
        expire_offer(offer, by=world.actor())
    assert statuses() == ["expired", "expired"]
    assert status_of(heels) == WorkOrderStatus.NEEDS_DISPATCH


def test_time_over_expires_by_the_sweep_and_only_then(world: World, offers: list[Offer], monday: Any) -> None:
    settle(world.organisation)
    assert statuses() == ["sent"] * 3
    monday.move_to(MONDAY + dt.timedelta(hours=4, minutes=1))
    with pytest.raises(OfferExpired):
        accept_offer(offers[0], by=acting_for(offers[0].provider))
    settle(world.organisation)
    assert statuses() == ["expired", "expired", "expired", "sent"]
    with pytest.raises(OfferExpired):
        accept_offer(offers[0], by=acting_for(offers[0].provider))
    assert expire_offer(offers[0], by=world.actor()) is False


@pytest.mark.promise("R02")
def test_a_cancelled_job_withdraws_every_offer(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    cancel_work_order(heels, reason="by_client", by=world.actor())
    with pytest.raises(OfferWithdrawn):
        accept_offer(offers[0], by=acting_for(offers[0].provider))
    settle(world.organisation)
    assert statuses() == ["withdrawn"] * 3
    assert status_of(heels) == WorkOrderStatus.CANCELLED
    with pytest.raises(OfferWithdrawn):
        accept_offer(offers[0], by=acting_for(offers[0].provider))


def test_who_had_accepted_hears_of_a_cancelled_job(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    accept_offer(offers[0], by=acting_for(offers[0].provider))
    cancel_work_order(heels, reason="by_client", by=world.actor())
    settle(world.organisation)
    assert statuses() == ["withdrawn", "not_selected", "not_selected"]


@pytest.mark.promise("domain R31")
def test_given_back_work_is_offered_again_without_them(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    accept_offer(offers[0], by=acting_for(offers[0].provider))
    release_work_order(heels, reason="ill", by=world.actor())
    settle(world.organisation)
    again = OfferRound.objects.get(number=2)
    assert Offer.objects.get(pk=offers[0].pk).status == OfferStatus.RELEASED
    assert offers[0].provider_id not in again.offers.order_by("pk").values_list("provider_id", flat=True)
    assert again.considered.get(provider=offers[0].provider).rule == "already_answered"
    accept_offer(again.offers.order_by("pk")[0], by=acting_for(again.offers.order_by("pk")[0].provider))
    assert status_of(heels) == WorkOrderStatus.BOOKED


def test_taken_over_by_the_own_team(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    book_work_order(
        heels, performer_kind=PerformerKind.OWN_TEAM, performer_id=7, performer_label="Nadia", by=world.actor()
    )
    decline_offer(offers[1], reason=DeclineReason.PRICE, by=acting_for(offers[1].provider))
    with pytest.raises(OfferTaken):
        accept_offer(offers[0], by=acting_for(offers[0].provider))
    settle(world.organisation)
    assert statuses() == ["withdrawn", "declined", "withdrawn"]
    assert status_of(heels) == WorkOrderStatus.BOOKED


def test_staff_stops_the_search(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    assert withdraw_offers(heels, by=world.actor("dispatcher")) == 3
    assert status_of(heels) == WorkOrderStatus.NEEDS_DISPATCH
    assert withdraw_offers(heels, by=world.actor("dispatcher")) == 0
    start_round(heels, by=world.actor("dispatcher"))
    assert statuses() == ["withdrawn"] * 3 + ["sent"] * 3
    with pytest.raises(WrongState):
        start_round(heels, by=world.actor("dispatcher"))


def test_staff_asks_one_only(world: World, heels: WorkOrder, cobblers: list[Provider], offers: list[Offer]) -> None:
    far = add_provider(world, latitude=Decimal("48.85"), longitude=Decimal("2.35"))
    direct = offer_directly(heels, far, by=world.actor("dispatcher"))
    assert statuses() == ["withdrawn"] * 3 + ["sent"]
    assert direct.round.considered.get().score_parts["distance"] == "0.0"
    decline_offer(direct, reason=DeclineReason.TOO_FAR, by=acting_for(far))
    assert status_of(heels) == WorkOrderStatus.NEEDS_DISPATCH
    again = offer_directly(heels, cobblers[3], by=world.actor("dispatcher"))
    accept_offer(again, by=acting_for(cobblers[3]))
    with pytest.raises(WrongState):
        offer_directly(heels, far, by=world.actor("dispatcher"))


@pytest.mark.promise("domain R32")
@pytest.mark.parametrize("changes", [{"papers": False}, {"price": None}])
def test_nobody_is_asked_without_agreement_or_papers(world: World, heels: WorkOrder, changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        offer_directly(heels, add_provider(world, **changes), by=world.actor("dispatcher"))
    assert (Offer.objects.count(), OfferRound.objects.count()) == (0, 0)


def test_who_filled_up_meanwhile_is_passed_over_in_the_next_wave(
    world: World, heels: WorkOrder, cobblers: list[Provider], offers: list[Offer]
) -> None:
    set_active(cobblers[3], is_active=False, by=world.actor())
    for offer in offers:
        decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))
    assert status_of(heels) == WorkOrderStatus.NEEDS_DISPATCH
    assert ConsideredProvider.objects.get(provider=cobblers[3]).rule == "inactive"
    assert ConsideredProvider.objects.get(provider=cobblers[0]).is_kept


def test_capacity_counts_the_work_of_that_day(world: World, heels: WorkOrder) -> None:
    small = add_provider(world, daily_capacity=1)
    start_round(heels, by=world.actor())
    accept_offer(Offer.objects.get(), by=acting_for(small))
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    assert ConsideredProvider.objects.get(round__work_order__status="needs_dispatch").rule == "no_capacity"
    later = world.request(world.cobbler, promised_start=MONDAY + dt.timedelta(days=3)).work_orders.get()
    start_round(later, by=world.actor())
    assert Offer.objects.open().get().work_order == later


@pytest.mark.promise("domain R34")
def test_work_is_shared_in_turn(world: World) -> None:
    twins = [add_provider(world, daily_capacity=50) for _n in range(2)]
    set_offer_policy(world.organisation, wave_size=1, weights=(20, 60, 20), by=world.actor())
    winners = []
    for _n in range(4):
        start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
        offer = Offer.objects.open().get()
        accept_offer(offer, by=acting_for(offer.provider))
        winners.append(offer.provider)
    assert winners == [twins[0], twins[1], twins[0], twins[1]]


def test_sending_again_replaces_a_link_that_is_locked(world: World, offers: list[Offer]) -> None:
    old = AccessLink.objects.get(offer=offers[0])
    assert resend_offer(offers[0], by=world.actor("dispatcher")) == old
    AccessLink.objects.filter(pk=old.pk).update(code_tries=MAX_CODE_TRIES)
    new = resend_offer(offers[0], by=world.actor("dispatcher"))
    old.refresh_from_db()
    assert (old.revoked_at is None, new.revoked_at is None) == (False, True)
    assert Event.objects.filter(name="offer.sent").order_by("-pk")[0].data["again"] is True
    accept_offer(offers[0], by=acting_for(offers[0].provider))
    with pytest.raises(DomainError):
        resend_offer(offers[1], by=world.actor("dispatcher"))


@pytest.mark.promise("R02")
def test_postgres_refuses_a_second_acceptance(world: World, offers: list[Offer]) -> None:
    accept_offer(offers[0], by=acting_for(offers[0].provider))
    with pytest.raises(IntegrityError, match="offer_binding_once_per_work_order"), transaction.atomic():
        Offer.objects.filter(pk=offers[1].pk).update(status=OfferStatus.ACCEPTED)


@pytest.mark.parametrize("event", ["work_order.ready", "work_order.released"])
def test_handlers_are_safe_twice(world: World, heels: WorkOrder, cobblers: list[Provider], event: str) -> None:
    for _n in range(2):
        with transaction.atomic():
            events.record(event, heels, by=world.actor())
    settle(world.organisation)
    assert (OfferRound.objects.count(), statuses()) == (1, ["sent"] * 3)
    assert Event.objects.exclude(last_error="").count() == 0


def test_work_that_cannot_be_done_ends_the_offer_that_was_accepted(
    world: World, heels: WorkOrder, offers: list[Offer]
) -> None:
    accept_offer(offers[0], by=acting_for(offers[0].provider))
    fail_work_order(WorkOrder.objects.get(pk=heels.pk), reason="broken", by=world.actor())
    settle(world.organisation)
    offers[0].refresh_from_db()
    assert offers[0].status == "withdrawn"
    assert Event.objects.filter(name="offer.withdrawn", subject_id=offers[0].public_id).count() == 1
