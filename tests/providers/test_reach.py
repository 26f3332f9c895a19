"""The nearest eligible providers by an index, which knows what their rows say after every verb (R34, speed P5)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from bookings.actions.work_orders import cancel_work_order
from bookings.models import WorkOrder
from providers.actions import reach
from providers.actions.agreements import agree_service, end_agreement
from providers.actions.availability import close_days, reopen_days
from providers.actions.businesses import change_provider, set_active
from providers.actions.documents import add_document, change_document, remove_document
from providers.actions.matching import agreed_amounts
from providers.actions.offers import accept_offer, decline_offer, take_job_back
from providers.actions.reach import reconcile_reach
from providers.actions.rounds import offer_directly, start_round
from providers.actions.whom import sought_for, whom_to_look_at
from providers.enums import DeclineReason, DocumentKind
from providers.models import ConsideredProvider, Offer, OfferRound, Provider, ProviderReach, ServiceAgreement
from providers.rules.terms import MatchingTerms
from providers.tasks import reconcile_everybody
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for, add_provider
from tests.providers.test_pages import browser_of, page
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R34", "speed P5")]
TODAY, DAY = MONDAY.date(), dt.timedelta(days=1)


def same(world: World) -> None:
    """What happened was heard, and nothing is kept wrongly."""
    settle(world.organisation)
    assert reconcile_reach(world.organisation) == 0


def test_every_verb_that_changes_what_it_knows_is_followed(world: World, heels: WorkOrder, monday: Any) -> None:
    by = world.actor()
    one = add_provider(world, daily_capacity=1)
    assert reconcile_reach(world.organisation) == 1  # nobody was told yet
    same(world)
    add_provider(world)
    same(world)
    assert ProviderReach.objects.count() == 2
    change_provider(one, {"latitude": Decimal("47.4"), "radius_km": 20}, by=by)
    same(world)
    change_provider(one, {"latitude": None, "longitude": None}, by=by)
    same(world)
    added = add_document(one, kind=DocumentKind.VIGILANCE, issued_on=TODAY, expires_on=TODAY + 5 * DAY, by=by)
    same(world)
    change_document(added, {"expires_on": TODAY + 6 * DAY}, by=by)
    same(world)
    assert ProviderReach.objects.get(provider=one).papers_until == TODAY + 6 * DAY
    remove_document(added, by=by)
    same(world)
    closure = close_days(one, first_on=TODAY + 9 * DAY, last_on=TODAY + 12 * DAY, by=by)
    same(world)
    reopen_days(closure, by=by)
    same(world)
    set_active(one, is_active=False, by=by)
    same(world)
    set_active(one, is_active=True, by=by)
    same(world)
    accept_offer(offer_directly(heels, one, by=by), by=acting_for(one))
    same(world)
    assert ProviderReach.objects.get(provider=one).full_on == [TODAY + DAY]
    taken = take_job_back(heels, by=by)
    same(world)
    accept_offer(offer_directly(taken, one, by=by), by=acting_for(one))
    same(world)
    cancel_work_order(heels, reason="plus besoin", by=by)
    same(world)
    assert ProviderReach.objects.get(provider=one).full_on == []
    end_agreement(ServiceAgreement.objects.get(provider=one), on=TODAY + DAY, by=by)
    same(world)
    agree_service(one, world.cobbler, purchase_price=Decimal(9), valid_from=TODAY + 2 * DAY, by=by)
    same(world)
    assert ProviderReach.objects.filter(provider=one).count() == 2
    monday.shift(dt.timedelta(days=20))
    assert reconcile_reach(world.organisation) == 0


def test_the_night_finds_and_mends_what_is_wrong(world: World, cobblers: list[Provider]) -> None:
    settle(world.organisation)
    ProviderReach.objects.filter(provider=cobblers[0]).update(radius_km=99, full_on=[TODAY - DAY])
    ProviderReach.objects.filter(provider=cobblers[1]).update(full_on=[TODAY - DAY])
    reconcile_everybody()
    assert reconcile_reach(world.organisation) == 0
    assert ProviderReach.objects.get(provider=cobblers[0]).radius_km == 10


def test_the_index_gives_whom_the_rules_let_through(
    world: World, heels: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody with something against them, one by one: looked at by the rules, and asked of the index."""
    day = TODAY + DAY
    near, farther = add_provider(world), add_provider(world, latitude=Decimal("47.38"))
    lost = add_provider(world, latitude=None, longitude=None)
    far = add_provider(world, latitude=Decimal("47.43"), radius_km=11)
    wide = add_provider(world, latitude=Decimal("47.43"), radius_km=12)
    close_days(add_provider(world), first_on=TODAY, last_on=TODAY + 5 * DAY, by=world.actor())
    back_soon = add_provider(world)
    close_days(back_soon, first_on=TODAY, last_on=day, by=world.actor())
    add_provider(world, papers=False)
    ending = add_provider(world, papers=False)
    for kind in (DocumentKind.INSURANCE, DocumentKind.REGISTRATION):
        add_document(ending, kind=kind, issued_on=dt.date(2026, 1, 1), expires_on=TODAY, by=world.actor())
    set_active(add_provider(world), is_active=False, by=world.actor())
    agree_service(
        add_provider(world, price=None),
        world.cobbler,
        valid_from=dt.date(2026, 1, 1),
        valid_to=TODAY - DAY,
        by=world.actor(),
    )
    full = add_provider(world, daily_capacity=1)
    accept_offer(
        offer_directly(world.request(world.cobbler).work_orders.get(), full, by=world.actor()), by=acting_for(full)
    )
    settle(world.organisation)
    start_round(heels, by=world.actor())
    lines = ConsideredProvider.objects.filter(is_kept=True, round__work_order=heels).order_by("pk")
    kept = set(lines.values_list("provider", flat=True))
    terms = MatchingTerms()
    sought = sought_for(heels, terms)
    assert reach.nearest_eligible(sought)[-2:] == [farther.pk, wide.pk]
    assert {*reach.nearest_eligible(sought), *reach.unplaced(sought)[0]} == kept
    assert kept == {near.pk, farther.pk, lost.pk, wide.pk, back_soon.pk}
    everything = MatchingTerms(off=frozenset({"out_of_area", "closed", "no_capacity", "document_ends"}))
    all_of_them = reach.nearest_eligible(sought_for(heels, everything))
    assert {far.pk, full.pk, ending.pk} <= set(all_of_them)
    monkeypatch.setattr(reach, "LOOK_AT_ALL", 5)
    whom = whom_to_look_at(heels, agreed_amounts(heels), terms)
    assert (whom.is_narrowed, kept <= set(whom.keys)) == (True, True)


def test_a_search_among_very_many_looks_at_the_nearest_and_says_so(
    world: World, heels: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "LOOK_AT_ALL", 3)
    monkeypatch.setattr(reach, "NEAREST", 2)
    monkeypatch.setattr(reach, "OTHERS", 1)
    found = [add_provider(world, latitude=Decimal("47.3271") + Decimal(n) / 100) for n in range(1, 6)]
    set_active(found[0], is_active=False, by=world.actor())
    settle(world.organisation)
    start_round(heels, by=world.actor())
    asked = list(Offer.objects.order_by("pk"))
    # The two nearest whom the rules let through, and one more that was looked at beside them.
    assert [offer.provider for offer in asked] == found[1:4]
    assert OfferRound.objects.get().is_narrowed
    assert ConsideredProvider.objects.count() == 3
    # The nearest may be others by the second wave: only who was looked at first is asked then.
    for offer in asked:
        decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))
    address = f"/prestataires/demandes/{heels.request.public_id}/propositions/"
    assert "les plus proches ont été examinés" in page(browser_of(world.users["dispatcher"]).get(address))


def test_of_many_whose_place_nobody_knows_everybody_has_a_turn(
    world: World, heels: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "LOOK_AT_ALL", 2)
    monkeypatch.setattr(reach, "UNPLACED", 1)
    lost = {add_provider(world, latitude=None, longitude=None).pk for _n in range(3)}
    settle(world.organisation)
    sought = sought_for(heels, MatchingTerms())
    drawn = [reach.unplaced(replace(sought, lot=str(number))) for number in range(40)]
    assert {key for keys, _more in drawn for key in keys} == lost
    assert {(len(keys), more) for keys, more in drawn} == {(1, 2)}
    assert drawn == [reach.unplaced(replace(sought, lot=str(number))) for number in range(40)]
    start_round(heels, by=world.actor())
    assert OfferRound.objects.get().not_looked_at == 2
    assert sought_for(heels, MatchingTerms()).lot != sought.lot
    address = f"/prestataires/demandes/{heels.request.public_id}/propositions/"
    assert "2 autres pourraient être sollicités" in page(browser_of(world.users["dispatcher"]).get(address))


def test_behind_the_wall_the_nearest_come_from_the_index(world: World, heels: WorkOrder) -> None:
    """Under the runtime role and its policy; a filter that the index cannot take may not make it read every row."""
    add_provider(world)
    settle(world.organisation)
    sought = sought_for(heels, MatchingTerms())
    where = f"{reach._eligible(sought)} AND latitude IS NOT NULL AND {reach.WITHIN} {reach.NEAREST_FIRST}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute("EXPLAIN " + reach.statement(where), reach.values_of(sought, 10))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan using reach_nearest" in plan, plan
    condition = next((line for line in plan.splitlines() if "Index Cond" in line), plan)
    assert [name in condition for name in ("Index Cond", "organisation_id", "service_id")] == [True] * 3, plan
    assert "Order By: (spot <->" in plan
